"""schema.py draw SEED SCALE | compare FILE - the JSON Schema against the reader.

draw writes definitions as CSV: the examples of doc/conditions.md, random valid
ones, and mutations of both.  compare reads them with the reader's verdicts and
asks the schema.  The two must agree; where the reader refuses more, its reason
must be one that no schema can give (see BEYOND).  And each word that the reader
knows must be a word of the schema, and the other way round.
"""
import copy
import csv
import json
import random
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# What the schema's $comment says that it cannot say, in the reader's words.
BEYOND = [
    r"the range is empty", r"the window is empty", r"the gap is empty", r"the bucket is empty",
    r"the sequence is over before its absence is", r"is not a whole number of days", r"reaches at most 366 days",
    r"an absence at the end needs a deadline", r"an absence between two steps lasts",
    r"two steps are named", r"more than 32 steps", r"a number of periods from 1 to 1000 is expected",
    r"a number from 1 to 32 is expected", r"periods are too long together",
    r'"per" has no meaning without events', r'"per" inside of "per"', r"invalid regular expression",
    r"is not a length of time: .*(too|large|range)", r"conditions are nested more than 64 deep",
]

LENGTHS = ["30 days", "1 hour", "1 day 12 hours", "2 weeks", "1 microsecond", "90 minutes"]
CALENDAR = ["today", "yesterday", "this week", "last month", "last 7 days", "this year", "last 1 day"]
DATES = ["2026-03-01", "2026-03-01 10:00", "2026-03-01T10:00:00+01:00"]
VALUES = ["gold", "", "a", 1, 0, -2.5, 1e3, True, False]
COMPARISONS = ["is", "is_not", "in", "not_in", "at_least", "more_than", "at_most", "less_than", "between"]


