--------------------------------------------------------------------------------
-- where: channels, the ways to reach a customer, and places inside them
--------------------------------------------------------------------------------

CREATE TABLE persona.channel (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	synchronous boolean NOT NULL DEFAULT false,
	address_column name,
	opt_in boolean NOT NULL DEFAULT false,
	consent persona.condition,
	open_hours persona.hours,
	quiet_hours persona.hours,
	holidays text CHECK (holidays <> ''),
	affinity numeric NOT NULL DEFAULT 1 CHECK (affinity >= 0 AND affinity < 'Infinity'),
	affinity_column name,
	cost numeric NOT NULL DEFAULT 0 CHECK (cost >= 0 AND cost < 'Infinity'),
	capacity_per_day integer CHECK (capacity_per_day >= 0),
	weight numeric NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight < 'Infinity'),
	max_attempts integer NOT NULL DEFAULT 5 CHECK (max_attempts > 0),
	retry_after interval NOT NULL DEFAULT '1 minute' CHECK (persona.is_fixed_length(retry_after)),
	max_bounces integer DEFAULT 1 CHECK (max_bounces > 0)
);

COMMENT ON TABLE persona.channel IS 'where: the ways to reach a customer';
COMMENT ON COLUMN persona.channel.name IS 'the name, by which messages, campaigns and policies refer to it';
COMMENT ON COLUMN persona.channel.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.channel.synchronous IS 'whether both sides are present at once: phone, live chat, personal talk';
COMMENT ON COLUMN persona.channel.address_column IS 'the customers'' column with the address; a customer without one is not reached; NULL: no address is needed';
COMMENT ON COLUMN persona.channel.opt_in IS 'true: only customers who consented (persona.choice) are reached; false: all but those who objected; topics may say otherwise';
COMMENT ON COLUMN persona.channel.consent IS 'and only customers for whom this holds; NULL: all';
COMMENT ON COLUMN persona.channel.open_hours IS 'only within these hours of the customer''s wall clock messages are sent; NULL: always';
COMMENT ON COLUMN persona.channel.quiet_hours IS 'within these hours of the customer''s wall clock no messages are sent; NULL: never';
COMMENT ON COLUMN persona.channel.holidays IS 'the calendar of persona.holiday on whose days, on the customer''s wall clock, it is closed; NULL: none';
COMMENT ON COLUMN persona.channel.affinity IS 'how much customers like it, a factor of the propensity, where no column tells it';
COMMENT ON COLUMN persona.channel.affinity_column IS 'the customers'' column that tells how much each likes it, or NULL';
COMMENT ON COLUMN persona.channel.cost IS 'what one message costs, taken off the score';
COMMENT ON COLUMN persona.channel.capacity_per_day IS 'how many contacts it takes per calendar day of the default time zone, over all customers; NULL: any number';
COMMENT ON COLUMN persona.channel.weight IS 'a factor of the score of whatever uses it, to steer by';
COMMENT ON COLUMN persona.channel.max_attempts IS 'how often persona.claim() hands a contact out before it fails';
COMMENT ON COLUMN persona.channel.retry_after IS 'how long a contact rests after its first failed attempt, in fixed units; twice as long after each further one, at most a day';
COMMENT ON COLUMN persona.channel.max_bounces IS 'so many bounces close an address, until the customer has another one or consents to the channel again; NULL: none do';

SELECT persona.watch_definitions('persona.channel');

CREATE TABLE persona.placement (
	channel text REFERENCES persona.channel ON UPDATE CASCADE,
	name text CHECK (name <> ''),
	description text,
	slots integer NOT NULL DEFAULT 1 CHECK (slots > 0),
	position integer NOT NULL DEFAULT 0,
	PRIMARY KEY (channel, name)
);

COMMENT ON TABLE persona.placement IS 'places inside a channel: a banner slot, an invoice footer, a page of a form';
COMMENT ON COLUMN persona.placement.channel IS 'the channel';
COMMENT ON COLUMN persona.placement.name IS 'the name inside the channel, by which messages and campaigns refer to it';
COMMENT ON COLUMN persona.placement.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.placement.slots IS 'how many messages it shows at once, when persona.next_message_for() asks for them';
COMMENT ON COLUMN persona.placement.position IS 'lower is filled first when all placements of a channel are asked for';

SELECT persona.watch_definitions('persona.placement');

ALTER TABLE persona.message
	ADD FOREIGN KEY (channel) REFERENCES persona.channel ON UPDATE CASCADE,
	ADD FOREIGN KEY (channel, placement) REFERENCES persona.placement ON UPDATE CASCADE;

CREATE TABLE persona.holiday (
	calendar text CHECK (calendar <> ''),
	day date CHECK (isfinite(day)),
	description text,
	PRIMARY KEY (calendar, day)
);

COMMENT ON TABLE persona.holiday IS 'days on which channels are closed, by calendars';
COMMENT ON COLUMN persona.holiday.calendar IS 'the name of the calendar, by which channels refer to it';
COMMENT ON COLUMN persona.holiday.day IS 'the day';
COMMENT ON COLUMN persona.holiday.description IS 'what it is, in words';

SELECT persona.watch_definitions('persona.holiday');
