#!/usr/bin/env python3
"""Compares persona with an evaluator that was written from doc/conditions.md alone.

compare.py [SEED [CONDITIONS]]: makes customers, events and conditions by chance,
asks persona (psql connects as the environment says, to an empty database), and
asks evaluator.py.  Each disagreement is printed.
"""

import collections
import datetime
import json
import os
import random
import subprocess
import sys
from decimal import Decimal

import evaluator
from evaluator import Composite, Json, Wall, DAY, EPOCH, SECOND, UNITS

ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC', 'Asia/Beirut', 'Atlantic/Azores', 'Pacific/Apia', 'America/Sao_Paulo',
         'Africa/Casablanca', 'Pacific/Chatham']
DEFAULT_ZONE = 'Europe/Berlin'
MICRO = datetime.timedelta(microseconds=1)


def instant(text):
    return int((datetime.datetime.strptime(text, '%Y-%m-%d %H:%M') - EPOCH) / MICRO)


ANCHORS = [instant(text) for text in (
    '2026-03-29 01:00', '2026-03-28 22:00', '2026-04-04 15:00', '2026-03-08 07:00', '2025-10-26 01:00', '2025-10-25 21:00', '2025-11-02 06:00',
    '2026-03-31 22:00', '2025-12-31 23:00', '2026-02-28 18:30', '2026-03-01 05:00', '2026-03-30 00:00', '2024-02-29 12:00', '2026-02-18 02:00', '2026-03-22 02:00')]
LENGTHS = ['1 hour', '90 minutes', '1 day', '24 hours', '1 day 12 hours', '7 days', '1 week', '30 days', '90 days', '1 microsecond', '10 minutes', '365 days']
WORDS = ['Anna', 'anna', 'ANN', 'Ann', '', 'Straße', 'straße', 'Änne', 'änne', 'Zoë', 'a%b', 'a_b', 'x\\y', 'z', '0', '1', 'Anna ', 'Müller-Lüdenscheidt']
ITEMS = [None, 1, 1, 2, 7]


