# The claim queue under stress: many senders, each contact to one of them at a
# time, each attempt counted once, each outcome counted once, at 2, 16 and 64
# sessions.  Some senders roll back, some die with what they claimed, some
# defer; others report twice, or late.
#
# Each claim writes what it got into a table of its own, in the same
# transaction; so what was handed out is counted beside the queue.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Shop;
use Test::More;

my $customers = 400;
my $shop = Shop->new('main', $customers);
my $node = $shop->{node};

# What both kinds of senders share: what was handed out, and what was reported.
$shop->sql(<<'SQL');
CREATE TABLE shop.handed_out (key uuid, attempt integer, claimed_at timestamptz, lease_until timestamptz, worker text, session integer);
CREATE TABLE shop.reported (key uuid, outcome text, news integer);
UPDATE persona.channel SET retry_after = '50 milliseconds', max_attempts = 1000 WHERE name = 'email';
SQL

# Claims up to n contacts under a lease, notes them, and does what comes next.
sub claims
{
	my ($isolation, $n, $lease, $end) = @_;

	return <<"SQL";
BEGIN ISOLATION LEVEL $isolation;
INSERT INTO shop.handed_out
	SELECT idempotency_key, attempt, lease_until - interval '$lease', lease_until, 'w' || :client_id, :client_id
	FROM persona.claim('email', $n, '$lease', 'w' || :client_id);
$end;
SQL
}

# Lines that tell what is wrong; nothing if all is exact.
sub wrong
{
	return $shop->sql(<<'SQL');
SELECT format('contact %s: attempt %s was handed out %s times', key, attempt, count(*))
FROM shop.handed_out GROUP BY key, attempt HAVING count(*) > 1
UNION ALL
SELECT format('contact %s: attempt %s began %s before the lease of attempt %s was over', b.key, b.attempt, a.lease_until - b.claimed_at, a.attempt)
FROM shop.handed_out AS a JOIN shop.handed_out AS b ON b.key = a.key AND b.attempt = a.attempt + 1
WHERE b.claimed_at < a.lease_until
UNION ALL
SELECT format('contact %s: %s attempts are counted, %s were made', k.contact_id, k.attempts, count(h.key))
FROM persona.contact AS k LEFT JOIN shop.handed_out AS h ON h.key = k.idempotency_key
GROUP BY k.customer, k.contact_id HAVING k.attempts <> count(h.key) OR k.attempts <> coalesce(max(h.attempt), 0)
UNION ALL
SELECT format('contact %s: claimed by %s until %s, but %s until %s is noted', k.contact_id, k.worker, k.lease_until, h.worker, h.lease_until)
FROM persona.contact AS k JOIN shop.handed_out AS h ON h.key = k.idempotency_key AND h.attempt = k.attempts
WHERE k.status = 'claimed' AND (k.worker, k.lease_until) IS DISTINCT FROM (h.worker, h.lease_until)
UNION ALL
SELECT format('contact %s: %s reports of clicked were news, %s responses', k.contact_id, n.news, n.responses)
FROM persona.contact AS k CROSS JOIN LATERAL (SELECT
	(SELECT coalesce(sum(r.news), 0) FROM shop.reported AS r WHERE r.key = k.idempotency_key AND r.outcome = 'clicked') AS news,
	(SELECT count(*) FROM persona.response AS p WHERE p.customer = k.customer AND p.contact_id = k.contact_id AND p.outcome = 'clicked') AS responses) AS n
WHERE n.news <> n.responses
LIMIT 20
SQL
}

