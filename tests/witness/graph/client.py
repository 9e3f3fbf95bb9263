"""Runs Microsoft's Python client for Graph, unchanged, against the sandbox.

Usage: client.py FILE, where FILE contains the line that `connect sandbox --json` printed.
Prints one line for each check, and exits with 1 if one failed.
"""

import asyncio
import json
import sys
import threading
import traceback
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

from kiota_abstractions.authentication import (
    AccessTokenProvider, AllowedHostsValidator, BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.attendee import Attendee
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.calendar import Calendar
from msgraph.generated.models.calendar_color import CalendarColor
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.day_of_week import DayOfWeek
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.event import Event
from msgraph.generated.models.event_type import EventType
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.location import Location
from msgraph.generated.models.mailbox_settings import MailboxSettings
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.patterned_recurrence import PatternedRecurrence
from msgraph.generated.models.recurrence_pattern import RecurrencePattern
from msgraph.generated.models.recurrence_pattern_type import RecurrencePatternType
from msgraph.generated.models.recurrence_range import RecurrenceRange
from msgraph.generated.models.recurrence_range_type import RecurrenceRangeType
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_request_body import (
    GetSchedulePostRequestBody,
)
from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import CalendarViewRequestBuilder
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.calendars.calendars_request_builder import CalendarsRequestBuilder
from msgraph.generated.users.item.events.events_request_builder import EventsRequestBuilder
from msgraph.generated.users.item.events.item.instances.instances_request_builder import InstancesRequestBuilder
from msgraph_core.tasks.page_iterator import PageIterator

ACCOUNT = "witness@outlook.example"


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


class Sandbox:
    """The parts around Microsoft's client: a browser, the sandbox's control endpoints, and the calls to Connect."""

    def __init__(self, ready):
        self.ready = ready
        self.connect = ready["base_url"]
        self.origin = self.connect.removesuffix("/api")
        self.app = self.json("/sandbox/providers")["microsoft"]["apps"][0]

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

    def token(self, scope):
        tenant = f"{self.origin}/microsoft/common/oauth2/v2.0"
        query = {
            "client_id": self.app["clientId"], "redirect_uri": self.app["redirectUri"], "response_type": "code",
            "scope": scope, "login_hint": ACCOUNT,
        }
        form = {
            "grant_type": "authorization_code", "code": self.consent(f"{tenant}/authorize?{urlencode(query)}"),
            "redirect_uri": self.app["redirectUri"], "client_id": self.app["clientId"],
            "client_secret": self.app["clientSecret"],
        }
        with urlopen(f"{tenant}/token", urlencode(form).encode()) as answer:
            return json.load(answer)["access_token"]

    def client(self, scope="Calendars.ReadWrite"):
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Token(self, scope)))
        adapter.base_url = f"{self.origin}/microsoft/graph/v1.0"
        return GraphServiceClient(request_adapter=adapter), adapter

    def connect_events(self):
        """Returns the events that Connect lists in the default calendar, by id."""
        query = {"client_id": self.ready["client_id"], "user_id": "witness", "scope": "read-write"}
        code = self.consent(f"{self.connect}/oauth/authorize?{urlencode(query)}")
        form = {
            "grant_type": "authorization_code", "code": code, "client_id": self.ready["client_id"],
            "client_secret": self.ready["client_secret"],
        }
        with urlopen(f"{self.connect}/oauth/token", urlencode(form).encode()) as answer:
            token = json.load(answer)["access_token"]
        chosen = {"calendarIds": json.dumps({"microsoft": ["primary"]}), "start": "2020-01-01", "end": "2040-01-01"}
        path = f"/api/events?{urlencode({**chosen, 'pageSize': 1000, 'singleEvents': 'false'})}"
        events = self.json(path, headers={"authorization": f"Bearer {token}"})["events"]
        return {event["id"]: event for event in events}


class Receiver:
    """Receives notifications, and answers validations."""

    def __init__(self):
        self.told, self.validated = told, validated = [], []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                token = parse_qs(urlsplit(self.path).query).get("validationToken")
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                if token:
                    validated.append(token[0])
                else:
                    told.extend(json.loads(body)["value"])
                self.send_response(200 if token else 202)
                self.send_header("content-type", "text/plain")
                self.end_headers()
                self.wfile.write(token[0].encode() if token else b"")

            def log_message(self, *arguments):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}/told"

    async def wait(self, count):
        for _ in range(200):
            if len(self.told) >= count:
                return self.told
            await asyncio.sleep(0.1)
        raise AssertionError(f"{len(self.told)} of {count} notifications came")


