"""Runs the official Python SDK, unchanged, against the sandbox.

Usage: witness.py FILE, where FILE contains the line that `connect sandbox --json` printed.
Prints one line for each check, and exits with 1 if one failed.
"""

import asyncio
import collections
import contextlib
import http.server
import inspect
import json
import queue
import sys
import threading
import traceback
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
from mobiscroll_connect import MobiscrollConnectClient, WebhookVerificationError, verify_webhook_signature
from mobiscroll_connect._internal.webhook_keys import WebhookKeyStore
from mobiscroll_connect.aio import AsyncMobiscrollConnectClient
from mobiscroll_connect.exceptions import AuthenticationError, NotFoundError, ValidationError

NOW = datetime.now(timezone.utc).replace(microsecond=0)
FROM, TO = NOW - timedelta(days=90), NOW + timedelta(days=240)
PROVIDERS = ["google", "microsoft", "apple", "caldav"]


class Witness:
    """One user with one client. Both clients have the same checks: `settle` awaits the results of the async client."""

    def __init__(self, kind, client, ready, receiver):
        self.kind, self.client, self.ready, self.receiver = kind, client, ready, receiver
        self.user = f"witness {kind} é&1"
        self.origin = ready["base_url"].removesuffix("/api")
        self.persisted = []
        self.passed, self.failed = 0, 0

    async def run(self):
        checks = [
            self.sign_in, self.status, self.calendars, self.pages, self.masters, self.chosen, self.create, self.update,
            self.delete, self.series, self.conference, self.errors, self.first_delivery, self.delivery, self.deleted,
            self.resent, self.tampered, self.small_form, self.rotation, self.refresh, self.read_only, self.disconnect,
            self.lost,
        ]
        for check in checks:
            name = f"{self.kind}: {check.__doc__}"
            try:
                await check()
            except Exception:
                self.failed += 1
                print(f"FAIL {name}")
                traceback.print_exc()
            else:
                self.passed += 1
                print(f"ok   {name}")

    async def settle(self, value):
        return await value if inspect.isawaitable(value) else value

    def control(self, path, body=None):
        url = f"{self.origin}/sandbox/{path}"
        answer = httpx.get(url) if body is None else httpx.post(url, json=body)
        answer.raise_for_status()
        return answer.json()

    async def authorize(self, **options):
        url = self.client.auth.generate_auth_url(self.user, **options)
        answer = httpx.get(url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        location = urlsplit(answer.headers["location"])
        assert location._replace(query="").geturl() == self.ready["redirect_uri"]
        query = parse_qs(location.query)
        assert query.get("state") == [options["state"]]
        return await self.settle(self.client.auth.get_token(query["code"][0]))

    async def every(self, **query):
        found = self.client.events.iter_all(start=FROM, end=TO, **query)
        if hasattr(found, "__aiter__"):
            return [event async for event in found]
        return list(found)

    def new(self, provider, calendar, **more):
        start = NOW + timedelta(days=1)
        return {
            "provider": provider, "calendar_id": calendar, "title": "Réunion 日本 🎉", "start": start,
            "end": start + timedelta(hours=1), **more,
        }

    async def first_calendar(self, provider):
        calendars = await self.settle(self.client.calendars.list())
        return next(calendar.id for calendar in calendars if calendar.provider == provider)

    def keys(self):
        answer = httpx.get(f"{self.origin}/.well-known/webhook-keys")
        assert answer.headers["cache-control"] == "public, max-age=3600"
        return [key["key"] for key in answer.json()["keys"]]

    def trigger(self, **change):
        """Changes an event as the provider's user, and returns its delivery."""
        told = self.control("trigger", {"user": self.user, **change})
        return told, self.receiver.take(told["delivery"])

    async def verify(self, got):
        return await self.settle(self.client.webhooks.verify_webhook(got.body, got.headers))

    def refused(self, keys, body, headers, reason="no_matching_signature"):
        try:
            verify_webhook_signature(body, headers, keys)
            raise AssertionError("the delivery was verified")
        except WebhookVerificationError as error:
            assert error.reason == reason, error.reason

    async def sign_in(self):
        """authorize, consent and exchange with the SDK's default scope"""
        tokens = await self.authorize(state="a b&c=d/é", lng="es")
        assert tokens.token_type == "Bearer" and tokens.expires_in == 3600
        assert tokens.access_token.count(".") == 2 and tokens.refresh_token

    async def status(self):
        """connection status with one account of each provider"""
        status = await self.settle(self.client.auth.get_connection_status())
        assert sorted(status.connections) == sorted(PROVIDERS) and not status.limit_reached
        for provider, accounts in status.connections.items():
            (account,) = accounts
            assert account.sync_state == "active" and account.sync_state_updated_at is None
            granted = True if provider in ("google", "microsoft") else None
            assert account.calendar_permission_granted is granted and bool(account.granted_scopes) == bool(granted)

    async def calendars(self):
        """calendars of all four providers"""
        calendars = await self.settle(self.client.calendars.list())
        assert {calendar.provider for calendar in calendars} == set(PROVIDERS)
        assert all(calendar.title and calendar.time_zone and calendar.original for calendar in calendars)

    async def pages(self):
        """paging iterator: small pages return the same events as large ones, in order"""
        large, small = await self.every(page_size=1000), await self.every(page_size=37)
        key = lambda event: (event.provider, event.calendar_id, event.id)
        assert len(large) > 400 and [key(event) for event in large] == [key(event) for event in small]
        assert len({key(event) for event in small}) == len(small)
        assert all(a.start <= b.start for a, b in zip(small, small[1:]))
        first = await self.settle(self.client.events.list(start=FROM, end=TO, page_size=1000))
        assert first.page_size == 1000 and (len(first) == len(large) or first.has_more)

    async def masters(self):
        """singleEvents=false returns masters"""
        masters = await self.every(single_events=False)
        assert masters and all(event.recurring_event_id is None for event in masters)
        assert any(event.recurring_event_id for event in await self.every())

    async def chosen(self):
        """calendarIds restricts the list on all pages"""
        calendar = await self.first_calendar("microsoft")
        events = await self.every(calendar_ids={"microsoft": [calendar], "apple": ["unknown"]}, page_size=20)
        assert len(events) > 20 and {event.calendar_id for event in events} == {calendar}

    async def create(self):
        """create an event with every provider"""
        for provider in PROVIDERS:
            calendar = await self.first_calendar(provider)
            new = self.new(provider, calendar, description="d", attendees=["a@example.org"], all_day=False)
            event = await self.settle(self.client.events.create(new))
            assert (event.title, event.calendar_id, event.start) == (new["title"], calendar, new["start"])
            assert event.attendees[0].email == "a@example.org" and event.description == "d"
            found = await self.every(calendar_ids={provider: [calendar]})
            assert event.id in {event.id for event in found}

    async def update(self):
        """update one field and clear another"""
        event = await self.settle(self.client.events.create(self.new("google", "primary", description="d", location="l")))
        place = {"provider": "google", "calendar_id": event.calendar_id, "event_id": event.id}
        changed = await self.settle(self.client.events.update({**place, "title": "New", "description": None}))
        assert (changed.id, changed.title, changed.location, changed.description) == (event.id, "New", "l", None)
        assert changed.start == event.start

    async def delete(self):
        """delete an event whose ids need encoding"""
        for provider in PROVIDERS:
            calendar = await self.first_calendar(provider)
            event = await self.settle(self.client.events.create(self.new(provider, calendar)))
            place = {"provider": provider, "calendar_id": calendar, "event_id": event.id}
            assert await self.settle(self.client.events.delete(place)) is None
            assert event.id not in {event.id for event in await self.every(calendar_ids={provider: [calendar]})}

    async def series(self):
        """a series: change one occurrence, delete another, then delete the rest"""
        rule = {"frequency": "DAILY", "count": 5}
        master = await self.settle(self.client.events.create(self.new("google", "primary", recurrence=rule)))
        own = lambda events: [event for event in events if event.recurring_event_id == master.id]
        occurrences = own(await self.every())
        assert len(occurrences) == 5
        one = lambda n: {
            "provider": "google", "calendar_id": master.calendar_id, "event_id": occurrences[n].id,
            "recurring_event_id": master.id,
        }
        await self.settle(self.client.events.update({**one(1), "update_mode": "this", "title": "Changed"}))
        await self.settle(self.client.events.delete({**one(0), "delete_mode": "this"}))
        await self.settle(self.client.events.delete({**one(3), "delete_mode": "following"}))
        left = own(await self.every())
        assert [event.title for event in left] == ["Changed", master.title]

    async def conference(self):
        """a conference created by the provider"""
        new = self.new("google", "primary", conferenceData={"autoGenerate": True})
        event = await self.settle(self.client.events.create(new))
        assert event.conference.startswith("https://") and event.conference_data["provider"]

    async def errors(self):
        """errors become the SDK's error classes"""
        with contextlib.suppress(ValidationError):
            await self.settle(self.client.events.create({"provider": "google", "calendar_id": "primary"}))
            raise AssertionError("a create without a title was accepted")
        try:
            await self.settle(self.client.events.create(self.new("google", "primary", privacy="x")))
            raise AssertionError("an unknown privacy was accepted")
        except ValidationError as error:
            assert isinstance(error.details["privacy"][0], str)
        with contextlib.suppress(NotFoundError):
            await self.settle(self.client.events.create(self.new("google", "unknown")))
            raise AssertionError("an unknown calendar was found")
        with contextlib.suppress(ValidationError):
            await self.settle(self.client.events.list(next_page_token="garbage"))
            raise AssertionError("an invalid page token was accepted")

    async def first_delivery(self):
        """a new channel first delivers the existing events, signed"""
        calendars = {one["calendarId"] for one in self.control("subscriptions")["subscriptions"] if one["userId"] == self.user}
        assert calendars == {calendar.id for calendar in await self.settle(self.client.calendars.list())}
        (first, *_) = [one for one in self.control("deliveries")["deliveries"] if one["userId"] == self.user]
        delivery = await self.verify(self.receiver.take(first["id"]))
        assert delivery.metadata.is_initial_sync and delivery.metadata.event_count == len(delivery.events) > 0

    async def delivery(self):
        """a change is delivered; verification with given keys and with the client's keys accepts it"""
        for change in ("created", "updated"):
            told, got = self.trigger(change=change, title="Réunion 日本 🎉")
            verify_webhook_signature(got.body, got.headers, self.keys())
            verify_webhook_signature(got.body.decode(), got.headers, self.keys())
            delivery = await self.verify(got)
            (event,) = delivery.events
            assert (delivery.user_id, delivery.calendar_id) == (self.user, told["calendarId"])
            assert (event.id, event.title, event.change_type) == (told["event"]["id"], "Réunion 日本 🎉", change)
            assert delivery.change_type == change and delivery.metadata.is_initial_sync is False
            assert event.id in {event.id for event in await self.every()}

    async def deleted(self):
        """a deleted event is delivered without its times"""
        told, got = self.trigger(change="deleted")
        delivery = await self.verify(got)
        assert (delivery.events[0].id, delivery.events[0].change_type) == (told["event"]["id"], "deleted")

    async def resent(self):
        """a repeated delivery has the same id and body, and a new signature"""
        told, first = self.trigger()
        await asyncio.sleep(1)
        assert self.control("resend", {"id": told["delivery"]})["delivery"] == told["delivery"]
        again = self.receiver.take(told["delivery"])
        assert again.body == first.body and again.headers["webhook-id"] == first.headers["webhook-id"]
        assert again.headers["webhook-signature"] != first.headers["webhook-signature"]
        await self.verify(again)

    async def tampered(self):
        """a delivery that was changed in transit is refused"""
        _, got = self.trigger()
        self.refused(self.keys(), got.body.replace(b'"', b"'", 1), got.headers)
        for name in ("webhook-id", "webhook-timestamp"):
            value = got.headers[name]
            other = value[:-1] + ("1" if value[-1] == "0" else "0")
            self.refused(self.keys(), got.body, {**got.headers, name: other})
        try:
            await self.settle(self.client.webhooks.verify_webhook(got.body + b" ", got.headers))
            raise AssertionError("the delivery was verified")
        except WebhookVerificationError as error:
            assert error.reason == "no_matching_signature"

    async def small_form(self):
        """the body in the format of the SDK's test vectors"""
        self.control("set", {"webhook_body": "vector"})
        told, got = self.trigger(change="created", title="Small")
        self.control("set", {"webhook_body": "documented"})
        delivery = await self.verify(got)
        assert (delivery.events[0].id, delivery.events[0].title) == (told["event"]["id"], "Small")
        assert json.loads(got.body)["eventType"] == "event.created" and delivery.change_type is None

    async def rotation(self):
        """after a rotation both keys sign, and either key verifies"""
        old = self.keys()[0]
        self.control("rotate-keys", {})
        new, previous = self.keys()
        assert previous == old != new
        _, got = self.trigger()
        assert got.headers["webhook-signature"].count("v1a,") == 2
        for keys in ([old], [new], [new, old]):
            verify_webhook_signature(got.body, got.headers, keys)
            self.refused(keys, got.body + b" ", got.headers)
        await self.verify(got)
        only_new = got.headers["webhook-signature"].split(" ")[0]
        verify_webhook_signature(got.body, {**got.headers, "webhook-signature": only_new}, [new])
        self.refused([old], got.body, {**got.headers, "webhook-signature": only_new})
        WebhookKeyStore.reset()
        await self.verify(got._replace(headers={**got.headers, "webhook-signature": only_new}))

    async def refresh(self):
        """an expired token is refreshed once, and the new pair reaches the hook"""
        before = self.control("stats")
        self.control("expire", {})
        self.persisted.clear()
        assert await self.settle(self.client.calendars.list())
        after = self.control("stats")
        assert after["exchanges"]["refresh"]["granted"] == before["exchanges"]["refresh"]["granted"] + 1
        assert after["expired_answers"] == before["expired_answers"] + 1
        (tokens,) = self.persisted
        assert tokens.access_token and tokens.refresh_token
        assert await self.settle(self.client.calendars.list())
        assert self.control("stats")["exchanges"] == after["exchanges"]

    async def read_only(self):
        """the scope read denies writes, and the scope free-busy denies calendars"""
        await self.authorize(state="s", scope="read")
        try:
            await self.settle(self.client.events.create(self.new("google", "primary")))
            raise AssertionError("a write was accepted")
        except AuthenticationError as error:
            assert "Write access denied" in error.message
        await self.authorize(state="s", scope="free-busy")
        with contextlib.suppress(AuthenticationError):
            await self.settle(self.client.calendars.list())
            raise AssertionError("the calendars were listed")
        blocks = await self.every(page_size=100)
        assert blocks and all(not event.title and not event.attendees for event in blocks)
        await self.authorize(state="s", scope="read-write")

    async def disconnect(self):
        """disconnect one account, then a provider"""
        status = await self.settle(self.client.auth.get_connection_status())
        account = status.connections["apple"][0].id
        assert (await self.settle(self.client.auth.disconnect("apple", account=account))).success
        assert (await self.settle(self.client.auth.disconnect("caldav"))).success
        status = await self.settle(self.client.auth.get_connection_status())
        assert [len(status.connections[provider]) for provider in PROVIDERS] == [1, 1, 0, 0]
        calendars = await self.settle(self.client.calendars.list())
        assert {calendar.provider for calendar in calendars} == {"google", "microsoft"}

    async def lost(self):
        """after a revocation the SDK requires a new sign-in"""
        token = self.persisted[-1].refresh_token
        answer = httpx.post(f"{self.ready['base_url']}/oauth/revoke", json={"token": token})
        assert answer.status_code == 200 and answer.json() == {"success": True}
        with contextlib.suppress(AuthenticationError):
            await self.settle(self.client.calendars.list())
            raise AssertionError("a revoked token still works")


class Got(NamedTuple):
    headers: dict
    body: bytes


class Receiver:
    """The application's webhook URL: accepts all deliveries and stores them by id."""

    def __init__(self):
        self.arrived = collections.defaultdict(queue.Queue)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(204)
                self.end_headers()
                receiver.arrived[self.headers["webhook-id"]].put(Got(dict(self.headers), body))

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}/hook"

    def take(self, delivery):
        return self.arrived[delivery].get(timeout=10)


async def main(path):
    with open(path, encoding="utf-8") as file:
        ready = json.load(file)
    receiver = Receiver()
    origin = ready["base_url"].removesuffix("/api")
    httpx.post(f"{origin}/sandbox/set", json={"webhook_url": receiver.url}).raise_for_status()
    options = (ready["client_id"], ready["client_secret"], ready["redirect_uri"])

    with MobiscrollConnectClient(*options, base_url=ready["base_url"]) as client:
        sync = Witness("sync", client, ready, receiver)
        client.on_tokens_refreshed(sync.persisted.append)
        await sync.run()

    async with AsyncMobiscrollConnectClient(*options, base_url=ready["base_url"]) as client:
        other = Witness("async", client, ready, receiver)

        async def persist(tokens):
            other.persisted.append(tokens)

        client.on_tokens_refreshed(persist)
        await other.run()

    passed, failed = sync.passed + other.passed, sync.failed + other.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
