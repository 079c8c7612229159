--------------------------------------------------------------------------------
-- generator: random conditions, each a function of its seed
--
-- prop.condition(seed, depth) is a condition over customers and events.  Every
-- part draws from its parent's seed and its own name, so a part keeps its shape
-- however its neighbors are drawn.
--------------------------------------------------------------------------------

-- What can be tested: attributes of customers (kind NULL) and properties of
-- events by kind.  Operands stand in the order of the column's own type.
CREATE TABLE prop.subject (
	kind text,
	path text NOT NULL,
	family text NOT NULL,
	operands jsonb NOT NULL
);

-- operands of a text column, in the order of a collation
CREATE FUNCTION prop.words_in_order(collation_name text) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT
AS $$
DECLARE
	result jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_agg(w ORDER BY w COLLATE %s) FROM unnest(prop.words()) AS w', collation_name) INTO STRICT result;
	RETURN result;
END
$$;

INSERT INTO prop.subject VALUES
	(NULL, 'key', 'ordered', '["", "1", "2", "30", "ü-2"]'),
	(NULL, 'zone', 'text', '["", "Asia/Beirut", "Europe/Berlin", "UTC"]'),
	(NULL, 'age', 'ordered', '[-1, 17, 18, 30, 65]'),
	(NULL, 'visits', 'ordered', '[0, 1, 7, 9007199254740992, 9007199254740993]'),
	(NULL, 'clv', 'ordered', '[-5.00, 0, 0.1, 99.99, 100, 500, 1000000000000000000000.01]'),
	(NULL, 'rating', 'ordered', '[0, 0.1, 0.5, 2.25]'),
	(NULL, 'discount', 'ordered', '[0, 10, 12.5, 100.00]'),
	(NULL, 'name', 'text', prop.words_in_order('"default"')),
	(NULL, 'nick', 'ordered', prop.words_in_order('prop.soft')),
	(NULL, 'sorted', 'text', prop.words_in_order('"und-x-icu"')),
	(NULL, 'code', 'text', prop.words_in_order('"default"')),
	(NULL, 'initials', 'ordered', '["", "A", "a", "ab", "abcd", "z"]'),
	(NULL, 'plan', 'ordered', '["gold", "free", "silver"]'),
	(NULL, 'active', 'boolean', '[true, false]'),
	(NULL, 'ref', 'ordered', '["00000000-0000-0000-0000-000000000000", "8f14e45f-ceea-467f-9575-3c0f3b0a9f00", "ffffffff-ffff-ffff-ffff-ffffffffffff"]'),
	(NULL, 'birthday', 'date', '["1988-02-29", "2000-03-01", "2025-10-26", "2026-03-01", "2026-03-29"]'),
	(NULL, 'joined', 'local', '["2025-10-26", "2025-10-26 02:30", "2026-03-01 00:00", "2026-03-29 02:30", "2026-04-05 01:45"]'),
	(NULL, 'seen', 'instant', '["2025-10-25 21:00Z", "2025-10-26 02:30", "2026-02-28 18:30:00.000001Z", "2026-03-08 07:00Z", "2026-03-29", "2026-03-29T03:00:00+02:00", "2026-04-04 15:00Z"]'),
	(NULL, 'wake', 'ordered', '["00:00", "06:30", "23:59:59.999999", "24:00"]'),
	(NULL, 'tags', 'array', '["", "a", "b", "c", "d", "zz"]'),
	(NULL, 'tags', 'ordered', '["{}", "{\"\",c}", "{A}", "{a}", "{a,b}", "{b,NULL}"]'),
	(NULL, 'stay', 'ordered', '["0", "23:59:59", "1 day", "30 days", "1 year"]'),
	(NULL, 'network', 'ordered', '["10.0.0.0/8", "10.1.2.3", "::1"]'),
	(NULL, 'marks', 'array', '[1, 2, 3, 9]'),
	(NULL, 'address.city', 'text', '["", "Berlin", "Bern", "Bonn"]'),
	(NULL, 'address.floor', 'ordered', '[0, 1, 2, 7]'),
	(NULL, 'address.place.lat', 'ordered', '[0, 52.50, 90]'),
	(NULL, 'address.place.label', 'text', '["", "Anna", "home"]'),
	(NULL, 'profile.city', 'json', '["", "7", "Anna", "Zoë", "anna", "true"]'),
	(NULL, 'profile.score', 'json', '[-3, 0, 1, 7, 7.5, 1000]'),
	(NULL, 'profile.score', 'json', '[true, false]'),
	(NULL, 'profile.seen', 'jsontime', '["2026-02-01", "2026-03-29T00:00:00Z"]'),
	(NULL, 'profile.tags', 'array', '["a", "b", 7, true, "7", "c"]'),
	(NULL, 'profile.deep.list.0.n', 'json', '[0, 1, 7, 7.50]'),
	(NULL, 'profile.deep.list.1.n', 'json', '["a", "b"]'),
	(NULL, 'notes.score', 'json', '[-3, 0, 1.00, 7]'),
	(NULL, 'notes.tags', 'array', '["a", "b", 7, false]'),
	(NULL, 'extra', 'json', '["7", "Anna", "Zoë"]'),
	(NULL, 'extra', 'json', '[0, 1, 7]'),
	(NULL, 'extra', 'array', '["a", 7]'),
	('order', 'amount', 'ordered', '[-7.5, 0, 0.01, 5, 19.99, 100]'),
	('order', 'item', 'ordered', '[1, 2, 7]'),
	('order', 'paid', 'boolean', '[true, false]'),
	('order', 'note', 'text', '["", "Geschenk", "Gift", "gift"]'),
	('order', 'due', 'date', '["2026-03-01", "2026-03-29", "2026-04-01"]'),
	('order', 'meta.item', 'json', '[1, 7, 7.5]'),
	('order', 'meta.item', 'json', '["7", "Anna"]'),
	('order', 'meta.tags', 'array', '["a", 7]'),
	('order', 'code', 'ordered', '["x", "y"]'),
	('order', 'at', 'instant', '["2025-10-26", "2026-03-01 00:00", "2026-03-08 07:00Z", "2026-03-29 01:00Z", "2026-03-29 03:00", "2026-04-01"]'),
	('view', 'item', 'ordered', '[1, 2, 7]'),
	('view', 'page', 'text', '["", "/Cart", "/cart", "/home"]'),
	('view', 'amount', 'ordered', '[0, 5, 19.99, 100]'),
	('view', 'labels', 'array', '["a", "b", "c"]'),
	('view', 'weight', 'ordered', '[0, 0.25, 1, 2.5]'),
	('view', 'meta.amount', 'json', '[0, 1, 7, 7.5]'),
	('view', 'at', 'instant', '["2026-03-01", "2026-03-08 07:00Z", "2026-03-29 01:00Z"]'),
	('cart_add', 'item', 'ordered', '[1, 2, 7]'),
	('cart_add', 'weight', 'ordered', '[0, 0.25, 1, 2.5]'),
	('cart_add', 'meta.item', 'json', '[1, 7]'),
	('login', 'page', 'text', '["", "/Cart", "/home"]'),
	('visit', 'place', 'text', '["", "Shop", "fair", "shop"]'),
	('visit', 'minutes', 'ordered', '[0, 5, 45]'),
	('visit', 'at', 'local', '["2025-10-26 02:30", "2026-03-01", "2026-03-29 03:30", "2026-04-01"]'),
	('return', 'code', 'ordered', '["x", "y"]'),
	('return', 'amount', 'ordered', '[0, 5.000, 100]'),
	('return', 'item', 'ordered', '[1, 2, 7, 5000000000]'),
	('contact', 'status', 'text', '["cancelled", "failed", "planned", "sent"]'),
	('contact', 'channel', 'text', '["email", "letter", "phone"]'),
	('contact', 'score', 'ordered', '[0, 1, 2.5]'),
	('contact', 'decided_at', 'instant', '["2025-12-31", "2026-03-08 06:00Z", "2026-03-29 00:00Z"]'),
	('delivery', 'parcels', 'ordered', '[1, 2]'),
	('delivery', 'amount', 'ordered', '[5, 100]'),
	('delivery', 'at', 'date', '["2025-10-26", "2026-03-01", "2026-03-29", "2026-04-01"]');

