"""Runs O365 against the sandbox. O365 always calls https://graph.microsoft.com, and does not encode ids in paths.

The test stores a token in the token backend of O365, as a sign-in does.
"""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from harness import run, start

from O365 import Account, MSGraphProtocol
from O365.calendar import EventType
from O365.utils.token import MemoryTokenBackend
from requests.exceptions import HTTPError

ACCOUNT = "witness-o365@outlook.example"
ZONE = "Europe/Budapest"
NOW = dt.datetime.now(ZoneInfo(ZONE)).replace(minute=0, second=0, microsecond=0)
RANGE = {
    "start_recurring": (NOW - dt.timedelta(days=40)).isoformat(),
    "end_recurring": (NOW + dt.timedelta(days=40)).isoformat(),
}


def refused(status, call):
    try:
        call()
    except HTTPError as error:
        assert error.response.status_code == status, error
        assert error.response.json()["error"]["code"], error.response.text
        return error
    raise AssertionError("the request was not refused")


class Checks:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.backend = MemoryTokenBackend()
        self.sign_in()
        app = sandbox.app("microsoft")
        self.account = Account(
            (app["clientId"], app["clientSecret"]), protocol=MSGraphProtocol(timezone=ZONE), token_backend=self.backend,
            requests_delay=0,
        )
        self.schedule = self.account.schedule()
        self.calendar = self.schedule.get_default_calendar()

    def sign_in(self, scope="Calendars.ReadWrite offline_access"):
        base = "/microsoft/common/oauth2/v2.0"
        tokens = self.sandbox.tokens(
            "microsoft", f"{base}/authorize", f"{base}/token", scope=scope, login_hint=ACCOUNT,
        )
        self.backend._cache.clear()
        self.backend.add({
            "client_id": "microsoft-client", "scope": tokens["scope"].split(), "response": tokens,
            "token_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        })

    def new(self, subject="Meeting", calendar=None, **times):
        event = (calendar or self.calendar).new_event(subject)
        event.start = times.get("start", NOW + dt.timedelta(days=2))
        event.end = times.get("end", NOW + dt.timedelta(days=2, hours=1))
        return event

    def calendars(self):
        """list calendars and get each by the id in the path"""
        calendars = list(self.schedule.list_calendars())
        assert len(calendars) == 2, calendars
        for calendar in calendars:
            assert self.schedule.get_calendar(calendar_id=calendar.calendar_id).name == calendar.name
        assert self.calendar.calendar_id in [calendar.calendar_id for calendar in calendars]

    def pages(self):
        """list all pages of a view, and get each event by the id in the path"""
        events = list(self.calendar.get_events(limit=None, batch=15, **RANGE))
        ids = [event.object_id for event in events]
        assert len(ids) > 30 and len(set(ids)) == len(ids), len(ids)
        for event in events:
            assert self.calendar.get_event(event.object_id).subject == event.subject
        masters = list(self.schedule.get_events(limit=None, batch=15, include_recurring=False))
        assert {event.event_type for event in masters} == {EventType.SingleInstance, EventType.SeriesMaster}
        assert all(self.calendar.get_event(event.object_id).subject == event.subject for event in masters)

    def life(self):
        """create, read, update and delete an event"""
        event = self.new()
        event.body = "<b>Agenda</b>"
        event.location = "Room 5"
        event.attendees.add("grace@example.org")
        event.transaction_id = str(uuid.uuid4())
        assert event.save() and event.object_id and event.ical_uid
        read = self.calendar.get_event(event.object_id)
        assert (read.subject, read.location["displayName"]) == ("Meeting", "Room 5"), read.location
        assert [guest.address for guest in read.attendees] == ["grace@example.org"]
        assert read.start == event.start and read.start.utcoffset() == event.start.astimezone(read.start.tzinfo).utcoffset()
        assert "Agenda" in read.get_body_text()
        read.subject, read.location = "Changed", "Room 6"
        read.end = read.end + dt.timedelta(hours=1)
        assert read.save()
        again = self.calendar.get_event(event.object_id)
        assert (again.subject, again.location["displayName"]) == ("Changed", "Room 6")
        assert again.end - again.start == dt.timedelta(hours=2)
        assert again.delete()
        refused(404, lambda: self.calendar.get_event(event.object_id))

    def other_calendar(self):
        """an event in a calendar other than the default one"""
        other = next(one for one in self.schedule.list_calendars() if one.calendar_id != self.calendar.calendar_id)
        event = self.new("Elsewhere", other)
        assert event.save()
        assert other.get_event(event.object_id).subject == "Elsewhere"
        refused(404, lambda: self.calendar.get_event(event.object_id))
        assert event.delete()

    def series(self):
        """a series with a moved and a deleted occurrence"""
        event = self.new("Daily")
        event.recurrence.set_daily(1, start=event.start.date(), occurrences=4)
        assert event.save()
        series = self.calendar.get_event(event.object_id)
        assert series.event_type == EventType.SeriesMaster and series.recurrence.occurrences == 4
        window = NOW, NOW + dt.timedelta(days=20)
        one, two, three, _ = series.get_occurrences(*[end.replace(tzinfo=None) for end in window], limit=50)
        assert one.event_type == EventType.Occurrence and two.object_id != series.object_id
        two.subject = "Another"
        assert two.save() and three.delete()
        left = list(series.get_occurrences(*[end.replace(tzinfo=None) for end in window], limit=50))
        assert [one.subject for one in left] == ["Daily", "Another", "Daily"], left
        assert self.calendar.get_event(two.object_id).event_type == EventType.Exception
        weekly = self.new("Weekly")
        weekly.recurrence.set_weekly(
            2, days_of_week=[event.start.strftime("%A").lower()], first_day_of_week="sunday",
            start=event.start.date(), end=event.start.date() + dt.timedelta(days=60),
        )
        assert weekly.save() and self.calendar.get_event(weekly.object_id).recurrence.interval == 2
        assert series.delete() and weekly.delete()
        refused(404, lambda: self.calendar.get_event(two.object_id))

    def whole_day(self):
        """an all-day event"""
        day = self.new("Day off", start=dt.date(2026, 12, 24), end=dt.date(2026, 12, 25))
        day.is_all_day = True
        assert day.save()
        read = self.calendar.get_event(day.object_id)
        assert read.is_all_day and (read.end - read.start) == dt.timedelta(days=1)
        assert day.delete()

    def availability(self):
        """busy times of a user"""
        event = self.new("Busy")
        assert event.save()
        found = self.schedule.get_availability([ACCOUNT], event.start, event.end, 30)
        assert found[0]["scheduleId"] == ACCOUNT and set(found[0]["availabilityView"]) == {"busy"}, found
        assert any(item["subject"] == "Busy" for item in found[0]["scheduleItems"])
        assert event.delete()

    def errors(self):
        """error statuses and codes"""
        assert "malformed" in str(refused(400, lambda: self.calendar.get_event("AAMkAA")))
        refused(404, lambda: self.schedule.get_calendar(calendar_id="nobody"))
        wrong = self.new(end=NOW)
        refused(400, wrong.save)

    def limits(self):
        """429 and 503 are retried"""
        try:
            for limit in ("429", "503"):
                self.sandbox.control("set", {"graph_limit": limit, "graph_limit_every": 2, "graph_retry_after": "0"})
                for _ in range(2):
                    assert list(self.calendar.get_events(limit=5, **RANGE))
        finally:
            self.sandbox.control("set", {"graph_limit": "off"})

    def expired(self):
        """an expired token is a 401, and a new one in the backend is used"""
        self.sandbox.control("expire", {})
        refused(401, self.schedule.get_default_calendar)
        self.sign_in()
        self.account.con.update_session_auth_header()
        assert self.schedule.get_default_calendar().calendar_id == self.calendar.calendar_id

    def scopes(self):
        """a read-only scope cannot write"""
        self.sign_in("Calendars.Read")
        self.account.con.update_session_auth_header()
        refused(403, self.new().save)


if __name__ == "__main__":
    run("O365", Checks(start()))
