"""Runs Google's Python client, unchanged, against the sandbox.

Usage: client.py FILE, where FILE contains the line that `connect sandbox --json` printed.
Prints one line for each check, and exits with 1 if one failed.
"""

import json
import sys
import threading
import time
import traceback
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

from google.oauth2.credentials import Credentials
from googleapiclient.channel import new_webhook_channel, notification_from_headers
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

SCOPE = "https://www.googleapis.com/auth/"
HOLIDAYS = "en.usa#holiday@group.v.calendar.google.com"


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


class Sandbox:
    """The parts around Google's client: a browser, the sandbox's control endpoints, and the calls to Connect."""

    def __init__(self, ready):
        self.ready = ready
        self.connect = ready["base_url"]
        self.origin = self.connect.removesuffix("/api")
        self.app = self.json("/sandbox/providers")["google"]["apps"][0]

    def json(self, path, body=None, headers=None):
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.origin + path, data, headers or {})) as answer:
            return json.load(answer)

    def consent(self, url):
        """Consents as a browser, and returns the code of the callback."""
        try:
            build_opener(NoRedirect).open(url)
        except HTTPError as redirect:
            return parse_qs(urlsplit(redirect.headers["location"]).query)["code"][0]
        raise AssertionError("authorize did not redirect")

    def credentials(self, account, *scopes):
        query = {
            "client_id": self.app["clientId"], "redirect_uri": self.app["redirectUri"], "response_type": "code",
            "scope": " ".join(SCOPE + scope for scope in scopes), "access_type": "offline", "prompt": "consent",
            "login_hint": account,
        }
        code = self.consent(f"{self.origin}/google/o/oauth2/v2/auth?{urlencode(query)}")
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.app["redirectUri"],
            "client_id": self.app["clientId"], "client_secret": self.app["clientSecret"],
        }
        with urlopen(f"{self.origin}/google/token", urlencode(form).encode()) as answer:
            tokens = json.load(answer)
        return Credentials(
            tokens["access_token"], refresh_token=tokens["refresh_token"], token_uri=f"{self.origin}/google/token",
            client_id=self.app["clientId"], client_secret=self.app["clientSecret"],
        )

    def service(self, **how):
        endpoint = {"api_endpoint": f"{self.origin}/google/calendar/v3/"}
        return build("calendar", "v3", static_discovery=True, client_options=endpoint, **how)

    def connect_events(self, user):
        """Returns the events that Connect lists in the user's primary Google calendar, by id."""
        query = {"client_id": self.ready["client_id"], "user_id": user, "scope": "read-write"}
        code = self.consent(f"{self.connect}/oauth/authorize?{urlencode(query)}")
        form = {
            "grant_type": "authorization_code", "code": code, "client_id": self.ready["client_id"],
            "client_secret": self.ready["client_secret"],
        }
        with urlopen(f"{self.connect}/oauth/token", urlencode(form).encode()) as answer:
            token = json.load(answer)["access_token"]
        chosen = {"calendarIds": json.dumps({"google": ["primary"]}), "start": "2020-01-01", "end": "2040-01-01"}
        path = f"/api/events?{urlencode({**chosen, 'pageSize': 1000, 'singleEvents': 'false'})}"
        events = self.json(path, headers={"authorization": f"Bearer {token}"})["events"]
        return {event["id"]: event for event in events}


class Receiver:
    """Receives notifications, and keeps their headers."""

    def __init__(self):
        told = self.told = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                told.append(self.headers)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}/told"

    def wait(self, count):
        for _ in range(200):
            if len(self.told) >= count:
                return self.told
            time.sleep(0.1)
        raise AssertionError(f"{len(self.told)} of {count} notifications came")


class Copy:
    """A local copy of a calendar, synchronized as in Google's guide."""

    def __init__(self, events, **how):
        self.events, self.how = events, how
        self.token, self.items, self.full = None, {}, 0

    def sync(self):
        how = {**self.how, **({"syncToken": self.token} if self.token else {})}
        request, told = self.events.list(calendarId="primary", maxResults=40, **how), []
        self.full += self.token is None
        while request is not None:
            try:
                page = request.execute()
            except HttpError as error:
                assert error.status_code == 410 and reason(error) == "fullSyncRequired", error
                self.token, self.items = None, {}
                return self.sync()
            assert ("nextPageToken" in page) != ("nextSyncToken" in page), "one of them"
            told += page["items"]
            request = self.events.list_next(request, page)
        for item in told:
            if item["status"] == "cancelled" and "recurringEventId" not in item:
                self.items.pop(item["id"], None)
            else:
                self.items[item["id"]] = item
        self.token = page["nextSyncToken"]
        return told


