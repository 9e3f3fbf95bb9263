"""Compares the library's conversions of recurrence rules with independent expansions.

Usage: conversions.py PROGRAM RULES [SEED]

Creates random rules and has PROGRAM convert each to a Microsoft Graph pattern and back, to a Google line, to a Connect object
and to the text of `Recurrence`. Compares the dates of rules with `dateutil`, and the dates of patterns with an expansion
written from Graph's documentation. A rule may only be refused if Graph or `Recurrence` cannot express it. Exits with 1 if
a rule differs.
"""

import calendar
import json
import random
import subprocess
import sys
import warnings
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from itertools import islice

from dateutil.rrule import rrulestr
from dateutil.tz import gettz

warnings.simplefilter("ignore", DeprecationWarning)

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ZONES = [
    "America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo", "Asia/Kathmandu", "Pacific/Auckland", "Pacific/Kiritimati",
    "America/St_Johns", "UTC",
]
MOST = 60
YEARS = 16


def one(random_, *choices):
    return random_.choice(choices)


def some(random_, values, most):
    return random_.sample(values, random_.randint(1, most))


def make(r):
    """Returns a random start and rule; ends of months are more frequent than by chance."""
    first = date(2024, 1, 1) + timedelta(days=r.randrange(1800))
    if r.random() < 0.3:
        first = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    if r.random() < 0.05:
        first = date(2024, 2, 29)
    zone = None if r.random() < 0.25 else r.choice(ZONES)
    time = f"{r.randint(4, 23):02}:{one(r, 0, 15, 30):02}"
    start = first.isoformat() if zone is None else f"{first.isoformat()}T{time}[{zone}]"

    freq = one(r, "DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY")
    parts = {"FREQ": freq}
    if r.random() < 0.5:
        parts["INTERVAL"] = str(one(r, 1, 2, 2, 3, 4, 5, 6, 12, 24))
    end = r.random()
    if end < 0.25:
        parts["COUNT"] = str(r.randint(1, 30))
    elif end < 0.6:
        last = first + timedelta(days=r.randrange(1500))
        parts["UNTIL"] = last.strftime("%Y%m%d") + one(r, "", f"T{r.randrange(24):02}{one(r, 0, 30):02}00Z")
    if r.random() < {"DAILY": 0.2, "WEEKLY": 0.8, "MONTHLY": 0.4, "YEARLY": 0.3}[freq]:
        days = some(r, DAYS, 7 if r.random() < 0.1 else 3)
        if freq in ("MONTHLY", "YEARLY") and r.random() < 0.5:
            days = [f"{one(r, 1, 2, 3, 4, 5, -1, -2)}{day}" for day in days[: one(r, 1, 1, 1, 2)]]
        parts["BYDAY"] = ",".join(days)
    if r.random() < {"DAILY": 0.05, "WEEKLY": 0.03, "MONTHLY": 0.5, "YEARLY": 0.5}[freq]:
        days = one(
            r, [r.randint(1, 28)], [r.randint(29, 31)], [-1], [r.randint(-5, -2)], [28, 29], [28, 29, 30],
            [31, 30, 29, 28], [5, 28, 29, 30], some(r, list(range(1, 32)), 3), [29, 30, 31],
        )
        parts["BYMONTHDAY"] = ",".join(str(day) for day in days)
    if r.random() < {"DAILY": 0.05, "WEEKLY": 0.03, "MONTHLY": 0.1, "YEARLY": 0.8}[freq]:
        parts["BYMONTH"] = ",".join(str(month) for month in some(r, [2, 2, *range(1, 13)], one(r, 1, 1, 1, 2)))
    positions = 0.6 if "BYDAY" in parts or "," in parts.get("BYMONTHDAY", "") else 0.03
    if freq in ("MONTHLY", "YEARLY") and r.random() < positions:
        parts["BYSETPOS"] = one(r, "1", "2", "3", "4", "-1", "-1", "-1", "5", "-2", "1,3")
    if r.random() < 0.3:
        parts["WKST"] = r.choice(DAYS)
    order = list(parts.items())
    head, tail = order[:1], order[1:]
    r.shuffle(tail)
    return joined(dict(head + tail)), start