class Token(AccessTokenProvider):
    def __init__(self, sandbox, scope):
        self.hosts = AllowedHostsValidator([urlsplit(sandbox.origin).hostname])
        self.value = sandbox.token(scope)

    async def get_authorization_token(self, uri, additional_authentication_context={}):
        return self.value if self.hosts.is_url_host_valid(uri) else ""

    def get_allowed_hosts_validator(self):
        return self.hosts


def at(hours, zone="UTC"):
    start = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
    return DateTimeTimeZone(date_time=start.strftime("%Y-%m-%dT%H:%M:%S"), time_zone=zone)


def bound(days):
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")


def meeting(**more):
    return Event(**{"subject": "Meeting", "start": at(48), "end": at(49), **more})


def view(days=40, top=None, select=None, zone=None):
    query = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters(
        start_date_time=bound(-days), end_date_time=bound(days), top=top, select=select,
    )
    configuration = RequestConfiguration(query_parameters=query)
    if zone:
        configuration.headers.add("Prefer", f'outlook.timezone="{zone}"')
    return configuration


async def refused(status, code, call):
    try:
        await call
    except ODataError as error:
        assert (error.response_status_code, error.error.code) == (status, code), (
            error.response_status_code, error.error,
        )
        assert error.error.inner_error.request_id, "the id of the request"
        return error
    raise AssertionError("the request was not refused")


class Copy:
    """A local copy of a calendar view, updated as in the guide to delta queries."""

    def __init__(self, client):
        self.builder = client.me.calendar_view.delta
        self.link, self.items, self.full = None, {}, 0

    async def sync(self):
        query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            start_date_time=bound(-20), end_date_time=bound(20),
        )
        first = RequestConfiguration(query_parameters=query)
        plain = RequestConfiguration()
        for configuration in (first, plain):
            configuration.headers.add("Prefer", "odata.maxpagesize=20")
        self.full += self.link is None
        told = []
        try:
            page = await (self.builder.with_url(self.link).get(plain) if self.link else self.builder.get(first))
        except ODataError as error:
            assert (error.response_status_code, error.error.code) == (410, "SyncStateNotFound"), error
            self.link, self.items = None, {}
            return await self.sync()
        while True:
            told += page.value
            assert (page.odata_next_link is None) != (page.odata_delta_link is None), "one of them"
            if page.odata_delta_link:
                break
            page = await self.builder.with_url(page.odata_next_link).get(plain)
        for event in told:
            if "@removed" in event.additional_data:
                self.items.pop(event.id)
            else:
                self.items[event.id] = event
        self.link = page.odata_delta_link
        return told


