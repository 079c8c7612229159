# Dump and restore of a configured database lose nothing: the definitions, the
# bindings, the contacts, what the views answer, and the program's hash.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->start;

my $as_of = '2026-03-10 12:00+00';

# A database with a definition of every kind.  The cohort "alpha" refers to
# "omega", which a restore loads later; so do trigger, channel and campaign.
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', <<'SQL');
CREATE EXTENSION persona;
CREATE SCHEMA crm;
CREATE TYPE crm.tier AS ENUM ('free', 'silver', 'gold');
CREATE TABLE crm.customer (id uuid PRIMARY KEY, name text, tier crm.tier, email text, zone text, lang text, opt_in boolean);
CREATE TABLE crm.purchase (customer_id uuid, at timestamptz, amount numeric(12,2), item text);
CREATE INDEX ON crm.purchase (customer_id, at);
INSERT INTO crm.customer
	SELECT md5(i::text)::uuid, 'Name ' || i, (ARRAY['free', 'silver', 'gold'])[1 + i % 3]::crm.tier,
		CASE WHEN i % 5 > 0 THEN 'c' || i || '@example.org' END,
		(ARRAY['Europe/Berlin', 'Asia/Kolkata', NULL])[1 + i % 3], (ARRAY['de', 'en'])[1 + i % 2], i % 4 > 0
	FROM generate_series(1, 60) AS i;
INSERT INTO crm.purchase
	SELECT md5((1 + i % 60)::text)::uuid, timestamptz '2026-03-01 00:00+00' + i * interval '37 minutes', i * 1.01, 'item ' || i
	FROM generate_series(1, 400) AS i;
SELECT persona.bind_customers('crm.customer', 'id', time_zone => 'zone', language => 'lang',
	default_time_zone => 'Europe/Vienna', default_language => 'de');
SELECT persona.bind_events('crm.purchase', 'customer_id', 'at', kind => 'purchase');
INSERT INTO persona.cohort (name, condition, value, description) VALUES
	('omega', '{"attribute":  "tier", "in": ["gold", "silver"]}', 2.50, 'written with two blanks'),
	('alpha', '{"all": [{"cohort": "omega"}, {"event": "purchase", "sum": "amount", "within": "30 days", "at_least": 500.005}]}', 1, NULL);
INSERT INTO persona.trigger (name, condition, open_for, description) VALUES
	('bought', '{"all": [{"cohort": "omega"}, {"sequence": [{"event": "purchase", "as": "purchase"}, {"no": "purchase", "for": "1 hour"}], "within": "1 day"}]}', '2 days', 'Kauf, dann Ruhe');
INSERT INTO persona.topic (name, description, opt_in) VALUES ('service', 'Rund um die Bestellung', false);
INSERT INTO persona.experience (name, kind, topic) VALUES ('thanks', 'content', 'service');
INSERT INTO persona.holiday (calendar, day, description) VALUES ('at', '2026-10-26', 'Nationalfeiertag'), ('at', '2026-12-25', NULL);
INSERT INTO persona.channel (name, address_column, consent, quiet_hours, cost) VALUES
	('email', 'email', '{"all": [{"attribute": "opt_in", "is": true}, {"cohort": "omega"}]}', 'daily 21:00-08:00', 0.02);
INSERT INTO persona.channel (name, synchronous, open_hours, holidays, affinity) VALUES ('web', true, 'Mon-Fri 08:00-20:00; Sat 10:00-14:00', 'at', 0.5);
INSERT INTO persona.placement (channel, name) VALUES ('web', 'home');
INSERT INTO persona.message (name, experience, channel, placement, language, condition, subject, body) VALUES
	('email_de', 'thanks', 'email', NULL, 'de', NULL, E'Danke, {{customer.name}} \\ "ü"', E'Für {{purchase.item}}\nvom {{event.at}}'),
	('email_en', 'thanks', 'email', NULL, 'en', NULL, 'Thanks', 'For {{purchase.item}}'),
	('web_gold', 'thanks', 'web', 'home', NULL, '{"attribute": "tier", "is": "gold"}', NULL, 'Gold: {{purchase.item}}');
INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, relevance, starts_at, ends_at, priority, value, weight, max_contacts, max_contacts_within)
	VALUES ('thanks', 'thanks', 'omega', 'bought', '{"event": "purchase", "within": "5 minutes"}', '{"attribute": "name", "known": true}',
		'2026-01-01', '2027-01-01', 3, 1.25, 2, 2, '7 days'),
	('retired', 'thanks', NULL, NULL, NULL, NULL, NULL, NULL, 0, 1, 1, NULL, NULL);
UPDATE persona.campaign SET active = false WHERE name = 'retired';
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES ('thanks', 1, 'email', NULL), ('thanks', 2, 'web', 'home');
INSERT INTO persona.suppression (name, outcomes, ignored_after, times, within, scope, quiet_for) VALUES ('tired', '{ignored,bounced}', '2 days', 3, '7 days', 'channel', '10 days');
INSERT INTO persona.exclusion (name, first_campaign, then_kind, period) VALUES ('not both', 'retired', 'content', '30 days');
INSERT INTO persona.holdout (name, share, seed) VALUES ('control', 0.05, 'seed "1"');
INSERT INTO persona.experiment (name, seed, space, space_until, weights) VALUES ('tone', 's', 'main', 0.9, '{0.25,0.75}');
UPDATE persona.campaign SET experiment = 'tone', variation = 1 WHERE name = 'retired';
INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES ('calm', NULL, 3, '30 days'), ('mail', 'email', 2, '7 days');
INSERT INTO persona.contact (customer, campaign, channel, send_at, decided_at, status, fired_at, program)
	SELECT id, 'thanks', 'email', '2026-03-09 09:00+00', '2026-03-09 08:00+00', 'sent', '2026-03-01', persona.program_hash(persona.program())
	FROM crm.customer WHERE tier = 'gold';
