"""Signs deliveries with Python's `cryptography` and verifies them with `connect webhooks verify`.

Usage: signer.py PROGRAM. Prints one line for each check, and exits with 1 if one failed.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BODIES = {
    "documented": json.dumps({
        "provider": "google", "userId": "ann", "calendarId": "work@example.org", "changeType": "updated",
        "events": [{"id": "e1", "title": "Café ☕ — Zoë", "changeType": "updated"}],
        "timestamp": "2026-11-21T10:00:00.000Z",
        "metadata": {"channelId": "c", "eventCount": 1, "isInitialSync": False},
    }, ensure_ascii=False).encode(),
    "small": b'{"eventType":"event.deleted","userId":"ann","events":[{"id":"e1"}]}',
    "large": json.dumps({"events": [{"id": f"e{n}", "title": "x" * 900} for n in range(100)]}).encode(),
    "empty": b"{}",
}


class Signer:
    def __init__(self):
        self.key = Ed25519PrivateKey.generate()
        self.public = "whpk_" + base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def headers(self, body, moment=None, name="msg_1"):
        moment = str(int(time.time()) if moment is None else moment)
        signature = self.key.sign(f"{name}.{moment}.".encode() + body)
        return {
            "Webhook-Id": name,
            "webhook-timestamp": moment,
            "WEBHOOK-SIGNATURE": "v1a," + base64.b64encode(signature).decode(),
        }


def verify(program, body, headers, keys, *more):
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(body)
    command = [program, "webhooks", "verify", "--json", "--body", file.name, *more]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    for key in keys:
        command += ["--key", key]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    os.unlink(file.name)
    return json.loads(done.stdout), done.returncode


def checks(program):
    one, other = Signer(), Signer()
    for name, body in BODIES.items():
        headers = one.headers(body)
        yield f"a {name} body", verify(program, body, headers, [other.public, one.public]), None
        yield f"a {name} body with the key of another signer", verify(program, body, headers, [other.public]), "no_matching_signature"
        yield f"a {name} body that was changed", verify(program, body + b" ", headers, [one.public]), "no_matching_signature"
    body = BODIES["small"]
    both = one.headers(body, moment=1790000000)
    both["WEBHOOK-SIGNATURE"] = other.headers(body, moment=1790000000)["WEBHOOK-SIGNATURE"] + " " + both["WEBHOOK-SIGNATURE"]
    at = ("--now", "1790000300")
    yield "two signatures, the first key", verify(program, body, both, [one.public], *at), None
    yield "two signatures, the second key", verify(program, body, both, [other.public], *at), None
    yield "too old by a second", verify(program, body, both, [one.public], "--now", "1790000301"), "timestamp_out_of_tolerance"
    yield "no key", verify(program, body, both, [], *at), "no_public_keys"
    yield "a body that is not JSON", verify(program, b"x", one.headers(b"x"), [one.public]), "invalid_payload"


def main(program):
    failed = passed = 0
    for name, (printed, code), reason in checks(program):
        expected = {"verified": reason is None, "reason": reason}
        if {key: printed.get(key) for key in expected} == expected and code == (0 if reason is None else 1):
            passed += 1
            print(f"ok   signer: {name}")
        else:
            failed += 1
            print(f"FAIL signer: {name}: {printed}, exit {code}; expected {expected}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