class Checks:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.client, self.adapter = sandbox.client()

    def event(self, event_id):
        return self.client.me.events.by_event_id(event_id)

    async def calendars(self):
        query = CalendarsRequestBuilder.CalendarsRequestBuilderGetQueryParameters(top=1)
        first = await self.client.me.calendars.get(RequestConfiguration(query_parameters=query))
        found = []
        await PageIterator(first, self.adapter).iterate(lambda one: found.append(one) or True)
        assert len(found) == 2 and found[0].is_default_calendar and found[0].owner.address == ACCOUNT
        assert (await self.client.me.calendar.get()).id == found[0].id
        one = await self.client.me.calendars.by_calendar_id(found[1].id).get()
        assert one.name == found[1].name and one.can_edit
        await refused(404, "ErrorItemNotFound", self.client.me.calendars.by_calendar_id("none").get())

    async def pages(self):
        zone = "Tokyo Standard Time"
        first = await self.client.me.calendar_view.get(view(top=15, zone=zone))
        events, iterator = [], PageIterator(first, self.adapter)
        iterator.headers.add("Prefer", f'outlook.timezone="{zone}"')
        await iterator.iterate(lambda one: events.append(one) or True)
        assert len(events) > 30 and len({event.id for event in events}) == len(events)
        assert all(event.start.time_zone == zone for event in events)
        assert all(len(event.start.date_time) == len("2026-11-21T09:00:00.0000000") for event in events)
        assert EventType.SeriesMaster not in {event.type for event in events}
        usual = await self.client.me.calendar_view.get(view())
        assert len(usual.value) == 10 and usual.odata_next_link
        few = await self.client.me.calendar_view.get(view(top=3, select=["subject"]))
        assert few.value[0].subject and few.value[0].start is None
        await refused(400, "TimeZoneNotSupportedException", self.client.me.calendar_view.get(view(zone="Mars")))
        await refused(400, "ErrorInvalidParameter", self.client.me.calendar_view.get(view(top=1001)))

    async def empty_pages(self):
        """Follows the links manually, because the client's iterator stops at an empty page."""
        self.sandbox.json("/sandbox/set", {"graph_empty_pages": "on"})
        page, found = await self.client.me.calendar_view.get(view(top=20)), []
        sizes = []
        while True:
            found += page.value
            sizes.append(len(page.value))
            if not page.odata_next_link:
                break
            page = await self.client.me.calendar_view.with_url(page.odata_next_link).get()
        self.sandbox.json("/sandbox/set", {"graph_empty_pages": "off"})
        whole = await self.client.me.calendar_view.get(view(top=1000))
        assert sizes[1] == 0 and {one.id for one in found} == {one.id for one in whole.value}

    async def life(self):
        sent = meeting(
            transaction_id=str(uuid.uuid4()), show_as=FreeBusyStatus.Oof, location=Location(display_name="Room 5"),
            body=ItemBody(content_type=BodyType.Html, content="<p>Slides</p>"),
            attendees=[Attendee(email_address=EmailAddress(address="grace@example.org", name="Grace"))],
            is_online_meeting=True, categories=["Red"],
        )
        made = await self.client.me.events.post(sent)
        again = await self.client.me.events.post(sent)
        assert again.id == made.id and again.transaction_id == sent.transaction_id
        assert made.online_meeting.join_url and made.attendees[0].email_address.name == "Grace"
        assert made.show_as == FreeBusyStatus.Oof and made.locations[0].display_name == "Room 5"

        patched = await self.event(made.id).patch(Event(subject="Other", location=Location(display_name="Room 6")))
        assert patched.subject == "Other" and [one.display_name for one in patched.locations] == ["Room 6"]
        assert patched.body.content == "<p>Slides</p>" and patched.change_key != made.change_key
        stale = RequestConfiguration()
        stale.headers.add("If-Match", made.additional_data["@odata.etag"])
        await refused(412, "ErrorIrresolvableConflict", self.event(made.id).patch(Event(subject="x"), stale))

        shown = self.sandbox.connect_events()[made.id]
        assert shown["title"] == "Other" and shown["location"] == "Room 6" and shown["conference"], shown
        await self.event(made.id).delete()
        await refused(404, "ErrorItemNotFound", self.event(made.id).get())
        assert made.id not in self.sandbox.connect_events()

    async def series(self):
        start = datetime.now(timezone.utc).date() + timedelta(days=2)
        recurrence = PatternedRecurrence(
            pattern=RecurrencePattern(
                type=RecurrencePatternType.Weekly, interval=1, days_of_week=list(DayOfWeek),
                first_day_of_week=DayOfWeek.Monday,
            ),
            range=RecurrenceRange(
                type=RecurrenceRangeType.Numbered, start_date=start, number_of_occurrences=4,
                recurrence_time_zone="Romance Standard Time",
            ),
        )
        time = lambda hour: DateTimeTimeZone(date_time=f"{start}T{hour:02}:00:00", time_zone="Romance Standard Time")
        made = await self.client.me.events.post(meeting(start=time(9), end=time(10), recurrence=recurrence))
        assert made.type == EventType.SeriesMaster and len(made.recurrence.pattern.days_of_week) == 7
        assert made.recurrence.range.number_of_occurrences == 4 and made.recurrence.range.start_date == start

        async def instances():
            query = InstancesRequestBuilder.InstancesRequestBuilderGetQueryParameters(
                start_date_time=bound(0), end_date_time=bound(30),
            )
            return (await self.event(made.id).instances.get(RequestConfiguration(query_parameters=query))).value

        all_four = await instances()
        assert len(all_four) == 4 and all(one.series_master_id == made.id for one in all_four)
        changed = await self.event(all_four[1].id).patch(Event(subject="Another"))
        assert changed.type == EventType.Exception
        past = Event(start=all_four[3].start, end=all_four[3].end)
        await refused(400, "ErrorOccurrenceCrossingBoundary", self.event(all_four[1].id).patch(past))
        await self.event(all_four[2].id).delete()
        assert [one.subject for one in await instances()] == ["Meeting", "Another", "Meeting"]
        await self.event(made.id).delete()

    async def whole_days(self):
        day = datetime.now(timezone.utc).date() + timedelta(days=3)
        midnight = lambda day: DateTimeTimeZone(date_time=f"{day}T00:00:00", time_zone="Tokyo Standard Time")
        made = await self.client.me.events.post(
            meeting(start=midnight(day), end=midnight(day + timedelta(days=1)), is_all_day=True)
        )
        assert made.is_all_day and made.start.date_time.startswith(f"{day}T00:00:00")
        shown = self.sandbox.connect_events()[made.id]
        assert shown["allDay"] and shown["start"] == f"{day}T00:00:00.000Z", shown
        await self.event(made.id).delete()
        wrong = self.client.me.events.post(meeting(is_all_day=True, start=at(48), end=at(48)))
        error = await refused(400, "ErrorInvalidRequest", wrong)
        assert "midnight" in error.error.message or "24 hours" in error.error.message

    async def synchronisation(self):
        copy = Copy(self.client)
        await copy.sync()
        assert copy.items and await copy.sync() == []
        kept, lost = [await self.client.me.events.post(meeting()) for _ in range(2)]
        assert {one.id for one in await copy.sync()} == {kept.id, lost.id}
        await self.event(kept.id).patch(Event(subject="Changed"))
        await self.event(lost.id).delete()
        told = {one.id: one for one in await copy.sync()}
        assert told[kept.id].subject == "Changed"
        assert "@removed" in told[lost.id].additional_data and told[lost.id].subject is None
        assert copy.full == 1 and lost.id not in copy.items

        self.sandbox.json("/sandbox/expire-sync-tokens", {})
        await copy.sync()
        assert copy.full == 2 and copy.items[kept.id].subject == "Changed" and lost.id not in copy.items
        await self.event(kept.id).delete()

    async def schedule(self):
        made = await self.client.me.events.post(meeting(show_as=FreeBusyStatus.Oof))
        body = GetSchedulePostRequestBody(
            schedules=[ACCOUNT, "nobody@example.org"], start_time=at(48), end_time=at(50),
            availability_view_interval=60,
        )
        own, nobody = (await self.client.me.calendar.get_schedule.post(body)).value
        assert own.availability_view[0] == "3" and len(own.availability_view) == 2
        assert any(item.status == FreeBusyStatus.Oof for item in own.schedule_items)
        assert nobody.error.response_code == "ErrorMailRecipientNotFound"
        await self.event(made.id).delete()

    async def scopes(self):
        reader, _ = self.sandbox.client("Calendars.Read")
        assert (await reader.me.calendar_view.get(view())).value
        await refused(403, "ErrorAccessDenied", reader.me.events.post(meeting()))
        self.sandbox.json("/sandbox/expire", {})
        await refused(401, "InvalidAuthenticationToken", reader.me.calendars.get())
        self.client, self.adapter = self.sandbox.client()

    async def limits(self):
        """The client waits and repeats the request itself."""
        self.sandbox.json("/sandbox/set", {"graph_limit": "429", "graph_limit_every": 2, "graph_retry_after": 1})
        for _ in range(2):
            assert (await self.client.me.calendars.get()).value
        self.sandbox.json("/sandbox/set", {"graph_limit": "off"})
        endpoint = "GET /microsoft/graph/v1.0/me/calendars"
        assert self.sandbox.json("/sandbox/stats")["requests"][endpoint]["429"] == 1

    async def elsewhere(self):
        """Checks that a link to another host is followed without the token."""
        self.sandbox.json("/sandbox/set", {"graph_next_link": "foreign"})
        page = await self.client.me.calendar_view.get(view())
        self.sandbox.json("/sandbox/set", {"graph_next_link": "own"})
        provider = self.adapter._authentication_provider.access_token_provider
        assert page.odata_next_link.startswith("http://graph.microsoft.example/")
        assert await provider.get_authorization_token(page.odata_next_link) == ""

    async def push(self):
        receiver = Receiver()
        ends = lambda hours: datetime.now(timezone.utc) + timedelta(hours=hours)
        wanted = Subscription(
            change_type="created,updated,deleted", notification_url=receiver.url, resource="me/events",
            lifecycle_notification_url=f"{receiver.url}?lifecycle=1", expiration_date_time=ends(1),
            client_state="secret",
        )
        made = await self.client.subscriptions.post(wanted)
        assert made.id and len(receiver.validated) == 2, receiver.validated
        event = await self.client.me.events.post(meeting())
        told = (await receiver.wait(1))[0]
        assert (told["subscriptionId"], told["clientState"], told["changeType"]) == (made.id, "secret", "created")
        assert told["resourceData"]["id"] == event.id
        one = self.client.subscriptions.by_subscription_id(made.id)
        renewed = await one.patch(Subscription(expiration_date_time=ends(2)))
        assert renewed.expiration_date_time > made.expiration_date_time
        assert [one.id for one in (await self.client.subscriptions.get()).value] == [made.id]
        await one.delete()
        await self.event(event.id).delete()
        await asyncio.sleep(2)
        assert len(receiver.told) == 1, "a deleted subscription"
        wanted.notification_url = "http://127.0.0.1:9/nobody"
        await refused(400, "InvalidRequest", self.client.subscriptions.post(wanted))

    async def edits(self):
        made = await self.client.me.calendars.post(Calendar(name="Trips", color=CalendarColor.LightGreen))
        one = self.client.me.calendars.by_calendar_id(made.id)
        changed = await one.patch(Calendar(name="Travel"))
        assert (changed.name, changed.color) == ("Travel", CalendarColor.LightGreen)
        await refused(409, "ErrorFolderExists", self.client.me.calendars.post(Calendar(name="Travel")))
        for subject in ("Flight", "It's late"):
            await one.events.post(meeting(subject=subject))
        for text, wanted in (("subject eq 'It''s late'", ["It's late"]), ("startswith(subject,'fl')", ["Flight"])):
            query = EventsRequestBuilder.EventsRequestBuilderGetQueryParameters(filter=text)
            found = await one.events.get(RequestConfiguration(query_parameters=query))
            assert [event.subject for event in found.value] == wanted, text
        await one.delete()
        await refused(404, "ErrorItemNotFound", one.get())

    async def mailbox(self):
        client, _ = self.sandbox.client("MailboxSettings.ReadWrite User.Read")
        assert (await client.me.get()).mail == ACCOUNT
        settings = await client.me.mailbox_settings.get()
        assert settings.time_zone and settings.working_hours.start_time.hour == 8
        changed = await client.me.mailbox_settings.patch(MailboxSettings(time_zone="Tokyo Standard Time"))
        assert changed.time_zone == "Tokyo Standard Time"
        wrong = client.me.mailbox_settings.patch(MailboxSettings(time_zone="Mars"))
        await refused(400, "InvalidTimeZone", wrong)


