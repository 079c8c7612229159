# A dump of a shop that is at work, between a run that was ended in the middle
# and the next one, with contacts that senders have, places taken, changes
# noted and a snapshot: restored in each way, nothing of that is lost, and all
# goes on there.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Utils;
use Shop;
use Test::More;

my $customers = 400;
my $shop = Shop->new('main', $customers);
my $node = $shop->{node};
my $directory = PostgreSQL::Test::Utils::tempdir;

$shop->sql(<<'SQL');
INSERT INTO persona.cohort (name, condition) VALUES ('rich', '{"attribute": "clv", "at_least": 50}'), ('buyer', '{"event": "cart"}');
UPDATE persona.channel SET cost = 2.5 WHERE name = 'call';
INSERT INTO persona.budget (name, amount, channel, calendar) VALUES ('calls', 1000, 'call', 'day');
SELECT persona.refresh_snapshot();
CREATE ROLE saver LOGIN BYPASSRLS;
GRANT pg_read_all_data TO saver;
CREATE ROLE heir SUPERUSER LOGIN;
SQL
$shop->fill_carts;
$shop->sql('CALL persona.run()');
$shop->sql("SELECT count(persona.report(idempotency_key, 'delivered')) FROM persona.claim('email', 50, '1 hour', 'first')");
$shop->sql("SELECT count(persona.report(idempotency_key, 'failed')) FROM persona.claim('call', 5, '1 hour', 'agent')");
$shop->sql("SELECT count(persona.report(idempotency_key, 'deferred')) FROM persona.claim('email', 20, '1 hour', 'second')");
$shop->sql("SELECT count(*) FROM persona.claim('email', 50, '1 hour', 'third')");
$shop->sql("INSERT INTO persona.choice (customer, choice, channel) VALUES (7, 'objection', 'email')");
$shop->sql('SELECT persona.refresh_snapshot()');
$shop->fill_carts;
{
	my $run = $shop->start('CALL persona.run(batch => 1, everyone => true)');

	$shop->sql(<<'SQL');
DO $$
BEGIN
	FOR try IN 1 .. 60000 LOOP
		PERFORM pg_stat_clear_snapshot(), pg_terminate_backend(p.pid, 10000)
		FROM persona.run_progress AS p WHERE p.state = 'writing' AND p.done > 0;
		IF FOUND THEN
			RETURN;
		END IF;
		PERFORM pg_stat_clear_snapshot();
	END LOOP;
	RAISE 'no run is writing';
END
$$
SQL
	$shop->finish($run);
}
is($shop->sql('SELECT state, done > 0, done < total FROM persona.run_progress'), 'interrupted|t|t', 'a run ended in the middle');

my @tables = qw(contact response choice due change run_change program_archive capacity_use budget_use run_state run_log change_watch
	snapshot_state snapshot_message snapshot_due snapshot_change cohort_history reach_history);

# A line for each table: how many rows, and a hash of them.  What is deferred by
# triggers of a load is noted again, so changes may be told to be left out.
sub contents
{
	my ($database, $user, @without) = @_;
	my %without = map { $_ => 1 } @without;

	return $node->safe_psql($database, join(' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg(t::text, ',' ORDER BY t::text COLLATE \"C\")) FROM persona.$_ AS t" }
				grep { !$without{$_} } @tables) . ' ORDER BY 1', extra_params => [ '-U', $user ]);
}

my $superuser = $shop->sql('SELECT current_user');
my $before = contents('postgres', $superuser);
note($before);
unlike($before, qr/^(contact|response|choice|due|change|capacity_use|budget_use|run_log|snapshot_message|snapshot_due|cohort_history|reach_history)\|0\|/m, 'there is something to lose');

# In the end as many contacts of each kind as in the shop itself, under the same keys.
sub outcome
{
	my ($there) = @_;

	return $there->settle . "\n" . $there->sql('SELECT md5(string_agg(idempotency_key::text, $$,$$ ORDER BY contact_id)) FROM persona.contact WHERE contact_id <= '
		. $shop->{last_contact});
}

