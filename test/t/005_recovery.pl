# A backup that was taken while runs, visitors and senders were at work is
# restored to an instant in the middle, and a standby is promoted in the middle
# of a run.  On both servers no law is broken, all is there that was committed
# before, under the same keys, the next run goes on, and nothing is there twice.
# Until then the standby answers all questions, and refuses to write.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Shop;
use Test::More;
use Time::HiRes qw(usleep);

my $customers = 400;
my $shop = Shop->new('main', $customers, allows_streaming => 1, has_archiving => 1);
my $main = $shop->{node};
my $directory = PostgreSQL::Test::Utils::tempdir;

# So that there is something to ask, and a snapshot to go on with.
$shop->sql(<<'SQL');
INSERT INTO persona.cohort (name, condition) VALUES ('rich', '{"attribute": "clv", "at_least": 50}'), ('buyer', '{"event": "cart"}');
UPDATE persona.campaign SET cohort = 'rich' WHERE name = 'call';
UPDATE persona.channel SET max_attempts = 1000, retry_after = '20 milliseconds';
CREATE SEQUENCE shop.number;
SELECT persona.refresh_snapshot();
CREATE TABLE shop.before (contact_id bigint, key uuid, status text, attempts integer);
CREATE TABLE shop.reported (key uuid, at timestamptz);
SQL

# What sessions do at the same time, again and again.
my %does = (
	shopper => <<"SQL",
INSERT INTO shop.cart SELECT DISTINCT 1 + (random() * ($customers - 1))::integer, timestamptz '2026-01-01' + n * interval '1 minute', n
	FROM generate_series(1, 5), nextval('shop.number') AS n;
SELECT pg_sleep(0.02);
SQL
	runner => "CALL persona.run(batch => 20);\nSELECT persona.refresh_snapshot();\n",
	visitor => "SELECT count(*) FROM persona.commit_message((1 + (random() * ($customers - 1))::integer)::bigint);\nSELECT pg_sleep(0.02);\n",
	sender => <<'SQL',
SELECT coalesce(jsonb_agg(jsonb_build_object('contact', c.idempotency_key, 'at', now(), 'outcome',
	(ARRAY['sent', 'delivered', 'failed', 'deferred'])[1 + c.contact_id % 4])), '[]') AS reports FROM persona.claim('email', 5, '3 seconds') AS c \gset
BEGIN;
SELECT persona.report(:'reports'::jsonb);
INSERT INTO shop.reported SELECT (r ->> 'contact')::uuid, (r ->> 'at')::timestamptz FROM jsonb_array_elements(:'reports') AS r WHERE r ->> 'outcome' = 'delivered';
COMMIT;
SQL
);
append_to_file("$directory/$_.sql", $does{$_} x 5000) foreach keys %does;

# Starts them.
sub begin
{
	return map { IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $main->connstr('postgres'), '-f', "$directory/$_.sql" ],
			'<', \undef, '>', '/dev/null', '2>>', "$directory/errors") } qw(shopper runner runner visitor sender sender);
}

# Waits until a query says t.
sub wait_for
{
	my ($node, $query, $name) = @_;
	return ok($node->poll_query_until('postgres', $query), $name);
}

# The same rows of persona.contact under the same numbers and keys.
my $known = "SELECT count(*) FROM shop.before AS b WHERE NOT EXISTS (SELECT FROM persona.contact AS k WHERE k.contact_id = b.contact_id AND k.idempotency_key = b.key)";