class World:
    def __init__(self, dice):
        self.dice = dice
        self.shared = [self.moment() for _ in range(4)]

    def moment(self):
        d = self.dice
        t = d.choice(ANCHORS)
        for _ in range(2):
            t += d.choice([-1, 0, 0, 1]) * evaluator.length(d.choice(LENGTHS))
        if d.random() < 0.3:
            t += d.choice([-1, 1])
        if d.random() < 0.3:
            t += d.randrange(-10 * DAY, 10 * DAY)
        return t

    def near(self):
        """An instant that others share, or one length away from one."""
        d = self.dice
        if d.random() < 0.4:
            return self.moment()
        return d.choice(self.shared) + d.choice([-1, 0, 0, 0]) * evaluator.length(d.choice(LENGTHS)) + d.choice([0, 0, 0, 1, -1])

    def day(self):
        return evaluator.wall_of(self.moment(), 'UTC').date()

    def maybe(self, value, absent=0.2):
        return None if self.dice.random() < absent else value

    def json_value(self, depth=0):
        d = self.dice
        r = d.randrange(9 if depth < 2 else 6)
        if r == 0:
            return None
        if r == 1:
            return d.choice([True, False])
        if r in (2, 3):
            return Decimal(d.choice(['0', '1', '1.0', '7', '7.50', '-3', '1e3', '100']))
        if r in (4, 5):
            return d.choice(WORDS + ['7', 'true', '2026-03-29', '2026-03-29 02:30', '2026-03-29T01:00:00Z', '2026-03-29 01:00+02', '2026-02-30', '1.3.2026', '2026-03-01T24:00'])
        if r == 6:
            return [self.json_value(2) for _ in range(d.randrange(4))]
        return {k: self.json_value(depth + 1) for k in ('a', 'b', '0') if d.random() < 0.7}

    def customers(self):
        d = self.dice
        made = []
        for n in range(1, 25):
            key = d.choice(['', 'ü', '0', ' ']) + str(n)
            row = {
                'id': key,
                'name': self.maybe(d.choice(WORDS)),
                'code': self.maybe(d.choice(['AB', 'ab', 'A', '', '007'])),
                'age': self.maybe(d.choice([0, 17, 18, 30, -1])),
                'visits': self.maybe(d.choice([0, 1, 9007199254740993])),
                'clv': self.maybe(Decimal(d.choice(['0', '0.1', '99.99', '100', '100.00', '-5', '1e30', 'NaN']))),
                'rating': self.maybe(Decimal(d.choice(['0', '0.5', '2.25', '-1', 'NaN', 'Infinity']))),
                'active': self.maybe(d.choice([True, False])),
                'birthday': self.maybe(d.choice([self.day(), self.day().replace(day=1, year=1990), datetime.date(1988, 2, 29), datetime.date(2000, 3, 1), float('inf'), float('-inf')])),
                'joined': self.maybe(Wall(d.choice([evaluator.wall_of(self.moment(), 'UTC'), datetime.datetime(2026, 3, 29, 2, 30), datetime.datetime(2025, 10, 26, 2, 30), float('inf')]))),
                'seen': self.maybe(d.choice([self.moment(), self.near(), self.near(), float('-inf'), float('inf')] if d.random() < 0.2 else [self.near()])),
                'tags': self.maybe([self.maybe(d.choice(['a', 'b', 'c', 'A', '']), 0.1) for _ in range(d.randrange(4))]),
                'marks': self.maybe([self.maybe(d.choice([1, 2, 3]), 0.1) for _ in range(d.randrange(4))]),
                'home': self.maybe(Composite(city=self.maybe(d.choice(['Berlin', 'Bern', ''])), floor=self.maybe(d.choice([0, 1, 7])))),
                'profile': self.maybe(Json(self.json_value())),
                'extra': self.maybe(Json({'a': self.json_value(), 'b': [self.json_value(), {'c': self.json_value()}], 'x.y': 1})),
            }
            zone = d.choice(ZONES + [None, 'Mars/Olympus', ''])
            made.append({'key': key, 'zone': zone, 'row': dict(row, zone=zone), 'events': []})
        return made

    def events(self, customers):
        """Rows of each source, as (customer, row, kind, instant, place of the source, number in it)."""
        d = self.dice
        made = []
        for customer in customers:
            if d.random() < 0.1:
                continue
            self.shared = [self.moment() for _ in range(3)]
            used = set()
            for _ in range(d.randrange(14)):
                source = d.choice(['orders', 'clicks', 'clicks', 'visits', 'days'])
                at = self.near()
                if source == 'orders':
                    row = {'id': len(made), 'customer': customer['key'], 'placed_at': at, 'amount': self.maybe(Decimal(d.choice(['0', '0.01', '5', '19.99', '19.990', '100', '-7.5', '1e25', '0.0000000001']))),
                           'item': d.choice(ITEMS), 'paid': self.maybe(d.choice([True, False])), 'note': self.maybe(d.choice(WORDS)), 'due': self.maybe(self.day()),
                           'meta': self.maybe(Json({'n': self.json_value(2), 's': d.choice(['a', 'b', '1', 1])}))}
                    event = ('order', at, 1, row['id'])
                elif source == 'clicks':
                    kind = d.choice(['view', 'view', 'cart_add', 'login', None])
                    row = {'customer': customer['key'], 'at': at, 'kind': kind, 'n': d.randrange(-3, 5), 'item': d.choice(ITEMS), 'page': self.maybe(d.choice(['/', '/Cart', '/cart'])),
                           'weight': self.maybe(Decimal(d.choice(['0', '0.25', '1', '2.5', '-0.5', 'NaN', 'Infinity'] if d.random() < 0.2 else ['0', '0.25', '2.5']))),
                           'labels': self.maybe([self.maybe(d.choice(['a', 'b'])) for _ in range(d.randrange(3))])}
                    event = (kind, at, 2, row['n'])
                elif source == 'visits':
                    wall = evaluator.wall_of(at, d.choice([DEFAULT_ZONE, 'UTC']))
                    at = evaluator.instant_of(wall, DEFAULT_ZONE)
                    row = {'customer': customer['key'], 'entered': Wall(wall), 'place': self.maybe(d.choice(['shop', 'Shop'])), 'item': Json(d.choice(ITEMS)) if False else self.maybe(Decimal(d.choice(['1', '1.0', '2', '7.00'])))}
                    event = ('visit', at, 3, 0)
                else:
                    day = evaluator.wall_of(at, DEFAULT_ZONE).date()
                    at = evaluator.day_begin(day, DEFAULT_ZONE)
                    row = {'customer': customer['key'], 'day': day, 'parcels': self.maybe(d.randrange(4)), 'amount': self.maybe(d.randrange(30))}
                    event = ('delivery', at, 4, 0)
                if event[1:] in used:
                    continue        # ties that only what is asked for would settle
                used.add(event[1:])
                made.append((source, row))
                if event[0] is not None:
                    customer['events'].append({'kind': event[0], 'at': event[1], 'order': event[1:], 'row': row, 'column': row[{'orders': 'placed_at', 'clicks': 'at', 'visits': 'entered', 'days': 'day'}[source]]})
            customer['events'].sort(key=lambda e: e['order'])
        return made


