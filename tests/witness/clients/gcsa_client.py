"""Runs gcsa against the sandbox. gcsa always calls https://www.googleapis.com."""

import datetime as dt
import json

from harness import run, start

from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError
from gcsa.attendee import Attendee
from gcsa.event import Event, Transparency, Visibility
from gcsa.google_calendar import GoogleCalendar, SendUpdatesMode
from gcsa.recurrence import DAILY, Recurrence
from gcsa.conference import ConferenceSolutionCreateRequest, SolutionType
from gcsa.reminders import PopupReminder

ACCOUNT = "witness-gcsa@gmail.example"
SCOPE = "https://www.googleapis.com/auth/"
ZONE = "Europe/Budapest"
START = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None, minute=0, second=0, microsecond=0) + dt.timedelta(days=2)


def refused(status, reason, call):
    try:
        call()
    except HttpError as error:
        found = json.loads(error.content)["error"]["errors"][0]["reason"]
        assert (error.status_code, found) == (status, reason), error
        return
    raise AssertionError("the request was not refused")


class Checks:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.credentials = self.sign_in("calendar")
        self.calendar = GoogleCalendar(ACCOUNT, credentials=self.credentials)

    def sign_in(self, scope):
        tokens = self.sandbox.tokens(
            "google", "/google/o/oauth2/v2/auth", "/google/token", scope=SCOPE + scope, access_type="offline",
            prompt="consent", login_hint=ACCOUNT,
        )
        app = self.sandbox.app("google")
        return Credentials(
            tokens["access_token"], refresh_token=tokens["refresh_token"],
            token_uri="https://oauth2.googleapis.com/token", client_id=app["clientId"],
            client_secret=app["clientSecret"],
        )

    def new(self, summary="Meeting", **more):
        times = {"start": START, "end": START + dt.timedelta(hours=1), "timezone": ZONE}
        return Event(summary, **{**times, **more})

    def calendars(self):
        """list calendars and get each by id"""
        entries = list(self.calendar.get_calendar_list())
        assert [entry.id for entry in entries if entry.primary] == [ACCOUNT] and len(entries) == 3
        for entry in entries:
            assert self.calendar.get_calendar(entry.id).summary == entry.summary
            assert self.calendar.get_calendar_list_entry(entry.id).id == entry.id
        assert self.calendar.list_event_colors()["11"] and self.calendar.list_calendar_colors()["1"]

    def pages(self):
        """list occurrences in order on all pages, and get each by id"""
        window = {"time_min": START - dt.timedelta(days=40), "time_max": START + dt.timedelta(days=40)}
        events = list(self.calendar.get_events(**window, single_events=True, order_by="startTime", maxResults=20))
        ids = [event.id for event in events]
        assert len(events) > 50 and len(set(ids)) == len(ids), len(ids)
        for event in events[:40]:
            assert self.calendar.get_event(event.id).summary == event.summary
        whole = list(self.calendar.get_events(**window, maxResults=20))
        assert any(event.recurrence for event in whole) and len(whole) < len(events)

    def life(self):
        """add, get, update and delete an event"""
        made = self.calendar.add_event(self.new(
            description="Agenda", location="Room 5", color_id="11", visibility=Visibility.PRIVATE,
            transparency=Transparency.TRANSPARENT, attendees=[Attendee("grace@example.org", display_name="Grace")],
            reminders=[PopupReminder(minutes_before_start=15)],
            conference_solution=ConferenceSolutionCreateRequest(solution_type=SolutionType.HANGOUTS_MEET),
        ), send_updates=SendUpdatesMode.ALL)
        read = self.calendar.get_event(made.id)
        assert (read.summary, read.location, read.color_id) == ("Meeting", "Room 5", "11"), read
        assert read.attendees[0].display_name == "Grace" and read.visibility == Visibility.PRIVATE
        assert read.conference_solution.entry_points[0].uri.startswith("https://"), read.conference_solution
        assert read.start.replace(tzinfo=None) == START and read.timezone == ZONE, (read.start, read.timezone)
        assert read.end - read.start == dt.timedelta(hours=1)
        read.summary, read.location, read.end = "Changed", None, read.end + dt.timedelta(hours=1)
        self.calendar.update_event(read)
        again = self.calendar.get_event(made.id)
        assert (again.summary, again.location) == ("Changed", None) and again.end - again.start == dt.timedelta(hours=2)
        self.calendar.delete_event(again)
        refused(410, "deleted", lambda: self.calendar.delete_event(made.id))
        assert self.calendar.get_event(made.id).other["status"] == "cancelled"

    def other_calendar(self):
        """an event in a calendar other than the default one"""
        other = next(entry.id for entry in self.calendar.get_calendar_list() if not entry.primary)
        made = self.calendar.add_event(self.new("Elsewhere"), calendar_id=other)
        assert self.calendar.get_event(made.id, calendar_id=other).summary == "Elsewhere"
        refused(404, "notFound", lambda: self.calendar.get_event(made.id))
        self.calendar.delete_event(made, calendar_id=other)

    def series(self):
        """a series, an exception and a deleted occurrence"""
        series = self.calendar.add_event(self.new("Daily", recurrence=Recurrence.rule(freq=DAILY, count=4)))
        one, two, three, _ = self.calendar.get_instances(series)
        assert one.recurring_event_id == series.id and two.id != series.id
        two.summary = "Another"
        self.calendar.update_event(two)
        self.calendar.delete_event(three)
        left = list(self.calendar.get_instances(series.id))
        assert [event.summary for event in left] == ["Daily", "Another", "Daily"], left
        self.calendar.delete_event(series)

    def whole_day(self):
        """an all-day event"""
        made = self.calendar.add_event(Event("Day off", start=dt.date(2026, 12, 24), end=dt.date(2026, 12, 25)))
        read = self.calendar.get_event(made.id)
        assert (read.start, read.end) == (dt.date(2026, 12, 24), dt.date(2026, 12, 25))
        self.calendar.delete_event(read)

    def free_busy(self):
        """free/busy times"""
        made = self.calendar.add_event(self.new())
        window = {"time_min": START - dt.timedelta(days=1), "time_max": START + dt.timedelta(days=1)}
        found = self.calendar.get_free_busy(**window, timezone=ZONE)
        assert any(one.start.replace(tzinfo=None) <= START for one in found.calendars[ACCOUNT]), found.calendars
        found = self.calendar.get_free_busy("nobody@example.org", **window, ignore_errors=True)
        errors = found.calendars_errors["nobody@example.org"]
        assert [error["reason"] for error in errors] == ["notFound"], errors
        self.calendar.delete_event(made)

    def errors(self):
        """error reasons, also of unknown paths"""
        refused(404, "notFound", lambda: self.calendar.get_event("nothing"))
        refused(404, "notFound", lambda: list(self.calendar.get_events(calendar_id="nobody@example.org")))
        refused(404, "notFound", lambda: list(self.calendar.get_acl_rules()))
        refused(400, "timeRangeEmpty", lambda: list(self.calendar.get_events(START, START - dt.timedelta(days=1))))

    def settings(self):
        """settings of the user"""
        assert self.calendar.get_settings().timezone

    def refresh(self):
        """an expired token is refreshed"""
        before = self.credentials.token
        self.sandbox.control("expire", {})
        assert list(self.calendar.get_calendar_list()) and self.credentials.token != before

    def scopes(self):
        """a read-only scope cannot write"""
        reader = GoogleCalendar(ACCOUNT, credentials=self.sign_in("calendar.readonly"))
        assert list(reader.get_calendar_list())
        refused(403, "insufficientPermissions", lambda: reader.add_event(self.new()))

    def withdrawn(self):
        """a consent that the user revoked"""
        consent = {"provider": "google", "clientId": "google-client", "user": ACCOUNT}
        assert self.sandbox.control("providers/withdraw", consent)["withdrawn"]
        try:
            list(self.calendar.get_calendar_list())
        except RefreshError as error:
            assert error.args[1]["error"] == "invalid_grant", error.args
        else:
            raise AssertionError("a call still succeeds")


if __name__ == "__main__":
    run("gcsa", Checks(start()))
