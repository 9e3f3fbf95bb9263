"""Signs in at the sandbox, runs schemathesis with the token, and counts the results."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import jsonschema_rs

SEED = os.environ.get("SEED", "20261115")
EXAMPLES = "120"

# A run that only gets error responses proves nothing, so each of these responses must occur.
REACHED = {
    "GET /oauth/authorize": ["302", "400"],
    "POST /oauth/token": ["400"],
    "POST /oauth/revoke": ["200", "400"],
    "GET /oauth/connection-status": ["200", "401"],
    "POST /oauth/disconnect": ["200", "400", "401", "404"],
    "GET /calendars": ["200", "401"],
    "GET /events": ["200", "400", "401"],
    "POST /event": ["201", "400", "401", "404"],
    "PUT /event": ["200", "400", "401", "404"],
    "DELETE /event": ["204", "400", "401", "404"],
    "POST /subscribe-webhook": ["200", "400", "401"],
    "POST /unsubscribe-webhook": ["200", "400", "401"],
    "GET /health": ["200"],
    "GET /.well-known/webhook-keys": ["200"],
}


def main():
    ready, schema, work = (pathlib.Path(argument) for argument in sys.argv[1:])
    server = json.loads(ready.read_text())
    reports = [work / "keys.ndjson", work / "first.ndjson", work / "last.ndjson"]
    token = sign_in(server)
    environment = dict(
        os.environ,
        CONNECT_TOKEN=token,
        CONNECT_ID=server["client_id"],
        CONNECT_SECRET=server["client_secret"],
    )
    closed = work / "closed.json"
    closed.write_text(json.dumps(aim(close(json.loads(schema.read_text())), server, token)))
    # The webhook keys are at the origin, not under /api. Disconnecting comes last, because nothing can be
    # listed or written afterwards.
    last = ["--include-path", "/oauth/disconnect"]
    keys = ["--include-path", "/.well-known/webhook-keys"]
    others = [flag.replace("include", "exclude") for flag in last + keys]
    base_url = server["base_url"]
    codes = [
        run(keys, closed, base_url.removesuffix("/api"), environment, reports[0]),
        run(others, closed, base_url, environment, reports[1]),
        run(last, closed, base_url, environment, reports[2]),
    ]
    passed, failed = (sum(numbers) for numbers in zip(*map(count, reports)))
    wrong = list(wrong_examples(json.loads(schema.read_text())))
    failed += len(wrong)
    for example in wrong:
        print(f"the example {example}")
    answers = get(server, token, "/sandbox/stats")["requests"]
    for operation, statuses in REACHED.items():
        for status in statuses:
            if answers.get(operation, {}).get(status):
                passed += 1
            else:
                failed += 1
                print(f"{operation} never responded with {status}, only with {answers.get(operation)}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if any(codes) or failed or not passed else 0)


def wrong_examples(document):
    """Returns the examples that do not match their schemas, and the bodies that have no example."""
    definitions = {"components": document["components"]}
    for name, operations in {**document["paths"], **document["webhooks"]}.items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or operation.get("x-rust-kind") == "link" or "{" in name:
                continue
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for kind, body in bodies.items():
                body = document["components"]["responses"][body["$ref"].split("/")[-1]] if "$ref" in body else body
                for media, content in body.get("content", {}).items():
                    label = f"{method} {name}, {kind}, {media}"
                    if "example" not in content:
                        yield f"{label} is missing"
                        continue
                    validator = jsonschema_rs.validator_for({**definitions, **content["schema"]})
                    for error in validator.iter_errors(content["example"]):
                        yield f"{label}: {error.message}"


def run(selection, schema, url, environment, report):
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")),
        "--config-file", str(pathlib.Path(__file__).with_name("schemathesis.toml")),
        "run", str(schema),
        *selection,
        "--url", url,
        "--checks", "all",
        "--seed", SEED,
        "--generation-database", "none",
        "--max-examples", EXAMPLES,
        "--max-redirects", "0",
        "--continue-on-failure",
        "--report", "ndjson",
        "--report-ndjson-path", str(report),
    ]
    return subprocess.run(command, cwd=schema.parent, env=environment).returncode


def close(schema):
    """Returns the schema of the requests that the service accepts.

    - Without "or a newer value": clients must expect new values, but the service refuses new values.
    - With null for missing values, which some callers send.
    - With either `count` or `until`, as their descriptions say.
    - With any or no times in a list request: the service parses many formats and has defaults.
    - With any page size: the service uses its maximum.
    - With a list as the body of disconnect: one official SDK sends an empty list.
    """
    for component in schema["components"]["schemas"].values():
        choices = component.get("anyOf", [])
        if any("const" in choice for choice in choices):
            component["anyOf"] = [choice for choice in choices if "const" in choice]
    requests = ("NewEvent", "UpdateEvent", "Recurrence", "ConferenceData", "SubscribeWebhook", "UnsubscribeWebhook")
    for name in requests:
        component = schema["components"]["schemas"][name]
        for field in set(component["properties"]) - set(component.get("required", [])) - {"title", "start", "end"}:
            component["properties"][field] = {"anyOf": [component["properties"][field], {"type": "null"}]}
    schema["components"]["schemas"]["Recurrence"]["not"] = {"required": ["count", "until"]}
    for parameter in schema["paths"]["/events"]["get"]["parameters"]:
        if parameter["name"] in ("start", "end"):
            parameter.update(required=False, schema={"type": "string"})
        if parameter["name"] == "pageSize":
            parameter["schema"] = {"type": "integer", "minimum": 1}
    body = schema["paths"]["/oauth/disconnect"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = {"anyOf": [body["schema"], {"type": "array"}]}
    return schema


def aim(schema, server, token):
    """Adds existing ids to the generated ones, so that some requests are not refused for an unknown id."""
    calendars = get(server, token, "/calendars")
    events = get(server, token, "/events?pageSize=400&singleEvents=false")["events"]
    some = lambda ids: {"anyOf": [{"type": "string", "enum": ids}, {"type": "string", "minLength": 1}]}
    google = {"anyOf": [{"const": "google"}, {"$ref": "#/components/schemas/Provider"}]}
    schemas = schema["components"]["schemas"]
    for name in ("NewEvent", "UpdateEvent"):
        properties = schemas[name]["properties"]
        properties["provider"] = google
        properties["calendarId"] = some(["primary"])
        properties["start"] = {"anyOf": [{"const": "2000-01-01T00:00:00Z"}, properties["start"]]}
        properties["end"] = {"anyOf": [{"const": "2100-01-01T00:00:00Z"}, properties["end"]]}
        properties["title"] = {"type": "string", "minLength": 1}
        emails = {"type": "array", "items": {"type": "string", "format": "email"}}
        properties["attendees"] = {"anyOf": [emails, {"type": "null"}]}
    ids = [event["id"] for event in events if event["provider"] == "google"]
    schemas["UpdateEvent"]["properties"]["eventId"] = {"type": "string", "enum": ids[::2]}
    one = next(event for event in events if event["id"] == ids[1])
    example = {"provider": "google", "calendarId": one["calendarId"], "eventId": one["id"]}
    listed = [calendar["id"] for calendar in calendars]
    ours = [calendar["id"] for calendar in calendars if calendar["provider"] == "google"]
    schemas["SubscribeWebhook"]["properties"]["calendarId"] = some(listed)
    for parameter in schema["paths"]["/event"]["delete"]["parameters"]:
        known = {"provider": google, "calendarId": some(ours), "eventId": {"type": "string", "enum": ids[1::2]}}
        parameter["schema"] = known.get(parameter["name"], parameter["schema"])
        if parameter["name"] in example:
            parameter["example"] = example[parameter["name"]]
    return schema


def get(server, token, path):
    headers = {"authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(server["base_url"] + path, headers=headers)) as answer:
        return json.load(answer)


def sign_in(server):
    """Signs in: authorize, which consents automatically, then the exchange of the code."""
    query = urllib.parse.urlencode({"client_id": server["client_id"], "user_id": "schema-user"})
    try:
        urllib.request.build_opener(Stay).open(f"{server['base_url']}/oauth/authorize?{query}")
        raise SystemExit("authorize did not redirect")
    except urllib.error.HTTPError as redirect:
        target = urllib.parse.urlsplit(redirect.headers["location"])
    code = urllib.parse.parse_qs(target.query)["code"][0]
    form = urllib.parse.urlencode({"grant_type": "authorization_code", "code": code}).encode()
    pair = base64.b64encode(f"{server['client_id']}:{server['client_secret']}".encode()).decode()
    request = urllib.request.Request(
        f"{server['base_url']}/oauth/token", form, {"authorization": f"Basic {pair}"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


class Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects."""

    def redirect_request(self, *_):
        return None


def count(report):
    """Counts the passed and failed checks of all requests."""
    passed = failed = 0
    for line in report.read_text().splitlines():
        event = json.loads(line)
        recorder = event.get("ScenarioFinished", {}).get("recorder", {})
        for checks in recorder.get("checks", {}).values():
            for check in checks:
                if check.get("status") == "failure":
                    failed += 1
                else:
                    passed += 1
    return passed, failed


if __name__ == "__main__":
    main()