CREATE FUNCTION prop.kinds() RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ARRAY['order', 'order', 'order', 'view', 'view', 'view', 'cart_add', 'cart_add', 'login', 'visit', 'return', 'delivery', 'contact'];

-- Properties that are numbers, and those that steps of a sequence may have in common.
CREATE FUNCTION prop.number_of(seed text, kind text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN prop.pick(seed, CASE kind
		WHEN 'order' THEN ARRAY['amount', 'amount', 'item', 'meta.item']
		WHEN 'view' THEN ARRAY['item', 'amount', 'weight', 'meta.amount']
		WHEN 'cart_add' THEN ARRAY['item', 'weight', 'meta.amount']
		WHEN 'login' THEN ARRAY['item', 'weight']
		WHEN 'visit' THEN ARRAY['minutes']
		WHEN 'return' THEN ARRAY['amount', 'item', 'step']
		WHEN 'contact' THEN ARRAY['score', 'priority']
		ELSE ARRAY['parcels', 'amount'] END);

CREATE FUNCTION prop.common_to(seed text, kind text, other text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN 'contact' IN (kind, other) THEN CASE WHEN kind = other THEN prop.pick_json(seed, '[["channel"], ["campaign", "score"]]') END
		WHEN kind IN ('visit', 'delivery') OR other IN ('visit', 'delivery') THEN
			CASE WHEN kind = other AND kind = 'visit' THEN prop.pick_json(seed, '[["place"], ["minutes", "place"]]')
				WHEN kind IN ('delivery', 'order', 'return') AND other IN ('delivery', 'order', 'return') THEN '["amount"]' END
		WHEN kind = 'return' OR other = 'return' THEN
			CASE WHEN 'login' IN (kind, other) THEN '["item"]' ELSE prop.pick_json(seed, '[["item"], ["item"], ["item", "amount"]]') END
		WHEN 'order' IN (kind, other) THEN prop.pick_json(seed, '[["item"], ["item"], ["meta.item"]]')
		ELSE prop.pick_json(seed, '[["item"], ["item"], ["page"], ["item", "page"], ["meta.item"], ["labels"]]') END;

-- a period of the calendar; the last ones are in the future, where no events are
CREATE FUNCTION prop.calendar(seed text, future boolean) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (ARRAY['today', 'yesterday', 'this day', 'last day', 'this week', 'last week', 'this month', 'last month',
		'this quarter', 'last quarter', 'this year', 'last year', 'last 1 day', 'last 2 days', 'last 7 days', 'last 30 days',
		'tomorrow', 'next day', 'next week', 'next month', 'next quarter', 'next year'])[1 + prop.below(seed || 'calendar', CASE WHEN future THEN 22 ELSE 16 END)];

-- a comparison: {operator: operand}
CREATE FUNCTION prop.comparison(seed text, operands jsonb, ordered boolean) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	n integer := jsonb_array_length(operands);
	a integer := prop.below(seed || 'a', n);
	b integer := prop.below(seed || 'b', n);
	operator text := prop.pick(seed || 'operator', CASE WHEN ordered
		THEN ARRAY['is', 'is_not', 'in', 'not_in', 'at_least', 'more_than', 'at_most', 'less_than', 'between']
		ELSE ARRAY['is', 'is_not', 'in', 'not_in'] END);
BEGIN
	RETURN jsonb_build_object(operator, CASE operator
		WHEN 'in' THEN jsonb_build_array(operands -> a, operands -> b)
		WHEN 'not_in' THEN jsonb_build_array(operands -> a, operands -> b)
		WHEN 'between' THEN jsonb_build_array(operands -> least(a, b), operands -> greatest(a, b))
		ELSE operands -> a END);
END
$$;

-- a comparison of a count that can be from 0 to a little more than "most"
CREATE FUNCTION prop.count_test(seed text, most integer) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT CASE
			WHEN t ->> 'less_than' = '0' THEN '{"less_than": 1}'
			WHEN (t ->> 'more_than')::integer >= most THEN jsonb_build_object('more_than', most - 1)
			ELSE t END
		FROM prop.comparison(seed, jsonb_path_query_array('[0, 1, 2, 3]', '$[*] ? (@ <= $most)', jsonb_build_object('most', most)), true) AS c (t));

-- a test of a text that is not a comparison
CREATE FUNCTION prop.text_test(seed text) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	operator text := prop.pick(seed || 'operator', ARRAY['starts_with', 'ends_with', 'contains', 'like', 'matches']);
BEGIN
	RETURN jsonb_build_object(operator, prop.pick(seed || 'operand', CASE operator
		WHEN 'like' THEN ARRAY['', '%', 'A%', 'A_n_', '%n%', 'an\_a', '%ß%', 'än%', '_', '/_a%', '%ift']
		WHEN 'matches' THEN ARRAY['', '^A', 'n+a?$', '[[:digit:]]', '(ß|ë)', '^$', '^.{4}$', 'GIFT', '\s$', 'a.*a']
		ELSE ARRAY['', 'A', 'a', 'An', 'na', 'Ä', 'ë', 'ße', '%', '_', 'ift', '/c'] END));
END
$$;

-- a test of a time that depends on the instant of the question, or a literal one
CREATE FUNCTION prop.time_test(seed text, relative boolean) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	operator text := prop.pick(seed || 'operator', CASE WHEN relative
		THEN ARRAY['within_last', 'within_next', 'before', 'before', 'after', 'after', 'on', 'on', 'anniversary_within', 'anniversary_within']
		ELSE ARRAY['before', 'after', 'on'] END);
	literal text := prop.pick(seed || 'literal', ARRAY['2026-03-29', '2026-03-01', '2025-10-26', '2025-10-26 02:30', '2026-03-29 02:30',
		'2026-03-08 07:00Z', '2026-03-29T01:00:00Z', '2026-04-05 01:30:00+10:30', '2000-02-29', '2025-12-31 23:59:59.999999']);
	days integer;
BEGIN
	RETURN jsonb_build_object(operator, CASE
			WHEN operator IN ('within_last', 'within_next') THEN to_jsonb(prop.pick(seed || 'length', prop.lengths()))
			WHEN operator = 'anniversary_within' THEN (
				SELECT jsonb_build_array(format('%s days', a), format('%s days', a + prop.below(seed || 'days', 10)))
				FROM (SELECT prop.below(seed || 'from', 12) - 6 AS a) AS f)
			WHEN NOT relative OR prop.chance(seed || 'l', 20) THEN to_jsonb(literal)
			WHEN operator <> 'on' AND prop.chance(seed || 'd', 40) THEN to_jsonb(prop.pick(seed || 'length', prop.lengths()))
			ELSE to_jsonb(prop.calendar(seed, true)) END)
		|| CASE WHEN prop.chance(seed || 'z', 30) THEN jsonb_build_object('zone', prop.pick(seed || 'zone', prop.zones())) ELSE '{}' END;
END
$$;

-- a test of an attribute (kind NULL) or of a property of events
CREATE FUNCTION prop.attribute(seed text, wanted text, relative boolean) RETURNS jsonb
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
DECLARE
	subjects prop.subject[] := ARRAY(SELECT s FROM prop.subject AS s WHERE s.kind IS NOT DISTINCT FROM wanted ORDER BY s.path, s.operands::text COLLATE "C");
	-- of a customer's columns, times are drawn more often: they move
	times prop.subject[] := ARRAY(SELECT s FROM unnest(subjects) AS s WHERE s.family IN ('date', 'local', 'instant', 'jsontime'));
	s prop.subject;
	test jsonb;
BEGIN
	IF times <> '{}' AND relative AND prop.chance(seed || 'time', 40) THEN
		subjects := times;
	END IF;
	s := subjects[1 + prop.below(seed || 'subject', cardinality(subjects))];
	IF prop.chance(seed || 'known', 7) THEN
		test := jsonb_build_object('known', prop.chance(seed || 'k', 50));
	ELSIF s.family = 'array' THEN
		test := jsonb_build_object(prop.pick(seed || 'operator', ARRAY['contains_any', 'contains_all', 'contains_none']),
			jsonb_build_array(prop.pick_json(seed || 'a', s.operands), prop.pick_json(seed || 'b', s.operands)));
	ELSIF s.family = 'boolean' THEN
		test := prop.comparison(seed, s.operands, false);
	ELSIF s.family = 'json' AND jsonb_typeof(s.operands -> 0) = 'boolean' THEN
		test := prop.comparison(seed, s.operands, false);
	ELSIF s.family IN ('text', 'json') AND prop.chance(seed || 'text', 45) THEN
		test := prop.text_test(seed);
	ELSIF s.family = 'jsontime' OR s.family IN ('date', 'local', 'instant') AND prop.chance(seed || 'moving', CASE WHEN relative THEN 80 ELSE 40 END) THEN
		test := prop.time_test(seed, relative);
	ELSE
		test := prop.comparison(seed, s.operands, true);
	END IF;
	IF (s.family = 'text' OR s.family = 'json' AND jsonb_typeof(s.operands -> 0) = 'string')
		AND test ?| ARRAY['is', 'is_not', 'in', 'not_in', 'starts_with', 'ends_with', 'contains', 'like', 'matches']
		AND prop.chance(seed || 'case', 35) THEN
		test := test || '{"case": "ignore"}';
	END IF;
	RETURN jsonb_build_object('attribute', s.path) || test;
END
$$;

-- what a "where" says about an event's own row
CREATE FUNCTION prop.event_where(seed text, kind text, depth integer, relative boolean) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	shape integer := prop.below(seed || 'shape', 10);
BEGIN
	IF depth = 0 OR shape < 6 THEN
		RETURN prop.attribute(seed || 'leaf', kind, relative);
	ELSIF shape < 7 THEN
		RETURN jsonb_build_object('not', prop.event_where(seed || 'not', kind, depth - 1, relative));
	END IF;
	RETURN jsonb_build_object(prop.pick(seed || 'list', ARRAY['all', 'any']),
		(SELECT coalesce(jsonb_agg(prop.event_where(seed || i, kind, depth - 1, relative) ORDER BY i), '[]')
		 FROM generate_series(1, prop.below(seed || 'parts', 3)) AS i));
END
$$;

CREATE FUNCTION prop.maybe_where(seed text, kind text, percent integer, relative boolean DEFAULT false) RETURNS jsonb
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN prop.chance(seed || 'where?', percent) THEN jsonb_build_object('where', prop.event_where(seed || 'where', kind, 2, relative)) ELSE '{}' END;

-- a window beside an event, of fixed length or of the calendar
CREATE FUNCTION prop.maybe_window(seed text, key text, percent integer, may_have_zone boolean) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN NOT prop.chance(seed || 'window?', percent) THEN '{}'
		WHEN prop.chance(seed || 'fixed', 65) THEN jsonb_build_object(key, prop.pick(seed || 'length', prop.lengths()))
		WHEN may_have_zone AND prop.chance(seed || 'z', 30) THEN
			jsonb_build_object(key, prop.calendar(seed, false), 'zone', prop.pick(seed || 'zone', prop.zones()))
		ELSE jsonb_build_object(key, prop.calendar(seed, false)) END;

CREATE FUNCTION prop.event(seed text, kinds text[] DEFAULT prop.kinds()) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	kind text := prop.pick(seed || 'kind', kinds);
	measure text := prop.pick(seed || 'measure', ARRAY['exists', 'times', 'times', 'times', 'sum', 'sum', 'avg', 'min', 'max', 'distinct',
		'first', 'last', 'last', 'every', 'every', 'gap', 'gap']);
	one jsonb;
	number text;
	periods integer;
	other jsonb;
	-- where one event has to be chosen, it must not depend on the instant of the question
	result jsonb := jsonb_build_object('event', kind) || prop.maybe_where(seed, kind, 40, measure NOT IN ('first', 'last', 'every', 'gap'));
BEGIN
	IF measure <> 'every' THEN
		result := result || prop.maybe_window(seed, 'within', 60, true);
		-- the window may end before now; a window of fixed length must reach further than that
		IF prop.chance(seed || 'ended', 25) THEN
			result := result || CASE WHEN result ->> 'within' ~ '^[a-z]' THEN jsonb_build_object('before', prop.pick(seed || 'before', ARRAY['1 microsecond', '1 hour', '1 day']))
				WHEN NOT result ? 'within' THEN
					jsonb_build_object('before', prop.pick(seed || 'before', ARRAY['1 hour', '1 day', '7 days', 'today', 'yesterday', 'this week']))
				WHEN result ->> 'within' ~ '^[3-9]\d+ days$' THEN jsonb_build_object('before', prop.pick(seed || 'before', ARRAY['1 microsecond', '1 day', '7 days', 'this month']))
				ELSE '{}' END;
		END IF;
	END IF;
	IF measure = 'times' THEN
		RETURN result || jsonb_build_object('times', prop.count_test(seed, 3));
	ELSIF measure IN ('sum', 'avg', 'min', 'max') THEN
		number := prop.number_of(seed || 'number', kind);
		-- the lowest and the highest are of the property's own type
		other := CASE kind WHEN 'order' THEN prop.pick_json(seed || 'other', '[["note", "", "Gift", "gift"], ["due", "2026-03-01", "2026-03-29"],
				["at", "2026-03-01 00:00", "2026-03-08 07:00Z", "2026-03-29 03:00"]]')
			WHEN 'view' THEN '["page", "", "/Cart", "/home"]' WHEN 'return' THEN '["code", "x", "y"]' END;
		IF measure IN ('min', 'max') AND other IS NOT NULL AND prop.chance(seed || 'other?', 40) THEN
			RETURN result || jsonb_build_object(measure, other -> 0) || prop.comparison(seed, other - 0, true);
		END IF;
		RETURN result || jsonb_build_object(measure, number) || prop.comparison(seed,
			CASE WHEN number IN ('item', 'minutes', 'step', 'parcels', 'priority') OR kind = 'delivery' THEN '[-1, 0, 1, 2, 3, 5, 7, 45, 100]'
				ELSE '[-7.5, 0, 0.01, 1, 2, 5, 7, 7.5, 19.99, 24.99, 50, 100]'::jsonb END, true);
	ELSIF measure = 'distinct' THEN
		RETURN result || jsonb_build_object('distinct', CASE WHEN prop.chance(seed || 'other', 30) AND kind IN ('view', 'cart_add')
				THEN prop.pick(seed || 'property', ARRAY['page', 'meta.item', 'labels', 'at'])
				ELSE prop.number_of(seed || 'number', kind) END)
			|| prop.count_test(seed, 3);
	ELSIF measure IN ('first', 'last') THEN
		one := prop.maybe_where(seed || 'one', kind, 40) || prop.maybe_window(seed || 'one', 'within', 50, false);
		-- "within" must reach further than "before"
		IF one = '{}' OR prop.chance(seed || 'both', 30) AND NOT one ? 'within' THEN
			one := one || prop.maybe_window(seed || 'before', 'before', 100, false);
		ELSIF one ->> 'within' = '30 days' THEN
			one := one || '{"before": "1 day"}';
		END IF;
		RETURN result || jsonb_build_object(measure, one)
			|| CASE WHEN one::text ~ '"(within|before)": "[a-z]' AND NOT result ? 'zone' AND prop.chance(seed || 'zoned', 30)
				THEN jsonb_build_object('zone', prop.pick(seed || 'zone', prop.zones())) ELSE '{}' END;
	ELSIF measure = 'gap' THEN
		RETURN result || jsonb_build_object('gap', prop.pick(seed || 'gap', ARRAY['longest', 'shortest', 'last', 'average']))
			|| prop.comparison(seed, '["1 microsecond", "10 minutes", "1 hour", "1 day", "36 hours", "7 days", "30 days"]', true);
	ELSIF measure = 'every' THEN
		periods := 1 + prop.below(seed || 'of', 5);
		RETURN result || jsonb_build_object('every', jsonb_build_object('period', prop.pick(seed || 'period', prop.lengths()),
			'of', periods) || prop.count_test(seed, least(periods, 3)));
	END IF;
	RETURN result;
END
$$;

-- how far a step is from the step before it
CREATE FUNCTION prop.maybe_gap(seed text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE prop.below(seed || 'gap', 10)
		WHEN 0 THEN jsonb_build_object('after', prop.pick(seed || 'after', ARRAY['10 minutes', '1 hour']))
		WHEN 1 THEN jsonb_build_object('after', '1 hour', 'within', prop.pick(seed || 'length', ARRAY['90 minutes', '1 day', '7 days']))
		-- at the same instant
		WHEN 2 THEN '{"within": "1 microsecond"}'
		WHEN 3 THEN '{}' WHEN 4 THEN '{}' WHEN 5 THEN '{}'
		ELSE jsonb_build_object('within', prop.pick(seed || 'length', prop.lengths())) END;

CREATE FUNCTION prop.sequence(seed text) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	kind text := prop.pick(seed || 'kind1', prop.kinds());
	last_kind text := kind;
	steps jsonb := jsonb_build_array(jsonb_build_object('event', kind) || prop.maybe_where(seed || '1', kind, 25)
		|| CASE WHEN prop.chance(seed || 'as', 20) THEN '{"as": "begin"}'::jsonb ELSE '{}' END
		|| CASE WHEN prop.chance(seed || 'repeated', 12) THEN '{"times": 2}' || prop.maybe_gap(seed) ELSE '{}' END);
	n integer := prop.pick(seed || 'steps', ARRAY['1', '2', '2', '2', '3', '3'])::integer;
	here text;
	same jsonb;
	step jsonb;
	within text;
BEGIN
	FOR i IN 2 .. n LOOP
		here := seed || i;
		IF prop.chance(here || 'no', 35) THEN
			kind := prop.pick(here || 'nokind', prop.kinds());
			same := prop.common_to(here || 'nosame', last_kind, kind);
			steps := steps || (jsonb_build_object('no', kind) || prop.maybe_where(here || 'no', kind, 30)
				|| CASE WHEN same IS NOT NULL AND prop.chance(here || 'nosame?', 40) THEN jsonb_build_object('same', same) ELSE '{}' END);
		END IF;
		kind := prop.pick(here || 'kind', prop.kinds() || last_kind);
		same := prop.common_to(here || 'same', last_kind, kind);
		steps := steps || (jsonb_build_object('event', kind) || prop.maybe_where(here, kind, 25)
			|| prop.maybe_gap(here)
			|| CASE WHEN same IS NOT NULL AND prop.chance(here || 'same?', 35) THEN jsonb_build_object('same', same) ELSE '{}' END
			|| CASE WHEN prop.chance(here || 'times', 10) THEN jsonb_build_object('times', 1 + prop.below(here || 't', 3)) ELSE '{}' END);
		last_kind := kind;
	END LOOP;
	-- absences at the end, with deadlines
	FOR i IN 1 .. prop.pick(seed || 'tail', ARRAY['0', '1', '1', '2'])::integer LOOP
		IF n + i > 1 THEN
			here := seed || 'tail' || i;
			kind := prop.pick(here || 'kind', prop.kinds());
			same := prop.common_to(here || 'same', last_kind, kind);
			steps := steps || (jsonb_build_object('no', kind, 'for', prop.pick(here || 'length', ARRAY['10 minutes', '1 hour', '1 day', '36 hours']))
				|| prop.maybe_where(here, kind, 25)
				|| CASE WHEN same IS NOT NULL AND prop.chance(here || 'same?', 40) THEN jsonb_build_object('same', same) ELSE '{}' END);
		END IF;
	END LOOP;
	within := prop.pick(seed || 'within', ARRAY['7 days', '30 days', '90 days', '7 days', '2 days', NULL]);
	RETURN jsonb_build_object('sequence', steps) || CASE WHEN within IS NULL THEN '{}' ELSE jsonb_build_object('within', within) END
		|| CASE WHEN prop.chance(seed || 'completed', 25) THEN jsonb_build_object('completed_within', prop.pick(seed || 'completed', prop.lengths())) ELSE '{}' END;
END
$$;

-- Kinds of events that have a property in common, which may be a key.
CREATE FUNCTION prop.kinds_with(property text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE property WHEN 'item' THEN ARRAY['order', 'view', 'cart_add', 'login', 'return'] WHEN 'meta.item' THEN ARRAY['order', 'view', 'cart_add']
		WHEN 'amount' THEN ARRAY['order', 'return', 'delivery'] ELSE ARRAY['visit'] END;

-- A condition for one key, by the kinds that have it.
CREATE FUNCTION prop.for_key(seed text, depth integer, kinds text[]) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	shape integer := prop.below(seed || 'shape', CASE WHEN depth = 0 THEN 6 ELSE 12 END);
	kind text := prop.pick(seed || 'kind', kinds);
	other text := prop.pick(seed || 'other', kinds);
BEGIN
	IF shape < 4 THEN
		RETURN prop.event(seed || 'event', kinds);
	ELSIF shape < 6 THEN
		RETURN jsonb_build_object('sequence', jsonb_build_array(jsonb_build_object('event', kind) || prop.maybe_where(seed || '1', kind, 25),
			CASE WHEN prop.chance(seed || 'no', 50) THEN jsonb_build_object('no', other, 'for', prop.pick(seed || 'for', ARRAY['10 minutes', '1 hour', '1 day']))
					|| prop.maybe_where(seed || '2', other, 25)
				ELSE jsonb_build_object('event', other) || prop.maybe_where(seed || '2', other, 25) || prop.maybe_gap(seed) END))
			|| CASE WHEN prop.chance(seed || 'within', 40) THEN '{"within": "30 days"}'::jsonb ELSE '{}' END;
	ELSIF shape < 8 THEN
		RETURN jsonb_build_object('not', prop.for_key(seed || 'not', depth - 1, kinds));
	END IF;
	RETURN jsonb_build_object(prop.pick(seed || 'list', ARRAY['all', 'any']), jsonb_build_array(prop.for_key(seed || 'a', depth - 1, kinds),
		CASE WHEN prop.chance(seed || 'attribute', 20) THEN prop.attribute(seed, NULL, true) WHEN prop.chance(seed || 'cohort', 15) THEN '{"cohort": "base1"}'
			ELSE prop.for_key(seed || 'b', depth - 1, kinds) END));
END
$$;

CREATE FUNCTION prop.keyed(seed text, properties text[] DEFAULT ARRAY['item', 'item', 'item', 'meta.item', 'amount', 'place']) RETURNS jsonb
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (SELECT jsonb_build_object('per', property) || prop.for_key(seed, 2, prop.kinds_with(property)) FROM prop.pick(seed || 'property', properties) AS property);

-- What has held for a time: conditions that change with events and by lengths of time only.
CREATE FUNCTION prop.held(seed text) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	kind text := prop.pick(seed || 'kind', prop.kinds());
	inner_one jsonb := jsonb_build_object('event', kind) || prop.maybe_where(seed, kind, 40);
	shape integer := prop.below(seed || 'shape', 5);
BEGIN
	inner_one := CASE shape
		WHEN 0 THEN inner_one || jsonb_build_object('within', prop.pick(seed || 'within', ARRAY['1 day', '7 days', '30 days']), 'times', prop.count_test(seed, 3))
		WHEN 1 THEN inner_one || jsonb_build_object('last', jsonb_build_object('where', prop.event_where(seed || 'last', kind, 1, false)))
		WHEN 2 THEN inner_one || jsonb_build_object('within', '30 days', 'before', '1 day')
		WHEN 3 THEN inner_one || '{"gap": "last", "at_most": "7 days"}'
		ELSE jsonb_build_object('sequence', jsonb_build_array(inner_one, jsonb_build_object('no', prop.pick(seed || 'no', prop.kinds()), 'for', '1 hour')), 'within', '7 days') END;
	IF prop.chance(seed || 'not', 35) THEN
		inner_one := jsonb_build_object('not', inner_one);
	END IF;
	RETURN jsonb_build_object('held', inner_one, 'for', prop.pick(seed || 'for', ARRAY['10 minutes', '1 day', '7 days', '30 days']));
END
$$;

CREATE FUNCTION prop.bucket(seed text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT jsonb_build_object('bucket', jsonb_build_object('seed', prop.pick(seed || 'seed', ARRAY['spring', 'Frühling', 'x', '春']),
			'from', round(f / 10.0, 1), 'to', round((f + 1 + prop.below(seed || 'to', 10 - f)) / 10.0, 1)))
		FROM (SELECT prop.below(seed || 'from', 10) AS f) AS b);

-- The cohorts that conditions may refer to: "base1", "base2" and so on.
CREATE FUNCTION prop.leaf(seed text, cohorts integer) RETURNS jsonb
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN prop.chance(seed || 'a', 38) THEN prop.attribute(seed, NULL, true)
		WHEN prop.chance(seed || 'e', 58) THEN prop.event(seed)
		WHEN prop.chance(seed || 's', 62) THEN prop.sequence(seed)
		WHEN prop.chance(seed || 'k', 35) AND cohorts > 0 THEN prop.keyed(seed)
		WHEN prop.chance(seed || 'h', 30) THEN prop.held(seed)
		WHEN prop.chance(seed || 'c', 65) AND cohorts > 0 THEN jsonb_build_object('cohort', 'base' || (1 + prop.below(seed, cohorts)))
		ELSE prop.bucket(seed) END;

CREATE FUNCTION prop.condition(seed text, depth integer, cohorts integer DEFAULT 6) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	shape integer := prop.below(seed || 'shape', 20);
BEGIN
	IF depth = 0 OR shape < 5 THEN
		RETURN prop.leaf(seed || 'leaf', cohorts);
	ELSIF shape < 8 THEN
		RETURN jsonb_build_object('not', prop.condition(seed || 'not', depth - 1, cohorts));
	END IF;
	RETURN jsonb_build_object(prop.pick(seed || 'list', ARRAY['all', 'any']),
		(SELECT coalesce(jsonb_agg(prop.condition(seed || i, depth - 1, cohorts) ORDER BY i), '[]')
		 FROM generate_series(1, prop.pick(seed || 'parts', ARRAY['0', '1', '2', '2', '2', '2', '3', '3'])::integer) AS i));
END
$$;
