# Contacts are counted exactly, whoever writes them at the same time and
# whatever is killed meanwhile: nothing is lost, nothing is there twice.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Utils;
use Shop;
use Test::More;
use Time::HiRes qw(usleep);

my $customers = 1500;
my $kills = $ENV{PERSONA_KILLS} || 12;
my $shop = Shop->new('main', $customers);
my $node = $shop->{node};
my $directory = PostgreSQL::Test::Utils::tempdir;

srand(20260301);

# One customer, many sessions: the limit to the last one.  A third rolls back.
foreach my $sessions (2, 16, 64)
{
	my $customer = $sessions;

	$shop->bench($sessions, 'customer', 1, <<"SQL");
\\set luck random(1, 3)
BEGIN;
SELECT count(*) FROM persona.commit_message($customer);
\\if :luck = 1
ROLLBACK;
\\else
COMMIT;
\\endif
SQL
	is($shop->sql("SELECT campaign, count(*) FROM persona.contact WHERE customer = $customer AND campaign <> 'call' GROUP BY campaign"),
		'welcome|1', "$sessions sessions: one customer gets what the limit allows");
	is($shop->broken_laws, '', "$sessions sessions: no law is broken");
}

# A capacity over all customers, many sessions: no place more, and none left
# while somebody wants it.
foreach my $sessions (2, 16, 64)
{
	$shop->sql('DELETE FROM persona.contact');
	is($shop->sql("SELECT coalesce(sum(used), 0) FROM persona.capacity_use"), '0', "$sessions sessions: all places are free");
	$shop->bench($sessions, 'capacity', 1, <<"SQL");
\\set luck random(1, 4)
\\set customer random(1, 200)
\\set isolation random(1, 2)
\\if :luck = 4
DELETE FROM persona.contact WHERE customer = :customer AND capacity_day IS NOT NULL;
\\else
\\if :isolation = 1
BEGIN;
\\else
BEGIN ISOLATION LEVEL REPEATABLE READ;
\\endif
SELECT count(*) FROM persona.commit_message(:customer);
\\if :luck = 1
ROLLBACK;
\\else
COMMIT;
\\endif
\\endif
SQL
	is($shop->broken_laws, '', "$sessions sessions: no law is broken");
	$shop->sql("SELECT persona.commit_message(i) FROM generate_series(1, 200) AS i, generate_series(1, 2)");
	is($shop->sql("SELECT DISTINCT count(*) FROM persona.contact WHERE capacity_day IS NOT NULL GROUP BY capacity_day"), '25',
		"$sessions sessions: all places are taken");
}

# Money over all customers, many sessions: none is spent that is not there, and
# none is left while somebody wants it and it is enough.
$shop->sql(<<'SQL');
DELETE FROM persona.contact;
INSERT INTO persona.channel (name, cost) VALUES ('letter', 0.7);
INSERT INTO persona.message (name, experience, channel, body) VALUES ('letter', 'offer', 'letter', 'Hello');
INSERT INTO persona.campaign (name, experience, priority, max_contacts, cost) VALUES ('letter', 'offer', 9, 1, 'CASE WHEN customer.id > 150 THEN 2.3 ELSE 0 END');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('letter', 1, 'letter');
INSERT INTO persona.budget (name, amount, campaign, calendar) VALUES ('letters', 50, 'letter', 'year');
SQL
foreach my $sessions (2, 16, 64)
{
	$shop->sql("UPDATE persona.contact SET status = 'cancelled' WHERE campaign = 'letter'; DELETE FROM persona.contact");
	is($shop->sql("SELECT coalesce(sum(spent), 0)::float8 FROM persona.budget_use"), '0', "$sessions sessions: nothing is spent");
	$shop->bench($sessions, 'money', 1, <<"SQL");
\\set luck random(1, 4)
\\set customer random(1, 200)
\\set isolation random(1, 2)
\\if :luck = 4
UPDATE persona.contact SET status = 'cancelled' WHERE customer = :customer AND campaign = 'letter' AND status = 'planned';
\\else
\\if :isolation = 1
BEGIN;
\\else
BEGIN ISOLATION LEVEL REPEATABLE READ;
\\endif
SELECT count(*) FROM persona.commit_message(:customer);
\\if :luck = 1
ROLLBACK;
\\else
COMMIT;
\\endif
\\endif
SQL
	is($shop->broken_laws, '', "$sessions sessions: no law is broken");
	$shop->sql("SELECT persona.commit_message(i) FROM generate_series(1, 200) AS i");
	is($shop->sql("SELECT \"left\" < 0.7 FROM persona.budget_left"), 't', "$sessions sessions: all money is spent");
	is($shop->broken_laws, '', "$sessions sessions: no law is broken by those who had to do without");
}
$shop->sql(<<'SQL');
UPDATE persona.contact SET status = 'cancelled' WHERE campaign = 'letter';
DELETE FROM persona.contact;
DELETE FROM persona.budget;
UPDATE persona.campaign SET active = false WHERE name = 'letter';
SQL