COLUMNS = {'name': 'text', 'code': 'text', 'age': 'integer', 'visits': 'integer', 'clv': 'numeric', 'rating': 'numeric', 'active': 'boolean', 'birthday': 'date', 'joined': 'timestamp',
           'seen': 'timestamptz', 'tags': 'texts', 'marks': 'integers', 'home.city': 'text', 'home.floor': 'integer', 'profile': 'json', 'profile.a': 'json', 'profile.b.0': 'json', 'profile.0': 'json', 'extra.a': 'json',
           'extra.b.0': 'json', 'extra.b.-1.c': 'json', 'extra.b': 'json', 'extra.b.-2': 'json', 'id': 'text', 'zone': 'text'}
PROPERTIES = {'order': {'amount': 'numeric', 'item': 'integer', 'paid': 'boolean', 'note': 'text', 'due': 'date', 'meta.n': 'json', 'meta.s': 'json', 'placed_at': 'timestamptz', 'at': 'timestamptz', 'id': 'integer'},
              'view': {'item': 'integer', 'page': 'text', 'weight': 'numeric', 'labels': 'texts', 'n': 'integer', 'at': 'timestamptz', 'kind': 'text'},
              'visit': {'place': 'text', 'item': 'numeric', 'entered': 'timestamp', 'at': 'timestamp'}, 'delivery': {'parcels': 'integer', 'amount': 'integer', 'day': 'date', 'at': 'date'}}
PROPERTIES['cart_add'] = PROPERTIES['login'] = PROPERTIES['view']
CALENDAR = ['today', 'yesterday', 'this day', 'last day', 'this week', 'last week', 'this month', 'last month', 'this quarter', 'last quarter', 'this year', 'last year', 'last 2 days', 'last 30 days']
FUTURE = ['tomorrow', 'next day', 'next week', 'next month', 'next quarter', 'next year']