class Start:
    def __init__(self, text):
        self.zone, self.known = None, {}
        if "T" in text:
            local, zone = text.rstrip("]").split("[")
            self.local, self.zone = datetime.fromisoformat(local), gettz(zone)
        else:
            self.local = datetime.combine(date.fromisoformat(text), datetime.min.time())

    def until(self, text):
        """Returns the last local time that UNTIL includes; a date includes its whole day."""
        day = datetime.strptime(text[:8], "%Y%m%d")
        if "T" not in text:
            return day.replace(hour=23, minute=59, second=59)
        instant = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        if self.zone is None:
            # All-day series end with the UTC day.
            return instant.replace(tzinfo=None, hour=23, minute=59, second=59)
        return instant.astimezone(self.zone).replace(tzinfo=None)


def split(rule):
    return dict(part.split("=") for part in rule.removeprefix("RRULE:").split(";"))


def dates_of_rule(rule, start):
    """Caches the expansion of a rule, independent of the order of its parts."""
    parts = split(rule)
    known = tuple(sorted(parts.items()))
    if known not in start.known:
        start.known[known] = expanded(parts, start)
    return start.known[known]


def expanded(parts, start):
    horizon = start.local + timedelta(days=366 * YEARS)
    until = min(start.until(parts["UNTIL"]), horizon) if "UNTIL" in parts else horizon
    parts = {**parts, "UNTIL": until.strftime("%Y%m%dT%H%M%S")}
    return [one.date() for one in islice(rrulestr(joined(parts), dtstart=start.local), MOST)]


def dates_of_pattern(graph):
    """Follows the pages `recurrencePattern` and `recurrenceRange` of Microsoft Graph."""
    pattern, bounds = graph["pattern"], graph["range"]
    first = date.fromisoformat(bounds["startDate"])
    last = first + timedelta(days=366 * YEARS)
    if bounds["type"] == "endDate":
        last = min(last, date.fromisoformat(bounds["endDate"]))
    most = min(MOST, bounds["numberOfOccurrences"]) if bounds["type"] == "numbered" else MOST
    found = (day for day in days_of_pattern(pattern, first) if day >= first)
    out = []
    for day in found:
        if day > last or len(out) == most:
            break
        out.append(day)
    return out


