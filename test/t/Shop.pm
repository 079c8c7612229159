# A small shop on a server of its own, for tests that break it: what it sends
# is limited in every way, and laws() tells what was broken.

package Shop;

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

# Starts a server with so many customers and their campaigns; the rest is for its init().
sub new
{
	my ($class, $name, $customers, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--no-locale', '--encoding=UTF8' ], %options);
	$node->append_conf('postgresql.conf', "max_connections = 100\nautovacuum = off\nrestart_after_crash = on\nlog_min_messages = fatal\n");
	$node->start;
	$node->safe_psql('postgres', <<"SQL");
CREATE EXTENSION persona;
CREATE SCHEMA shop;
CREATE TABLE shop.customer (id bigint PRIMARY KEY, clv integer NOT NULL);
CREATE TABLE shop.cart (customer_id bigint NOT NULL, at timestamptz NOT NULL, item integer);
CREATE INDEX ON shop.cart (customer_id, at);
INSERT INTO shop.customer SELECT i, i % 100 FROM generate_series(1, $customers) AS i;
SELECT persona.bind_customers('shop.customer', 'id');
SELECT persona.bind_events('shop.cart', 'customer_id', 'at', kind => 'cart');
SELECT persona.watch_changes('shop.customer');
SELECT persona.watch_changes('shop.cart');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, capacity_per_day) VALUES ('email', NULL), ('call', 25);
INSERT INTO persona.message (name, experience, channel, body) SELECT c.name, 'offer', c.name, 'Hello {{customer.id}}' FROM persona.channel AS c;
-- each cart fires, and is answered once; one welcome for everybody; calls as long as there are places
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('cart', '{"event": "cart", "within": "1 second"}', '10000 days');
INSERT INTO persona.campaign (name, experience, trigger, priority, max_contacts) VALUES
	('cart', 'offer', 'cart', 3, NULL), ('welcome', 'offer', NULL, 2, 1), ('call', 'offer', NULL, 1, 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('cart', 1, 'email'), ('welcome', 1, 'email'), ('call', 1, 'call');
SQL
	return bless { node => $node, customers => $customers, carts => 0 }, $class;
}

# The same shop on another server, which was made of the first one.
sub on
{
	my ($self, $node) = @_;
	return bless { %$self, node => $node }, ref $self;
}

# Runs SQL and returns what it prints.
sub sql
{
	my ($self, $text) = @_;
	return $self->{node}->safe_psql($self->{database} || 'postgres', $text);
}

# Runs scripts, each after its weight, with so many sessions for some seconds.
sub bench
{
	my ($self, $sessions, $name, @scripts) = @_;
	my $directory = PostgreSQL::Test::Utils::tempdir;
	my @files;

	while (my ($weight, $script) = splice @scripts, 0, 2)
	{
		my $file = "$directory/" . @files . '.sql';

		append_to_file($file, $script);
		push @files, '-f', "$file\@$weight";
	}
	$self->{node}->command_ok(
		[ 'pgbench', '-n', '-c', $sessions, '-j', 2, '-T', $ENV{PERSONA_SECONDS} || 2, '--max-tries=100', @files, 'postgres' ],
		"$sessions sessions: $name");
	return;
}

# Everybody fills a cart.
sub fill_carts
{
	my ($self) = @_;
	my $number = ++$self->{carts};

	$self->sql("INSERT INTO shop.cart SELECT id, timestamptz '2026-01-01' + $number * interval '1 minute', $number FROM shop.customer");
	return;
}

# Starts SQL in a session of its own; returns what finish() wants.
sub start
{
	my ($self, $text) = @_;
	my $out = '';
	my $handle = IPC::Run::start(
		[ 'psql', '-X', '-q', '-A', '-t', '-d', $self->{node}->connstr('postgres'), '-c', $text ],
		'<', \undef, '>', \$out, '2>', \$out);

	return { handle => $handle, out => \$out };
}

# Waits until it has ended, well or not.
sub finish
{
	my ($self, $session) = @_;

	eval { $session->{handle}->finish; 1 } or note($@);
	return;
}

# Kills a process of the server; true if it was there.
sub kill_process
{
	my ($self, $pid) = @_;

	return 0 unless kill 'KILL', $pid;
	# Until the postmaster has heard of it, it lets others in, whom it will end.
	foreach my $try (1 .. 3000)
	{
		return 1 unless kill 0, $pid;
		usleep(20_000);
	}
	die "the postmaster does not hear of the end of process $pid";
}

# Kills the backend that executes a statement, if it does; true if it did.
sub kill_backend
{
	my ($self, $like) = @_;
	my ($status, $pid) = $self->{node}->psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '$like' LIMIT 1");

	return 0 unless defined $pid && $pid =~ /^\d+$/;
	return $self->kill_process($pid);
}

# Waits until the server answers again.
sub wait_until_up
{
	my ($self) = @_;

	foreach my $try (1 .. 600)
	{
		# It dies if psql gives up before it has read its input.
		my ($status) = eval { $self->{node}->psql('postgres', 'SELECT 1') };
		return if defined $status && $status == 0;
		usleep(100_000);
	}
	die 'the server does not come up again';
}

# What laws are broken, a line each; nothing if none is.
sub broken_laws
{
	my ($self) = @_;
	return $self->sql(<<'SQL');
SELECT format('customer %s: %s contacts of %s', customer, count(*), campaign)
FROM persona.contact WHERE trigger IS NULL AND isfinite(ended_at) IS NOT TRUE GROUP BY customer, campaign HAVING count(*) > 1
UNION ALL
SELECT format('customer %s: %s contacts of %s for the firing of %s', customer, count(*), campaign, fired_at)
FROM persona.contact WHERE trigger IS NOT NULL AND isfinite(ended_at) IS NOT TRUE GROUP BY customer, campaign, fired_at, trigger_key HAVING count(*) > 1
UNION ALL
SELECT format('%s places of %s used on %s, there are %s contacts', u.used, u.channel, u.day, c.contacts)
FROM persona.capacity_use AS u
	FULL JOIN (SELECT channel, capacity_day AS day, count(*) AS contacts FROM persona.contact
		WHERE capacity_day IS NOT NULL AND isfinite(ended_at) IS NOT TRUE GROUP BY 1, 2) AS c USING (channel, day)
WHERE coalesce(u.used, 0) <> coalesce(c.contacts, 0)
UNION ALL
SELECT format('%s places of %s used on %s', u.used, u.channel, u.day)
FROM persona.capacity_use AS u JOIN persona.channel AS c ON c.name = u.channel WHERE u.used > c.capacity_per_day
UNION ALL
SELECT format('%s of budget %s spent in %s, the contacts cost %s', u.spent, coalesce(u.budget, c.budget), coalesce(u.period, c.period), c.cost)
FROM persona.budget_use AS u
	FULL JOIN (SELECT p.budget, p.period, sum(p.cost) AS cost
		FROM (SELECT array_agg(k.campaign) AS campaigns, array_agg(k.experience) AS experiences, array_agg(k.channel) AS channels,
				array_agg(k.placement) AS placements, array_agg(k.send_at) AS instants, array_agg(k.cost) AS costs
			FROM persona.contact AS k WHERE k.sent_at IS NOT NULL OR isfinite(k.ended_at) IS NOT TRUE) AS a,
			persona.payments(a.campaigns, a.experiences, a.channels, a.placements, a.instants, a.costs) AS p
		GROUP BY 1, 2) AS c USING (budget, period)
WHERE coalesce(u.spent, 0) <> coalesce(c.cost, 0)
UNION ALL
SELECT format('%s of budget %s spent in %s', l.spent, l.budget, l.period) FROM persona.budget_left AS l WHERE l."left" < 0
UNION ALL
SELECT format('contact %s of a program that was not kept', c.contact_id)
FROM persona.contact AS c WHERE NOT EXISTS (SELECT FROM persona.program_archive AS a WHERE a.hash = c.program)
UNION ALL
SELECT format('contact %s was decided after the last decision for customer %s', c.contact_id, c.customer)
FROM persona.contact AS c WHERE NOT EXISTS (SELECT FROM persona.due AS d WHERE d.customer = c.customer AND d.decided_at >= c.decided_at)
LIMIT 20
SQL
}

# Runs until nobody is due, and tells how many contacts each campaign has and how many customers.
sub settle
{
	my ($self) = @_;

	foreach my $try (1 .. 10)
	{
		$self->sql('CALL persona.run()');
		last if $self->sql('SELECT written + skipped FROM persona.run_log ORDER BY run DESC LIMIT 1') eq '0';
	}
	return $self->sql('SELECT campaign, count(*), count(DISTINCT customer) FROM persona.contact WHERE isfinite(ended_at) IS NOT TRUE GROUP BY campaign ORDER BY campaign');
}

1;
