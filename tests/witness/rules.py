"""Creates random series: an RFC 5545 rule with a start, a time zone and exceptions.

    random = Random(seed)
    one = series(random)
    one.lines()                      # the lines of Google's `recurrence`
    smallest(one, differs)           # the smallest part of the series for which `differs` is true
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

# Time zones with clock changes at different hours, one by half an hour, one that skipped a day, and two
# without changes.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Tokyo",
]


@dataclass(frozen=True)
class Series:
    """`start` is local to `zone`; its time is midnight in an all-day series."""

    start: datetime
    zone: str = "UTC"
    all_day: bool = False
    rule: dict = field(default_factory=dict)
    exdates: tuple = ()  # A datetime excludes one occurrence, a date all occurrences of the day.
    rdates: tuple = ()

    def rrule(self):
        return ";".join(f"{name}={value}" for name, value in self.rule.items())

    def lines(self):
        """Returns the RRULE, EXDATE and RDATE lines, without DTSTART."""
        lines = [f"RRULE:{self.rrule()}"]
        for name, values in (("EXDATE", self.exdates), ("RDATE", self.rdates)):
            lines += [f"{name}{self.value(value)}" for value in values]
        return lines

    def value(self, at):
        """Returns the parameters and the value of a property: `;TZID=Europe/Berlin:20261101T090000`."""
        if self.all_day or not isinstance(at, datetime):
            return f";VALUE=DATE:{at:%Y%m%d}"
        if self.zone == "UTC":
            return f":{at:%Y%m%dT%H%M%S}Z"
        return f";TZID={self.zone}:{at:%Y%m%dT%H%M%S}"

    def __str__(self):
        return "\n".join([f"DTSTART{self.value(self.start)}", *self.lines()])


def exists(at, zone):
    """Returns whether this local time exists in the zone."""
    local = at.replace(tzinfo=ZoneInfo(zone))
    return local.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == at


def series(random: Random, frequencies=("DAILY", "WEEKLY", "MONTHLY", "YEARLY")):
    """Returns a random series that RFC 5545 allows."""
    zone = random.choice(ZONES)
    all_day = random.random() < 0.2
    start = start_of(random, zone, all_day)
    rule = {"FREQ": random.choice(frequencies)}
    if random.random() < 0.5:
        rule["INTERVAL"] = str(random.choice([2, 2, 3, 4, 5, 7, 12, 53]))
    rule |= parts(random, rule["FREQ"])
    if random.random() < 0.3:
        rule["WKST"] = random.choice(DAYS)
    rule |= end(random, start, zone, all_day)
    # Some programs do not write the frequency first.
    if random.random() < 0.1:
        rule = dict(random.sample(sorted(rule.items()), len(rule)))
    one = Series(start, zone, all_day, rule)
    return replace(one, exdates=exceptions(random, one), rdates=additions(random, one))


def start_of(random, zone, all_day):
    while True:
        day = date(1995, 1, 1) + timedelta(random.randrange(40 * 365))
        if random.random() < 0.2:
            day = random.choice([date(2011, 12, 28), date(2024, 2, 29), date(2026, 1, 31), date(2025, 12, 31)])
        hour = time() if all_day else time(random.choice([0, 1, 2, 3, 9, 18, 23]), random.choice([0, 15, 30]))
        start = datetime.combine(day, hour)
        if exists(start, zone):
            return start


def parts(random, frequency):
    """Returns the BY parts that a frequency allows."""
    def some(values, most=3):
        return ",".join(str(value) for value in random.sample(values, random.randint(1, min(most, len(values)))))

    def chance(share):
        return random.random() < share

    found = {}
    yearly, monthly = frequency == "YEARLY", frequency == "MONTHLY"
    if chance(0.4):
        found["BYMONTH"] = some(range(1, 13))
    if yearly and chance(0.2):
        found["BYWEEKNO"] = some([*range(-53, 0), *range(1, 54), 1, 53, 52, -1], 4)
    if yearly and chance(0.2):
        found["BYYEARDAY"] = some([*range(-366, 0), *range(1, 367), 1, 60, 366, -1, -366], 8)
    if frequency != "WEEKLY" and chance(0.35):
        found["BYMONTHDAY"] = some([*range(-31, 0), *range(1, 32), 29, 30, 31, -1])
    if chance(0.5):
        numbered = (monthly or yearly) and "BYWEEKNO" not in found and chance(0.6)
        most = 53 if yearly and "BYMONTH" not in found else 5
        numbers = [n for n in range(-most, most + 1) if n]
        days = random.sample(DAYS, random.randint(1, 4))
        found["BYDAY"] = ",".join(f"{random.choice(numbers) if numbered else ''}{day}" for day in days)
    if found and chance(0.2):
        found["BYSETPOS"] = some([-3, -2, -1, 1, 2, 3, 10, -10])
    return found


def end(random, start, zone, all_day):
    chosen = random.random()
    if chosen < 0.3:
        return {"COUNT": str(random.choice([1, 2, 3, 10, 50, 400]))}
    if chosen < 0.6:
        until = start + timedelta(random.choice([0, 1, 30, 365, 3000]), random.choice([0, 0, 3600]))
        if all_day or random.random() < 0.2:
            return {"UNTIL": f"{until:%Y%m%d}"}
        if random.random() < 0.2:
            return {"UNTIL": f"{until:%Y%m%dT%H%M%S}"}
        utc = until.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
        return {"UNTIL": f"{utc:%Y%m%dT%H%M%SZ}"}
    if chosen < 0.65:
        return {"UNTIL": "99991231T235959Z"}
    return {}


def exceptions(random, one):
    """Returns exceptions, some at likely times of the series and some as whole days."""
    if random.random() < 0.7:
        return ()
    times = [one.start + timedelta(random.choice([0, 1, 2, 7, 14, 30, 31, 365])) for _ in range(random.randint(1, 3))]
    whole = not one.all_day and random.random() < 0.3
    return tuple(at.date() if whole else at for at in times if exists(at, one.zone))


def additions(random, one):
    if random.random() < 0.85:
        return ()
    hours = 0 if one.all_day else random.choice([0, 0, 3])
    times = [one.start + timedelta(random.randrange(1, 400), hours * 3600) for _ in range(random.randint(1, 3))]
    return tuple(at for at in times if exists(at, one.zone))


def smallest(one, differs):
    """Removes the parts of a series that are not needed to keep `differs` true."""
    def candidates(one):
        for name in one.rule:
            if name != "FREQ":
                yield replace(one, rule={key: value for key, value in one.rule.items() if key != name})
        for name, value in one.rule.items():
            values = value.split(",")
            for at in range(len(values) if len(values) > 1 else 0):
                yield replace(one, rule=one.rule | {name: ",".join(values[:at] + values[at + 1:])})
        for name in ("exdates", "rdates"):
            values = getattr(one, name)
            for at in range(len(values)):
                yield replace(one, **{name: values[:at] + values[at + 1:]})
        if one.zone != "UTC":
            yield replace(one, zone="UTC")

    while True:
        smaller = next((two for two in candidates(one) if differs(two)), None)
        if smaller is None:
            return one
        one = smaller