class Conditions:
    def __init__(self, dice, world):
        self.dice = dice
        self.world = world

    def written(self, day_only=False, zone=True):
        """A date, a wall-clock time or an instant, as definitions write them."""
        d = self.dice
        t = self.world.near()
        wall = evaluator.wall_of(t, d.choice(ZONES))
        form = d.randrange(5)
        if day_only or form < 2:
            return wall.date().isoformat()
        if form == 2 or not zone:
            return d.choice([wall.strftime('%Y-%m-%d %H:%M'), wall.isoformat(d.choice(' T')), wall.date().isoformat() + ' 24:00'])
        utc = EPOCH + MICRO * t
        return d.choice([utc.isoformat(' ') + 'Z', (utc + datetime.timedelta(hours=2)).isoformat() + d.choice(['+02', '+0200', '+02:00']),
                         (utc - datetime.timedelta(hours=3, minutes=30)).isoformat(' ') + '-03:30'])

    def operand(self, kind):
        d = self.dice
        if kind == 'text':
            return d.choice(WORDS + ['Berlin', 'shop', 'a', 'AB', '/cart', 'view', 'UTC'])
        if kind == 'integer':
            return d.choice([0, 1, 2, 7, 17, 18, 30, 9007199254740993, 9007199254740992])
        if kind == 'numeric':
            return Decimal(d.choice(['0', '0.1', '0.5', '100', '1e2', '99.99', '-5', '19.99', '2.25', '1', '5']))
        if kind == 'boolean':
            return d.choice([True, False])
        if kind == 'date':
            return self.written(day_only=True)
        if kind == 'timestamp':
            return self.written(zone=False)
        if kind == 'timestamptz':
            return self.written()
        return d.choice([lambda: d.choice(WORDS), lambda: Decimal(d.choice(['0', '1', '7', '7.5', '1000', '-3'])), lambda: d.choice([True, False])])()

    def attribute(self, name, kind, relative=True):
        d = self.dice
        ops = ['is', 'is_not', 'in', 'not_in', 'known']
        if kind not in ('boolean', 'texts', 'integers'):
            ops += ['at_least', 'more_than', 'at_most', 'less_than', 'between']
        if kind in ('text', 'json'):
            ops += ['starts_with', 'ends_with', 'contains', 'like', 'matches'] * 2
        if kind in ('json', 'texts', 'integers'):
            ops = ['known'] + ['contains_any', 'contains_all', 'contains_none'] * 2 + ([] if kind != 'json' else ops)
        if kind in ('date', 'timestamp', 'timestamptz', 'json'):
            ops += ['before', 'after', 'on'] * 2
            if relative:
                ops += ['within_last', 'within_next', 'anniversary_within'] * 2
        op = d.choice(ops)
        made = {'attribute': name}
        element = {'texts': 'text', 'integers': 'integer'}.get(kind, kind)
        if op == 'known':
            made[op] = d.choice([True, False])
        elif op in ('in', 'not_in', 'contains_any', 'contains_all', 'contains_none'):
            made[op] = [self.operand(element) for _ in range(d.randrange(1, 4))]
        elif op == 'between':
            made[op] = [self.operand(element), self.operand(element)]
        elif op in ('starts_with', 'ends_with', 'contains'):
            made[op] = d.choice(['A', 'a', 'nn', 'ß', 'Ä', 'ä', '', '%', '\\', 'ART', 'x'])
        elif op == 'like':
            made[op] = d.choice(['%', '_nn%', 'a\\%b', 'a_b', 'a\\_b', '', '%a', 'Ä%', 'x\\\\y', '%ß%', '_', '__'])
        elif op == 'matches':
            made[op] = d.choice(['^A', 'a$', 'n{2}', '[a-z]+', '^$', 'ä', 'Straß', '(a|b)', '.', '^/cart$'])
        elif op in ('within_last', 'within_next'):
            made[op] = d.choice(LENGTHS)
        elif op in ('before', 'after', 'on'):
            made[op] = self.written(day_only=d.random() < 0.6) if not relative or d.random() < 0.4 else d.choice(CALENDAR + FUTURE + (LENGTHS if op != 'on' else []))
        elif op == 'anniversary_within':
            low = d.choice([-366, -30, -7, -1, 0, 1, 5])
            made[op] = ['%d days' % low, '%d days' % min(366, low + d.choice([0, 0, 1, 7, 30]))]
        else:
            made[op] = self.operand(element)
        if op in ('is', 'is_not', 'in', 'not_in', 'starts_with', 'ends_with', 'contains', 'like', 'matches') and kind in ('text', 'json') and d.random() < 0.3:
            made['case'] = 'ignore'
        if op in ('within_last', 'within_next', 'before', 'after', 'on', 'anniversary_within') and d.random() < 0.2:
            made['zone'] = d.choice(ZONES)
        return made

    def where(self, kind, relative, depth=0):
        d = self.dice
        if depth < 2 and d.random() < 0.25:
            return {d.choice(['all', 'any']): [self.where(kind, relative, depth + 1) for _ in range(d.randrange(4))]}
        if depth < 2 and d.random() < 0.15:
            return {'not': self.where(kind, relative, depth + 1)}
        return self.attribute(*d.choice(list(PROPERTIES[kind].items())), relative)

    def comparison(self, of=None):
        d = self.dice
        op = d.choice(['is', 'is_not', 'in', 'not_in', 'at_least', 'more_than', 'at_most', 'less_than', 'between'])
        value = of or (lambda: d.randrange(5))
        return {op: [value() for _ in range(d.randrange(1, 3))] if op in ('in', 'not_in') else sorted([value(), value()], key=lambda x: str(x) if isinstance(x, str) else x)
                if op == 'between' else value()}

    def event(self):
        d = self.dice
        kind = d.choice(list(PROPERTIES))
        made = {'event': kind}
        measure = d.choice(['', 'times', 'times', 'sum', 'avg', 'min', 'max', 'distinct', 'first', 'last', 'every', 'gap'])
        if d.random() < 0.4:
            made['where'] = self.where(kind, measure not in ('first', 'last', 'every', 'gap'))
        if d.random() < 0.5 and measure != 'every':
            made['within'] = d.choice(LENGTHS + CALENDAR)
        if d.random() < 0.2 and measure != 'every':
            made['before'] = d.choice(LENGTHS + CALENDAR)
        if (made.get('within') in CALENDAR or made.get('before') in CALENDAR) and d.random() < 0.3:
            made['zone'] = d.choice(ZONES)
        names = PROPERTIES[kind]
        if measure == 'times':
            made['times'] = self.comparison()
        elif measure in ('sum', 'avg'):
            made[measure] = d.choice([n for n, k in names.items() if k in ('numeric', 'integer', 'json')])
            made.update(self.comparison(lambda: Decimal(d.choice(['0', '0.01', '5', '24.99', '100', '-7.5', '6.245', '1']))))
        elif measure in ('min', 'max'):
            name, typed = d.choice([(n, k) for n, k in names.items() if k in ('numeric', 'integer', 'text', 'date', 'timestamp', 'timestamptz')])
            made[measure] = name
            made.update(self.comparison(lambda: self.operand(typed)))
        elif measure == 'distinct':
            made[measure] = d.choice(list(names))
            made.update(self.comparison())
        elif measure in ('first', 'last'):
            inner = {}
            while not inner:
                if d.random() < 0.5:
                    inner['within'] = d.choice(LENGTHS + CALENDAR)
                if d.random() < 0.4:
                    inner['before'] = d.choice(LENGTHS + CALENDAR)
                if d.random() < 0.4:
                    inner['where'] = self.where(kind, False)
            made[measure] = inner
        elif measure == 'every':
            of = d.choice([1, 2, 3, 6])
            made['every'] = dict({'period': d.choice(LENGTHS), 'of': of}, **self.comparison(lambda: d.randrange(of + 1)))
        elif measure == 'gap':
            made['gap'] = d.choice(['longest', 'shortest', 'last', 'average'])
            op = d.choice(['is', 'is_not', 'in', 'at_least', 'more_than', 'at_most', 'less_than', 'between'])
            made[op] = [d.choice(LENGTHS), d.choice(LENGTHS)] if op == 'in' else sorted([d.choice(LENGTHS), d.choice(LENGTHS)], key=evaluator.length) if op == 'between' else d.choice(LENGTHS)
        return made

    def sequence(self):
        d = self.dice
        made = []
        kinds = [d.choice(['order', 'view', 'cart_add', 'visit']) for _ in range(d.choice([1, 2, 2, 2, 3, 3, 4]))]
        before = None
        for place, kind in enumerate(kinds):
            if place and d.random() < 0.3:
                no = {'no': d.choice(['order', 'view', 'login', 'cart_add', 'visit'])}
                if d.random() < 0.3:
                    no['where'] = self.where(no['no'], False)
                if d.random() < 0.4:
                    no['same'] = ['item']
                made.append(no)
            step = {'event': kind}
            if d.random() < 0.3:
                step['where'] = self.where(kind, False)
            if d.random() < 0.2:
                step['times'] = d.choice([1, 2, 3])
            if place or step.get('times', 1) > 1:
                if d.random() < 0.4:
                    step['within'] = d.choice(LENGTHS)
                if d.random() < 0.2:
                    step['after'] = d.choice(LENGTHS)
                if d.random() < 0.3:
                    step['same'] = ['item']
            made.append(step)
        if d.random() < 0.4:
            no = {'no': d.choice(['order', 'view', 'login', 'cart_add', 'visit']), 'for': d.choice(LENGTHS)}
            if d.random() < 0.4:
                no['same'] = ['item']
            if d.random() < 0.2:
                no['where'] = self.where(no['no'], False)
            made.append(no)
        condition = {'sequence': made}
        if d.random() < 0.5:
            condition['within'] = d.choice(LENGTHS)
        if d.random() < 0.3:
            condition['completed_within'] = d.choice(LENGTHS)
        return condition

    def keyed(self, depth):
        """A condition for each item, or for each page."""
        d = self.dice
        key = d.choice(['item', 'item', 'page', 'at'])
        fits = {'item': ['order', 'view', 'cart_add', 'visit', 'login'], 'page': ['view', 'cart_add', 'login'], 'at': list(PROPERTIES)}[key]
        for _ in range(100):
            inner = self.condition(max(depth, 1), True)
            if all(p.get('event', p.get('no')) in fits for p in evaluator.parts(inner) if 'event' in p or 'no' in p) and any('event' in p for p in evaluator.parts(inner)):
                return dict({'per': key}, **inner)
        return self.event()

    def condition(self, depth=0, inside=False):
        d = self.dice
        if not inside and depth < 2 and d.random() < 0.1:
            return self.keyed(depth)
        if depth < 2 and d.random() < 0.06:
            return {'held': self.condition(2, inside), 'for': d.choice(LENGTHS)}
        r = d.random()
        if depth < 3 and r < 0.15:
            return {d.choice(['all', 'any']): [self.condition(depth + 1, inside) for _ in range(d.randrange(4))]}
        if depth < 3 and r < 0.23:
            return {'not': self.condition(depth + 1, inside)}
        if r < 0.26:
            return {'cohort': d.choice(['first', 'second'])}
        if r < 0.29:
            ends = sorted(d.sample(['0', '0.25', '0.5', '0.3333', '1', '0.77777', '1e-4'], 2), key=Decimal)
            return {'bucket': {'seed': d.choice(['', 'spring', 'ü']), 'from': Decimal(ends[0]), 'to': Decimal(ends[1])}}
        if r < 0.55:
            return self.attribute(*d.choice(list(COLUMNS.items())))
        if r < 0.8:
            return self.event()
        return self.sequence()


