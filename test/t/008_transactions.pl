# Transactions of every kind: what is undone, by whatever, has taken nothing, and
# what is done is counted once.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Shop;
use Test::More;

my $shop = Shop->new('main', 200);
my $node = $shop->{node};

$node->append_conf('postgresql.conf', 'max_prepared_transactions = 10');
$node->restart;
$shop->sql(<<'SQL');
UPDATE persona.channel SET cost = CASE name WHEN 'call' THEN 2.5 ELSE 0.01 END;
INSERT INTO persona.budget (name, amount, channel, calendar) VALUES ('calls', 50, 'call', 'day');
INSERT INTO persona.budget (name, amount, campaign) VALUES ('welcome', 1.5, 'welcome');
SQL

# How many contacts and responses there are, what they take, and where customers stand.
sub state
{
	return $shop->sql(<<'SQL');
SELECT (SELECT format('%s contacts %s', count(*), md5(string_agg(k::text, ',' ORDER BY contact_id))) FROM persona.contact AS k),
	(SELECT count(*) FROM persona.response), (SELECT sum(used) FROM persona.capacity_use), (SELECT sum(spent) FROM persona.budget_use),
	(SELECT md5(string_agg(d::text, ',' ORDER BY customer)) FROM persona.due AS d WHERE decided_at > '-infinity')
SQL
}

# ---- two phases ----

# A decision tells senders, which can't be prepared; nothing of it stays.
my $before = state();
my ($status, $out, $err) = $node->psql('postgres', "BEGIN; SELECT contact_id FROM persona.commit_message(1); PREPARE TRANSACTION 'decided'");
like($err, qr/cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY/, 'a decision cannot be prepared');
is(state(), $before, 'nothing of it stays');

$shop->sql('SELECT persona.commit_message(i) FROM generate_series(1, 60) AS i, generate_series(1, 2)');
is($shop->broken_laws, '', 'no law is broken');

# Claims and reports can.
my $keys = $shop->sql("SELECT string_agg(idempotency_key::text, ' ' ORDER BY contact_id) FROM (SELECT * FROM persona.contact WHERE channel = 'call' ORDER BY contact_id LIMIT 4) AS k");
my @keys = split / /, $keys;
$shop->sql("BEGIN; SELECT count(*) FROM persona.claim('call', 4, '1 hour', 'one'); PREPARE TRANSACTION 'claim'");
is($shop->sql("SELECT count(*) FROM persona.claim('call', 100, '1 hour', 'two') AS c WHERE c.idempotency_key = ANY (string_to_array('$keys', ' ')::uuid[])"), '0',
	'what a prepared transaction has claimed is not handed out');
$before = state();
$shop->sql("COMMIT PREPARED 'claim'");
is($shop->sql("SELECT count(*) FROM persona.contact WHERE worker = 'one' AND status = 'claimed'"), '4', 'claimed once it is committed');
is($shop->broken_laws, '', 'no law is broken');

# A report that gives a place and money back, prepared: nobody else takes or gives any meanwhile.
$shop->sql("BEGIN; SELECT persona.report('$keys[0]', 'failed'); PREPARE TRANSACTION 'report'");
($status, $out, $err) = $node->psql('postgres', "SET lock_timeout = '200ms'; SELECT persona.report('$keys[1]', 'failed')");
like($err, qr/canceling statement due to lock timeout/, 'a prepared transaction holds the places');
$before = state();
$node->restart;
is(state(), $before, 'a restart changes nothing');
($status, $out, $err) = $node->psql('postgres', "SET lock_timeout = '200ms'; SELECT persona.report('$keys[1]', 'failed')");
like($err, qr/canceling statement due to lock timeout/, 'nor does it free them');
$shop->sql("ROLLBACK PREPARED 'report'");
is(state(), $before, 'what is rolled back is as before');
$shop->sql("BEGIN; SELECT persona.report('$keys[0]', 'failed'); PREPARE TRANSACTION 'report'");
$shop->sql("COMMIT PREPARED 'report'");
is($shop->sql("SELECT status FROM persona.contact WHERE idempotency_key = '$keys[0]'"), 'failed', 'what is committed is done');
is($shop->broken_laws, '', 'no law is broken');

# ---- savepoints ----

$before = state();
$shop->sql(<<'SQL');
BEGIN;
SAVEPOINT a;
SELECT persona.commit_message(i) FROM generate_series(61, 80) AS i, generate_series(1, 2);
ROLLBACK TO a;
SAVEPOINT b;
SELECT count(*) FROM persona.claim('email', 10, '1 hour', 'three');
UPDATE persona.contact SET status = 'cancelled' WHERE channel = 'call' AND status = 'planned';
INSERT INTO persona.budget (name, amount) VALUES ('new', 1000);
ROLLBACK TO b;
DO $$
BEGIN
	FOR i IN 61 .. 80 LOOP
		BEGIN
			PERFORM persona.commit_message(i);
			PERFORM persona.commit_message(i);
			PERFORM 1 / (i % 2);
		EXCEPTION WHEN division_by_zero THEN
			NULL;
		END;
	END LOOP;