def reason(error):
    return json.loads(error.content)["error"]["errors"][0]["reason"]


def refused(status, why, request):
    try:
        request.execute()
    except HttpError as error:
        assert (error.status_code, reason(error)) == (status, why), (error.status_code, error.error_details)
        return error
    raise AssertionError("the request was not refused")


def everything(resource, **how):
    """Returns all items of all pages, and the number of pages."""
    request, items, pages = resource.list(**how), [], 0
    while request is not None:
        page = request.execute()
        items, pages = items + page.get("items", []), pages + 1
        request = resource.list_next(request, page)
    return items, pages


def at(hours):
    start = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    return (start + timedelta(hours=hours)).isoformat()


def meeting(**more):
    return {"summary": "Meeting", "start": {"dateTime": at(48)}, "end": {"dateTime": at(49)}, **more}


class Checks:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.account = "witness@gmail.example"
        self.credentials = sandbox.credentials(self.account, "calendar")
        self.service = sandbox.service(credentials=self.credentials)
        self.events = self.service.events()

    def calendars(self):
        entries, pages = everything(self.service.calendarList(), maxResults=2)
        assert pages == 2 and len(entries) == 3, (pages, entries)
        assert [entry["id"] for entry in entries if entry.get("primary")] == [self.account]
        assert self.service.calendars().get(calendarId="primary").execute()["id"] == self.account
        assert "11" in self.service.colors().get().execute()["event"]

    def pages(self):
        events, pages = everything(
            self.events, calendarId="primary", singleEvents=True, orderBy="startTime", maxResults=25,
            timeMin=at(-24 * 40), timeMax=at(24 * 40), timeZone="Asia/Tokyo",
        )
        starts = [event["start"].get("dateTime", event["start"].get("date")) for event in events]
        assert pages > 2 and len({event["id"] for event in events}) == len(events)
        timed = [start for start in starts if "T" in start]
        assert all(start.endswith("+09:00") for start in timed) and timed == sorted(timed)
        refused(400, "badRequest", self.events.list(calendarId="primary", orderBy="startTime"))

    def empty_pages(self):
        self.sandbox.json("/sandbox/set", {"google_empty_pages": "on"})
        first = self.events.list(calendarId="primary", maxResults=50)
        second = self.events.list_next(first, first.execute())
        assert second.execute()["items"] == [] and self.events.list_next(second, second.execute()) is not None
        found, _ = everything(self.events, calendarId="primary", maxResults=50)
        self.sandbox.json("/sandbox/set", {"google_empty_pages": "off"})
        assert len(found) == len(everything(self.events, calendarId="primary")[0])

    def life(self):
        body = meeting(
            id=uuid.uuid4().hex, attendees=[{"email": "grace@example.org", "displayName": "Grace"}],
            extendedProperties={"private": {"ticket": "42"}}, colorId="11", transparency="transparent",
            conferenceData={"createRequest": {"requestId": "r1"}},
        )
        made = self.events.insert(
            calendarId="primary", body=body, conferenceDataVersion=1, sendUpdates="all"
        ).execute()
        assert made["id"] == body["id"] and made["hangoutLink"] and made["attendees"][0]["displayName"] == "Grace"
        refused(409, "duplicate", self.events.insert(calendarId="primary", body=body))
        event = {"calendarId": "primary", "eventId": made["id"]}

        patched = self.events.patch(**event, body={"location": "Room 5", "transparency": None}).execute()
        assert patched["summary"] == "Meeting" and patched["location"] == "Room 5" and "transparency" not in patched
        stale = self.events.patch(**event, body={"summary": "x"})
        stale.headers["If-Match"] = made["etag"]
        refused(412, "conditionNotMet", stale)

        shown = self.sandbox.connect_events("witness")[made["id"]]
        assert shown["location"] == "Room 5" and shown["custom"] == {"ticket": "42"}, shown

        replaced = self.events.update(**event, body=meeting(summary="New")).execute()
        assert replaced["summary"] == "New" and "location" not in replaced and "attendees" not in replaced
        assert self.events.delete(**event).execute() in ("", b"")
        refused(410, "deleted", self.events.delete(**event))
        assert self.events.get(**event).execute()["status"] == "cancelled"
        assert made["id"] not in self.sandbox.connect_events("witness")

    def series(self):
        zone = {"timeZone": "Europe/Budapest"}
        body = meeting(recurrence=["RRULE:FREQ=DAILY;COUNT=4"])
        refused(400, "required", self.events.insert(calendarId="primary", body=body))
        body["start"] |= zone
        body["end"] |= zone
        series = self.events.insert(calendarId="primary", body=body).execute()
        assert series["recurrence"] == body["recurrence"]
        instances = self.events.instances(calendarId="primary", eventId=series["id"]).execute()["items"]
        assert len(instances) == 4 and all(one["recurringEventId"] == series["id"] for one in instances)
        one = {"calendarId": "primary", "eventId": instances[1]["id"]}
        changed = self.events.patch(**one, body={"summary": "Another"}).execute()
        assert changed["originalStartTime"] == instances[1]["originalStartTime"]
        self.events.delete(calendarId="primary", eventId=instances[2]["id"]).execute()
        left = self.events.instances(calendarId="primary", eventId=series["id"]).execute()["items"]
        assert [one["summary"] for one in left] == ["Meeting", "Another", "Meeting"]
        self.events.delete(calendarId="primary", eventId=series["id"]).execute()

    def whole_days(self):
        body = {"summary": "Day off", "start": {"date": "2026-11-20"}, "end": {"date": "2026-11-21"}}
        day = self.events.insert(calendarId="primary", body=body).execute()
        assert (day["start"], day["end"]) == (body["start"], body["end"])
        shown = self.sandbox.connect_events("witness")[day["id"]]
        assert shown["allDay"] and shown["end"] == "2026-11-21T00:00:00.000Z"
        self.events.delete(calendarId="primary", eventId=day["id"]).execute()

    def synchronisation(self):
        for how in ({}, {"singleEvents": True}):
            copy = Copy(self.events, **how)
            copy.sync()
            assert copy.items and copy.sync() == []
            kept, lost = (self.events.insert(calendarId="primary", body=meeting()).execute() for _ in range(2))
            assert {one["id"] for one in copy.sync()} == {kept["id"], lost["id"]}
            self.events.patch(calendarId="primary", eventId=kept["id"], body={"summary": "Changed"}).execute()
            self.events.delete(calendarId="primary", eventId=lost["id"]).execute()
            told = {one["id"]: one for one in copy.sync()}
            assert told[kept["id"]]["summary"] == "Changed" and told[lost["id"]]["status"] == "cancelled"
            assert "summary" not in told[lost["id"]] and copy.full == 1

            self.sandbox.json("/sandbox/expire-sync-tokens", {})
            copy.sync()
            assert copy.full == 2 and kept["id"] in copy.items and lost["id"] not in copy.items
            refused(400, "badRequest", self.events.list(calendarId="primary", syncToken=copy.token, q="x"))
            self.events.delete(calendarId="primary", eventId=kept["id"]).execute()

    def refresh(self):
        before = self.credentials.token
        self.sandbox.json("/sandbox/expire", {})
        assert self.events.list(calendarId="primary").execute()["kind"] == "calendar#events"
        assert self.credentials.token != before

    def scopes(self):
        reader = self.sandbox.service(credentials=self.sandbox.credentials(self.account, "calendar.readonly"))
        assert everything(reader.events(), calendarId="primary")[0]
        refused(403, "insufficientPermissions", reader.events().insert(calendarId="primary", body=meeting()))

    def public(self):
        service = self.sandbox.service(developerKey="sandbox-key")
        holidays, _ = everything(service.events(), calendarId=HOLIDAYS, singleEvents=True, orderBy="startTime")
        assert any(day["summary"] == "Christmas Day" for day in holidays)
        refused(404, "notFound", service.events().list(calendarId=self.account))
        refused(401, "required", service.calendarList().list())
        bad = self.sandbox.service(developerKey="wrong")
        error = refused(400, "badRequest", bad.events().list(calendarId=HOLIDAYS))
        assert error.error_details[0]["reason"] == "API_KEY_INVALID"

    def limits(self):
        for limit, status, why in (
            ("userRateLimitExceeded", 403, "userRateLimitExceeded"), ("429", 429, "rateLimitExceeded"),
            ("quotaExceeded", 403, "quotaExceeded"), ("backendError", 500, "backendError"),
        ):
            self.sandbox.json("/sandbox/set", {"google_limit": limit, "google_limit_every": 1})
            refused(status, why, self.events.list(calendarId="primary"))
        # The client repeats rate-limited requests itself.
        self.sandbox.json("/sandbox/set", {"google_limit": "userRateLimitExceeded", "google_limit_every": 2})
        for _ in range(2):
            assert self.events.list(calendarId="primary").execute(num_retries=2)["items"]
        self.sandbox.json("/sandbox/set", {"google_limit": "off"})

    def free_busy(self):
        made = self.events.insert(calendarId="primary", body=meeting()).execute()
        query = {"timeMin": at(47), "timeMax": at(50), "items": [{"id": "primary"}, {"id": "nobody@example.org"}]}
        calendars = self.service.freebusy().query(body=query).execute()["calendars"]
        assert calendars["primary"]["busy"] and calendars["nobody@example.org"]["errors"][0]["reason"] == "notFound"
        self.events.delete(calendarId="primary", eventId=made["id"]).execute()

    def push(self):
        receiver = Receiver()
        channel = new_webhook_channel(receiver.url, token="secret")
        channel.update(self.events.watch(calendarId="primary", body=channel.body()).execute())
        assert channel.resource_id and channel.expiration
        receiver.wait(1)
        made = self.events.insert(calendarId="primary", body=meeting()).execute()
        told = [notification_from_headers(channel, headers) for headers in receiver.wait(2)]
        assert [(one.message_number, one.state) for one in told] == [(1, "sync"), (2, "exists")], told
        assert receiver.told[1]["X-Goog-Channel-Token"] == "secret"
        refused(400, "channelIdNotUnique", self.events.watch(calendarId="primary", body=channel.body()))
        self.service.channels().stop(body={"id": channel.id, "resourceId": channel.resource_id}).execute()
        self.events.delete(calendarId="primary", eventId=made["id"]).execute()
        time.sleep(2)
        assert len(receiver.told) == 2, "a stopped channel"
        self.sandbox.json("/sandbox/set", {"google_push_refused": "*"})
        new = new_webhook_channel(receiver.url)
        refused(400, "pushNotSupportedForRequestedResource", self.events.watch(calendarId="primary", body=new.body()))
        self.sandbox.json("/sandbox/set", {"google_push_refused": ""})

    def edits(self):
        calendars, entries = self.service.calendars(), self.service.calendarList()
        other = calendars.insert(body={"summary": "Trips", "timeZone": "Asia/Tokyo"}).execute()["id"]
        assert calendars.patch(calendarId=other, body={"location": "Osaka"}).execute()["timeZone"] == "Asia/Tokyo"
        entry = entries.patch(calendarId=other, body={"summaryOverride": "Travel"}).execute()
        assert (entry["summary"], entry["summaryOverride"]) == ("Trips", "Travel"), entry
        made = self.events.insert(calendarId="primary", body=meeting()).execute()
        moved = self.events.move(calendarId="primary", eventId=made["id"], destination=other).execute()
        assert moved["id"] == made["id"] and moved["iCalUID"] == made["iCalUID"]
        found = self.events.list(calendarId=other, fields="items(id,start/dateTime),nextSyncToken").execute()
        assert found["items"] == [{"id": made["id"], "start": {"dateTime": moved["start"]["dateTime"]}}], found
        assert set(found) == {"items", "nextSyncToken"}
        calendars.delete(calendarId=other).execute()
        refused(404, "notFound", calendars.get(calendarId=other))
        settings = {one["id"]: one["value"] for one in self.service.settings().list().execute()["items"]}
        zone = self.service.settings().get(setting="timezone").execute()["value"]
        assert zone == settings["timezone"] == calendars.get(calendarId="primary").execute()["timeZone"]


CHECKS = [
    ("calendars, over two pages", Checks.calendars),
    ("occurrences in order on all pages, in a time zone", Checks.pages),
    ("a page without events is not the last one", Checks.empty_pages),
    ("insert, patch, update and delete, visible in Connect", Checks.life),
    ("a series, an exception and a deleted occurrence", Checks.series),
    ("an all-day event", Checks.whole_days),
    ("synchronization, and an expired sync token", Checks.synchronisation),
    ("an expired access token is refreshed", Checks.refresh),
    ("a read-only scope cannot write", Checks.scopes),
    ("public calendars with an API key", Checks.public),
    ("errors of exceeded limits have their reasons", Checks.limits),
    ("free and busy", Checks.free_busy),
    ("channels and their notifications", Checks.push),
    ("calendars, moves, partial responses and settings", Checks.edits),
]


def main():
    with open(sys.argv[1]) as file:
        checks = Checks(Sandbox(json.load(file)))
    failed = 0
    for name, check in CHECKS:
        try:
            check(checks)
        except Exception:
            failed += 1
            print(f"FAILED {name}")
            traceback.print_exc()
        else:
            print(f"ok google-api-python-client: {name}")
    print(f"Google's client: {len(CHECKS) - failed} checks passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
