--------------------------------------------------------------------------------
-- campaign: what ties What, Who, When and Where together, and the policies
-- that limit all campaigns
--------------------------------------------------------------------------------

CREATE TABLE persona.campaign (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	experience text NOT NULL REFERENCES persona.experience ON UPDATE CASCADE,
	cohort text REFERENCES persona.cohort ON UPDATE CASCADE,
	trigger text REFERENCES persona.trigger ON UPDATE CASCADE,
	goal persona.condition,
	relevance persona.condition,
	starts_at timestamptz CHECK (starts_at < 'infinity'),
	ends_at timestamptz CHECK (ends_at > '-infinity'),
	priority integer NOT NULL DEFAULT 0,
	propensity text NOT NULL DEFAULT '1',
	value text NOT NULL DEFAULT '1',
	urgency jsonb NOT NULL DEFAULT '[]',
	weight text NOT NULL DEFAULT '1',
	cost text NOT NULL DEFAULT '0',
	max_contacts integer CHECK (max_contacts >= 0),
	max_contacts_within interval CHECK (persona.is_fixed_length(max_contacts_within)),
	min_gap interval CHECK (persona.is_fixed_length(min_gap)),
	max_contacts_per_firing integer DEFAULT 1 CHECK (max_contacts_per_firing >= 0),
	channel_choice text NOT NULL DEFAULT 'position' CHECK (channel_choice = ANY (ARRAY['position', 'preference', 'score'])),
	experiment text REFERENCES persona.experiment ON UPDATE CASCADE,
	variation integer CHECK (variation >= 0),
	active boolean NOT NULL DEFAULT true,
	CONSTRAINT campaign_variation_of_experiment CHECK ((experiment IS NULL) = (variation IS NULL)),
	CONSTRAINT campaign_starts_before_it_ends CHECK (starts_at < ends_at),
	CONSTRAINT campaign_limit_has_a_number CHECK (max_contacts_within IS NULL OR max_contacts IS NOT NULL)
);

COMMENT ON TABLE persona.campaign IS 'ties an experience to a cohort, a trigger and channels';
COMMENT ON COLUMN persona.campaign.name IS 'the name; the last tie among campaigns is decided by it';
COMMENT ON COLUMN persona.campaign.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.campaign.experience IS 'what it brings';
COMMENT ON COLUMN persona.campaign.cohort IS 'whom it is for; NULL: everybody';
COMMENT ON COLUMN persona.campaign.trigger IS 'when it may speak: while the window is open; NULL: at any time';
COMMENT ON COLUMN persona.campaign.goal IS 'a customer for whom this holds has reached the goal and is not contacted; NULL: none';
COMMENT ON COLUMN persona.campaign.relevance IS 'only customers for whom this holds are contacted; NULL: all';
COMMENT ON COLUMN persona.campaign.starts_at IS 'live from then on; NULL: always was';
COMMENT ON COLUMN persona.campaign.ends_at IS 'live until before then; NULL: for ever';
COMMENT ON COLUMN persona.campaign.priority IS 'its class: campaigns of a higher one come first, whatever their score';
COMMENT ON COLUMN persona.campaign.propensity IS 'how likely the customer is to respond, a factor of the score: a number, or an SQL expression over the customer''s columns and the event of the trigger';
COMMENT ON COLUMN persona.campaign.value IS 'what the response is worth, a factor of the score: a number or an SQL expression';
COMMENT ON COLUMN persona.campaign.urgency IS 'a factor of the score by stretches of time, the first that applies counts, else 1: [{"first": "1 hour", "factor": 3}, {"last": "1 day", "factor": 2}]';
COMMENT ON COLUMN persona.campaign.weight IS 'a factor of the score to steer by: a number or an SQL expression';
COMMENT ON COLUMN persona.campaign.cost IS 'what a message of it costs beside the channel, taken off the score: a number or an SQL expression';
COMMENT ON COLUMN persona.campaign.max_contacts IS 'how often it may contact one customer; 0: never; NULL: any number of times';
COMMENT ON COLUMN persona.campaign.max_contacts_within IS 'within which length of time max_contacts counts, in fixed units; NULL: ever';
COMMENT ON COLUMN persona.campaign.min_gap IS 'how much time must be between two of its contacts with one customer, in fixed units; NULL: none';
COMMENT ON COLUMN persona.campaign.max_contacts_per_firing IS 'how many contacts one firing of its trigger gets; NULL: any number';
COMMENT ON COLUMN persona.campaign.channel_choice IS 'in which order it tries its channels: by position, by the customer''s preference, or by score; what is left open is by position';
COMMENT ON COLUMN persona.campaign.experiment IS 'it is for customers in a variation of this experiment; NULL: for all';
COMMENT ON COLUMN persona.campaign.variation IS 'the number of the variation, from 0 on';
COMMENT ON COLUMN persona.campaign.active IS 'whether it takes part at all';

SELECT persona.watch_definitions('persona.campaign');

CREATE TABLE persona.campaign_channel (
	campaign text REFERENCES persona.campaign ON UPDATE CASCADE ON DELETE CASCADE,
	position integer,
	channel text NOT NULL REFERENCES persona.channel ON UPDATE CASCADE,
	placement text,
	PRIMARY KEY (campaign, position),
	FOREIGN KEY (channel, placement) REFERENCES persona.placement ON UPDATE CASCADE
);

COMMENT ON TABLE persona.campaign_channel IS 'the channels that a campaign may use, in the order in which it falls back from one to the next';
COMMENT ON COLUMN persona.campaign_channel.campaign IS 'the campaign';
COMMENT ON COLUMN persona.campaign_channel.position IS 'lower is tried first';
COMMENT ON COLUMN persona.campaign_channel.channel IS 'the channel';
COMMENT ON COLUMN persona.campaign_channel.placement IS 'the place inside the channel, or NULL';

