# pg_cron calls persona.run() for a role that has the job of an operator: the
# contacts appear, and the log tells of the run.  The schedule outlives a run
# that fails and a crash of the server, and is served over a connection as well
# as by a background worker.
#
# This test mostly waits: before 1.5, pg_cron can't call more often than once
# a minute.  So run.sh runs it beside the others.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Utils;
use Shop;
use Test::More;

my $place = `pg_config --sharedir`;
chomp $place;
plan skip_all => 'SKIPPED: pg_cron is not installed (Debian: postgresql-NN-cron)' unless -f "$place/extension/pg_cron.control";

my $customers = 200;
my $shop = Shop->new('main', $customers);
my $node = $shop->{node};

# How a DBA sets it up.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'postgres'\ncron.host = '" . $node->host . "'\n");
$node->restart;
$shop->sql(<<'SQL');
CREATE EXTENSION pg_cron;
CREATE ROLE robot LOGIN;
GRANT USAGE ON SCHEMA cron TO robot;
SELECT persona.grant_job('robot', 'operator');
SQL
my ($major, $minor) = split /\./, $shop->sql("SELECT extversion FROM pg_extension WHERE extname = 'pg_cron'");
my $schedule = $major > 1 || $minor >= 5 ? '5 seconds' : '* * * * *';
note("pg_cron $major.$minor, schedule '$schedule'");

# The first run fails, since the role lacks a right.
$shop->sql('REVOKE INSERT ON persona.run_log FROM robot');
$node->safe_psql('postgres', "SELECT cron.schedule('persona', '$schedule', 'CALL persona.run()')", extra_params => [ '-U', 'robot' ]);
is($shop->sql('SELECT jobname, username, active FROM cron.job'), 'persona|robot|t', 'the run is scheduled');
ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM cron.job_run_details WHERE status = 'failed'"), 'a run fails');
like($shop->sql('SELECT return_message FROM cron.job_run_details ORDER BY runid LIMIT 1'), qr/permission denied for table run_log/, 'pg_cron tells why');
is($shop->sql('SELECT count(*) FROM persona.contact'), '0', 'there are no contacts yet');

# The next one does not.
$shop->sql('GRANT INSERT ON persona.run_log TO robot');
ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM cron.job_run_details WHERE status = 'succeeded'"), 'the schedule goes on after a failure');
is($shop->sql("SELECT count(*), count(DISTINCT customer) FROM persona.contact WHERE campaign = 'welcome'"), "$customers|$customers", 'contacts appear');
is($shop->sql('SELECT r.state, r.total, r.written FROM persona.run_log AS r JOIN cron.job_run_details AS d ON d.job_pid = r.pid WHERE d.status = $$succeeded$$ ORDER BY r.run LIMIT 1'),
	"done|$customers|$customers", 'the log tells of the run, by the process that pg_cron tells');
is($shop->broken_laws, '', 'no law is broken');

# After a crash, and by background workers.
$node->append_conf('postgresql.conf', "cron.use_background_workers = on\nmax_worker_processes = 20\n");
$node->stop('immediate');
$node->start;
my $runs = $shop->sql('SELECT coalesce(max(run), 0) FROM persona.run_log');
$shop->fill_carts;
ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM persona.run_log WHERE run > $runs AND state = 'done'"), 'the schedule outlives a crash');
is($shop->sql("SELECT count(*), count(DISTINCT customer) FROM persona.contact WHERE campaign = 'cart'"), "$customers|$customers", 'a background worker runs it');
is($shop->sql("SELECT total < 2 * $customers, written >= $customers FROM persona.run_log WHERE run > $runs ORDER BY run LIMIT 1"), 't|t', 'the log tells of it');
is($shop->broken_laws, '', 'no law is broken in the end');

$node->stop;
done_testing();