# What a server that goes on with the shop must do.
sub goes_on
{
	my ($name, $there) = @_;
	my $firings = 'SELECT count(*) FROM (SELECT DISTINCT customer_id, at FROM shop.cart) AS c';

	is($there->broken_laws, '', "$name: no law is broken");
	is($there->sql($known), '0', "$name: what was committed before is there, under the same key");
	$there->sql('TRUNCATE shop.before; INSERT INTO shop.before SELECT contact_id, idempotency_key, status, attempts FROM persona.contact');

	# one who reports again what was reported before says nothing new
	cmp_ok($there->sql('SELECT count(*) FROM shop.reported'), '>', 0, "$name: there are reports");
	is($there->sql("SELECT count(*) FILTER (WHERE persona.report(r.key, 'delivered', r.at)) FROM shop.reported AS r"), '0', "$name: no report is lost");
	is($there->sql("SELECT count(*) FROM (SELECT FROM persona.response WHERE outcome = 'delivered' GROUP BY contact_id HAVING count(*) > 1) AS r"), '0',
		"$name: no report counts twice");

	# the next run goes on, and one after it finds nothing to do
	$there->settle;
	is($there->sql(<<'SQL'), '', "$name: every customer is welcome, and the last cart of each has its contact");
SELECT c.id FROM shop.customer AS c
WHERE (SELECT count(*) FROM persona.contact AS k WHERE k.customer = c.id AND k.campaign = 'welcome' AND isfinite(k.ended_at) IS NOT TRUE) <> 1
	OR EXISTS (SELECT FROM shop.cart AS a WHERE a.customer_id = c.id
		AND NOT EXISTS (SELECT FROM shop.cart AS l WHERE l.customer_id = c.id AND l.at > a.at)
		AND NOT EXISTS (SELECT FROM persona.contact AS k WHERE k.customer = c.id AND k.campaign = 'cart' AND k.fired_at = a.at AND isfinite(k.ended_at) IS NOT TRUE))
SQL
	is($there->broken_laws, '', "$name: no law is broken after the next run");
	is($there->sql($known), '0', "$name: no contact was lost or numbered anew");
	is($there->sql('SELECT count(*) FROM persona.run_progress'), '0', "$name: no run seems to go on");
	is($there->sql("SELECT count(*) FROM persona.run_log WHERE state NOT IN ('done', 'interrupted')"), '0', "$name: the log tells how each run ended");

	# the snapshot as well
	$there->sql('SELECT persona.refresh_snapshot()');
	is($there->sql(<<'SQL'), '0', "$name: the snapshot equals the live view");
SELECT count(*) FROM persona.snapshot_state AS s,
	LATERAL ((SELECT * FROM persona.next_message_snapshot EXCEPT ALL SELECT * FROM persona.next_message_at(s.as_of))
		UNION ALL (SELECT * FROM persona.next_message_at(s.as_of) EXCEPT ALL SELECT * FROM persona.next_message_snapshot)) AS d
SQL

	# senders get what is not sent, with the keys of before, one attempt later
	$there->sql("CREATE TABLE shop.got AS SELECT * FROM persona.claim('email', 100000, '1 hour', as_of => clock_timestamp() + interval '1 minute')");
	is($there->sql("SELECT count(*) FROM persona.contact AS k WHERE k.channel = 'email' AND k.status IN ('planned', 'claimed') AND k.contact_id NOT IN (SELECT g.contact_id FROM shop.got AS g)"),
		'0', "$name: claims go on, nothing is left over");
	cmp_ok($there->sql("SELECT count(*) FROM shop.got AS g JOIN shop.before AS b ON b.key = g.idempotency_key"), '>', 0, "$name: some were planned before");
	is($there->sql("SELECT count(*) FROM shop.got AS g JOIN shop.before AS b ON b.key = g.idempotency_key WHERE g.attempt <> b.attempts + 1 OR b.status NOT IN ('planned', 'claimed')"),
		'0', "$name: attempts are counted on");
	is($there->sql("SELECT count(*) - sum(persona.report(g.idempotency_key, 'sent')::integer) FROM shop.got AS g"), '0', "$name: reports go on");

	# and changes are still noted
	$there->sql('CALL persona.run()');
	$there->sql("INSERT INTO shop.cart SELECT id, '2026-02-01', 0 FROM shop.customer WHERE id <= 10");
	$there->sql('CALL persona.run()');
	is($there->sql("SELECT count(*), count(DISTINCT customer) FROM persona.contact WHERE fired_at = '2026-02-01'"), '10|10', "$name: a new firing is answered once");
	is($there->sql("SELECT total < $customers / 2 FROM persona.run_log ORDER BY run DESC LIMIT 1"), 't', "$name: runs are incremental");
	is($there->broken_laws, '', "$name: no law is broken in the end");
	return;
}

# A backup, a standby and a restore point, while all are at work.
my $standby = PostgreSQL::Test::Cluster->new('standby');
my $restored = PostgreSQL::Test::Cluster->new('restored');
my $run = $shop->start('CALL persona.run(batch => 20)');
my @working = begin();