# Runs beside runs and live sessions.
$shop->sql('DELETE FROM persona.contact');
$shop->fill_carts;
{
	my @runs = map { $shop->start("CALL persona.run(batch => $_)") } (50, 70, 90);

	$shop->bench(4, 'beside runs', 1, "\\set customer random(1, $customers)\nSELECT count(*) FROM persona.commit_message(:customer);\n");
	$shop->finish($_) foreach @runs;
}
is($shop->broken_laws, '', 'runs beside runs and sessions: no law is broken');
like($shop->settle, qr/^call\|\d+\|\d+\ncart\|$customers\|$customers\nwelcome\|$customers\|$customers$/,
	'runs beside runs and sessions: everybody has one of each');

# Kills: of the run's backend, and of the whole server, at random points.
my $hit = 0;

foreach my $kill (1 .. $kills)
{
	my $everyone = $kill % 3 == 0 ? 'true' : 'false';
	my $run;

	$shop->fill_carts;
	$run = $shop->start("CALL persona.run(batch => 40, everyone => $everyone)");
	usleep(20_000 + int(rand(400_000)));
	if ($kill % 2)
	{
		$hit += $shop->kill_backend('CALL persona.run%');
		$shop->finish($run);
		$shop->wait_until_up;
	}
	else
	{
		$node->stop('immediate');
		$shop->finish($run);
		$node->start;
		$hit++;
	}
	is($shop->broken_laws, '', "kill $kill: no law is broken");
	like($shop->settle, qr/\ncart\|@{[ $customers * $shop->{carts} ]}\|$customers\nwelcome\|$customers\|$customers$/,
		"kill $kill: every firing has its contact");
}
cmp_ok($hit, '>', $kills / 2, "$hit of $kills kills hit");
cmp_ok($shop->sql("SELECT count(*) FROM persona.run_log WHERE state = 'interrupted'"), '>', 0, 'interrupted runs are told');
is($shop->sql('SELECT count(*) FROM persona.run_progress'), '0', 'no run goes on');
is($shop->broken_laws, '', 'no law is broken');

# Cancelled, and over when its time is.
$shop->fill_carts;
{
	my ($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = '100ms'; CALL persona.run(batch => 20)");

	like($err, qr/canceling statement/, 'a run can be cancelled');
	is($shop->sql('SELECT state FROM persona.run_progress'), 'interrupted', 'that it was, is shown');
	$shop->sql('CALL persona.run(batch => 20, max_seconds => 0.05)');
	is($shop->sql('SELECT state FROM persona.run_log ORDER BY run DESC LIMIT 1'), 'stopped', 'a run ends when its time is over');
}
like($shop->settle, qr/\ncart\|@{[ $customers * $shop->{carts} ]}\|$customers\n/, 'the rest is done afterwards');

# Dump and restore keep contacts, what is due, programs and counters together.
{
	my $query = join ' UNION ALL ', map { "SELECT '$_', md5(string_agg(t::text, ',' ORDER BY t::text COLLATE \"C\")) FROM persona.$_ AS t" }
		qw(contact due change program_archive capacity_use run_state run_log change_watch);
	$query .= ' ORDER BY 1';
	my $before = $shop->sql($query);

	$node->command_ok([ 'pg_dump', '-Fc', '--file', "$directory/dump", 'postgres' ], 'dump');
	$node->safe_psql('template1', 'CREATE DATABASE restored TEMPLATE template0');
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'restored', "$directory/dump" ], 'restore');
	is($node->safe_psql('restored', $query), $before, 'nothing is lost');
	$node->safe_psql('restored', 'CALL persona.run()');
	is($node->safe_psql('restored', 'SELECT written FROM persona.run_log ORDER BY run DESC LIMIT 1'), '0', 'nothing is sent again after a restore');
	$node->safe_psql('restored', "INSERT INTO shop.cart SELECT id, '2026-02-01', 0 FROM shop.customer WHERE id <= 10");
	$node->safe_psql('restored', 'CALL persona.run()');
	is($node->safe_psql('restored', 'SELECT total, written FROM persona.run_log ORDER BY run DESC LIMIT 1'), '10|10', 'changes are still noted');
}

$node->stop;
done_testing();