INSERT INTO persona.response (customer, at, outcome, campaign, details)
	SELECT id, '2026-03-09 10:00+00', 'opened', 'thanks', '{"agent": "ü"}' FROM crm.customer WHERE tier = 'gold';
INSERT INTO persona.choice (customer, at, choice, channel, until, origin)
	SELECT id, '2026-03-09 11:00+00', 'snooze', 'email', '2026-04-01', 'page' FROM crm.customer WHERE tier = 'free';
CREATE ROLE analyst;
GRANT USAGE ON SCHEMA persona TO analyst;
GRANT SELECT ON persona.next_message, persona.contact TO analyst;
CREATE VIEW crm.dashboard AS SELECT campaign, count(*) FROM persona.next_message GROUP BY campaign;
SQL

# Everything that must survive, as text.
sub contents
{
	my ($database) = @_;
	my $text = '';

	foreach my $table (
		qw(customer_binding event_binding cohort trigger experience channel placement message campaign
		campaign_channel policy suppression exclusion holdout experiment topic holiday contact response choice))
	{
		$text .= "-- $table\n" . $node->safe_psql($database, "SELECT t::text FROM persona.$table AS t ORDER BY t::text COLLATE \"C\"") . "\n";
	}
	foreach my $query (
		'SELECT persona.program()',
		"SELECT t::text FROM persona.next_message_at('$as_of') AS t ORDER BY customer",
		"SELECT t::text FROM persona.cohort_member_at('$as_of') AS t ORDER BY customer, cohort",
		"SELECT t::text FROM persona.open_trigger_at('$as_of') AS t ORDER BY customer, trigger",
		"SELECT t::text FROM crm.customer AS c, LATERAL persona.explain(c.id, '$as_of') AS t ORDER BY c.id, t.campaign",
		"SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'persona'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1",
		"SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'persona'::regnamespace ORDER BY 1")
	{
		$text .= "-- $query\n" . $node->safe_psql($database, $query) . "\n";
	}
	return $text;
}

# Compares two texts line by line, so that a failure shows the line.
sub same
{
	my ($got, $expected, $name) = @_;
	my @got = split /\n/, $got;
	my @expected = split /\n/, $expected;

	foreach my $i (0 .. ($#got > $#expected ? $#got : $#expected))
	{
		next if defined $got[$i] && defined $expected[$i] && $got[$i] eq $expected[$i];
		return is($got[$i], $expected[$i], "$name (line $i)");
	}
	return pass($name);
}

my $before = contents('shop');
like($before, qr/next_message_at.*\n\([0-9a-f]{8}-/, 'there are messages to lose');
like($before, qr/open_trigger_at.*\n\([0-9a-f]{8}-/, 'there are open triggers to lose');

my $directory = PostgreSQL::Test::Utils::tempdir;

foreach my $case (
	[ 'plain', [ '--format=plain' ] ],
	[ 'custom', [ '--format=custom' ] ],
	[ 'parallel', [ '--format=directory', '--jobs=2' ] ],
	[ 'inserts', [ '--format=plain', '--column-inserts' ] ])
{
	my ($name, $options) = @$case;
	my $file = "$directory/$name";

	$node->safe_psql('postgres', "CREATE DATABASE restored_$name TEMPLATE template0");
	$node->command_ok([ 'pg_dump', @$options, '--file', $file, 'shop' ], "$name: dump");
	if (grep { /plain/ } @$options)
	{
		$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', "restored_$name", '-f', $file ], "$name: restore");
	}
	else
	{
		$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', "restored_$name", $file ], "$name: restore");
	}
	same(contents("restored_$name"), $before, "$name: nothing is lost");
	is($node->safe_psql("restored_$name", 'SELECT count(*) FROM crm.dashboard'),
		$node->safe_psql('shop', 'SELECT count(*) FROM crm.dashboard'), "$name: a view on persona's views works");
}

# The restored database is guarded and can be changed like the first.
my ($status, $out, $err) = $node->psql('restored_plain', 'ALTER TABLE crm.customer DROP COLUMN tier');
like($err, qr/a definition of persona uses it/, 'a used column is guarded after the restore');
($status, $out, $err) = $node->psql('restored_plain', q(INSERT INTO persona.cohort (name, condition) VALUES ('x', '{"attribute": "nope", "known": true}')));
like($err, qr/has no column "nope"/, 'definitions are checked after the restore');
$node->safe_psql('restored_plain', q(INSERT INTO persona.contact (customer, campaign) SELECT id, 'new' FROM crm.customer LIMIT 1));
is($node->safe_psql('restored_plain', q(SELECT count(*) FROM persona.contact WHERE contact_id > (SELECT max(contact_id) FROM persona.contact WHERE campaign <> 'new') AND campaign = 'new')),
	'1', 'new contacts get new numbers');

$node->stop;
done_testing();