class Maker:
    """Makes random definitions that the reader accepts, by and large."""

    def __init__(self, dice):
        self.dice = dice

    def maybe(self, chance=0.3):
        return self.dice.random() < chance

    def comparison(self, values):
        operator = self.dice.choice(COMPARISONS)
        if operator in ("in", "not_in"):
            return {operator: [self.dice.choice(values) for _ in range(self.dice.randint(1, 3))]}
        if operator == "between":
            return {operator: sorted(self.dice.choice(values) for _ in range(2))}
        return {operator: self.dice.choice(values)}

    def test(self):
        operator = self.dice.choice(COMPARISONS + [
            "starts_with", "ends_with", "contains", "like", "matches", "contains_any", "contains_all", "contains_none",
            "known", "within_last", "within_next", "before", "after", "on", "anniversary_within"])
        test = {}
        if operator in COMPARISONS:
            test = self.comparison([1, 2, 7.5])
        elif operator in ("starts_with", "ends_with", "contains", "like", "matches"):
            test[operator] = self.dice.choice(["", "a", "ab%", "x.y"])
        elif operator.startswith("contains_"):
            test[operator] = [self.dice.choice(VALUES) for _ in range(self.dice.randint(1, 2))]
        elif operator == "known":
            test[operator] = self.maybe(0.5)
        elif operator in ("within_last", "within_next"):
            test[operator] = self.dice.choice(LENGTHS)
        elif operator in ("before", "after"):
            test[operator] = self.dice.choice(LENGTHS + CALENDAR + DATES)
        elif operator == "on":
            test[operator] = self.dice.choice(CALENDAR + DATES)
        else:
            test[operator] = self.dice.choice([["-2 days", "7 days"], ["0 days", "0 days"], ["-1 week", "3 days"]])
        key = next(iter(test))
        if key in ("is", "is_not", "in", "not_in", "starts_with", "ends_with", "contains", "like", "matches") and self.maybe(0.2):
            test["case"] = "ignore"
        if key in ("within_last", "within_next", "before", "after", "on", "anniversary_within") and self.maybe():
            test["zone"] = "Europe/Berlin"
        return test

    def where(self, depth):
        kind = self.dice.choice(["attribute"] * 3 + ["all", "any", "not"]) if depth > 0 else "attribute"
        if kind == "attribute":
            return {"attribute": self.dice.choice(["price", "data.a.b", "at"]), **self.test()}
        if kind == "not":
            return {"not": self.where(depth - 1)}
        return {kind: [self.where(depth - 1) for _ in range(self.dice.randint(0, 2))]}

    def one(self):
        one = {}
        if self.maybe(0.5):
            one["within"] = self.dice.choice(LENGTHS + CALENDAR)
        if self.maybe(0.5):
            one["before"] = self.dice.choice(CALENDAR)
        if self.maybe() or not one:
            one["where"] = self.where(1)
        return one

    def event(self):
        event = {"event": self.dice.choice(["order", "view"])}
        measure = self.dice.choice([None, "times", "sum", "avg", "min", "max", "distinct", "first", "last", "every", "gap"])
        if self.maybe():
            event["where"] = self.where(1)
        if measure != "every" and self.maybe(0.4):
            event["within"] = self.dice.choice(LENGTHS + CALENDAR)
        if measure != "every" and self.maybe(0.2):
            event["before"] = self.dice.choice(CALENDAR)
        if measure == "times":
            event["times"] = self.comparison([0, 1, 5])
        elif measure in ("first", "last"):
            event[measure] = self.one()
        elif measure == "every":
            event["every"] = {"period": "30 days", "of": self.dice.randint(1, 9), **self.comparison([0, 1, 2])}
        elif measure == "gap":
            event["gap"] = self.dice.choice(["longest", "shortest", "last", "average"])
            event.update(self.comparison(["1 hour", "1 day", "3 days"]))
        elif measure is not None:
            event[measure] = "amount"
            event.update(self.comparison([0, 1, 2.5]))
        if self.maybe(0.2):
            event["zone"] = "UTC"
            event.setdefault("within" if measure != "every" else "where", "today" if measure != "every" else self.where(0))
        return event

    def sequence(self):
        steps = [{"event": "a"}]
        for number in range(self.dice.randint(0, 3)):
            step = {"event": "b"} if self.maybe(0.7) else {"no": "c"}
            if self.maybe(0.3):
                step["same"] = ["item"]
            if self.maybe(0.3):
                step["where"] = self.where(1)
            if "event" in step and self.maybe(0.3):
                step[self.dice.choice(["within", "after"])] = self.dice.choice(LENGTHS)
            if "event" in step and self.maybe(0.2):
                step["as"] = "name_%d" % number
            if "event" in step and self.maybe(0.2):
                step["times"] = self.dice.randint(1, 4)
            steps.append(step)
        last = len(steps) - 1
        while "no" in steps[last]:
            steps[last]["for"] = "1 hour"
            last -= 1
        sequence = {"sequence": steps}
        if self.maybe():
            sequence["within"] = "3 days"
        if self.maybe(0.2):
            sequence["completed_within"] = self.dice.choice(LENGTHS)
        return sequence

    def condition(self, depth, per=True):
        kind = self.dice.choice(["attribute", "event", "event", "sequence", "cohort", "bucket"]
                                + (["all", "any", "not", "held"] if depth > 0 else []))
        if kind == "attribute":
            return self.where(0)
        if kind == "cohort":
            return {"cohort": "vip"}
        if kind == "bucket":
            return {"bucket": {"seed": "s", "from": 0.0, "to": self.dice.choice([0.5, 1])}}
        keyed = per and kind in ("event", "sequence", "held") and self.maybe(0.15)
        inner = per and not keyed
        if kind == "event":
            made = self.event()
        elif kind == "sequence":
            made = self.sequence()
        elif kind == "not":
            made = {"not": self.condition(depth - 1, inner)}
        elif kind == "held":
            made = {"held": self.event() if keyed else self.condition(depth - 1, inner), "for": "3 days"}
        else:
            made = {kind: [self.condition(depth - 1, inner) for _ in range(self.dice.randint(0, 3))]}
        if keyed:
            made["per"] = "order_id"
        return made


def places(node, path=()):
    """Lists the paths to all values inside of a definition."""
    yield path
    if isinstance(node, dict):
        for key in node:
            yield from places(node[key], path + (key,))
    elif isinstance(node, list):
        for number, item in enumerate(node):
            yield from places(item, path + (number,))


def at(node, path):
    for key in path:
        node = node[key]
    return node


def mutate(dice, definition, words, values):
    """Changes one thing: a value, a key, a key more, a key less, an item more or less."""
    changed = {"": copy.deepcopy(definition)}
    path = ("",) + dice.choice(list(places(definition)))
    node = at(changed, path)
    parent = at(changed, path[:-1])
    what = dice.randrange(6)
    if what == 0 or not isinstance(node, (dict, list)):
        parent[path[-1]] = copy.deepcopy(dice.choice(values))
    elif isinstance(node, dict) and node:
        key = dice.choice(list(node))
        if what == 1:
            del node[key]
        elif what == 2:
            parent[path[-1]] = {dice.choice(words) if k == key else k: v for k, v in node.items()}
        else:
            node.setdefault(dice.choice(words), copy.deepcopy(dice.choice(values)))
    elif isinstance(node, list) and node:
        if what < 3:
            del node[dice.randrange(len(node))]
        else:
            node.insert(dice.randrange(len(node) + 1), copy.deepcopy(dice.choice(values)))
    else:
        parent[path[-1]] = copy.deepcopy(dice.choice(values))
    return changed[""]


