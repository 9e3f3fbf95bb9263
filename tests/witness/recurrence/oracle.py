"""Computes the expected occurrences: of rules with python-dateutil, of Graph's patterns from their documentation.

`DEVIATIONS` lists the differences of dateutil from RFC 5545; this module follows the RFC.
"""

import datetime as clock
from datetime import date, datetime, time, timedelta, timezone
from itertools import groupby
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from dateutil import rrule
from dateutil.relativedelta import relativedelta
from rules import DAYS, exists

UTC = timezone.utc


def split(rule, name):
    return rule[name].split(",") if name in rule else []


def first_outside(one):
    """RFC 5545 section 3.8.5.3: DTSTART is the first occurrence and counts; dateutil omits it if the rule does not match it."""
    return next(iter(by_rule(one, one.start.year + 1)), None) != one.start


def week_without_weekday(one):
    """RFC 5545 section 3.3.10: missing parts come from DTSTART; dateutil uses all seven days of a BYWEEKNO."""
    return "BYWEEKNO" in one.rule and not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & one.rule.keys()


def week_from_end(one):
    """A week counted from the end of its year may have days in an adjacent calendar year; dateutil only finds them for -1 and
      for weeks counted from the start."""
    return any(int(week) < -1 for week in split(one.rule, "BYWEEKNO"))


def first_week_cut(one):
    """RFC 5545 section 3.3.10: BYSETPOS counts from the beginning of the week; dateutil counts from DTSTART in its week."""
    return one.rule["FREQ"] == "WEEKLY" and "BYSETPOS" in one.rule and into_week(one.start, one.rule) > 0


def day_without_clock(one):
    """RFC 5545 section 3.3.10: a local time that does not exist is skipped and does not count; dateutil counts it."""
    return one.zone == "Pacific/Apia" and one.start < datetime(2011, 12, 30) and not one.all_day


def until_of_another_type(one):
    """RFC 5545 section 3.3.10: UNTIL has the type of DTSTART. Services read a date as the whole day, and a local time in the
      zone of the series; dateutil refuses both."""
    until = one.rule.get("UNTIL", "")
    return bool(until) and not until.endswith("Z") and not one.all_day


def exdate_of_a_day(one):
    """RFC 5545 section 3.8.5.1: EXDATE has the type of DTSTART. For a date, services exclude its occurrences; dateutil does not."""
    return any(not isinstance(at, datetime) for at in one.exdates)


DEVIATIONS = [
    first_outside,
    week_without_weekday,
    week_from_end,
    first_week_cut,
    day_without_clock,
    until_of_another_type,
    exdate_of_a_day,
]


def starts(one, begin, end):
    """Returns the starts in UTC from `begin` to before `end`; of an all-day series the midnights."""
    zone = UTC if one.all_day else ZoneInfo(one.zone)
    until = until_of(one, zone)
    count = int(one.rule["COUNT"]) if "COUNT" in one.rule else None
    local = by_rule(one, min(end.year + 1, until.year + 1 if until else 9999))
    found, counted = [], 0
    for at in with_first(one.start, local):
        if day_without_clock(one) and not day_exists(at.date(), one.zone):
            continue
        instant = at.replace(tzinfo=zone).astimezone(UTC)
        counted += 1
        if instant >= end or (until and instant > until) or (count and counted > count):
            break
        found.append((at, instant))
    moment = lambda at: at.replace(tzinfo=zone).astimezone(UTC)  # noqa: E731
    found += [(at, moment(at)) for at in one.rdates]
    gone = {moment(at) if isinstance(at, datetime) else at for at in one.exdates}
    instants = {at for local, at in found if not {local.date(), at} & gone}
    return sorted(at for at in instants if begin <= at < end)


def with_first(start, local):
    yield start
    yield from (at for at in local if at > start)


def day_exists(day, zone):
    return exists(datetime.combine(day, time(12)), zone)


def by_rule(one, horizon):
    """Returns the local starts of the rule without its end; dateutil searches until `horizon`."""
    rrule.datetime = SimpleNamespace(**{**vars(clock), "MAXYEAR": min(horizon, 9999)})
    rule = {name: value for name, value in one.rule.items() if name not in ("COUNT", "UNTIL")}
    start = one.start
    if week_without_weekday(one):
        rule["BYDAY"] = DAYS[start.weekday()]
    if first_week_cut(one):
        rule.setdefault("BYDAY", DAYS[start.weekday()])
        start -= timedelta(into_week(start, rule))
    if week_from_end(one):
        return by_weeks(rule, start)
    return rrule.rrulestr(text_of(rule), dtstart=start)


