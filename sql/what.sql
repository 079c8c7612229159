--------------------------------------------------------------------------------
-- what: experiences, and the messages that bring them over a channel
--------------------------------------------------------------------------------

CREATE TABLE persona.topic (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	opt_in boolean
);

COMMENT ON TABLE persona.topic IS 'what experiences are about, as customers see it: they consent or object to topics, and snooze them';
COMMENT ON COLUMN persona.topic.name IS 'the name, by which experiences and choices refer to it';
COMMENT ON COLUMN persona.topic.description IS 'what it is, in words for customers';
COMMENT ON COLUMN persona.topic.opt_in IS 'true: only customers who consented are contacted about it; false: all but those who objected; NULL: as the channel says';

SELECT persona.watch_definitions('persona.topic');

CREATE TABLE persona.experience (
	name text PRIMARY KEY CHECK (name <> ''),
	kind text NOT NULL DEFAULT 'offer' CHECK (kind <> ''),
	topic text REFERENCES persona.topic ON UPDATE CASCADE,
	description text
);

COMMENT ON TABLE persona.experience IS 'what is personalized: an offer, content, a coupon, a banner, a loyalty step, the insert of a letter';
COMMENT ON COLUMN persona.experience.name IS 'the name, by which messages and campaigns refer to it';
COMMENT ON COLUMN persona.experience.kind IS 'offer, content, coupon, banner or any word of yours';
COMMENT ON COLUMN persona.experience.topic IS 'what it is about, as customers see it; NULL: they can choose for the whole channel only';
COMMENT ON COLUMN persona.experience.description IS 'what it is for, in words';

SELECT persona.watch_definitions('persona.experience');

-- its references to channels and placements follow in where.sql
CREATE TABLE persona.message (
	name text PRIMARY KEY CHECK (name <> ''),
	experience text NOT NULL REFERENCES persona.experience ON UPDATE CASCADE,
	channel text NOT NULL,
	placement text,
	language text CHECK (language <> ''),
	condition persona.condition,
	position integer NOT NULL DEFAULT 0,
	weight numeric CHECK (weight > 0 AND weight < 'Infinity'),
	subject text,
	body text NOT NULL
);

COMMENT ON TABLE persona.message IS 'the content of an experience for a channel, placement, language and variant: templates with {{customer.column}}, {{event.column}} (the last event of the trigger''s match), {{step.column}} (a step bound with "as"), {{customer.column|default}}';
COMMENT ON COLUMN persona.message.name IS 'the name; the last tie among variants is decided by it';
COMMENT ON COLUMN persona.message.experience IS 'the experience whose content it is';
COMMENT ON COLUMN persona.message.channel IS 'the channel for which it is written';
COMMENT ON COLUMN persona.message.placement IS 'the place inside the channel for which it is written; NULL: any';
COMMENT ON COLUMN persona.message.language IS 'its language; NULL: for every language';
COMMENT ON COLUMN persona.message.condition IS 'the variant is used only for customers for whom this holds; NULL: for all';
COMMENT ON COLUMN persona.message.position IS 'lower comes first among variants that fit the language equally well';
COMMENT ON COLUMN persona.message.weight IS 'share of the customers among the variants: the messages with a weight for the same experience, channel, placement, language and position; NULL: it is no variant';
COMMENT ON COLUMN persona.message.subject IS 'template of the subject, or NULL';
COMMENT ON COLUMN persona.message.body IS 'template of the body';

SELECT persona.watch_definitions('persona.message');