def schema():
    return json.loads((TOP / "doc/condition.schema.json").read_text(encoding="utf-8"))


def schema_words(node):
    """Lists the keys that the schema speaks of."""
    words = set()
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            words |= set(node["properties"])
        for value in node.values():
            words |= schema_words(value)
    elif isinstance(node, list):
        for item in node:
            words |= schema_words(item)
    return words


def reader_words():
    """Lists the keys that the reader looks for."""
    source = (TOP / "src/condition/reader.c").read_text(encoding="utf-8")
    words = set(re.findall(r'\{"([a-z_]+)", PERSONA_', source))
    words |= set(re.findall(r'(?:persona_json_member|need_member)\([a-z>-]+, "([a-z_]+)"', source))
    for listed in re.findall(r"(?:allowed|_keys|outer)\[\] = \{([^}]*)\}", source):
        words |= set(re.findall(r'"([a-z_]+)"', listed))
    return words


def examples():
    """Lists the examples of the documentation, the refused ones included."""
    text = (TOP / "doc/conditions.md").read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def draw(seed, scale):
    dice = random.Random(seed)
    maker = Maker(dice)
    words = sorted(schema_words(schema())) + ["", "Event", "at least", "zones"]
    values = (VALUES + LENGTHS[:2] + CALENDAR[:2] + DATES[:2]
              + [None, [], {}, [1], ["a", "b"], ["1 hour"], [1, 2], "ignore", "longest", "-2 days", "0 days", "1 month", "30",
                 ["-2 days", "7 days"], 3, 6.0, 33, 1001, 2, "customer", "x y", ["item"], {"at_least": 3}, {"is": "a"},
                 {"event": "order"}, {"attribute": "a", "is": 1}, {"cohort": "vip"}, {"no": "x"}, {"no": "x", "for": "1 hour"},
                 {"within": "30 days"}, {"all": []}, [{"event": "a"}], {"period": "1 day", "of": 3, "is": 1}])
    known = examples()
    known += [maker.condition(3) for _ in range(int(700 * scale))]
    drawn = list(known)
    for _ in range(int(2300 * scale)):
        changed = dice.choice(known)
        for _ in range(dice.choice([1, 1, 2])):
            changed = mutate(dice, changed, words, values)
        drawn.append(changed)
    csv.writer(sys.stdout, quoting=csv.QUOTE_ALL).writerows([json.dumps(d, ensure_ascii=False)] for d in drawn)


def compare(file):
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema())
    jsonschema.Draft202012Validator.check_schema(schema())
    beyond = re.compile("|".join(BEYOND))
    passed = failed = accepted = 0
    reasons = set()

    def check(good, text):
        nonlocal passed, failed
        passed += good
        failed += not good
        if not good and failed <= 20:
            print("not ok " + text)

    for words, others, what in ((reader_words(), schema_words(schema()), "the reader but not the schema"),
                                (schema_words(schema()), reader_words(), "the schema but not the reader")):
        for word in sorted(words):
            check(word in others, '"%s" is a word of %s' % (word, what))
    with open(file, newline="", encoding="utf-8") as rows:
        for text, verdict in csv.reader(rows):
            valid = validator.is_valid(json.loads(text))
            reader = verdict == "accepted"
            accepted += reader
            if valid and not reader:
                found = beyond.search(verdict)
                if found:
                    reasons.add(found.group(0))
                check(found is not None, "the schema accepts %s\n    the reader: %s" % (text, verdict))
            else:
                check(valid == reader, "the schema refuses %s\n    the reader: %s" % (text, verdict))
    check(accepted > passed / 5, "only %d definitions are accepted" % accepted)
    check(passed - accepted > passed / 5, "only %d definitions are refused" % (passed - accepted))
    print("# %d accepted; %d kinds of reasons beyond the schema" % (accepted, len(reasons)))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    if sys.argv[1] == "draw":
        draw(sys.argv[2], float(sys.argv[3]))
    else:
        sys.exit(compare(sys.argv[2]))
