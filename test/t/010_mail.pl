# Real mail: doc/sender.sh hands messages to a real mail server (exim), which
# brings them over SMTP on loopback to another one with the customers' boxes.
# Messages arrive once, also when the sender is killed between sending and
# reporting; bounces come back as responses.
#
# Exim because it runs as an ordinary user with a configuration and a spool of
# its own; postfix and opensmtpd insist on root.  Debian's exim only wants to
# know the user Debian-exim, whom libnss-wrapper plays.

use strict;
use warnings;

use IO::Socket::INET;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $mail = "$ENV{TESTDIR}/mail";
my $exim = "$mail/usr/sbin/exim4";
plan skip_all => 'there is no exim; test/unpack-mail.sh unpacks it' unless -x $exim;

my $place = PostgreSQL::Test::Utils::tempdir;
my ($library) = glob "$mail/usr/lib/*/libnss_wrapper.so";
my ($directory) = $library =~ m{(.*)/};
my $user = getpwuid($<);
my ($group) = split / /, $(;
append_to_file("$place/passwd", "$_:x:$<:$group\::$place:/bin/sh\n") foreach ($user, 'Debian-exim');
append_to_file("$place/group", "$_:x:$group:\n") foreach ($user, 'Debian-exim');
my %wrapped = (NSS_WRAPPER_PASSWD => "$place/passwd", NSS_WRAPPER_GROUP => "$place/group", LD_PRELOAD => $library,
	LD_LIBRARY_PATH => $directory);

# A port that the kernel says is free; PostgreSQL's own choice is the same in every tree.
sub free_port
{
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "no free port: $!";

	return $socket->sockport;
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->start;

# What both servers have in common.
sub configuration
{
	my ($name, $more) = @_;

	mkdir "$place/$_" foreach ("$name-spool", "$name-log");
	append_to_file("$place/$name.conf", <<END);
primary_hostname = $name.test
exim_path = $exim
spool_directory = $place/$name-spool
log_file_path = $place/$name-log/%s
pid_file_path = $place/$name.pid
exim_user = $user
deliver_drop_privilege = true
keep_environment = ^LD_ : ^NSS_
tls_advertise_hosts =
$more
END
}

# The customers' server, on a port that is given to it: knows c1, c2 ..., drops a message whose Message-ID it has seen.
mkdir "$place/boxes";
append_to_file("$place/customers", "c$_: c$_\n") foreach (1 .. 40);
configuration('customer', <<END);
local_interfaces = 127.0.0.1
daemon_startup_retries = 0
.include $place/port.conf
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
begin acl
check_rcpt:
  accept verify = recipient
  deny message = no such customer
check_data:
  discard seen = 1d / key=\$h_message-id:
          log_message = seen before
  accept
begin routers
customers:
  driver = accept
  domains = customer.test
  local_parts = lsearch;$place/customers
  transport = box
begin transports
box:
  driver = appendfile
  directory = $place/boxes/\$local_part_data
  maildir_format
  create_directory
  user = $user
END

# Runs a command with the environment of the mail servers and of the database.
sub run_mail
{
	my ($command, %more) = @_;
	local %ENV = (%ENV, %wrapped, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'shop', %more);

	return system($command);
}

# Waits until a query gives a value.
sub waits
{
	my ($query, $value, $name) = @_;

	ok($node->poll_query_until('shop', $query, $value), $name);
}

# Whatever happens, the server does not outlive the test.
END
{
	my $status = $?;

	kill 'TERM', slurp_file("$place/customer.pid") =~ /(\d+)/ if defined $place && -e "$place/customer.pid";
	$? = $status;
}

# Another program may take the port before us, then we take another one.
my $port;
my $answer = '';
for (my $tries = 0; $tries < 20 && $answer !~ /^220 customer\.test /; $tries++)
{
	$port = free_port();
	unlink "$place/port.conf";
	append_to_file("$place/port.conf", "daemon_smtp_ports = $port\n");
	run_mail("$exim -C $place/customer.conf -bd 2>>$place/customer-start") == 0 or next;
	for (my $waits = 0; $waits < 100 && $answer eq ''; $waits++)
	{
		my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 10);

		$answer = defined $client ? <$client> // '' : '';
		usleep(50_000) if $answer eq '';
	}
}
like($answer, qr/^220 customer\.test /, 'the mail server of the customers runs')
	or BAIL_OUT('there is no mail server: ' . slurp_file("$place/customer-start"));

# The shop's server: takes mail from the sender, relays it, and hands bounces to sender.sh.
configuration('shop', <<END);
local_interfaces = 127.0.0.1
trusted_users = $user
acl_smtp_rcpt = deny
begin routers
bounces:
  driver = accept
  domains = shop.test
  local_part_prefix = bounce+
  transport = bounce
relay:
  driver = manualroute
  domains = customer.test
  route_list = * 127.0.0.1
  transport = relay
  self = send
begin transports
bounce:
  driver = pipe
  command = /bin/sh -c 'exec $ENV{TESTDIR}/doc/sender.sh bounce "\\\$LOCAL_PART"'
  environment = PGHOST=${\ $node->host} : PGPORT=${\ $node->port} : PGDATABASE=shop : PGUSER=$user
  path = $ENV{PATH}
  return_output
  user = $user
relay:
  driver = smtp
  port = $port
  allow_localhost
  hosts_try_chunking =
begin retry
* * F,1h,1s
END

$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', <<'SQL');
CREATE EXTENSION persona;
CREATE SCHEMA crm;
CREATE TABLE crm.customer (id int PRIMARY KEY, name text, email text);
INSERT INTO crm.customer SELECT i, 'Zoë ' || i, CASE WHEN i % 10 = 0 THEN 'gone' || i ELSE 'c' || i END || '@customer.test'
	FROM generate_series(1, 30) AS i;
SELECT persona.bind_customers('crm.customer', 'id');
INSERT INTO persona.experience (name) VALUES ('news');
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'email');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES
	('m', 'news', 'email', 'Grüße, {{customer.name}}', E'Liebe {{customer.name}},\n.\nalles Gute | und "mehr"\n');