wait_for($main, 'SELECT count(*) > 20 FROM shop.reported', 'the shop is at work');
$main->backup('base');
$standby->init_from_backup($main, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = -1\nhot_standby_feedback = on\narchive_mode = off\n");
$standby->start;
wait_for($main, 'SELECT count(*) > 60 FROM shop.reported', 'it was at work after the backup');
$shop->sql('INSERT INTO shop.before SELECT contact_id, idempotency_key, status, attempts FROM persona.contact');
my $middle = $shop->sql("SELECT pg_create_restore_point('middle')");
my $then = $shop->sql('SELECT count(*) FROM persona.contact');
wait_for($main, "SELECT count(*) > $then + 50 FROM persona.contact", 'it was at work after the restore point');

# Questions to the standby meanwhile.
foreach my $question (
	'SELECT count(*) FROM persona.next_message',
	'SELECT count(*) FROM persona.next_message WHERE customer = 7',
	"SELECT count(*) FROM persona.next_message_at('2026-06-01')",
	'SELECT count(*) FROM persona.explain(7)',
	'SELECT count(*) FROM persona.explain_with_places(7)',
	"SELECT count(*) FROM persona.next_message_for(7, 'email', NULL, '{\"page\": \"home\"}')",
	'SELECT count(*) FROM persona.cohort_member',
	'SELECT count(*) FROM persona.open_trigger',
	'SELECT count(*) FROM persona.cohort_history',
	'SELECT count(*) FROM persona.next_message_snapshot',
	'SELECT count(*) FROM persona.reach',
	'SELECT count(*) FROM persona.overlap',
	'SELECT count(*) FROM persona.funnel',
	'SELECT count(*) FROM persona.feasibility',
	'SELECT count(*) FROM persona.run_progress',
	'SELECT count(*) FROM persona.run_log',
	'SELECT count(*) FROM persona.prices_at(now())',
	'SELECT count(*) FROM persona.simulate(persona.program())',
	q(SELECT count(*) FROM persona.simulate_reach(persona.program_with(persona.program(), '{"campaigns": {"call": null}}'))),
	"SELECT count(*) FROM shop.customer AS c WHERE persona.in_cohort(c, 'buyer')",
	q(SELECT count(*) FROM shop.customer AS c WHERE persona.holds(c, '{"not": {"event": "cart", "times": {"at_least": 2}}}')),
	"SELECT persona.next_due('email')",
	'SELECT persona.check_program(persona.build_program())')
{
	my ($status, $out, $err) = $standby->psql('postgres', $question);

	is($err, '', "standby: $question");
	is($status, 0, 'it has an answer');
}
foreach my $order (
	'SELECT * FROM persona.commit_message(7::bigint)',
	"SELECT * FROM persona.claim('email')",
	"SELECT persona.report(gen_random_uuid(), 'sent')",
	"SELECT persona.cancel(gen_random_uuid())",
	'SELECT persona.refresh_snapshot()',
	'CALL persona.run()',
	"SELECT persona.watch_changes('shop.cart')",
	"INSERT INTO persona.cohort (name, condition) VALUES ('x', '{\"event\": \"cart\"}')")
{
	my ($status, $out, $err) = $standby->psql('postgres', "\\set VERBOSITY verbose\n$order");

	like($err, qr/ERROR:  25006: cannot execute .* in a read-only transaction/, "standby: $order");
}
ok($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()') eq 't', 'it was a standby all the time');

# The main server is gone in the middle of a run.
$shop->sql("INSERT INTO shop.cart SELECT id, '2026-01-31', 0 FROM shop.customer");
my $last = $shop->start('CALL persona.run(batch => 1, everyone => true)');
$shop->sql(<<'SQL');
DO $$
BEGIN
	FOR try IN 1 .. 60000 LOOP
		PERFORM pg_stat_clear_snapshot();
		IF EXISTS (SELECT FROM persona.run_progress WHERE state = 'writing' AND done > 0) THEN
			RETURN;
		END IF;
		PERFORM pg_sleep(0.001);
	END LOOP;
	RAISE 'no run is writing';
END
$$
SQL
$main->stop('immediate');
foreach my $session (@working, $run->{handle}, $last->{handle})
{
	eval { $session->finish; 1 } or note($@);
}
my @complaints = grep { /(ERROR|FATAL|PANIC):/ && !/terminating connection|the database system is/ } split /\n/, slurp_file("$directory/errors");
is("@complaints", '', 'no session failed before');
$standby->promote;
cmp_ok($standby->safe_psql('postgres', 'SELECT count(*) FROM persona.contact'), '>', $then, 'the standby has what was committed after the restore point');
cmp_ok($standby->safe_psql('postgres', 'SELECT count(*) FROM persona.run_log WHERE ended_at IS NULL'), '>', 0, 'it has a run that did not end');
goes_on('promoted', $shop->on($standby));
$standby->stop;

# The main server comes back for what it had not archived yet.
$main->start;
$shop->sql('SELECT pg_switch_wal()');
wait_for($main, "SELECT last_archived_wal >= pg_walfile_name('$middle') FROM pg_stat_archiver", 'all is archived up to the restore point');
$main->stop;
$restored->init_from_backup($main, 'base', has_restoring => 1, standby => 0);
$restored->append_conf('postgresql.conf', "recovery_target_name = 'middle'\nrecovery_target_action = 'promote'\narchive_mode = off\n");
$restored->start;
wait_for($restored, 'SELECT NOT pg_is_in_recovery()', 'the backup is restored');
cmp_ok($restored->safe_psql('postgres', 'SELECT count(*) FROM persona.contact'), '<', $then + 50, 'what came after the restore point is not there');
goes_on('restored', $shop->on($restored));
$restored->stop;
done_testing();
