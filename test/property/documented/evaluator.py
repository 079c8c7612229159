"""The condition language, evaluated naively from doc/conditions.md alone.

A condition is asked at one instant t, for one customer and the events up to t.
Instants are microseconds since 1970-01-01 00:00 UTC, infinite ones are floats.
Whatever the page does not say is not here: Unsaid is raised for it.
"""

import datetime
import re
import zoneinfo
from decimal import Decimal
from fractions import Fraction

SECOND = 1000000
DAY = 24 * 3600 * SECOND
UNITS = {'week': 7 * DAY, 'day': DAY, 'hour': 3600 * SECOND, 'minute': 60 * SECOND, 'second': SECOND, 'millisecond': 1000, 'microsecond': 1}
EPOCH = datetime.datetime(1970, 1, 1)
INFINITE = (float('inf'), float('-inf'))


class Unsaid(Exception):
    """The page does not tell."""


class Wall:
    """A time on a wall clock: the value of a timestamp column."""

    def __init__(self, time):
        self.time = time


class Composite(dict):
    """A row: fields that are missing are errors, not absent values."""


class Json:
    """A value inside json."""

    def __init__(self, value):
        self.value = value


class Wide:
    """A value of a type that is compared as a whole: its place in the type's order, and its text."""

    def __init__(self, place):
        self.place = place


def length(text):
    """Microseconds of a length, or None if it is none."""
    if not re.fullmatch(r'\d+ [a-z]+( \d+ [a-z]+)*', text):
        return None
    total = 0
    for number, unit in re.findall(r'(\d+) ([a-z]+)', text):
        unit = unit[:-1] if unit.endswith('s') else unit
        if unit not in UNITS:
            return None
        total += int(number) * UNITS[unit]
    return total