def days_of_pattern(pattern, first):
    kind, interval = pattern["type"], pattern["interval"]
    weekdays = [NAMES.index(name) for name in pattern.get("daysOfWeek", [])]
    if kind == "daily":
        for step in range(366 * YEARS):
            yield first + timedelta(days=step * interval)
    elif kind == "weekly":
        week = first - timedelta(days=(first.weekday() - NAMES.index(pattern["firstDayOfWeek"])) % 7)
        for step in range(53 * YEARS):
            for offset in range(7):
                day = week + timedelta(days=7 * interval * step + offset)
                if day.weekday() in weekdays:
                    yield day
    else:
        months = interval * (12 if kind.endswith("Yearly") else 1)
        at = first.year * 12 + (pattern["month"] if kind.endswith("Yearly") else first.month) - 1
        while at // 12 < first.year + YEARS + 1:
            yield day_of_month(pattern, at // 12, at % 12 + 1, weekdays)
            at += months


def day_of_month(pattern, year, month, weekdays):
    length = calendar.monthrange(year, month)[1]
    if pattern["type"].startswith("absolute"):
        # In a month that is too short, the last day is used.
        return date(year, month, min(pattern["dayOfMonth"], length))
    fitting = [day for day in (date(year, month, n + 1) for n in range(length)) if day.weekday() in weekdays]
    return fitting[{"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}[pattern["index"]]]


def numbers(parts, name):
    return [int(number) for number in parts[name].split(",")] if name in parts else []


def graph_has_no_form(parts, start):
    """Returns the reason why Graph cannot express the rule, or None."""
    freq, interval = parts["FREQ"], int(parts.get("INTERVAL", 1))
    days = parts["BYDAY"].split(",") if "BYDAY" in parts else []
    ordinal = [day for day in days if len(day) > 2]
    month_days, months, positions = (numbers(parts, name) for name in ("BYMONTHDAY", "BYMONTH", "BYSETPOS"))
    if freq in ("DAILY", "WEEKLY"):
        if month_days or months or positions or ordinal:
            return "DAILY or WEEKLY with another part than BYDAY"
        if freq == "DAILY" and days and interval > 1:
            return "DAILY with BYDAY and an interval above 1"
        return None
    if freq == "MONTHLY" and months:
        return "MONTHLY with BYMONTH"
    if freq == "YEARLY" and len(months) > 1:
        return "YEARLY with several months"
    if freq == "YEARLY" and not months and (days or month_days):
        return "YEARLY with days but no month"
    if days:
        if month_days:
            return "BYDAY with BYMONTHDAY"
        which = positions if not ordinal else [int(ordinal[0][:-2])]
        if len(ordinal) > 1 or (ordinal and (positions or len(days) > 1)) or len(positions) > 1:
            return "several numbered weekdays or positions"
        if not which:
            return "every such weekday of a month"
        return None if which[0] in (1, 2, 3, 4, -1) else "a position other than 1 to 4 and -1"
    if month_days == [-1] and not positions:
        return None
    if any(day < 0 for day in month_days):
        return "a negative day of the month other than -1 alone"
    or_last = False
    if positions:
        most = max(month_days, default=0)
        or_last = positions == [-1] and month_days and set(range(28, most + 1)) <= set(month_days)
        if not or_last:
            return "BYSETPOS with BYMONTHDAY"
        day = most
    elif len(month_days) > 1:
        return "several days in BYMONTHDAY"
    else:
        day = month_days[0] if month_days else start.local.day
    if freq == "YEARLY":
        visited = {months[0] if months else start.local.month}
    else:
        visited = {(start.local.month - 1 + step * interval) % 12 + 1 for step in range(12)}
    shortest = min(28 if month == 2 else calendar.monthrange(2027, month)[1] for month in visited)
    return "a day that some months do not have" if day > shortest and not or_last else None


def own_type_has_no_form(parts):
    days, month_days = parts.get("BYDAY", ""), numbers(parts, "BYMONTHDAY")
    if any(len(day) > 2 for day in days.split(",")):
        return "a numbered weekday"
    if parts["FREQ"] == "WEEKLY" and month_days:
        return "WEEKLY with BYMONTHDAY"
    if "BYSETPOS" in parts:
        months = numbers(parts, "BYMONTH")
        wanted = set(range(28, 30 if months == [2] else 32))
        within = parts["FREQ"] == "MONTHLY" or (parts["FREQ"] == "YEARLY" and len(months) == 1)
        last = parts["BYSETPOS"] == "-1" and not days and within and wanted <= set(month_days)
        return None if last and min(month_days) > 0 else "BYSETPOS other than for the last day of a month"
    return None


def rule_of_connect(rule):
    parts = {"FREQ": rule["frequency"]}
    for name, key in (("INTERVAL", "interval"), ("COUNT", "count"), ("UNTIL", "until")):
        if key in rule:
            parts[name] = str(rule[key])
    for name, key in (("BYDAY", "byDay"), ("BYMONTHDAY", "byMonthDay"), ("BYMONTH", "byMonth")):
        if key in rule:
            parts[name] = ",".join(str(value) for value in rule[key])
    return joined(parts)


def check(rule, start_text, answer, counts):
    """Returns the difference, or None."""
    start, parts = Start(start_text), split(rule)
    wanted = dates_of_rule(rule, start)
    why = graph_has_no_form(parts, start)
    counts[f"Graph: {why or 'converted'}"] += 1
    if (why is not None) != ("graph_refused" in answer):
        return f"Graph: expected {why or 'a pattern'}, but the library says {answer.get('graph_refused', 'a pattern')}"
    if why is None:
        for name, dates in (
            ("graph", dates_of_pattern(answer["graph"])),
            ("back", dates_of_rule(answer["back"], start)),
        ):
            if dates != wanted:
                return difference(name, wanted, dates)
    why = own_type_has_no_form(parts)
    counts[f"Connect: {why or 'converted'}"] += 1
    if (why is not None) != ("refused" in answer):
        return f"Recurrence: expected {why or 'a rule'}, but the library says {answer.get('refused', 'a rule')}"
    if why is not None:
        return None
    if "stretches" in answer:
        differs = check_stretches(parts, start, answer)
        if differs:
            return differs
    if answer["again"] != answer["text"]:
        return f"{answer['text']} is read as {answer['again']}"
    for name in ("text", "google"):
        dates = dates_of_rule(answer[name], start)
        if dates != wanted:
            return difference(name, wanted, dates)
    if "connect_refused" in answer:
        counts["Connect: refused because of WKST"] += 1
        if "WKST" not in answer["connect_refused"]:
            return f"Connect: {answer['connect_refused']}"
        # Compares the rules without COUNT and UNTIL, because a rule may end before the week start has an effect.
        endless = {name: value for name, value in parts.items() if name not in ("COUNT", "UNTIL")}
        if dates_of_rule(joined(endless), start) == dates_of_rule(joined({**endless, "WKST": "MO"}), start):
            return f"a week start that changes nothing is refused: {answer['connect_refused']}"
        return None
    dates = dates_of_rule(rule_of_connect(answer["connect"]), start)
    return None if dates == wanted else difference("connect", wanted, dates)


def joined(parts):
    return ";".join(f"{name}={value}" for name, value in parts.items())


def check_stretches(parts, start, answer):
    """Checks that the stretches together have the occurrences of the rule.

    The first start counts even if the rule does not match it (RFC 5545 section 3.8.5.3); dateutil omits it.
    """
    horizon = date.fromisoformat(answer["horizon"])
    wanted = with_start(start.local.date(), dates_of_rule(joined(parts), start))[: int(parts.get("COUNT", MOST))]
    wanted = [day for day in wanted if day <= horizon][:MOST]
    dates, offsets = [], []
    for first, last in answer["stretches"]:
        first, last = datetime.fromisoformat(first), datetime.fromisoformat(last)
        offsets.append(first.replace(tzinfo=start.zone).utcoffset())
        if offsets[-1] != last.replace(tzinfo=start.zone).utcoffset():
            return f"the offset changes within the stretch from {first} to {last}"
        rest = {name: value for name, value in parts.items() if name not in ("COUNT", "UNTIL")}
        rest["UNTIL"] = last.strftime("%Y%m%dT%H%M%S")
        dates += with_start(first.date(), [one.date() for one in rrulestr(joined(rest), dtstart=first)])
    if any(one == other for one, other in zip(offsets, offsets[1:])):
        return f"two adjacent stretches have the same offset: {answer['stretches']}"
    return None if dates[:MOST] == wanted else difference("stretches", wanted, dates[:MOST])


def with_start(first, days):
    return days if first in days else [first, *days]


def difference(name, wanted, dates):
    at = next((n for n, pair in enumerate(zip(wanted, dates)) if pair[0] != pair[1]), min(len(wanted), len(dates)))
    shown = [str(list(map(str, all_[max(0, at - 1): at + 2]))) for all_ in (wanted, dates)]
    return f"{name}: {len(dates)} dates (expected {len(wanted)}); they differ at number {at}: {shown[1]} (expected {shown[0]})"


def main():
    program, count = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 and sys.argv[3] else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}, {count} rules")
    r = random.Random(seed)
    asked = [make(r) for _ in range(count)]
    lines = "".join(json.dumps({"rule": rule, "start": start}) + "\n" for rule, start in asked)
    ran = subprocess.run([program], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == count, (len(answers), count)
    counts, wrong = Counter(), 0
    for (rule, start), answer in zip(asked, answers):
        differs = check(rule, start, answer, counts)
        if differs:
            wrong += 1
            print(f"{rule} from {start}\n  {differs}\n  {json.dumps(answer)}", file=sys.stderr)
            if wrong == 10:
                break
    for name, times in sorted(counts.items()):
        print(f"{times:7} {name}")
    if wrong:
        sys.exit(f"{wrong} rules differ; seed {seed}")


main()