$shop->{last_contact} = $shop->sql('SELECT max(contact_id) FROM persona.contact');
foreach my $how (
	[ 'plain', [ '-Fp' ], undef, $superuser ],
	[ 'parallel', [ '-Fd', '-j', '2' ], [ '-j', '2' ], $superuser ],
	[ 'clean', [ '-Fc' ], [ '--clean', '--if-exists', '-j', '2' ], $superuser ],
	[ 'heir', [ '-Fc', '-U', 'saver' ], [ '--no-owner', '--no-privileges', '-U', 'heir' ], 'heir' ],
	[ 'parts', [ '-Fc' ], [], $superuser ])
{
	my ($name, $dump, $restore, $user) = @$how;
	my $file = "$directory/$name";
	my $there;

	$node->safe_psql('template1', "CREATE DATABASE $name TEMPLATE template0");
	$node->command_ok([ 'pg_dump', @$dump, '-f', $file, 'postgres' ], "$name: dump");
	if (!$restore)
	{
		$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $name, '-f', $file ], "$name: restore");
	}
	elsif ($name eq 'parts')
	{
		# first what is in the section of definitions, then the rows
		$node->command_ok([ 'pg_dump', '--schema-only', '-Fc', '-f', "$file.schema", 'postgres' ], "$name: dump of the schema");
		$node->command_ok([ 'pg_dump', '--data-only', '-Fc', '-f', "$file.data", 'postgres' ], "$name: dump of the data");
		$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $name, "$file.schema" ], "$name: restore of the schema");
		$node->command_ok([ 'pg_restore', '--exit-on-error', '--disable-triggers', '-d', $name, "$file.data" ], "$name: restore of the data");
	}
	else
	{
		# pg_restore knows nothing of references among an extension's tables, so if it loads them in parallel they must not be checked
		local $ENV{PGOPTIONS} = grep({ $_ eq '-j' } @$restore) ? '-c session_replication_role=replica' : '';
		$node->command_ok([ 'pg_restore', '--exit-on-error', @$restore, '-d', $name, $file ], "$name: restore");
	}
	is(contents($name, $user), $before, "$name: nothing is lost");
	is($node->safe_psql($name, "SELECT count(*) FROM persona.program() AS p, persona.check_program(p)"), '1', "$name: the definitions are right");
	$there = bless { %$shop, database => $name }, 'Shop';
	is($there->broken_laws, '', "$name: no law is broken");
	$shop->{outcome} = outcome($there) unless defined $shop->{outcome};
	is(outcome($there), $shop->{outcome}, "$name: the run goes on, to the same end");
	is($there->broken_laws, '', "$name: no law is broken by that");
	is($there->sql("SELECT state FROM persona.run_log WHERE state = 'interrupted'"), 'interrupted', "$name: the run that did not end is told of");
	is($there->sql("SELECT count(*) FROM persona.claim('email', 100000, '1 hour') AS c WHERE c.attempt <> 1"), '0', "$name: what others have is not handed out");
	is($there->sql(<<'SQL'), '50|t', "$name: leases go on");
SELECT count(*), every(attempts = 1 AND lease_until > now() AND status = 'claimed') FROM persona.contact WHERE worker = 'third'
SQL
	$there->sql('SELECT persona.refresh_snapshot()');
	is($there->sql(<<'SQL'), '0', "$name: the snapshot equals the live view");
SELECT count(*) FROM persona.snapshot_state AS s,
	LATERAL ((SELECT * FROM persona.next_message_snapshot EXCEPT ALL SELECT * FROM persona.next_message_at(s.as_of))
		UNION ALL (SELECT * FROM persona.next_message_at(s.as_of) EXCEPT ALL SELECT * FROM persona.next_message_snapshot)) AS d
SQL
}

# Loaded with triggers, rows are changes: who is due once more is sent nothing twice.
$node->safe_psql('template1', 'CREATE DATABASE loaded TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'loaded', "$directory/parts.schema" ], 'loaded: restore of the schema');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'loaded', "$directory/parts.data" ], 'loaded: restore of the data, with triggers');
is(contents('loaded', $superuser, 'change'), join("\n", grep { !/^change\|/ } split /\n/, $before), 'loaded: nothing is lost');
is(outcome(bless { %$shop, database => 'loaded' }, 'Shop'), $shop->{outcome}, 'loaded: the run goes on, to the same end');

# Who restores needs a superuser, since only one creates the extension; once it is there, nothing else does.
$node->safe_psql('template1', 'CREATE ROLE owner LOGIN; CREATE DATABASE owned OWNER owner TEMPLATE template0');
$node->command_fails_like([ 'pg_restore', '--exit-on-error', '--no-owner', '--no-privileges', '-U', 'owner', '-d', 'owned', "$directory/parts" ],
	qr/permission denied to create extension "persona"/, 'an owner who is no superuser cannot restore');

is(outcome($shop), $shop->{outcome}, 'the shop itself goes on to the same end');
$node->stop;
done_testing();