def offset_at(instant, zone):
    """The offset of a zone at an instant, in microseconds."""
    moment = datetime.datetime.fromtimestamp(instant // SECOND, datetime.timezone.utc).astimezone(zoneinfo.ZoneInfo(zone))
    return int(moment.utcoffset().total_seconds()) * SECOND


def wall_of(instant, zone):
    """What the wall clock shows at an instant."""
    return EPOCH + datetime.timedelta(microseconds=instant + offset_at(instant, zone))


def instant_of(wall, zone):
    """The instant of a time on the wall clock: by the offset before a gap, the later one in an overlap."""
    flat = int((wall - EPOCH) / datetime.timedelta(microseconds=1))
    before = offset_at(flat - DAY, zone)
    after = offset_at(flat + DAY, zone)
    found = [flat - offset for offset in (before, after) if wall_of(flat - offset, zone) == wall]
    return max(found) if found else flat - before


def day_begin(day, zone):
    """The first instant at which the wall clock shows a date."""
    midnight = datetime.datetime.combine(day, datetime.time())
    flat = int((midnight - EPOCH) / datetime.timedelta(microseconds=1))
    before, after = (offset_at(flat + shift, zone) for shift in (-DAY, DAY))
    shown = lambda instant: wall_of(instant, zone).date() >= day
    low, high = flat - max(before, after) - DAY // 2, flat - min(before, after) + DAY // 2
    # The wall clock may go back over midnight, so the first instant is looked for minute by minute.
    step = 15 * 60 * SECOND
    instant = low - low % step
    while instant <= high:
        if wall_of(instant, zone).date() == day:
            low, high = instant - step, instant
            while high - low > 1:
                middle = (low + high) // 2
                if wall_of(middle, zone).date() == day:
                    high = middle
                else:
                    low = middle
            return high
        instant += step
    raise Unsaid('a day that does not exist')


def unit_begin(word, day):
    if word == 'week':
        return day - datetime.timedelta(days=day.weekday())
    if word == 'month':
        return day.replace(day=1)
    if word == 'quarter':
        return day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
    if word == 'year':
        return day.replace(day=1, month=1)
    return day


def unit_shift(word, day, by):
    if word in ('day', 'week'):
        return day + datetime.timedelta(days=by * (7 if word == 'week' else 1))
    months = day.year * 12 + day.month - 1 + by * {'month': 1, 'quarter': 3, 'year': 12}[word]
    return day.replace(year=months // 12, month=months % 12 + 1)


def calendar(words, t, zone):
    """Begin and end of a calendar word around t, or None."""
    today = wall_of(t, zone).date()
    words = {'today': 'this day', 'yesterday': 'last day', 'tomorrow': 'next day'}.get(words, words)
    found = re.fullmatch(r'last (\d+) days?', words)
    if found:
        return day_begin(today - datetime.timedelta(days=int(found[1]) - 1), zone), day_begin(today + datetime.timedelta(days=1), zone)
    found = re.fullmatch('(this|last|next) (day|week|month|quarter|year)', words)
    if not found:
        return None
    begin = unit_shift(found[2], unit_begin(found[2], today), {'this': 0, 'last': -1, 'next': 1}[found[1]])
    return day_begin(begin, zone), day_begin(unit_shift(found[2], begin, 1), zone)


def written_time(text):
    """A date (date), a wall-clock time (datetime) or an instant (int); None if it is none."""
    found = re.fullmatch(r'(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?', text)
    if not found:
        return None
    try:
        day = datetime.date(int(found[1]), int(found[2]), int(found[3]))
        if found[4] is None:
            return day
        hour, minute, second, micro = int(found[4]), int(found[5]), int(found[6] or 0), int((found[7] or '0').ljust(6, '0'))
        if hour == 24 and not minute and not second and not micro:
            wall = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time())
        else:
            wall = datetime.datetime(day.year, day.month, day.day, hour, minute, second, micro)
    except ValueError:
        return None
    if found[8] is None:
        return wall
    zone = found[8].replace(':', '')
    offset = 0 if zone == 'Z' else (1 if zone[0] == '+' else -1) * (int(zone[1:3]) * 60 + int(zone[3:5] or 0)) * 60 * SECOND
    return int((wall - EPOCH) / datetime.timedelta(microseconds=1)) - offset


def stretch(operand, t, zone):
    """Begin and end (exclusive) of what a calendar word, a date or an instant names."""
    found = calendar(operand, t, zone)
    if found:
        return found
    time = written_time(operand)
    if isinstance(time, datetime.datetime):
        time = instant_of(time, zone)
    if isinstance(time, int):
        return time, time + 1
    if time is None:
        raise Unsaid(operand)
    return day_begin(time, zone), day_begin(time + datetime.timedelta(days=1), zone)


def moment_of(value, zone):
    """The instant of a value with a time, or None."""
    if isinstance(value, Json):
        if not isinstance(value.value, str):
            return None
        value = written_time(value.value)
    if isinstance(value, Wall):
        value = value.time
    if value in INFINITE:
        return value
    if isinstance(value, datetime.datetime):
        return instant_of(value, zone)
    if isinstance(value, datetime.date):
        return day_begin(value, zone)
    return value


def fnv1a(text):
    value = 0x811c9dc5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xffffffff
    return value


def place(seed, key):
    """The place of a customer in [0, 1)."""
    return Fraction(fnv1a(str(fnv1a(seed + key))) % 10000, 10000)


def like(pattern, text):
    parts, at = [], 0
    while at < len(pattern):
        if pattern[at] == '\\':
            at += 1
            parts.append(re.escape(pattern[at]))
        else:
            parts.append({'%': '.*', '_': '.'}.get(pattern[at]) or re.escape(pattern[at]))
        at += 1
    return re.fullmatch(''.join(parts), text, re.S) is not None


class NotANumber:
    """PostgreSQL's NaN: equal to itself, more than all others."""


def order(a, b):
    """-1, 0 or 1, in the order of PostgreSQL; None if they are of different kinds."""
    if isinstance(a, bool) != isinstance(b, bool) or isinstance(a, str) != isinstance(b, str):
        return None
    if isinstance(a, (Decimal, int, float)) and not isinstance(a, bool):
        a, b = (Decimal(x) if not isinstance(x, Decimal) else x for x in (a, b))
        if a.is_nan() or b.is_nan():
            return a.is_nan() - b.is_nan()
    return (a > b) - (a < b)


class Evaluator:
    def __init__(self, default_zone, cohorts, zones):
        self.default_zone = default_zone
        self.cohorts = cohorts
        self.zones = zones

    # ---- values ----

    def value(self, row, path, at=None):
        """The value that a path names, None if it is absent."""
        if path in row:
            found = row[path]
            rest = ''
        elif path == 'at' and at is not None:
            return at         # stands for the column with the time
        else:
            name, _, rest = path.partition('.')
            if name not in row:
                raise KeyError(path)
            found = row[name]
        while rest:
            if found is None:
                return None
            if isinstance(found, Composite):
                name, _, rest = rest.partition('.')
                found = found[name]
                continue
            if not isinstance(found, Json):
                raise KeyError(path)
            inner = found.value
            for part in rest.split('.'):
                if isinstance(inner, dict):
                    inner = inner.get(part)
                elif isinstance(inner, list) and re.fullmatch(r'-?\d+', part) and -len(inner) <= int(part) < len(inner):
                    inner = inner[int(part)]
                else:
                    inner = None
            found = Json(inner)
            rest = ''
        if isinstance(found, Json) and found.value is None:
            return None
        return found

    def compared(self, value, operand, zone):
        """How a value compares with an operand of a definition."""
        if isinstance(value, Json):
            inner = value.value
            if isinstance(inner, (dict, list)) or type(inner) is not type(operand) and not (
                    isinstance(inner, (int, Decimal)) and isinstance(operand, (int, Decimal)) and not isinstance(inner, bool) and not isinstance(operand, bool)):
                return None
            return order(inner, operand)
        if isinstance(value, Wide):
            return order(value.place, value.places(operand))
        if isinstance(value, (Wall, datetime.date)):
            time = written_time(operand)
            left = value.time if isinstance(value, Wall) else value
            if left in INFINITE:
                return 1 if left > 0 else -1
            if isinstance(value, Wall) and not isinstance(time, datetime.datetime):
                time = datetime.datetime.combine(time, datetime.time())
            return order(left, time)
        if isinstance(operand, str) and not isinstance(value, str):
            time = written_time(operand)
            if value in INFINITE:
                return 1 if value > 0 else -1
            return order(value, moment_of(time, zone))
        return order(value, operand)

    def comparison(self, op, operand, compare, absent):
        """The nine comparisons; compare(x) compares the value with x."""
        if op in ('is_not', 'not_in'):
            return not self.comparison({'is_not': 'is', 'not_in': 'in'}[op], operand, compare, absent)
        if absent:
            return False
        if op == 'in':
            return any(compare(x) == 0 for x in operand)
        if op == 'between':
            low, high = (compare(x) for x in operand)
            return low is not None and high is not None and low >= 0 and high <= 0
        outcome = compare(operand)
        return outcome is not None and {'is': outcome == 0, 'at_least': outcome >= 0, 'more_than': outcome > 0, 'at_most': outcome <= 0, 'less_than': outcome < 0}[op]

    def text_test(self, op, value, operand, fold):
        text = value.value if isinstance(value, Json) else value
        if not isinstance(text, str):
            return False
        if op == 'matches':
            return re.search(operand, text, re.I if fold else 0) is not None
        if fold:
            text, operand = text.lower(), operand.lower()
        if op == 'like':
            return like(operand, text)
        return {'starts_with': text.startswith, 'ends_with': text.endswith, 'contains': lambda x: x in text}[op](operand)

    def attribute(self, condition, row, t, zone, fixed_zone, at=None):
        """One test of one value; fixed_zone is that of dates that are written out."""
        (op, operand), = ((k, v) for k, v in condition.items() if k not in ('attribute', 'case', 'zone'))
        value = self.value(row, condition['attribute'], at)
        fold = condition.get('case') == 'ignore'
        if op == 'known':
            return (value is not None) == operand
        if op == 'contains_none':
            return not self.attribute({'attribute': condition['attribute'], 'contains_any': operand}, row, t, zone, fixed_zone, at)
        if op in ('contains_any', 'contains_all'):
            if value is None:
                return False
            if isinstance(value, Json):
                if not isinstance(value.value, list):
                    return False
                elements = [Json(x) for x in value.value if x is not None]
            else:
                elements = [x for x in value if x is not None]
            has = [any(self.compared(e, x, zone) == 0 for e in elements) for x in operand]
            return any(has) if op == 'contains_any' else all(has)
        if op in ('starts_with', 'ends_with', 'contains', 'like', 'matches'):
            return value is not None and self.text_test(op, value, operand, fold)
        if op in ('within_last', 'within_next', 'before', 'after', 'on', 'anniversary_within'):
            return value is not None and self.time_test(op, value, operand, t, condition.get('zone'), zone, fixed_zone)
        if fold and value is not None:
            raw = value.value if isinstance(value, Json) else value
            if isinstance(raw, str):
                lowered = lambda x: x.lower() if isinstance(x, str) else x
                operand = [lowered(x) for x in operand] if isinstance(operand, list) else lowered(operand)
                value = Json(raw.lower()) if isinstance(value, Json) else raw.lower()
        return self.comparison(op, operand, lambda x: self.compared(value, x, fixed_zone), value is None)

    def time_test(self, op, value, operand, t, named, zone, fixed_zone):
        relative = op in ('within_last', 'within_next', 'anniversary_within') or length(operand) is not None or calendar(operand, t, 'UTC') is not None
        zone = named or (zone if relative else fixed_zone)
        moment = moment_of(value, zone)
        if moment is None:
            return False
        if op == 'anniversary_within':
            if moment in INFINITE:
                return False
            today = wall_of(t, zone).date()
            born = wall_of(moment, zone).date()
            for days in range(int(length_of_days(operand[0])), int(length_of_days(operand[1])) + 1):
                day = today + datetime.timedelta(days=days)
                if day.year > born.year and (
                        (day.month, day.day) == (born.month, born.day) or
                        (born.month, born.day) == (2, 29) and (day.month, day.day) == (3, 1) and not leap(day.year)):
                    return True
            return False
        if op == 'within_last':
            return t - length(operand) < moment <= t
        if op == 'within_next':
            return t < moment <= t + length(operand)
        if length(operand) is not None:
            return moment <= t - length(operand) if op == 'before' else moment > t + length(operand)
        begin, end = stretch(operand, t, zone)
        return {'before': moment < begin, 'after': moment >= end, 'on': begin <= moment < end}[op]

    # ---- conditions ----

    def where(self, condition, event, t, zone):
        """A test of an event's own columns."""
        (key, inner), = ((k, v) for k, v in condition.items() if k in ('all', 'any', 'not', 'attribute'))
        if key == 'all':
            return all([self.where(c, event, t, zone) for c in inner])
        if key == 'any':
            return any([self.where(c, event, t, zone) for c in inner])
        if key == 'not':
            return not self.where(inner, event, t, zone)
        return self.attribute(condition, event['row'], t, zone, self.default_zone, event['column'])

    def holds(self, condition, customer, t):
        if 'per' in condition:
            return self.per(condition, customer, t)
        (key, inner), = ((k, v) for k, v in condition.items() if k in ('all', 'any', 'not', 'cohort', 'attribute', 'event', 'sequence', 'bucket', 'held'))
        zone = customer['zone'] if customer['zone'] in self.zones else self.default_zone
        if key == 'all':
            return all([self.holds(c, customer, t) for c in inner])
        if key == 'any':
            return any([self.holds(c, customer, t) for c in inner])
        if key == 'not':
            return not self.holds(inner, customer, t)
        if key == 'cohort':
            return self.holds(self.cohorts[inner], {k: v for k, v in customer.items() if k != 'keyed'}, t)
        if key == 'attribute':
            return self.attribute(condition, customer['row'], t, zone, zone)
        if key == 'bucket':
            return Fraction(inner['from']) <= place(inner['seed'], customer['key']) < Fraction(inner['to'])
        if key == 'held':
            return self.held(condition, customer, t)
        events = [e for e in customer.get('keyed', customer['events']) if e['at'] <= t]
        if key == 'sequence':
            return self.sequence(condition, events, t, zone)
        return self.event(condition, events, t, zone)

    def per(self, condition, customer, t):
        """Whether a condition holds for some key, as if there were no other events."""
        inner = {k: v for k, v in condition.items() if k != 'per'}
        seen = [p for p in parts(inner) if 'event' in p or 'no' in p]
        keys = {}
        for event in customer['events']:
            key = self.own(event, condition['per'])
            if key is None or event['at'] > t:
                continue
            if any(self.looked_at(p, event, t) for p in seen):
                keys[self.identity(key)] = True
        for key in keys:
            events = [e for e in customer['events'] if self.own(e, condition['per']) is not None and self.identity(self.own(e, condition['per'])) == key]
            if self.holds(inner, dict(customer, keyed=events), t):
                return True
        return False

    def looked_at(self, part, event, t):
        if event['kind'] != part.get('event', part.get('no')):
            return False
        where = part.get('where', {'all': []})
        return any(relative(p) for p in parts(where)) or self.where(where, event, t, self.default_zone)

    def held(self, condition, customer, t):
        """Whether a condition has held without a break for a length: looked at wherever it may change."""
        inner, least = condition['held'], length(condition['for'])
        points = {t - least, t}
        times = [e['at'] for e in customer['events']]
        values = list(customer['row'].values()) + [v for e in customer['events'] for v in e['row'].values()]
        zones = {customer['zone'] if customer['zone'] in self.zones else self.default_zone, self.default_zone}
        lengths = {0}
        words = False
        for part in strings(inner):
            zones |= {part} & self.zones
            if length(part):
                lengths.add(length(part))
            words = words or calendar(part, t, 'UTC') is not None or re.fullmatch('-?[0-9]+ days?', part) is not None
        for part in parts(inner):
            if 'every' in part:
                lengths |= {length(part['every']['period']) * n for n in range(1, part['every']['of'] + 1)}
        for _ in range(2):      # held inside held
            lengths |= {a + b for a in lengths for b in lengths if a and b and len(lengths) < 6}
        for value in values:
            inner_values = list(strings(value.value)) if isinstance(value, Json) else [value]
            for one in inner_values:
                for zone in zones:
                    moment = moment_of(Json(one) if isinstance(one, str) else one, zone) if isinstance(one, (str, int, Wall, datetime.date)) and not isinstance(one, bool) else None
                    if moment is not None and moment not in INFINITE:
                        times.append(moment)
        for time in times:
            for by in lengths:
                points |= {time + by, time + by - 1, time + by + 1, time - by, time - by - 1, time - by + 1}
        if words:
            for zone in zones:
                day = wall_of(t - least, zone).date()
                while day <= wall_of(t, zone).date():
                    begin = day_begin(day, zone)
                    points |= {begin, begin - 1}
                    day += datetime.timedelta(days=1)
        return all(self.holds(inner, customer, point) for point in sorted(points) if t - least <= point <= t)

    def window(self, operand, t, zone, named):
        if length(operand) is not None:
            return lambda at: t - length(operand) < at <= t
        begin, end = calendar(operand, t, named or zone)
        return lambda at: begin <= at < end

    def event(self, condition, events, t, zone):
        chosen = [e for e in events if e['kind'] == condition['event']]
        if 'where' in condition:
            chosen = [e for e in chosen if self.where(condition['where'], e, t, zone)]
        if 'within' in condition:
            inside = self.window(condition['within'], t, zone, condition.get('zone'))
            chosen = [e for e in chosen if inside(e['at'])]
        if 'before' in condition:
            chosen = [e for e in chosen if self.one({'before': condition['before']}, e, t, zone, condition.get('zone'))]
        if 'gap' in condition:
            (op, operand), = ((k, v) for k, v in condition.items() if k not in ('event', 'where', 'within', 'before', 'zone', 'gap'))
            gaps = [b['at'] - a['at'] for a, b in zip(chosen, chosen[1:])]
            found = gaps and {'longest': max, 'shortest': min, 'last': lambda x: x[-1], 'average': lambda x: sum(x, x[0] - x[0]) // len(x)}[condition['gap']](gaps)
            return self.comparison(op, operand, lambda x: order(found, length(x)), not gaps)
        for measure in ('sum', 'avg', 'min', 'max', 'distinct'):
            if measure in condition:
                return self.aggregate(measure, condition, chosen)
        if 'times' in condition:
            (op, operand), = condition['times'].items()
            return self.comparison(op, operand, lambda x: order(len(chosen), x), False)
        if 'every' in condition:
            every = dict(condition['every'])
            period = length(every.pop('period'))
            periods = every.pop('of')
            (op, operand), = every.items()
            hit = len({(t - e['at']) // period for e in chosen if (t - e['at']) // period < periods})
            return self.comparison(op, operand, lambda x: order(hit, x), False)
        for end in ('first', 'last'):
            if end in condition:
                return bool(chosen) and self.one(condition[end], chosen[0 if end == 'first' else -1], t, zone, condition.get('zone'))
        return bool(chosen)

    def one(self, test, event, t, zone, named):
        """The tests inside of first and last."""
        if 'within' in test and not self.window(test['within'], t, zone, named)(event['at']):
            return False
        if 'before' in test:
            if length(test['before']) is not None:
                if event['at'] > t - length(test['before']):
                    return False
            elif event['at'] >= calendar(test['before'], t, named or zone)[0]:
                return False
        return 'where' not in test or self.where(test['where'], event, t, zone)

    def aggregate(self, measure, condition, chosen):
        (op, operand), = ((k, v) for k, v in condition.items() if k not in ('event', 'where', 'within', 'before', 'zone', measure))
        values = [self.value(e['row'], condition[measure], e['column']) for e in chosen]
        values = [v for v in values if v is not None]
        if measure == 'distinct':
            count = len({self.identity(v) for v in values})
            return self.comparison(op, operand, lambda x: order(count, x), False)
        if measure in ('sum', 'avg'):
            numbers = [Decimal(v.value if isinstance(v, Json) else v) for v in values
                       if not isinstance(v, Json) or isinstance(v.value, (int, Decimal)) and not isinstance(v.value, bool)]
            if measure == 'avg' and not numbers:
                return self.comparison(op, operand, None, True)
            if any(n.is_nan() for n in numbers) or {Decimal('inf'), Decimal('-inf')} <= set(numbers):
                return self.comparison(op, operand, lambda x: order(Decimal('nan'), x), False)
            infinite = [n for n in numbers if n.is_infinite()]
            if infinite:
                return self.comparison(op, operand, lambda x: order(infinite[0], x), False)
            total = sum((Fraction(n) for n in numbers), Fraction(0))
            if measure == 'avg':
                total /= len(numbers)
            return self.comparison(op, operand, lambda x: (total > Fraction(x)) - (total < Fraction(x)), False)
        # the smallest or largest value, in the order of its type
        if any(isinstance(v, Json) for v in values):
            raise Unsaid('min and max of json')
        if not values:
            return self.comparison(op, operand, None, True)
        best = values[0]
        for value in values[1:]:
            a, b = (v.time if isinstance(v, Wall) else v for v in (value, best))
            if order(a, b) == (1 if measure == 'max' else -1):
                best = value
        return self.comparison(op, operand, lambda x: self.compared(best, x, self.default_zone), False)

    def identity(self, value):
        """What two values share if they are the same."""
        if isinstance(value, Json):
            value = value.value
            if isinstance(value, (dict, list)):
                raise Unsaid('distinct json objects')
        if isinstance(value, Wall):
            value = value.time
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (int, Decimal, float)):
            value = Decimal(value)
            return str(value) if not value.is_finite() else format(value, 'f').rstrip('0').rstrip('.') if value % 1 else format(value.to_integral(), 'f')
        if isinstance(value, list):
            return repr(value)
        return value

    # ---- sequences ----

    def same(self, step, event, before):
        for name in step.get('same', ()):
            values = [self.own(e, name) for e in (event, before)]
            if None in values or self.identity(values[0]) != self.identity(values[1]):
                return False
        return True

    def own(self, event, name):
        """A property of an event; a column that its relation does not have is absent."""
        try:
            return self.value(event['row'], name, event['column'])
        except KeyError:
            return None

    def fits(self, step, event, t, zone):
        return event['kind'] == step.get('event', step.get('no')) and ('where' not in step or self.where(step['where'], event, t, zone))

    def sequence(self, condition, events, t, zone):
        """Whether some match counts at t.  Events are in order, so places in the list tell it."""
        steps = condition['sequence']
        whole = length(condition['within']) if 'within' in condition else None
        shown = length(condition['completed_within']) if 'completed_within' in condition else None
        expanded = []       # (step, the absences before it, whether it repeats its step)
        absences = []
        for step in steps:
            if 'no' in step:
                absences.append(step)
                continue
            for time in range(step.get('times', 1)):
                expanded.append((step, absences if time == 0 else [], time > 0))
            absences = []
        deadline = absences

        def extend(n, last, first):
            if n == len(expanded):
                end = events[last]['at']
                completed = end
                for step in deadline:
                    completed = max(completed, end + length(step['for']))
                    for event in events:
                        if end < event['at'] <= end + length(step['for']) and self.fits(step, event, t, zone) and self.same(step, event, events[last]):
                            return False
                return completed <= t and (whole is None or t < events[first]['at'] + whole) and (shown is None or t < completed + shown)
            step, between, _ = expanded[n]
            for now in range(0 if last is None else last + 1, len(events)):
                event = events[now]
                if last is not None:
                    before = events[last]
                    gap = event['at'] - before['at']
                    blocked = any(self.fits(no, e, t, zone) and self.same(no, e, before) for no in between for e in events[last + 1:now])
                    if blocked or 'within' in step and gap >= length(step['within']) or 'after' in step and gap < length(step['after']) or not self.same(step, event, before):
                        continue
                if self.fits(step, event, t, zone) and extend(n + 1, now, now if first is None else first):
                    return True
            return False

        return extend(0, None, None)


def strings(value):
    """All strings inside a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def relative(test):
    """Whether a test of one value depends on the instant."""
    return any(op in test for op in ('within_last', 'within_next', 'anniversary_within')) or any(
        op in test and written_time(test[op]) is None for op in ('before', 'after', 'on') if 'attribute' in test)


def parts(condition):
    """All objects inside a condition."""
    if isinstance(condition, dict):
        yield condition
    if isinstance(condition, (dict, list)):
        for inner in condition.values() if isinstance(condition, dict) else condition:
            yield from parts(inner)


def length_of_days(text):
    found = re.fullmatch(r'(-?\d+) (day|week)s?', text)
    return int(found[1]) * (7 if found[2] == 'week' else 1)


def leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