def by_weeks(rule, start):
    """Expands with all candidate weeks and keeps the matching ones."""
    weeks = {int(week) for week in split(rule, "BYWEEKNO")}
    positions = [int(position) for position in split(rule, "BYSETPOS")]
    wide = {name: value for name, value in rule.items() if name not in ("BYWEEKNO", "BYSETPOS")}
    wide["BYWEEKNO"] = ",".join(str(week) for week in range(1, 54))
    days = rrule.rrulestr(text_of(wide), dtstart=start.replace(month=1, day=1))
    for _, year in groupby((at for at in days if weeks & weeks_of(at, rule)), lambda at: at.year):
        year = list(year)
        places = {position - 1 if position > 0 else len(year) + position for position in positions}
        yield from (at for place, at in enumerate(year) if not positions or place in places)


def weeks_of(at, rule):
    """Returns the number of the week from the start and from the end; week 1 contains 4 January."""
    def first(year):
        return date(year, 1, 4) - timedelta(into_week(date(year, 1, 4), rule))

    day = at.date()
    year = max(year for year in (day.year - 1, day.year, day.year + 1) if first(year) <= day)
    return {(day - first(year)).days // 7 + 1, -(((first(year + 1) - day).days + 6) // 7)}


def into_week(day, rule):
    return (day.weekday() - DAYS.index(rule.get("WKST", "MO"))) % 7


def text_of(rule):
    return ";".join(f"{name}={value}" for name, value in rule.items())


def until_of(one, zone):
    text = one.rule.get("UNTIL")
    if text is None:
        return None
    if len(text) == 8:
        return datetime.combine(datetime.strptime(text, "%Y%m%d"), time(23, 59, 59), zone).astimezone(UTC)
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(UTC)


# Graph: https://learn.microsoft.com/graph/api/resources/recurrencepattern and .../recurrencerange

WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
INDEX = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}


def pattern_days(pattern, start):
    """Returns the days of a pattern from `start` on, without an end."""
    kind, interval = pattern["type"], pattern["interval"]
    weekdays = [WEEK.index(day) for day in pattern.get("daysOfWeek", [])]
    step = 0
    while True:
        yield from (day for day in period(pattern, kind, weekdays, start, step * interval) if day >= start)
        step += 1


def period(pattern, kind, weekdays, start, steps):
    if kind == "daily":
        return [start + timedelta(steps)]
    if kind == "weekly":
        into = (start.weekday() - WEEK.index(pattern.get("firstDayOfWeek", "sunday"))) % 7
        week = [start + timedelta(7 * steps - into + day) for day in range(7)]
        return [day for day in week if day.weekday() in weekdays]
    if kind.endswith("Yearly"):
        month = date(start.year, pattern["month"], 1) + relativedelta(years=steps)
    else:
        month = start.replace(day=1) + relativedelta(months=steps)
    if kind.startswith("absolute"):
        # A day that the month does not have becomes its last day, as in relativedelta.
        return [month + relativedelta(day=pattern["dayOfMonth"])]
    last = month + relativedelta(day=31)
    days = [month + timedelta(day) for day in range(last.day)]
    days = [day for day in days if day.weekday() in weekdays]
    return [days[INDEX[pattern.get("index", "first")]]]


def pattern_starts(event, zone, begin, end):
    """Returns the starts in UTC of a Graph series."""
    start = datetime.fromisoformat(event["start"]["dateTime"])
    zone = UTC if event["isAllDay"] else ZoneInfo(zone)
    span = event["recurrence"]["range"]
    found = []
    for counted, day in enumerate(pattern_days(event["recurrence"]["pattern"], start.date())):
        over = {
            "noEnd": False,
            "numbered": counted >= span.get("numberOfOccurrences", 0),
            "endDate": day.isoformat() > span.get("endDate", ""),
        }
        at = datetime.combine(day, start.time(), zone).astimezone(UTC)
        if over[span["type"]] or at >= end:
            return found
        if at >= begin:
            found.append(at)
