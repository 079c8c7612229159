# Runs, live sessions and senders go on while the server is killed at random
# points: stopped at once, one of its processes killed (which ends all others),
# or its postmaster.  What was promised stays: no law is broken, no contact is
# handed out twice within a lease, no report is lost or counts twice, and in
# the end every firing has its contact and every contact was handed out.
#
# Senders write down what they get outside of the database, since what is
# inside may be lost with what it is to prove.
#
# These are crashes of processes: what was written is still in the kernel.  The
# clusters of TAP tests run without fsync, so a loss of power is not proven.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Cwd;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Shop;
use Test::More;
use Time::HiRes qw(time usleep);

plan skip_all => 'SKIPPED: there is no /proc to see processes in' unless -d '/proc/self';

my $kills = $ENV{PERSONA_KILLS} || 54;
my $seed = $ENV{PERSONA_SEED} || time ^ $$;
my $lease = 3;
my $shop = Shop->new('main', 200);
my $node = $shop->{node};
my $directory = PostgreSQL::Test::Utils::tempdir;
my $started = time;

srand($seed);
note("PERSONA_SEED=$seed PERSONA_KILLS=$kills");

# Beside Shop's: each cart fires once more for its item, of which there is no other cart.
$shop->sql(<<'SQL');
CREATE SEQUENCE shop.number;
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('item', '{"per": "item", "event": "cart", "within": "1 second"}', '10000 days');
INSERT INTO persona.campaign (name, experience, trigger, priority) VALUES ('item', 'offer', 'item', 4);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('item', 1, 'email');
UPDATE persona.channel SET max_attempts = 1000, retry_after = '20 milliseconds';
-- and money is spent, of which there is enough for calls, and not for all that is said in all
UPDATE persona.channel SET cost = CASE name WHEN 'call' THEN 2.5 ELSE 0.01 END;
INSERT INTO persona.budget (name, amount, channel, calendar) VALUES ('calls', 1000, 'call', 'day');
INSERT INTO persona.budget (name, amount, campaign) VALUES ('welcome', 1.5, 'welcome');
SQL

# What a session does again and again, until it is killed.
my %does = (
	shopper => <<'SQL',
INSERT INTO shop.cart SELECT DISTINCT 1 + (random() * 199)::integer, timestamptz '2026-01-01' + n * interval '1 minute', n
	FROM generate_series(1, 3), nextval('shop.number') AS n;
SELECT pg_sleep(0.05) \g /dev/null
SQL
	runner => <<'SQL',
CALL persona.run(batch => 20);
SQL
	visitor => <<'SQL',
SELECT count(*) FROM persona.commit_message((1 + (random() * 199)::integer)::bigint) \g /dev/null
SELECT pg_sleep(0.02) \g /dev/null
SQL
);
foreach my $channel (qw(email call))
{
	# A sender drops some of what it gets, and is silent when its lease is nearly over.
	# Half of the calls fail, so that their places are given back and taken again.
	my $fails = $channel eq 'call' ? 0.5 : 0.05;
	$does{"${channel}er"} = <<"SQL";
SET statement_timeout = '1s';
SELECT coalesce(jsonb_agg(jsonb_build_object('contact', c.idempotency_key, 'attempt', c.attempt, 'until', extract(epoch FROM c.lease_until))), '[]') AS got
	FROM persona.claim('$channel', 5, interval '$lease seconds') AS c \\gset
\\echo got :got
SELECT coalesce(jsonb_agg(jsonb_build_object('contact', g ->> 'contact', 'at', clock_timestamp(), 'outcome',
		CASE WHEN r < $fails THEN 'failed' WHEN r < $fails + 0.05 THEN 'bounced' WHEN r < $fails + 0.25 THEN 'delivered' WHEN r < 0.9 THEN 'sent' ELSE 'deferred' END)), '[]') AS reports
	FROM jsonb_array_elements(:'got') AS g, random() AS r
	WHERE random() < 0.9 AND extract(epoch FROM clock_timestamp()) < (g ->> 'until')::numeric - 1.5 \\gset
SELECT coalesce(persona.report(:'reports'::jsonb), 0) AS news \\gset
SELECT extract(epoch FROM clock_timestamp()) AS then \\gset
\\echo reported :then :reports
SELECT coalesce(persona.report(:'reports'::jsonb), 0) AS news \\gset
\\echo again :news
SELECT pg_sleep(0.02) \\g /dev/null
SQL
}
append_to_file("$directory/$_.sql", $does{$_} x 2000) foreach keys %does;
my @sessions = qw(runner runner shopper visitor emailer emailer emailer caller);