SELECT persona.watch_definitions('persona.campaign_channel');

CREATE TABLE persona.policy (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	campaign text REFERENCES persona.campaign ON UPDATE CASCADE,
	experience text REFERENCES persona.experience ON UPDATE CASCADE,
	experience_kind text CHECK (experience_kind <> ''),
	channel text REFERENCES persona.channel ON UPDATE CASCADE,
	placement text,
	max_contacts integer CHECK (max_contacts >= 0),
	period interval CHECK (persona.is_fixed_length(period)),
	calendar text CHECK (calendar = ANY (ARRAY['day', 'week', 'month', 'quarter', 'year'])),
	min_gap interval CHECK (persona.is_fixed_length(min_gap)),
	counts text NOT NULL DEFAULT 'reserved' CHECK (counts = ANY (ARRAY['reserved', 'sent', 'delivered'])),
	FOREIGN KEY (channel, placement) REFERENCES persona.placement ON UPDATE CASCADE,
	CONSTRAINT policy_limits_something CHECK (num_nonnulls(max_contacts, min_gap) > 0),
	CONSTRAINT policy_period_or_calendar CHECK (num_nonnulls(period, calendar) <= 1),
	CONSTRAINT policy_window_has_a_number CHECK (max_contacts IS NOT NULL OR num_nonnulls(period, calendar) = 0),
	CONSTRAINT policy_placement_has_a_channel CHECK (placement IS NULL OR channel IS NOT NULL)
);

COMMENT ON TABLE persona.policy IS 'limits: how many contacts one customer gets, and how far apart; each is about the contacts that fit all of its filters (campaign, experience, experience_kind, channel, placement), together';
COMMENT ON COLUMN persona.policy.name IS 'the name, which explanations tell';
COMMENT ON COLUMN persona.policy.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.policy.campaign IS 'filter: the campaign; NULL: all together';
COMMENT ON COLUMN persona.policy.experience IS 'filter: the experience; NULL: all together';
COMMENT ON COLUMN persona.policy.experience_kind IS 'filter: the kind of the experience; NULL: all together';
COMMENT ON COLUMN persona.policy.channel IS 'filter: the channel; NULL: all together';
COMMENT ON COLUMN persona.policy.placement IS 'filter: the place inside the channel; NULL: all together';
COMMENT ON COLUMN persona.policy.max_contacts IS 'how many contacts there may be; 0: none at all; NULL: any number';
COMMENT ON COLUMN persona.policy.period IS 'max_contacts counts in any window of that length, in fixed units';
COMMENT ON COLUMN persona.policy.calendar IS 'or in a day, week (from Monday), month, quarter or year of the customer''s calendar; neither: ever';
COMMENT ON COLUMN persona.policy.min_gap IS 'how much time must be between two contacts, in fixed units; NULL: none';
COMMENT ON COLUMN persona.policy.counts IS 'what counts: reserved (every contact that has not ended, at send_at), sent (at sent_at) or delivered (at delivered_at)';

SELECT persona.watch_definitions('persona.policy');

CREATE TABLE persona.budget (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	campaign text REFERENCES persona.campaign ON UPDATE CASCADE,
	experience text REFERENCES persona.experience ON UPDATE CASCADE,
	experience_kind text CHECK (experience_kind <> ''),
	channel text REFERENCES persona.channel ON UPDATE CASCADE,
	placement text,
	amount numeric NOT NULL CHECK (amount >= 0 AND amount < 'Infinity'),
	calendar text CHECK (calendar = ANY (ARRAY['day', 'week', 'month', 'quarter', 'year'])),
	FOREIGN KEY (channel, placement) REFERENCES persona.placement ON UPDATE CASCADE,
	CONSTRAINT budget_placement_has_a_channel CHECK (placement IS NULL OR channel IS NOT NULL)
);

COMMENT ON TABLE persona.budget IS 'money that contacts are paid from, over all customers: each is about the contacts that fit all of its filters (campaign, experience, experience_kind, channel, placement), together';
COMMENT ON COLUMN persona.budget.name IS 'the name, which explanations tell';
COMMENT ON COLUMN persona.budget.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.budget.campaign IS 'filter: the campaign; NULL: all together';
COMMENT ON COLUMN persona.budget.experience IS 'filter: the experience; NULL: all together';
COMMENT ON COLUMN persona.budget.experience_kind IS 'filter: the kind of the experience; NULL: all together';
COMMENT ON COLUMN persona.budget.channel IS 'filter: the channel; NULL: all together';
COMMENT ON COLUMN persona.budget.placement IS 'filter: the place inside the channel; NULL: all together';
COMMENT ON COLUMN persona.budget.amount IS 'how much the contacts may cost, in the currency of the costs of channels and campaigns';
COMMENT ON COLUMN persona.budget.calendar IS 'in each day, week (from Monday), month, quarter or year of the calendar of the default time zone, by send_at; NULL: in all';

SELECT persona.watch_definitions('persona.budget');

-- No setting and not strict, so that the planner puts its expression in its place.
CREATE FUNCTION persona.calendar_length(calendar text) RETURNS interval
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE calendar WHEN 'day' THEN interval '1 day' WHEN 'week' THEN interval '1 week'
			WHEN 'month' THEN interval '1 month' WHEN 'quarter' THEN interval '3 months'
			WHEN 'year' THEN interval '1 year' END;
	END;

COMMENT ON FUNCTION persona.calendar_length(text) IS 'from the first day of a day, week, month, quarter or year to that of the next one; NULL for NULL';