INSERT INTO persona.campaign (name, experience, max_contacts) VALUES ('news', 'news', 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('news', 1, 'email');
INSERT INTO persona.contact (customer, campaign, experience, channel, message, send_at)
	SELECT customer, campaign, experience, channel, message, send_at FROM persona.next_message;
SQL

my $sendmail = "$exim -C $place/shop.conf";
my $sender = "$ENV{TESTDIR}/doc/sender.sh";

is(run_mail("$sender once email", FROM => 'news@shop.test', SENDMAIL => $sendmail), 0, 'the sender ran');
is($node->safe_psql('shop', q(SELECT count(*) FROM persona.contact WHERE status = 'claimed' OR status = 'planned')), '0',
	'everything was reported');

# Messages arrive, once, as they were rendered.
sub arrived { return map { slurp_file($_) } glob "$place/boxes/*/new/*"; }
for (my $tries = 0; $tries < 400 && scalar(arrived()) < 27; $tries++) { usleep(50_000); }
my @arrived = arrived();
is(scalar(@arrived), 27, 'who has a box got mail');
my ($first) = map { slurp_file($_) } glob "$place/boxes/c7/new/*";
my ($key) = $node->safe_psql('shop', 'SELECT idempotency_key FROM persona.contact WHERE customer = 7');
like($first, qr/^Message-ID: <$key\@shop\.test>$/m, 'its Message-ID is the idempotency key');
like($first, qr/^Envelope-to: c7\@customer\.test|^To: c7\@customer\.test$/m, 'it is for that customer');
require MIME::Base64;
my ($body) = $first =~ /\n\n(.*)/s;
is(MIME::Base64::decode_base64($body), "Liebe Zo\xc3\xab 7,\n.\nalles Gute | und \"mehr\"\n", 'its text is whole');
my ($subject) = $first =~ /^Subject: =\?UTF-8\?B\?(.*)\?=$/m;
is(MIME::Base64::decode_base64($subject), "Gr\xc3\xbc\xc3\x9fe, Zo\xc3\xab 7", 'its subject, too');

# Bounces come back as responses, and give the slot back.
waits(q(SELECT string_agg(customer || ' ' || outcome || ' ' || (details ->> 'status'), ', ' ORDER BY customer) FROM persona.response),
	'10 bounced 5.0.0, 20 bounced 5.0.0, 30 bounced 5.0.0', 'bounces are responses');
is($node->safe_psql('shop', q(SELECT status, count(*), bool_and(ended_at IS NOT NULL) FROM persona.contact GROUP BY 1 ORDER BY 1)),
	"failed|3|t\nsent|27|f", 'the contacts know it');

is($node->safe_psql('shop', q(SELECT count(*), min(c.id), max(c.id) FROM crm.customer AS c CROSS JOIN LATERAL persona.explain(c.id) AS e
	WHERE e.stage = 'channel' AND e.reason LIKE 'email bounced %')), '3|10|30', 'so nothing more is sent there');
is($node->safe_psql('shop', 'SELECT count(*) FROM persona.next_message'), '0', 'by anybody');

# A sender that is killed between sending and reporting: the message is sent a
# second time when its lease is over, and the Message-ID tells the receiver.
$node->safe_psql('shop', <<'SQL');
INSERT INTO crm.customer SELECT i, 'Cem', 'c' || i || '@customer.test' FROM generate_series(31, 35) AS i;
INSERT INTO persona.contact (customer, campaign, experience, channel, message, send_at)
	SELECT customer, campaign, experience, channel, message, send_at FROM persona.next_message WHERE customer > 30;
SQL
append_to_file("$place/deadly.sh", <<END);
#!/bin/sh
# sends, and kills the sender of the third message before it can report
$sendmail "\$@" || exit
echo x >>$place/sent
[ "\$(wc -l <$place/sent)" != 3 ] || kill -9 \$(ps -o ppid= -p \$\$) \$(cat $place/sender.pid)
END
chmod 0755, "$place/deadly.sh";
append_to_file("$place/start.sh", "#!/bin/sh\necho \$\$ >$place/sender.pid\nexec $sender once email\n");
chmod 0755, "$place/start.sh";
isnt(run_mail("$place/start.sh", FROM => 'news@shop.test', SENDMAIL => "$place/deadly.sh"), 0, 'the sender was killed');
is($node->safe_psql('shop', q(SELECT status, count(*) FROM persona.contact WHERE customer > 30 GROUP BY 1 ORDER BY 1)),
	"claimed|3\nsent|2", 'one message was sent that nobody reported');
is(run_mail("$sender once email", FROM => 'news@shop.test', SENDMAIL => $sendmail), 0, 'another sender runs');
is($node->safe_psql('shop', q(SELECT status, count(*) FROM persona.contact WHERE customer > 30 GROUP BY 1 ORDER BY 1)),
	"claimed|3\nsent|2", 'and gets nothing within the lease');
$node->safe_psql('shop', q(UPDATE persona.contact SET lease_until = now(), next_attempt_at = now() WHERE status = 'claimed'));
is(run_mail("$sender once email", FROM => 'news@shop.test', SENDMAIL => $sendmail), 0, 'it runs again when the lease is over');
is($node->safe_psql('shop', q(SELECT status, attempts, count(*) FROM persona.contact WHERE customer > 30 GROUP BY 1, 2 ORDER BY 1, 2)),
	"sent|1|2\nsent|2|3", 'now all are sent');

# All is delivered when the log tells of 35 messages that came in.
for (my $tries = 0; $tries < 400; $tries++)
{
	last if scalar(arrived()) == 32 && slurp_file("$place/customer-log/main") =~ /seen before/;
	usleep(50_000);
}
is(scalar(arrived()), 32, 'each message arrived');
my @boxes = map { scalar(my @in = glob "$place/boxes/c$_/new/*") } grep { $_ % 10 } (1 .. 35);
is_deeply(\@boxes, [ (1) x 32 ], 'and once');
my @twice = slurp_file("$place/customer-log/main") =~ /seen before/g;
is(scalar(@twice), 1, 'the one that was sent twice was recognized');

$node->stop;
done_testing();