def as_json(value):
    if isinstance(value, dict):
        return '{' + ', '.join(json.dumps(k, ensure_ascii=False) + ': ' + as_json(v) for k, v in value.items()) + '}'
    if isinstance(value, list):
        return '[' + ', '.join(as_json(v) for v in value) + ']'
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def as_sql(value):
    """A literal that an INSERT casts by itself."""
    if value is None:
        return 'NULL'
    if isinstance(value, Wall):
        value = value.time if isinstance(value.time, float) else value.time.isoformat(' ')
    if isinstance(value, float):
        return "'infinity'" if value > 0 else "'-infinity'"
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, Json):
        return quoted(as_json(value.value))
    if isinstance(value, Composite):
        return 'ROW(%s)' % ', '.join(as_sql(v) for v in value.values())
    if isinstance(value, list):
        return quoted('{' + ','.join('NULL' if v is None else '"%s"' % v for v in value) + '}')
    return quoted(str(value))


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def timestamp(t):
    return quoted(t if isinstance(t, str) else (EPOCH + MICRO * t).isoformat(' ') + '+00')


def value_sql(name, value):
    if name in ('seen', 'placed_at', 'at') and isinstance(value, int):
        return timestamp(value)
    return as_sql(value)


SCHEMA = """
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS persona;
DELETE FROM persona.cohort;
SELECT persona.unbind_events(name) FROM persona.event_binding WHERE name LIKE 'd.%';
SELECT persona.unbind_customers() WHERE EXISTS (SELECT FROM persona.customer_binding);
DROP SCHEMA IF EXISTS d CASCADE;
CREATE SCHEMA d;
CREATE TYPE d.address AS (city text, floor integer);
CREATE TABLE d.customer (id text PRIMARY KEY, name text, code varchar(8), age integer, visits bigint, clv numeric, rating double precision, active boolean, birthday date, joined timestamp,
    seen timestamptz, tags text[], marks integer[], home d.address, profile jsonb, extra json, zone text);
CREATE TABLE d.orders (id bigint, customer text, placed_at timestamptz, amount numeric, item integer, paid boolean, note text, due date, meta jsonb);
CREATE TABLE d.clicks (customer text, at timestamptz, kind text, n integer, item integer, page text, weight double precision, labels text[]);
CREATE TABLE d.visits (customer text, entered timestamp, place text, item numeric);
CREATE TABLE d.days (customer text, day date, parcels integer, amount integer);
"""
BINDINGS = """
SELECT persona.bind_customers('d.customer', 'id', time_zone => 'zone', default_time_zone => 'Europe/Berlin');
SELECT persona.bind_events('d.orders', 'customer', 'placed_at', kind => 'order', sequence => 'id');
SELECT persona.bind_events('d.clicks', 'customer', 'at', kind_column => 'kind', kinds => '{view,cart_add,login}', sequence => 'n');
SELECT persona.bind_events('d.visits', 'customer', 'entered', kind => 'visit');
SELECT persona.bind_events('d.days', 'customer', 'day', kind => 'delivery');
CREATE FUNCTION d.ask(number integer, c text, as_of timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE r record; message text; detail text;
BEGIN
    FOR r IN EXECUTE format('SELECT c.id, t.truth, persona.holds(c, %L, %L) AS holds, extract(epoch FROM t.since) * 1000000 AS since, extract(epoch FROM t.until) * 1000000 AS until FROM d.customer AS c CROSS JOIN LATERAL persona.truth(c, %L, %L) AS t', c, as_of, c, as_of) LOOP
        RETURN NEXT format('%s|%s|%s|%s|%s|%s', number, r.id, r.truth, r.holds, r.since, r.until);
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN NEXT format('%s|!|%s %s %s', number, SQLSTATE, message, replace(detail, E'\\n', ' '));
END $$;
"""


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    dice = random.Random(seed)
    world = World(dice)
    customers = world.customers()
    rows = world.events(customers)
    conditions = Conditions(dice, world)
    with_zones = set(ZONES)
    cohorts = {'first': {'attribute': 'clv', 'at_least': 100}, 'second': {'event': 'order', 'within': '30 days'}}
    script = [SCHEMA]
    for customer in customers:
        script.append('INSERT INTO d.customer (%s) VALUES (%s);' % (', '.join(customer['row']), ', '.join(value_sql(n, v) for n, v in customer['row'].items())))
    for source, row in rows:
        script.append('INSERT INTO d.%s (%s) VALUES (%s);' % (source, ', '.join(row), ', '.join(value_sql(n, v) for n, v in row.items())))
    script.append("INSERT INTO d.orders VALUES (1, NULL, '2026-03-01', 1), (2, %s, 'infinity', 1), (3, %s, '-infinity', 1), (4, %s, NULL, 1);" % ((quoted(customers[0]['key']),) * 3))
    script.append(BINDINGS)
    for name, condition in cohorts.items():
        script.append('INSERT INTO persona.cohort (name, condition) VALUES (%s, %s);' % (quoted(name), quoted(as_json(condition))))
    asked = []
    for number in range(count):
        condition = conditions.condition()
        t = dice.choice([world.near, world.moment, lambda: dice.choice(rows)[1].get('placed_at') or world.moment()])()
        t += dice.choice([0, 0, 0, 1, -1])
        asked.append((condition, t))
        script.append('SELECT d.ask(%d, %s, %s);' % (number, quoted(as_json(condition)), timestamp(t)))
    done = subprocess.run(['psql', '-qAtX', '-v', 'ON_ERROR_STOP=1'], input='\n'.join(script), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print(done.stderr[-3000:])
        print('0 passed, 1 failed')
        sys.exit(1)
    answers = collections.defaultdict(list)
    refused = collections.Counter()
    for line in done.stdout.split('\n'):
        if line.count('|') >= 2:
            number, rest = line.split('|', 1)
            answers[int(number)].append(rest)
    judge = evaluator.Evaluator(DEFAULT_ZONE, cohorts, with_zones)
    by_key = {c['key']: c for c in customers}
    passed = failed = unsaid = 0
    show = int(os.environ.get('SHOW', 10))

    def complain(*what):
        nonlocal failed
        failed += 1
        if failed <= show:
            print(*what)

    for number, (condition, t) in enumerate(asked):
        if number not in answers:
            complain('NO ANSWER', as_json(condition))
            continue
        if answers[number][0].startswith('!|'):
            refused[answers[number][0][2:90]] += 1
            if os.environ.get('REFUSED'):
                print('REFUSED', answers[number][0][2:], as_json(condition))
            continue
        for answer in answers[number]:
            key, truth, holds, since, until = answer.split('|')
            customer = by_key[key]
            try:
                expected = judge.holds(condition, customer, t)
            except evaluator.Unsaid:
                unsaid += 1
                continue
            label = 'condition %s, customer %r (zone %s), as of %d %s:' % (as_json(condition), key, customer['zone'], t, timestamp(t))
            if (truth == 't') != expected or (holds == 't') != expected:
                complain('TRUTH', label, 'truth', truth, 'holds', holds, 'documented', expected)
                continue
            since, until = (None if 'inf' in x.lower() else int(Decimal(x)) for x in (since, until))
            # the truth is the same from since to until, and was another before since
            probes = []
            if since is not None:
                probes += [(since, expected), (since - 1, not expected)]
                if since > t:
                    complain('SINCE LATER', label, since)
            low = since if since is not None else t - 400 * DAY
            probes += [(dice.randrange(low, t + 1), expected) for _ in range(2)]
            if until is not None and until <= t:
                complain('UNTIL PAST', label, until)
            if since is None or until is None or dice.random() < 0.5:
                pass
            high = until if until is not None else t + 400 * DAY
            probes += [(dice.randrange(t, high), expected, 'until') for _ in range(2)] + [(high - 1, expected, 'until')]
            for probe in probes:
                # what is said of the future is said for no new data
                known = dict(customer, events=[e for e in customer['events'] if e['at'] <= (t if len(probe) == 3 else probe[0])])
                if abs(probe[0]) > 200000000000000000 or not -62000000000000000 < probe[0] < 250000000000000000:
                    continue
                if judge.holds(condition, known, probe[0]) != probe[1]:
                    complain('UNTIL' if len(probe) == 3 else 'SINCE', label, 'truth', truth, 'since', since, 'until', until, 'but at', probe[0], timestamp(probe[0]), 'documented', not probe[1])
                    break
            else:
                passed += 1
    if os.environ.get('VERBOSE'):
        for reason, times in refused.most_common():
            print(times, 'x refused:', reason)
    print('%d conditions refused, %d questions that the page does not answer' % (sum(refused.values()), unsaid))
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