foreach my $sessions (2, 16, 64)
{
	my $contacts = 4 * $customers;

	# One claim after the other until nothing is left, with long leases: each contact exactly once.
	$shop->sql(<<"SQL");
TRUNCATE shop.handed_out, shop.reported;
DELETE FROM persona.response;
DELETE FROM persona.contact;
INSERT INTO shop.cart SELECT id, timestamptz '2026-01-01' + $sessions * interval '1 hour', 1 FROM shop.customer;
INSERT INTO persona.contact (customer, campaign, experience, channel, message, trigger, fired_at, send_at)
	SELECT c.id, CASE WHEN i = 1 THEN 'cart' ELSE 'welcome' END, 'offer', 'email', 'email', CASE i WHEN 1 THEN 'cart' END, CASE i WHEN 1 THEN timestamptz '2026-01-01' + $sessions * interval '1 hour' END, now()
	FROM shop.customer AS c, generate_series(1, 4) AS i;
SQL
	$shop->bench($sessions, 'claims',
		3, claims('READ COMMITTED', 3, '1 hour', 'COMMIT'),
		1, claims('READ COMMITTED', 20, '1 hour', 'ROLLBACK'),
		1, claims('REPEATABLE READ', 2, '1 hour', 'COMMIT'),
		1, claims('SERIALIZABLE', 1, '1 hour', 'COMMIT'));
	# Whatever is left, one takes.
	$shop->sql(join '', map { s/:client_id/999/gr } claims('READ COMMITTED', 10000, '1 hour', 'COMMIT'));
	is(wrong(), '', "$sessions sessions: nothing is wrong");
	is($shop->sql('SELECT count(*), count(DISTINCT key), min(attempt), max(attempt) FROM shop.handed_out'), "$contacts|$contacts|1|1",
		"$sessions sessions: each contact was handed out exactly once");
	cmp_ok($shop->sql('SELECT count(DISTINCT session) FROM shop.handed_out WHERE session <> 999'), '>', $sessions > 2 ? $sessions / 4 : 1, "$sessions sessions: many got some");
	is($shop->sql('SELECT status, count(*) FROM persona.contact GROUP BY status'), "claimed|$contacts", "$sessions sessions: all are claimed");

	# The same report by all sessions at once is news once.
	$shop->bench($sessions, 'the same reports', 1, <<'SQL');
\set customer random(1, 20)
WITH chosen AS (SELECT idempotency_key AS key FROM persona.contact WHERE customer = :customer ORDER BY contact_id LIMIT 1)
INSERT INTO shop.reported SELECT key, 'clicked', persona.report(key, 'clicked', '2026-06-01')::integer FROM chosen;
SQL
	is(wrong(), '', "$sessions sessions: nothing is wrong after reports");
	is($shop->sql("SELECT count(*), count(DISTINCT contact_id) FROM persona.response WHERE outcome = 'clicked'"), '20|20',
		"$sessions sessions: each response is there once");

	# Short leases that run out, rollbacks, deferrals, late and repeated reports, all at once.
	$shop->sql("UPDATE persona.contact SET lease_until = claimed_at, next_attempt_at = claimed_at WHERE status = 'claimed'; UPDATE shop.handed_out SET lease_until = claimed_at");
	$shop->bench($sessions, 'leases that run out',
		4, claims('READ COMMITTED', 3, '20 milliseconds', 'COMMIT'),
		1, claims('READ COMMITTED', 5, '20 milliseconds', 'ROLLBACK'),
		1, claims('REPEATABLE READ', 2, '20 milliseconds', 'COMMIT'),
		1, "SELECT persona.report(key, 'deferred', clock_timestamp()) FROM (SELECT key FROM shop.handed_out ORDER BY claimed_at DESC LIMIT 2) AS h;\n",
		1, "SELECT persona.report(key, 'sent', clock_timestamp()), persona.report(key, 'sent', clock_timestamp())\n"
			. "FROM (SELECT idempotency_key AS key FROM persona.contact WHERE customer = 1 + :client_id % 50 AND attempts > 0 LIMIT 1) AS h;\n");
	is(wrong(), '', "$sessions sessions: nothing is wrong with leases that run out");
	cmp_ok($shop->sql('SELECT max(attempts) FROM persona.contact'), '>', 1, "$sessions sessions: some were handed out again");
	is($shop->sql("SELECT count(*) FROM persona.contact WHERE status NOT IN ('claimed', 'planned', 'sent', 'delivered')"), '0',
		"$sessions sessions: nothing was lost");
	is($shop->sql("SELECT count(*) FROM persona.contact"), $contacts, "$sessions sessions: nothing was made twice");
}

# Attempts end where the channel says.
$shop->sql("UPDATE persona.channel SET max_attempts = 3 WHERE name = 'email'");
$shop->sql(<<'SQL');
TRUNCATE shop.handed_out, shop.reported;
DELETE FROM persona.response;
DELETE FROM persona.contact;
INSERT INTO persona.contact (customer, campaign, experience, channel, message, send_at)
	SELECT id, 'welcome', 'offer', 'email', 'email', now() FROM shop.customer WHERE id <= 100;
SQL
$shop->bench(16, 'attempts', 1, claims('READ COMMITTED', 10, '10 milliseconds', 'COMMIT'));
is(wrong(), '', 'attempts: nothing is wrong');
is($shop->sql('SELECT count(*), min(n), max(n) FROM (SELECT count(*) AS n FROM shop.handed_out GROUP BY key) AS h'), '100|3|3',
	'each was tried exactly as often as the channel says');
is($shop->sql('SELECT status, attempts, ended_at, count(*) FROM persona.contact GROUP BY 1, 2, 3'), 'failed|3|infinity|100', 'then it fails, and keeps its slot');

$node->stop;
done_testing();