# Starts a session; what it prints is added to the log of its number.
sub begin
{
	my ($number) = @_;

	return IPC::Run::start(
		[ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$directory/$sessions[$number].sql" ],
		'<', \undef, '>>', "$directory/$number.log", '2>>', "$directory/$number.err");
}

# The processes of the server.
sub processes
{
	my $place = Cwd::realpath($node->data_dir);

	return grep { (readlink("/proc/$_/cwd") || '') eq $place } map { m{/(\d+)$} } glob '/proc/[0-9]*';
}

# The ways to kill the server; each returns true if it did.
my %ways = (
	stop => sub {
		$node->stop('immediate');
		return 1;
	},
	process => sub {
		my $postmaster = $node->{_pid};
		my @candidates = grep { $_ != $postmaster } processes();

		return $shop->kill_process($candidates[ rand @candidates ]);
	},
	postmaster => sub {
		my $postmaster = $node->{_pid};

		$node->kill9;
		# Its children end when they see it, and it is there until it is waited for.
		foreach my $try (1 .. 3000)
		{
			return 1 unless processes() || kill 0, $postmaster;
			usleep(20_000);
		}
		die 'the processes of the server do not end';
	});
my %hit;

foreach my $kill (1 .. $kills)
{
	my $way = (sort keys %ways)[ $kill % 3 ];
	my @running = map { begin($_) } 0 .. $#sessions;

	usleep(100_000 + rand(900_000));
	$hit{$way} += $ways{$way}->();
	foreach my $session (@running)
	{
		eval { $session->finish; 1 } or note($@);
	}
	$node->start if $way ne 'process';
	$shop->wait_until_up;
	is($shop->broken_laws, '', "kill $kill ($way): no law is broken");
}
cmp_ok($hit{$_} || 0, '>=', int($kills / 3), "$hit{$_} kills: $_") foreach sort keys %ways;

# What sessions complained of besides their death.
my $complaints = join '', map { slurp_file("$directory/$_.err") } 0 .. $#sessions;
$complaints = join "\n", grep { /(ERROR|FATAL|PANIC):/ && !/terminating connection|the database system is|statement timeout/ } split /\n/, $complaints;
is($complaints, '', 'no session failed but by a kill');

# Nothing is lost: every firing for an item has one contact that counts, and of
# carts the last one (a later cart takes the place of one that was not answered).
foreach my $try (1 .. 200)
{
	$shop->sql('CALL persona.run()');
	last if $shop->sql('SELECT written + skipped FROM persona.run_log ORDER BY run DESC LIMIT 1') eq '0';
}
is($shop->broken_laws, '', 'no law is broken in the end');
is($shop->sql(<<'SQL'), '', 'every firing has its contact');
SELECT format('%s of %s', campaign, count(*))
FROM (SELECT DISTINCT customer_id, at, item FROM shop.cart) AS c CROSS JOIN (VALUES ('cart'), ('item')) AS v (campaign)
WHERE (SELECT count(*) FROM persona.contact AS k
	WHERE k.customer = c.customer_id AND k.campaign = v.campaign AND k.fired_at = c.at AND isfinite(k.ended_at) IS NOT TRUE
		AND k.trigger_key IS NOT DISTINCT FROM CASE v.campaign WHEN 'item' THEN c.item::text END)
	NOT BETWEEN CASE WHEN v.campaign = 'item' OR NOT EXISTS (SELECT FROM shop.cart AS l WHERE l.customer_id = c.customer_id AND l.at > c.at) THEN 1 ELSE 0 END AND 1
GROUP BY campaign
SQL
is($shop->sql("SELECT count(*) FROM persona.contact WHERE campaign = 'welcome' AND (sent_at IS NOT NULL OR isfinite(ended_at) IS NOT TRUE)"), '150',
	'everybody is welcome for whom there is money');
is($shop->sql('SELECT count(*) FROM persona.run_progress'), '0', 'no run goes on');

# What senders got and said, from their logs and from one more who sends the rest.
my (%handed, @reported, $again);
foreach my $number (grep { $does{ $sessions[$_] } =~ /persona\.claim/ } 0 .. $#sessions)
{
	foreach my $line (split /\n/, slurp_file("$directory/$number.log"))
	{
		push @{ $handed{ $_->{contact} } }, $_ foreach ($line =~ /^got (.*)$/ ? @{ decode_json($1) } : ());
		push @reported, map { { %$_, then => $line =~ /^reported (\S+)/ } } ($line =~ /^reported \S+ (.*)$/ ? @{ decode_json($1) } : ());
		$again += $1 if $line =~ /^again (\d+)$/;
	}
}
is($again, '0', 'no report that was repeated is news');
my $handed_meanwhile = keys %handed;
foreach my $try (1 .. 300)
{
	foreach my $channel (qw(email call))
	{
		my $got = decode_json($shop->sql(<<"SQL"));
WITH got AS MATERIALIZED (SELECT * FROM persona.claim('$channel', 1000, interval '$lease seconds'))
SELECT coalesce(jsonb_agg(jsonb_build_object('contact', g.idempotency_key, 'attempt', g.attempt, 'until', extract(epoch FROM g.lease_until))), '[]') FROM got AS g
SQL
		push @{ $handed{ $_->{contact} } }, $_ foreach @$got;
		$shop->sql(sprintf 'SELECT persona.report($$[%s]$$)', join ',', map { qq({"contact": "$_->{contact}", "outcome": "sent"}) } @$got) if @$got;
	}
	last if $shop->sql("SELECT count(*) FROM persona.contact WHERE status IN ('planned', 'claimed') AND send_at <= now()") eq '0';
	usleep(100_000);
}
is($shop->sql("SELECT count(*) FROM persona.contact WHERE status IN ('planned', 'claimed') AND send_at <= now()"), '0', 'every contact was handed out');

my ($twice, $late, %over) = (0, 0);
foreach my $report (grep { $_->{outcome} ne 'deferred' } @reported)
{
	my $then = $over{ $report->{contact} };

	$over{ $report->{contact} } = $report->{then} unless defined $then && $then < $report->{then};
}
foreach my $contact (keys %handed)
{
	my $before;

	foreach my $one (sort { $a->{until} <=> $b->{until} } @{ $handed{$contact} })
	{
		$twice++ if $before && ($one->{until} - $lease < $before->{until} - 1e-5 || $one->{attempt} <= $before->{attempt});
		$late++ if defined $over{$contact} && $one->{until} - $lease > $over{$contact};
		$before = $one;
	}
}
is($twice, 0, 'no contact is handed out twice within a lease, and attempts are counted');
is($late, 0, 'no contact is handed out after a report that ends it');
is($shop->sql('SELECT count(*) FROM persona.contact WHERE attempts < 1 AND sent_at IS NOT NULL'), '0', 'nothing is sent that was not handed out');

# Reports that were acknowledged are there, once.
append_to_file("$directory/reported.csv", join '', map { "$_->{contact},$_->{outcome},$_->{at}\n" } @reported);
$shop->sql("CREATE TABLE shop.reported (contact uuid, outcome text, at timestamptz)");
$shop->sql("\\copy shop.reported FROM '$directory/reported.csv' CSV");
is($shop->sql(<<'SQL'), '', 'no report is lost, and none counts twice');
SELECT format('%s %s at %s: %s', r.contact, r.outcome, r.at, k.status)
FROM shop.reported AS r LEFT JOIN persona.contact AS k ON k.idempotency_key = r.contact
WHERE CASE r.outcome
	WHEN 'deferred' THEN k.attempts IS NULL
	WHEN 'failed' THEN k.ended_at IS NULL AND k.sent_at IS NULL
	ELSE k.sent_at > r.at OR k.sent_at IS NULL END
	OR r.outcome IN ('delivered', 'bounced') AND (SELECT count(*) FROM persona.response AS a
		WHERE a.customer = k.customer AND a.contact_id = k.contact_id AND a.outcome = r.outcome) <> 1
LIMIT 20
SQL

# The test has seen what it is about.
my ($handed_again) = scalar grep { @$_ > 1 } values %handed;
cmp_ok($handed_meanwhile, '>', $kills, "$handed_meanwhile contacts were handed out while the server was killed");
cmp_ok(scalar @reported, '>', $kills, scalar(@reported) . ' reports were acknowledged');
cmp_ok($shop->sql("SELECT count(*) FROM persona.contact WHERE capacity_day IS NOT NULL AND isfinite(ended_at)"), '>', 0, 'places were given back');
cmp_ok($handed_again, '>', 0, "$handed_again contacts were handed out again");
cmp_ok($shop->sql("SELECT count(*) FROM persona.run_log WHERE state = 'interrupted'"), '>', $kills / 2, 'runs were interrupted');
note(sprintf '%s carts, %s contacts, %d s', split(/\|/, $shop->sql('SELECT (SELECT count(*) FROM shop.cart), (SELECT count(*) FROM persona.contact)')), time - $started);

$node->stop;
done_testing();
