"""Runs every Python block of the guide's chapter for users of the official Python SDK against the sandbox.

Usage: migration.py FILE [CHAPTER], where FILE contains the line that `connect sandbox --json` printed. The
sandbox must respond to writes with `event_response=wrapped`. Exits with 1 if a block failed.

Each block runs with the names that the chapter introduces. A block after the line `<!-- expired -->` runs with
an expired access token.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import sys
import traceback
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import httpx
from mobiscroll_connect import MobiscrollConnectClient
from witness import Receiver

CHAPTER = pathlib.Path(__file__).parents[2] / "docs/guide/from-python.md"
BLOCK = re.compile(r"(?P<expired><!-- expired -->\n)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD = re.compile(r"^\|.*\|\n\|[ :|-]+\|\n", re.MULTILINE)
USER = "user-123"


def table_rows(text):
    """Returns the number of table rows below the heads of the tables."""
    rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)
    return len(rows) - 2 * len(HEAD.findall(text))


class Chapter:
    """The sandbox and the names that the blocks of the chapter use."""

    def __init__(self, ready):
        self.ready = ready
        self.origin = ready["base_url"].removesuffix("/api")
        self.receiver = Receiver()
        self.control("set", {"webhook_url": self.receiver.url, "initial_sync": "off"})
        names = {
            "MOBISCROLL_CLIENT_ID": "client_id",
            "MOBISCROLL_CLIENT_SECRET": "client_secret",
            "MOBISCROLL_REDIRECT_URI": "redirect_uri",
        }
        os.environ.update({name: ready[field] for name, field in names.items()})

    def control(self, path, body):
        answer = httpx.post(f"{self.origin}/sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def code(self, client):
        """Signs the user in as a browser would, and returns the code of the callback."""
        answer = httpx.get(client.auth.generate_auth_url(USER, state="s", scope="read-write"), follow_redirects=False)
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    def names(self):
        """Returns the names that the chapter introduces, for one block."""
        ready = self.ready
        client = MobiscrollConnectClient(
            ready["client_id"], ready["client_secret"], ready["redirect_uri"], base_url=ready["base_url"]
        )
        tokens = client.auth.get_token(self.code(client))
        calendar = next(one for one in client.calendars.list() if one.provider == "google")
        start = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=2)
        new = {
            "provider": "google", "calendar_id": calendar.id, "title": "Planning", "start": start,
            "end": start + timedelta(hours=1),
        }
        event = client.events.create(new)
        series = client.events.create({**new, "recurrence": {"frequency": "DAILY", "count": 3}})
        listed = client.events.iter_all(start=start, end=start + timedelta(days=5))
        occurrence = [one for one in listed if one.recurring_event_id == series.id][1]
        told = self.control("trigger", {"user": USER, "change": "updated"})
        delivery = self.receiver.take(told["delivery"])
        return {
            "client": client, "user_id": USER, "code": self.code(client), "tokens": tokens, "calendar": calendar,
            "event": event, "occurrence": occurrence, "database": {}, "body": delivery.body,
            "headers": delivery.headers,
        }


def main(ready_path, chapter_path=CHAPTER):
    ready = json.loads(pathlib.Path(ready_path).read_text(encoding="utf-8"))
    text = pathlib.Path(chapter_path).read_text(encoding="utf-8")
    chapter = Chapter(ready)
    blocks = list(BLOCK.finditer(text))
    failed = 0
    for block in blocks:
        line = text.count("\n", 0, block.start("code")) + 1
        names = chapter.names()
        if block["expired"]:
            chapter.control("expire", {})
        try:
            # The empty lines make the line numbers of a traceback those of the chapter.
            code = compile("\n" * (line - 1) + block["code"], str(chapter_path), "exec")
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, {"__name__": "guide", **names})
        except Exception:
            failed += 1
            print(f"FAIL {pathlib.Path(chapter_path).name}:{line}")
            traceback.print_exc()
        else:
            print(f"ok   {pathlib.Path(chapter_path).name}:{line}")
    print(f"{table_rows(text)} table rows, {len(blocks)} Python blocks run")
    print(f"{len(blocks) - failed} passed, {failed} failed")
    return 1 if failed or not blocks else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
