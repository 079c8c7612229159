#!/usr/bin/env python3
"""Calls every function of persona with hostile arguments.

calls.py DIRECTORY [SEED [SECONDS]]: connects with psql as the environment says,
to a database that world.sql filled.  Each call must end with a right answer or
with an error that has an SQLSTATE of its own: never XX000, never the end of the
connection.
"""

import collections
import json
import os
import random
import re
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DOC = os.path.join(HERE, '..', '..', '..', 'doc', 'conditions.md')


class Psql:
    """A session of psql that is asked line by line."""

    def __init__(self, *settings):
        self.log = []
        self.process = subprocess.Popen(
            ['psql', '-qAtX', '-v', 'ON_ERROR_STOP=0'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, encoding='utf-8', errors='surrogateescape')
        for setting in ('client_min_messages = error',) + settings:
            self.process.stdin.write('SET %s;\n' % setting)

    def ask(self, statement):
        """The output of a statement, errors included; None if the connection ended."""
        try:
            self.process.stdin.write(statement + ';\n\\echo \x02\n')
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        lines = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                return None
            if line == '\x02\n':
                break
            lines.append(line.rstrip('\n'))
        answer = '\n'.join(lines)
        if re.search('server closed the connection|connection to server was lost|terminating connection', answer):
            return None
        return answer


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def documented_conditions():
    with open(DOC, encoding='utf-8') as file:
        return [block for block in re.findall(r'```json\n(.*?)```', file.read(), re.S)]


ODD_TEXTS = ['', ' ', 'x', "'", '"', '\\', '{}', '[]', 'null', 'name', 'at', 'persona.contact', 'h.orders', 'order', 'contact', '\u00e4', 'e\u0301',
             '\U0001f0a1', '\u202e', '\u0001', '%', '_%', 'NaN', '-0', '1e400', 'today', '30 days', 'x' * 70000, '{{customer.name}}', '{{', '}}',
             '$.a', 'pg_catalog.now()', '0', 'infinity', 'public', 'UTC', 'Europe/Berlin', 'h.customer', 'id', 'good', 'cart', '; DROP TABLE h.customer; --']
ODD_TIMES = ['now', 'infinity', '-infinity', '2026-03-31 12:00+02', '4714-11-24 00:00+00 BC', '294276-12-31 23:59:59.999999+00',
             '0001-01-01 00:00+00', '2000-01-01 00:00+00', '2026-03-29 01:00+00', '2026-10-25 01:00+00', '1970-01-01 00:00+00', '9999-12-31 23:59:59+00']
ODD_NUMBERS = ['0', '-0', '1', '-1', '0.5', '1e5', '1E+2', '1e400', '1e-400', '-1e131071', '9223372036854775807', '9223372036854775808', '2147483648',
               '0.1000000000000000000000000000000000000000001', '1' * 300, '0.0', '100.00', '1.0']
ODD_LENGTHS = ['1 day', '0 days', '-1 day', '30 days', '1 microsecond', '1 month', '292000 years', '106751991 days', '106751992 days', '9223372036854775807 microseconds',
               '9223372036854775808 microseconds', '1 day 1 day', '1.5 days', '1  day', 'day', '', '15250284452 weeks', '99999999999999999999 days', '24 hours', '36500000 days']
ODD_WORDS = ['today', 'yesterday', 'tomorrow', 'this week', 'last month', 'next quarter', 'this year', 'last 7 days', 'last 0 days', 'last 100000 days',
             'last 100001 days', 'last -1 days', 'Today', 'next decade', '2026-03-01', '2026-02-30', '0000-01-01', '9999-12-31', '2026-03-29 02:30', '2026-10-25 02:30',
             '2026-03-01 24:00', '2026-03-01 23:59:60', '2026-03-01T10:00:00.1234567Z', '2026-03-01 10:00+15:59', '2026-03-01 10:00+99', '0001-01-01']
COLUMNS = ['id', 'name', 'email', 'plan', 'clv', 'birthday', 'last_visit', 'contract_until', 'tags', 'profile', 'notes', 'home', 'domain_home', 'discount', 'labels', 'level',
           'marks', 'rating', 'small', 'joined', 'wake', 'stay', 'network', 'ref', 'raw', 'spot', 'span', 'bits', 'doc', 'words', 'nick', 'fixed', 'code', 'late', 'later',
           'doubled', 'time_zone', 'home.city', 'home.place', 'home.place.lat', 'domain_home.city', 'domain_home.place.label', 'profile.interests', 'profile.interests.0',
           'profile.interests.-1', 'profile.household.size', 'profile.deep', 'profile.deep' + '.0' * 60, 'notes.a.1', 'notes.a2.b.c', 'profile.', '.profile', 'profile..x', 'gone', 'gone_first',
           'nothing', 'ctid', 'tableoid', 'xmin', '........pg.dropped.1........', 'home.former', '', 'name.x', 'tags.0', 'ID', 'profile.n', 'profile.big']
PROPERTIES = ['amount', 'category', 'item_id', 'meta', 'meta.n', 'meta.s', 'due', 'qty', 'labels', 'id', 'placed_at', 'at', 'kind', 'page', 'starts_on', 'wall', 'place', 'customer_id',
              'contact_id', 'campaign', 'channel', 'score', 'send_at', 'outcome', 'details', 'rank', 'until', 'note', 'nope', 'gone']
KINDS = ['order', 'cart_add', 'view', 'booking', 'visit', 'part', 'contact', 'response', 'choice', 'undeclared', '']
OPERATORS = ['is', 'is_not', 'in', 'not_in', 'at_least', 'more_than', 'at_most', 'less_than', 'between', 'starts_with', 'ends_with', 'contains', 'like', 'matches',
             'contains_any', 'contains_all', 'contains_none', 'known', 'within_last', 'within_next', 'before', 'after', 'on', 'anniversary_within']


class Number(str):
    """A number that is written as it stands."""


def written(value, dice):
    """JSON text of a value, now and then with odd spelling."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return '{' + ', '.join('%s: %s' % (written(k, dice), written(v, dice)) for k, v in value.items()) + '}'
    if isinstance(value, list):
        return '[' + ', '.join(written(v, dice) for v in value) + ']'
    if isinstance(value, str) and dice.random() < 0.02:
        return '"' + ''.join('\\u%04x' % u for u in struct.unpack('<%dH' % (len(value.encode('utf-16-le', 'surrogatepass')) // 2), value.encode('utf-16-le', 'surrogatepass'))) + '"'
    return json.dumps(value, ensure_ascii=dice.random() < 0.5)


class Maker:
    """Makes conditions: most of them valid in form, many of them odd."""

    def __init__(self, dice):
        self.dice = dice
        self.documented = documented_conditions()

    def scalar(self):
        d = self.dice
        return d.choice([lambda: d.choice(ODD_TEXTS), lambda: Number(d.choice(ODD_NUMBERS)), lambda: d.choice([True, False]), lambda: d.choice(ODD_WORDS), lambda: d.choice(ODD_LENGTHS),
                         lambda: None, lambda: [], lambda: {}, lambda: d.choice(['gold', 'a', 'app', 'Berlin', 'c1', '1', '{1,2}', '00000000-0000-0000-0000-000000000000', '1 mon', '(,)']),
                         lambda: Number(str(d.randrange(-3, 1000)))])()

    def operand(self, op):
        d = self.dice
        if d.random() < 0.1:
            return self.scalar()
        if op in ('in', 'not_in', 'contains_any', 'contains_all', 'contains_none'):
            return [self.scalar() for _ in range(d.choice([0, 1, 2, 2, 3, 9]))]
        if op == 'between':
            return [self.scalar() for _ in range(2 if d.random() < 0.95 else d.randrange(4))]
        if op == 'known':
            return d.choice([True, False])
        if op in ('within_last', 'within_next'):
            return d.choice(ODD_LENGTHS)
        if op in ('before', 'after', 'on'):
            return d.choice(ODD_LENGTHS + ODD_WORDS * 2)
        if op == 'anniversary_within':
            return ['%d days' % d.randrange(-400, 10), '%d days' % d.randrange(-10, 400)]
        if op == 'matches':
            return d.choice(['a', '^', '(', '[', 'a{1,2}', 'a{2,1}', '(a*)*', '(?i)x', '\\y', '\\1', '(x)\\1', '[[:alpha:]]+', '***=x', '((((((((((a?){30}){30}', '.*' * 40, ''])
        if op == 'like':
            return d.choice(['%', '_', 'a%', '\\', 'a\\', '\\%', '%%%%%%%%', '', 'ä_', '%' + 'a%' * 30 + 'b'])
        return self.scalar()

    def attribute(self, names):
        d = self.dice
        op = d.choice(OPERATORS)
        made = {'attribute': d.choice(names), op: self.operand(op)}
        if d.random() < 0.1:
            made['case'] = d.choice(['ignore', 'ignore', 'respect'])
        if d.random() < 0.15:
            made['zone'] = d.choice(['Europe/Berlin', 'UTC', 'Asia/Tokyo', 'Nowhere/X', '', 'EST5EDT', '+02', 'Pacific/Apia', '<x>5'])
        return made

    def where(self, depth=0):
        d = self.dice
        if depth < 3 and d.random() < 0.3:
            return {d.choice(['all', 'any']): [self.where(depth + 1) for _ in range(d.randrange(4))]}
        if depth < 3 and d.random() < 0.1:
            return {'not': self.where(depth + 1)}
        return self.attribute(PROPERTIES)

    def comparison(self):
        op = self.dice.choice(OPERATORS[:9])
        return {op: self.operand(op)}

    def event(self):
        d = self.dice
        made = {'event': d.choice(KINDS[:9] if d.random() < 0.9 else KINDS)}
        if d.random() < 0.4:
            made['where'] = self.where()
        if d.random() < 0.4:
            made['within'] = d.choice(ODD_LENGTHS + ODD_WORDS)
        measure = d.choice(['', 'times', 'sum', 'avg', 'min', 'max', 'distinct', 'first', 'last', 'every'])
        if measure == 'times':
            made['times'] = {d.choice(OPERATORS[:9]): Number(str(d.randrange(5)))} if d.random() < 0.7 else self.comparison()
        elif measure in ('sum', 'avg', 'min', 'max', 'distinct'):
            made[measure] = d.choice(PROPERTIES)
            made.update({d.choice(['at_least', 'more_than', 'at_most', 'less_than', 'is']): Number(d.choice(ODD_NUMBERS))} if d.random() < 0.7 else self.comparison())
        elif measure in ('first', 'last'):
            made[measure] = {k: v for k, v in (('within', d.choice(ODD_LENGTHS + ODD_WORDS)), ('before', d.choice(ODD_LENGTHS + ODD_WORDS)), ('where', self.where())) if d.random() < 0.5}
        elif measure == 'every':
            made.pop('within', None)
            made['every'] = {'period': d.choice(ODD_LENGTHS), 'of': Number(str(d.choice([1, 2, 6, 1000, 1001, 0]))), d.choice(['at_least', 'is', 'more_than']): Number(str(d.choice([0, 1, 3, 1000])))}
        if d.random() < 0.1:
            made['per'] = d.choice(PROPERTIES)
        return made

    def sequence(self):
        d = self.dice
        steps = []
        for place in range(d.choice([1, 2, 2, 3, 4, 33])):
            step = {'no' if place and d.random() < 0.3 else 'event': d.choice(KINDS)}
            for key, value in (('where', lambda: self.where()), ('within', lambda: d.choice(ODD_LENGTHS)), ('after', lambda: d.choice(ODD_LENGTHS)),
                               ('same', lambda: [d.choice(PROPERTIES) for _ in range(d.randrange(1, 3))]), ('times', lambda: Number(str(d.choice([1, 2, 3, 32, 33])))),
                               ('as', lambda: d.choice(['a', 'cart', '', 'customer', 'event'])), ('for', lambda: d.choice(ODD_LENGTHS))):
                if d.random() < 0.12:
                    step[key] = value()
            steps.append(step)
        if d.random() < 0.5:
            steps.append({'no': d.choice(KINDS), 'for': d.choice(ODD_LENGTHS)})
        made = {'sequence': steps}
        if d.random() < 0.5:
            made['within'] = d.choice(ODD_LENGTHS)
        if d.random() < 0.2:
            made['per'] = d.choice(PROPERTIES)
        return made

    def tree(self, depth=0):
        d = self.dice
        r = d.random()
        if depth < 4 and r < 0.2:
            return {d.choice(['all', 'any']): [self.tree(depth + 1) for _ in range(d.randrange(4))]}
        if depth < 4 and r < 0.3:
            return {'not': self.tree(depth + 1)}
        if r < 0.34:
            return {'cohort': d.choice(['good', 'active', 'nobody', ''])}
        if r < 0.37:
            return {'bucket': {'seed': d.choice(ODD_TEXTS), 'from': Number(d.choice(['0', '0.5', '-0', '1e-5', '0.99999', '2'])), 'to': Number(d.choice(['1', '0.5', '1.0', '0.50001']))}}
        if r < 0.6:
            return self.attribute(COLUMNS)
        if r < 0.85:
            return self.event()
        return self.sequence()

    def mutated(self, text):
        d = self.dice
        for _ in range(d.choice([1, 1, 2, 5])):
            at = d.randrange(len(text) + 1)
            to = min(len(text), at + d.choice([0, 1, 1, 3, 20]))
            bit = d.choice(['', '"', '{', '}', '[', ']', ',', ':', '\\', '\\u0000', '\\ud800', '\\udc00\\ud800', '\x01', '\\u0001', '1e999999999', '-', '.', 'null', 'NaN', 'Infinity',
                            '{"all": [', '"attribute"', '"not": ', text[at:to] * 3, text[:at], '\ufeff', '\u00a0', '//', '/**/', "'", '0', ' ' * 50, '\U0010ffff', text])
            text = text[:at] + bit + text[to:]
            if len(text) > 100000:
                break
        return text.replace('\x00', '')

    def condition(self):
        d = self.dice
        r = d.random()
        if r < 0.15:
            return d.choice(self.documented)
        if r < 0.25:
            return self.mutated(d.choice(self.documented))
        if r < 0.27:
            n = d.choice([10, 63, 64, 65, 1000, 100000])
            return d.choice(['{"not": ' * n + '{"all": []}' + '}' * n, '{"all": [' * n + ']}' * n, '[' * n, '{"all": [%s]}' % ', '.join(['{"event": "order"}'] * min(n, 10001))])
        text = written(self.tree(), d)
        return self.mutated(text) if r < 0.35 else text


class Calls:
    def __init__(self, seed, directory):
        self.dice = random.Random(seed)
        self.maker = Maker(self.dice)
        self.directory = directory
        self.files = 0

    def text(self):
        return quoted(self.dice.choice(ODD_TEXTS)) + '::text'

    def program(self):
        d = self.dice
        r = d.random()
        if r < 0.4:
            return 'persona.program()'
        if r < 0.6:
            return 'persona.program_for(%s)' % self.condition()
        if r < 0.65:
            return 'NULL::persona.program'
        if r < 0.85:
            path = d.choice(['{}', '{customers}', '{events}', '{cohorts}', '{cohorts,0}', '{cohorts,0,condition}', '{triggers,0,condition}', '{triggers,0,open_for}', '{campaigns,0}', '{campaigns,0,value}',
                             '{campaigns,0,channels}', '{channels,0,cost}', '{channels,0,open_hours}', '{messages,0,body}', '{policies,0,period}', '{policies,0,max_contacts}', '{events,0,relation}', '{events,0,equality}', '{events,1,customer}', '{events,1,at}', '{events,1,sequence}',
                             '{events,1,kind}', '{customers,relation}', '{customers,key}', '{customers,default_time_zone}', '{events,1,kinds}', '{campaigns,0,channels,0,channel}', '{experiences}', '{nonsense}',
                             '{campaigns,0,priority}', '{campaigns,0,starts_at}', '{version}', '{persona}'])
            value = d.choice(['null', '[]', '{}', '1', '-1', '"x"', '""', 'true', '1e400', '9223372036854775808', '[null]', '[[]]', '{"a": 1}', '"2026-01-01"', '"' + 'x' * 100 + '"', '0.5', '"NaN"', '"id"', '"h.orders"', '"= 1 +"', '"OPERATOR(pg_catalog.<)"'])
            return d.choice(["jsonb_set(persona.program()::jsonb, '%s', '%s')::persona.program" % (path, value), "(persona.program()::jsonb #- '%s')::persona.program" % path])
        if r < 0.9:
            return "overlay(persona.program()::text placing %s from %d for %d)::persona.program" % (quoted(d.choice(['"', '{', '0', 'x', '\\u0000', '[1,', ''])), d.randrange(1, 3000), d.randrange(0, 3))
        return quoted(d.choice(['{}', '[]', 'null', '1', '""', '{"cohorts": [{}]}', '{"persona": 1}', '{"campaigns": [[]]}'])) + '::persona.program'

    def condition(self):
        return 'NULL::persona.condition' if self.dice.random() < 0.02 else quoted(self.maker.condition()) + '::persona.condition'

    def timeline(self):
        d = self.dice
        r = d.random()
        if r < 0.15:
            return 'NULL::persona.timeline'
        made = "(SELECT persona.timeline(persona.program(), %s, e) FROM %s AS e%s)" % d.choice([
            ("'h.orders'", 'h.orders', ' WHERE customer_id = 1'), ("'h.click'", 'h.click', ''), ("'persona.contact'", 'persona.contact', ''), ("'h.visit'", 'h.visit', ''),
            ("'h.booking'", 'h.booking', ''), ("'h.parted'", 'h.parted', ''), ("'h.orders'", 'h.click', ''), ("'nope'", 'h.click', ''), ("'h.parted'", 'h.part_1', '')])
        if r < 0.5:
            return made
        if r < 0.6:
            return '%s OPERATOR(persona.||) %s' % (made, made)
        if r < 0.65:
            return quoted(d.choice(['', 'AAAA', 'A' * 1000, '////', '=' * 8])) + '::persona.timeline'
        # some bytes of a real one are replaced
        return ("(SELECT encode(%s, 'base64')::persona.timeline FROM (SELECT persona.timeline_send(%s) AS b) AS t)" %
                (self.bent('b'), made))

    def bent(self, name):
        d = self.dice
        expression = name
        for _ in range(d.choice([1, 1, 1, 2, 4])):
            at = d.choice(['(%d %% length(%s))' % (d.randrange(64), name), '(%d %% length(%s))' % (d.randrange(100000), name)])
            expression = d.choice(['set_byte(%s, %s, %d)' % (expression, at, d.choice([0, 1, 127, 128, 255])),
                                   'set_byte(%s, %s, %d)' % (expression, at, d.randrange(256))])
        if d.random() < 0.15:
            expression = d.choice(["%s || '\\x0000000000000001'::bytea", "substr(%s, 1, " + str(d.randrange(200)) + ')', "substr(%s, " + str(d.randrange(1, 60)) + ')']) % expression
        return expression

    def instant(self):
        d = self.dice
        return 'NULL::timestamptz' if d.random() < 0.03 else quoted(d.choice(ODD_TIMES if d.random() < 0.6 else ODD_TIMES[3:4])) + '::timestamptz'

    def row(self):
        d = self.dice
        r = d.random()
        if r < 0.65:
            return '(SELECT c FROM h.customer AS c WHERE id = %s)' % d.choice(['1', '2', '3', '4', '9223372036854775807', '101', '201', '999'])
        return d.choice(['NULL::h.customer', 'ROW(1, 2)', 'ROW()', "1", "'x'::text", "NULL::integer", '(SELECT c FROM h.child AS c)', "(SELECT o FROM h.orders AS o WHERE id = 1)", 'NULL::h.orders',
                         "(SELECT s FROM (SELECT 1 AS id, 'gold' AS plan) AS s)", '(SELECT e FROM h.empty_row AS e)', "(SELECT v FROM h.seen AS v WHERE id = 1)", "(SELECT c.home FROM h.customer AS c WHERE id = 1)",
                         "(SELECT c.domain_home FROM h.customer AS c WHERE id = 1)", "(SELECT array_agg(c) FROM h.customer AS c)", "(SELECT p FROM h.parted AS p WHERE id = 1)", "(SELECT p FROM h.part_1 AS p)",
                         "(SELECT c.profile FROM h.customer AS c WHERE id = 1)", "(SELECT x FROM h.other AS x)", "(SELECT c FROM persona.campaign AS c LIMIT 1)", "(SELECT k FROM persona.contact AS k LIMIT 1)",
                         "jsonb_populate_record(NULL::h.customer, '{\"id\": 5}')", "('{1,2}'::integer[])", "(SELECT (c.home).place FROM h.customer AS c WHERE id = 1)", "'(1)'::record", "now()",
                         "(SELECT t FROM persona.truth(NULL::h.customer, '{\"all\": []}') AS t)", "(SELECT k FROM pg_class AS k LIMIT 1)", "jsonb_populate_record(NULL::h.seen, '{\"id\": 1}')"])

    def json(self):
        d = self.dice
        return quoted(d.choice(['[]', '{}', 'null', '[null]', '[1]', '[{}]', '[{"name": "x"}]', '[{"name": "x", "condition": {"all": []}}]', '[{"name": "a", "condition": {"cohort": "a"}}]',
                                '{"channel": "email"}', '[' * 200 + ']' * 200, '[{"name": "x", "name": "y"}]', '{"a": "\\u0041"}', '[%s]' % self.maker.condition() if d.random() < 0.5 else '1']))

    def argument(self, kind):
        d = self.dice
        if d.random() < 0.02:
            return 'NULL'
        if kind == 'persona.program':
            return self.program()
        if kind == 'persona.condition':
            return self.condition()
        if kind == 'persona.timeline':
            return self.timeline()
        if kind == 'persona.hours':
            return quoted(d.choice(['always', 'never', 'daily 22:00-07:00', 'Mon-Fri 09:00-18:00', 'Mon 24:00-25:00', '', ';;;', 'Mon' + ',Mon' * 1000 + ' 00:00-24:00', 'Sun-Sat 00:00-00:00'])) + '::persona.hours'
        if kind in ('anyelement', 'record', 'anycompatible', 'h.customer'):
            return self.row()
        if kind == 'timestamp with time zone':
            return self.instant()
        if kind == 'interval':
            return quoted(d.choice(['1 day', '0', '-1 day', '1 mon', '178000000 years', '365250 days', '999999999 days 999999999 hours', '1 microsecond', '1 year', '36525000 days'])) + '::interval'
        if kind in ('text', 'cstring', 'name', 'character varying'):
            return quoted(d.choice(ODD_TEXTS)) + ('::' + kind if kind != 'cstring' or d.random() < 0.5 else '')
        if kind in ('json', 'jsonb'):
            return self.json() + '::' + kind
        if kind in ('integer', 'bigint', 'smallint', 'numeric', 'double precision', 'real', 'oid'):
            return quoted(d.choice({'smallint': ['0', '1', '-1', '32767'], 'integer': ['0', '1', '-1', '5', '2147483647', '-2147483648'],
                                    'bigint': ['0', '1', '2', '4', '-1', '9223372036854775807', '-9223372036854775808', '2147483648'], 'oid': ['0', '1', '23', '25', '1184', '4294967295', '1259', '600'],
                                    }.get(kind, ['0', '1', '-1', 'NaN', '0.5', 'Infinity', '-Infinity', '1e30']))) + '::' + kind
        if kind == 'boolean':
            return d.choice(['true', 'false'])
        if kind == 'regclass':
            return d.choice(["'h.customer'", "'h.orders'", "'h.seen'", "'h.empty_row'", "'pg_class'", '0', '4294967295', "'persona.cohort'", "'h.parted'", "'persona.contact'", "'h.other'", "'h.address'"]) + '::regclass'
        if kind == 'bytea':
            return "decode('%s', 'hex')" % d.choice(['', '00', 'ff' * 32, '00' * 1000])
        if kind == 'uuid':
            return "'00000000-0000-0000-0000-000000000000'::uuid"
        if kind.endswith('[]'):
            return d.choice(["'{}'", "'{NULL}'", "'{x,y}'" if 'text' in kind else "'{1,2}'", "'{{a,b},{c,d}}'" if 'text' in kind else "'{{1},{2}}'", "'[0:1]={1,2}'"]) + '::' + kind
        return 'NULL::' + kind

    def call(self, function):
        """A statement that calls a function (name, kind, set, argument types, number of defaults)."""
        name, kind, is_set, types, defaults = function
        given = types[:len(types) - self.dice.randrange(defaults + 1)] if defaults else types
        arguments = ', '.join(self.argument(t) for t in given)
        if kind == 'p':
            return 'CALL %s(%s)' % (name, arguments)
        if kind == 'a' and self.dice.random() < 0.5:
            arguments = ', '.join('e' if t == 'anyelement' else self.argument(t) for t in given)
            return 'SELECT %s(%s)::text FROM %s AS e' % (name, arguments, self.dice.choice(['h.orders', 'h.click', 'h.visit', 'h.booking', 'h.parted', 'persona.contact', 'h.customer']))
        if name.endswith('_of_all') and kind == 'f' and is_set:
            shape = {'masks': 'persona.mask', 'memberships': 'persona.membership', 'openings': 'persona.opening', 'decisions': 'persona.decision', 'candidates': 'persona.candidate'}.get(
                name.split('.')[-1][:-len('_of_all')])
            if shape:
                columns = 'customer bigint, answer ' + shape
                if self.dice.random() < 0.2:
                    columns = self.dice.choice(['customer text, answer ' + shape, 'answer ' + shape, 'customer bigint, answer text', 'customer bigint, answer persona.mask', 'a integer',
                                                'customer bigint, answer %s, more integer' % shape])
                return 'SELECT string_agg(x::text, \',\') FROM %s(%s) AS x (%s)' % (name, arguments, columns)
        if is_set:
            return 'SELECT string_agg(x::text, \',\') FROM %s(%s) AS x' % (name, arguments)
        return 'SELECT %s(%s)::text' % (name, arguments)

    def binary(self):
        """A COPY of crafted bytes into a column of one of our types."""
        d = self.dice
        kind = d.choice(['condition', 'hours', 'program', 'timeline'])
        if kind == 'timeline':
            value = bytes(d.choice([0, 1, 2, 8, 255, 128, d.randrange(256)]) for _ in range(d.choice([0, 4, 8, 16, 24, 32, 48, 64, 200])))
        else:
            value = (self.maker.condition() if kind != 'hours' else 'Mon 09:00-10:00').encode('utf-8', 'surrogatepass')
            if d.random() < 0.5 and value:
                at = d.randrange(len(value))
                value = value[:at] + bytes([d.choice([0, 255, 192, 1, 237])]) + value[at + d.randrange(2):]
        path = os.path.join(self.directory, 'bytes%d' % (self.files % 50))
        self.files += 1
        with open(path, 'wb') as file:
            file.write(b'PGCOPY\n\xff\r\n\0' + struct.pack('>iihi', 0, 0, 1, len(value)) + value + struct.pack('>h', -1))
        os.chmod(path, 0o644)
        return 'COPY h.binary_%s FROM %s (FORMAT binary)' % (kind, quoted(path))

    def custom(self):
        """Questions that end in the views and the made functions, and definitions that are stored."""
        d = self.dice
        return d.choice([
            lambda: 'SELECT count(*)::text || max(body) FROM persona.next_message_at(%s)' % self.instant(),
            lambda: 'SELECT string_agg(e::text, \',\') FROM h.customer AS c CROSS JOIN LATERAL persona.explain(c.id, %s) AS e' % self.instant(),
            lambda: 'SELECT count(*)::text FROM persona.cohort_member_at(%s)' % self.instant(),
            lambda: 'SELECT count(*)::text FROM persona.open_trigger_at(%s)' % self.instant(),
            lambda: 'INSERT INTO persona.cohort (name, condition, value) VALUES (%s, %s, %s)' % (self.argument('text'), self.condition(), self.argument('numeric')),
            lambda: 'INSERT INTO persona.trigger (name, condition, open_for) VALUES (%s, %s, %s)' % (self.argument('text'), self.condition(), self.argument('interval')),
            lambda: 'UPDATE persona.campaign SET value = %s, weight = %s, goal = %s, starts_at = %s, max_contacts_within = %s WHERE name = \'cart\'' % (
                self.argument('numeric'), self.argument('numeric'), self.condition(), self.instant(), self.argument('interval')),
            lambda: 'UPDATE persona.message SET body = %s, condition = %s WHERE name = \'m1\'' % (
                quoted(d.choice(['{{', '{{customer.%s|x}}' % d.choice(COLUMNS), '{{event.%s|}}' % d.choice(PROPERTIES), '{{cart.%s}}' % d.choice(PROPERTIES), '{{a.b.c.d}}', '{{{{', '{{customer.}}', 'x' * 100000])), self.condition()),
            lambda: 'SELECT string_agg(coalesce(persona.holds(c, %s, %s)::text, \'-\'), \',\' ORDER BY id) FROM h.customer AS c' % (self.condition(), self.instant()),
            lambda: 'SELECT string_agg(coalesce(persona.truth(c, %s, %s)::text, \'-\'), \',\' ORDER BY id) FROM h.customer AS c' % (self.condition(), self.instant()),
            lambda: 'SELECT count(*)::text FROM h.customer AS c WHERE persona.holds(c, %s)' % self.condition(),
            lambda: "WITH p AS MATERIALIZED (SELECT %s AS p) SELECT string_agg(d::text, ',') FROM p, h.customer AS c CROSS JOIN LATERAL persona.candidates(p.p, c, NULL, %s) AS d" % (self.program(), self.instant()),
            lambda: "WITH p AS MATERIALIZED (SELECT %s AS p) SELECT string_agg(d::text, ',') FROM p, h.customer AS c CROSS JOIN LATERAL persona.triggers(p.p, c, (SELECT persona.timeline(p.p, 'h.orders', o) FROM h.orders AS o WHERE customer_id = c.id), %s) AS d" % (self.program(), self.instant()),
            self.binary])()


def main():
    directory = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 15
    session = Psql("timezone = 'Europe/Berlin'", "statement_timeout = '5s'")
    functions = []
    listed = session.ask("""SELECT concat_ws('|', p.oid::regproc, p.prokind, p.proretset, p.pronargdefaults,
        (SELECT coalesce(string_agg(format_type(t, NULL), ';' ORDER BY n), '') FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n)))
        FROM pg_proc AS p WHERE p.pronamespace = 'persona'::regnamespace AND p.prorettype <> 'trigger'::regtype AND p.prorettype <> 'event_trigger'::regtype
        AND 'internal'::regtype <> ALL (p.proargtypes::oid[]) ORDER BY 1""")
    for line in listed.split('\n'):
        name, kind, is_set, defaults, types = line.split('|')
        functions.append((name, kind, is_set == 't', [t for t in types.split(';') if t], int(defaults)))
    for kind in ('condition', 'hours', 'program', 'timeline'):
        session.ask('CREATE TABLE IF NOT EXISTS h.binary_%s (value persona.%s)' % (kind, kind))
    calls = Calls(seed, directory)
    states = collections.Counter()
    bad = []
    slow = []
    end = time.time() + seconds
    asked = 0
    only = os.environ.get('ONLY')
    if only:
        functions = [f for f in functions if only in f[0]]
    while time.time() < end:
        statement = calls.custom() if not only and calls.dice.random() < 0.5 else calls.call(calls.dice.choice(functions))
        asked += 1
        began = time.time()
        answer = session.ask('SELECT h.try(%s)' % quoted(statement))
        took = time.time() - began
        if took > 1:
            slow.append((took, statement))
        if answer is None:
            bad.append(('the connection ended', statement))
            time.sleep(2)
            session = Psql("timezone = 'Europe/Berlin'", "statement_timeout = '5s'")
            continue
        state = answer[:5] if not answer.startswith('ok') else 'ok'
        states[state] += 1
        if os.environ.get('STATES') and state in os.environ['STATES']:
            print(answer[:300], '|', statement[:700])
        if state.startswith('XX') or answer.startswith('ERROR') and 'statement timeout' not in answer and 'invalid byte sequence' not in answer or state in ('P0004', '58000'):
            bad.append((answer, statement))
    for why, statement in bad[:int(os.environ.get('SHOW', 10))]:
        print('BAD %s\n    %s' % (why[:600], statement[:3000]))
    for took, statement in sorted(slow, reverse=True)[:5]:
        print('SLOW %.1f s\n    %s' % (took, statement[:1500]))
    print(asked, 'calls', dict(states))
    print('%d passed, %d failed' % (asked - len(bad), len(bad)))
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
