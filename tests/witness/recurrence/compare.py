"""Compares the sandbox's occurrences of random series with an independent implementation.

Arguments: the program that queries the sandbox, the number of series, and the seed (default: random).
"""

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random, SystemRandom

sys.path.insert(0, str(Path(__file__).parent.parent))

import oracle  # noqa: E402
import rules  # noqa: E402

GRAPH_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Tokyo"]


class Sandbox:
    def __init__(self, program):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True)

    def ask(self, service, event, begin, end):
        asked = {"service": service, "event": event, "from": stamp(begin), "to": stamp(end)}
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return answer.get("starts", answer.get("error"))


def stamp(at):
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def shown(starts, all_day):
    return [at.date().isoformat() if all_day else stamp(at) for at in starts]


def window(random, start, all_day, often):
    """Returns a range at the start, inside the series, or far after the start, where the sandbox uses a shortcut."""
    begin = datetime(start.year, start.month, start.day, tzinfo=timezone.utc) - timedelta(2)
    days = random.choice([0, 0, 0, random.randrange(800), random.randrange(40 * 365)])
    begin += timedelta(days, 0 if all_day or not days else random.randrange(86400))
    return begin, begin + timedelta(120 if often else 990)


def google_event(one):
    if one.all_day:
        moment = lambda at: {"date": at.date().isoformat()}  # noqa: E731
        end = one.start + timedelta(1)
    else:
        moment = lambda at: {"dateTime": at.isoformat(), "timeZone": one.zone}  # noqa: E731
        end = one.start
    return {"start": moment(one.start), "end": moment(end), "recurrence": one.lines()}


def graph_event(random):
    zone = random.choice(GRAPH_ZONES)
    all_day = random.random() < 0.2
    start = rules.start_of(random, zone, all_day)
    kind = random.choice(["daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"])
    pattern = {"type": kind, "interval": random.choice([1, 1, 2, 3, 5])}
    if kind == "weekly":
        pattern["firstDayOfWeek"] = random.choice(oracle.WEEK)
    if kind == "weekly" or kind.startswith("relative"):
        pattern["daysOfWeek"] = random.sample(oracle.WEEK, random.randint(1, 7))
    if kind.startswith("relative"):
        pattern["index"] = random.choice(list(oracle.INDEX))
    if kind.startswith("absolute"):
        pattern["dayOfMonth"] = random.choice([1, 15, 28, 29, 30, 31])
    if kind.endswith("Yearly"):
        pattern["month"] = random.randint(1, 12)
    day = start.date()
    span = random.choice([
        {"type": "noEnd"},
        {"type": "numbered", "numberOfOccurrences": random.choice([1, 2, 10, 300])},
        {"type": "endDate", "endDate": (day + timedelta(random.choice([400, 4000]))).isoformat()},
    ])
    moment = lambda at: {"dateTime": at.isoformat(), "timeZone": zone}  # noqa: E731
    event = {
        "start": moment(start),
        "end": moment(start + timedelta(1) if all_day else start),
        "isAllDay": all_day,
        "recurrence": {"pattern": pattern, "range": {"startDate": day.isoformat(), **span}},
    }
    return event, zone


def compare_rule(sandbox, random, counts):
    one = rules.series(random)
    begin, end = window(random, one.start, one.all_day, one.rule["FREQ"] in ("DAILY", "WEEKLY"))

    def differs(one):
        try:
            expected = shown(oracle.starts(one, begin, end), one.all_day)
        except Exception:  # Without some parts the rule may be invalid.
            return False
        found = sandbox.ask("google", google_event(one), begin, end)
        return found != expected and not (isinstance(found, str) and one is not whole)

    whole = one
    expected = shown(oracle.starts(one, begin, end), one.all_day)
    counts.update(deviation.__name__ for deviation in oracle.DEVIATIONS if deviation(one))
    counts["with occurrences"] += bool(expected)
    found = sandbox.ask("google", google_event(one), begin, end)
    if found == expected:
        return True
    smallest = rules.smallest(one, differs)
    found = sandbox.ask("google", google_event(smallest), begin, end)
    report(one, smallest, begin, end, found, shown(oracle.starts(smallest, begin, end), smallest.all_day))
    return False


def compare_pattern(sandbox, random, counts):
    event, zone = graph_event(random)
    start, often = datetime.fromisoformat(event["start"]["dateTime"]), event["recurrence"]["pattern"]["type"] == "daily"
    begin, end = window(random, start, event["isAllDay"], often)
    expected = shown(oracle.pattern_starts(event, zone, begin, end), event["isAllDay"])
    found = sandbox.ask("graph", event, begin, end)
    none = "The recurrence has no occurrence."
    if found == expected or (found == none and not any_start(event, zone)):
        counts["patterns"] += 1
        counts["with occurrences"] += bool(expected)
        return True
    report(json.dumps(event), json.dumps(event["recurrence"]), begin, end, found, expected)
    return False


def any_start(event, zone):
    everywhere = datetime(1, 1, 2, tzinfo=timezone.utc), datetime(2200, 1, 1, tzinfo=timezone.utc)
    return oracle.pattern_starts(event, zone, *everywhere)


def report(whole, smallest, begin, end, found, expected):
    print(f"\nDIFFERENT\n{whole}\n\nsmallest series that differs:\n{smallest}\nfrom {stamp(begin)} to {stamp(end)}")
    if isinstance(found, str):
        print(f"the sandbox: {found}")
    else:
        print(f"only the sandbox: {[at for at in found if at not in expected][:8]}")
        print(f"only the oracle:  {[at for at in expected if at not in found][:8]}")


def main(program, many="3000", seed=None):
    seed = int(seed) if seed else SystemRandom().randrange(1 << 32)
    print(f"{many} series, seed {seed}", flush=True)
    sandbox, counts, failed = Sandbox(program), Counter(), 0
    for number in range(int(many)):
        # Each series has its own seed, so that one can be run alone.
        random = Random(f"{seed}/{number}")
        compare = compare_pattern if number % 5 == 4 else compare_rule
        failed += not compare(sandbox, random, counts)
        if failed == 5:
            break
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    if failed:
        sys.exit(f"{failed} series differ (seed {seed})")
    print(f"all {many} series agree")


main(*sys.argv[1:])