CHECKS = [
    ("calendars, over two pages", Checks.calendars),
    ("occurrences in order on all pages, in a time zone", Checks.pages),
    ("a page without events is not the last one", Checks.empty_pages),
    ("create twice, patch and delete, visible in Connect", Checks.life),
    ("a series, an exception and a deleted occurrence", Checks.series),
    ("an all-day event", Checks.whole_days),
    ("deltas, and an expired delta link", Checks.synchronisation),
    ("schedules", Checks.schedule),
    ("a read-only scope cannot write", Checks.scopes),
    ("a rate-limited request is repeated", Checks.limits),
    ("a link to another host gets no token", Checks.elsewhere),
    ("subscriptions and their notifications", Checks.push),
    ("calendars and filters", Checks.edits),
    ("the profile and the settings of the mailbox", Checks.mailbox),
]


async def run(checks):
    failed = 0
    for name, check in CHECKS:
        try:
            await check(checks)
        except Exception:
            failed += 1
            print(f"FAILED {name}")
            traceback.print_exc()
        else:
            print(f"ok msgraph-sdk: {name}")
    print(f"Microsoft's client: {len(CHECKS) - failed} checks passed, {failed} failed")
    return failed


def main():
    with open(sys.argv[1]) as file:
        checks = Checks(Sandbox(json.load(file)))
    sys.exit(1 if asyncio.run(run(checks)) else 0)


if __name__ == "__main__":
    main()