END
$$;
SELECT count(*) AS there FROM persona.contact WHERE customer BETWEEN 61 AND 80 AND customer % 2 = 0 \gset
ROLLBACK;
\if :there
\echo contacts of what failed
\endif
SQL
is(state(), $before, 'after savepoints and a rollback all is as before');
$shop->sql(<<'SQL');
BEGIN;
SELECT persona.commit_message(i) FROM generate_series(81, 90) AS i;
SAVEPOINT a;
SELECT persona.commit_message(i) FROM generate_series(81, 100) AS i;
UPDATE persona.contact SET status = 'cancelled' WHERE customer BETWEEN 81 AND 85;
ROLLBACK TO a;
SELECT persona.commit_message(i) FROM generate_series(86, 95) AS i;
RELEASE a;
COMMIT;
SQL
is($shop->sql('SELECT count(DISTINCT customer) FROM persona.contact WHERE customer BETWEEN 81 AND 100'), '15', 'what was not rolled back is there');
is($shop->broken_laws, '', 'no law is broken');

# ---- statements that end too early, at random moments ----

# A session's statements, each with a time of its own in which it has to be done.
sub statements
{
	my ($count) = @_;
	my $text = '';

	foreach my $n (1 .. $count)
	{
		my $customer = 1 + int(rand(200));
		my $channel = rand() < 0.5 ? 'email' : 'call';
		my $what = (
			"SELECT count(*) FROM persona.commit_message($customer)",
			"SELECT count(*) FROM persona.commit_message($customer)",
			"SELECT count(persona.report(c.idempotency_key, (ARRAY['sent', 'failed', 'deferred'])[1 + (random() * 2)::integer])) FROM persona.claim('$channel', 5, '1 second') AS c",
			"UPDATE persona.contact SET status = 'cancelled' WHERE customer = $customer AND status = 'planned'",
			'CALL persona.run(batch => 20)',
			'SELECT persona.refresh_snapshot()',
		)[int(rand(6))];

		$text .= 'SET statement_timeout = ' . (1 + int(rand(rand() < 0.5 ? 6 : 60))) . ";\n$what;\nRESET statement_timeout;\n";
	}
	return $text;
}

$shop->fill_carts;
foreach my $sessions (2, 16)
{
	my @sessions;
	my $told = '';

	foreach my $session (1 .. $sessions)
	{
		my $file = PostgreSQL::Test::Utils::tempdir . "/$session.sql";
		my $out = '';

		append_to_file($file, statements(400 / $sessions));
		push @sessions, { out => \$out, handle => IPC::Run::start(
			[ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-f', $file ], '<', \undef, '>', \$out, '2>&1') };
	}
	foreach my $session (@sessions)
	{
		$session->{handle}->finish;
		$told .= ${ $session->{out} };
	}
	cmp_ok(scalar(() = $told =~ /canceling statement due to statement timeout/g), '>', 40, "$sessions sessions: statements were cancelled");
	unlike($told, qr/ERROR:  (?!canceling statement)/, "$sessions sessions: nothing else failed");
	is($shop->broken_laws, '', "$sessions sessions: no law is broken");
}

# Runs and refreshes that are cancelled: the next one goes on.
my $cancelled = 0;
$shop->fill_carts;
foreach my $try (1 .. 12)
{
	my $command = $try % 3 == 0 ? 'SELECT persona.refresh_snapshot()' : 'CALL persona.run(batch => 10, everyone => true)';
	my $limit = 2 + int(rand(120));
	my ($failed, $printed, $said) = $node->psql('postgres', "SET statement_timeout = '${limit}ms'; $command");

	$cancelled++ if $said =~ /canceling statement/;
}
cmp_ok($cancelled, '>', 0, "$cancelled commands were cancelled");
is($shop->broken_laws, '', 'no law is broken by commands that are cancelled');
$shop->sql("SELECT persona.refresh_snapshot()");
$shop->settle;
is($shop->broken_laws, '', 'nor by those that go on');
is($shop->sql('SELECT count(*) FROM persona.run_progress'), '0', 'no run is left');
is($shop->sql("SELECT count(*) FROM shop.customer AS c WHERE NOT EXISTS (SELECT FROM persona.contact AS k
	WHERE k.customer = c.id AND k.campaign = 'cart' AND isfinite(k.ended_at) IS NOT TRUE)"), '0', 'every cart has its contact');
is($shop->sql("SELECT count(*) FROM pg_ls_tmpdir()"), '0', 'no temporary file is left');

$node->stop;
done_testing();
