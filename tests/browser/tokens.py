"""Tests the token endpoint from pages of several origins in a real browser: only a page of the application gets an access
token. The code comes from the popup of the sandbox's Google, as in the calendar integration."""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

from browser import Checks, User, run

# The integration's request: a form with one field, X-Requested-With, and the application's session cookie.
SEND = """
const [url, form, headers, done] = arguments;
fetch(url, {method: 'POST', credentials: 'include', body: new URLSearchParams(form), headers}).then(
    async reply => done({status: reply.status, type: reply.headers.get('content-type'), text: await reply.text()}),
    error => done({error: error.name}));
"""
WITHOUT_ASKING = """
const [url, form, done] = arguments;
fetch(url, {method: 'POST', credentials: 'include', mode: 'no-cors', body: new URLSearchParams(form)}).then(
    async reply => done({status: reply.status, text: await reply.text()}), error => done({error: error.name}));
"""
OLD_WAY = """
const [url, form, done] = arguments;
const request = new XMLHttpRequest();
request.open('POST', url);
request.withCredentials = true;
request.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
request.onload = () => done({status: request.status, text: request.responseText});
request.onerror = () => done({error: 'error'});
request.send(new URLSearchParams(form).toString());
"""
INTO_A_FRAME = """
const [url, form, done] = arguments;
const frame = Object.assign(document.createElement('iframe'), {name: 'frame' + Math.random()});
document.body.append(frame);
const sent = document.body.appendChild(document.createElement('form'));
Object.assign(sent, {method: 'POST', action: url, target: frame.name});
for (const [name, value] of Object.entries(form)) {
    const field = sent.appendChild(document.createElement('input'));
    Object.assign(field, {name, value});
}
frame.onload = () => {
    let text = null;
    try { text = frame.contentDocument && frame.contentDocument.body.innerText; } catch (error) {}
    done({text});
};
sent.submit();
"""
HEADERS = {"X-Requested-With": "XmlHttpRequest"}


class Pages:
    """Serves pages of an origin; the application's pages set its session cookie."""

    def __init__(self, host="127.0.0.1", user=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("content-type", "text/html")
                if user:
                    self.send_header("set-cookie", f"user={user}; Path=/; HttpOnly")
                self.end_headers()
                self.wfile.write(b"<!DOCTYPE html><title>page</title><body></body>")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://{host}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Sandbox:
    """`connect sandbox`, whose Google shows a consent page."""

    def __init__(self, program):
        command = [program, "sandbox", "--json", "--port", "0", "--set", "auto_consent=off"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        base = urllib.parse.urlsplit(json.loads(self.process.stdout.readline())["base_url"])
        self.origin = f"{base.scheme}://{base.netloc}"

    def consent(self):
        query = {
            "response_type": "code",
            "client_id": "google-client",
            "redirect_uri": "postmessage",
            "scope": "https://www.googleapis.com/auth/calendar.readonly",
            "access_type": "offline",
        }
        return f"{self.origin}/google/o/oauth2/v2/auth?{urllib.parse.urlencode(query)}"

    def exchanges(self):
        with urllib.request.urlopen(f"{self.origin}/sandbox/stats") as answer:
            counts = json.load(answer).get("providers", {}).get("google", {})
        return sum(sum(counts.get(grant, {}).values()) for grant in ("code", "refresh"))


class Endpoint:
    """One of the example servers, which accepts pages of this origin."""

    def __init__(self, program, sandbox, origin):
        settings = {
            "GOOGLE_CLIENT_ID": "google-client",
            "GOOGLE_CLIENT_SECRET": "google-secret",
            "GOOGLE_TOKEN_URL": f"{sandbox.origin}/google/token",
            "APP_ORIGIN": origin,
        }
        command = [program, "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | settings)
        self.base = self.process.stdout.readline().strip()


def code(browser, sandbox):
    """Returns the code that Google's script passes from its popup to the page."""
    page = browser.current_window_handle
    browser.execute_script("window.open(arguments[0], 'consent')", sandbox.consent())
    browser.switch_to.window(next(one for one in browser.window_handles if one != page))
    user = User(browser)
    user.clicks("button[value=approve]")
    found = json.loads(user.one("body").text)["code"]
    browser.close()
    browser.switch_to.window(page)
    return found


def flow(check, browser, name, sandbox, program):
    app, neighbour, stranger = Pages(user="ada"), Pages(), Pages(host="localhost")
    endpoint = Endpoint(program, sandbox, app.origin)
    auth, refresh = f"{endpoint.base}/auth", f"{endpoint.base}/refresh"

    def ask(script, *arguments):
        return browser.execute_async_script(script, *arguments)

    browser.set_script_timeout(20)
    try:
        browser.delete_all_cookies()
        browser.get(app.origin)
        got = code(browser, sandbox)

        # The origin with another port has the same host, so its pages also send the application's cookie.
        for who, pages in (("another port", neighbour), ("another host", stranger)):
            before = sandbox.exchanges()
            browser.get(pages.origin)
            for url, form in ((auth, {"code": got}), (refresh, {})):
                check.that(f"{name}: a page of {who} gets no response",
                           ask(SEND, url, form, HEADERS) == {"error": "TypeError"})
                opaque = ask(WITHOUT_ASKING, url, form)
                check.that(f"{name}: a request without the header gets no response either", opaque == {"status": 0, "text": ""}, opaque)
                framed = ask(INTO_A_FRAME, url, form)
                check.that(f"{name}: a frame cannot read the response either", framed == {"text": None}, framed)
            check.that(f"{name}: no code is exchanged for {who}", sandbox.exchanges() == before)

        browser.get(app.origin)
        refused = ask(SEND, auth, {"code": got}, {})
        check.that(f"{name}: a page of the application can read the error",
                   refused.get("status") == 403 and "error" in json.loads(refused["text"]), refused)
        reply = ask(SEND, auth, {"code": got}, HEADERS)
        tokens = json.loads(reply.get("text") or "{}")
        check.that(f"{name}: a request with the header gets the access token",
                   reply.get("status") == 200 and tokens.get("token_type") == "Bearer" and tokens["access_token"], reply)
        check.that(f"{name}: the refresh token stays on the server", "refresh_token" not in tokens, tokens)
        later = ask(SEND, refresh, {}, HEADERS)
        check.that(f"{name}: a later request gets an access token", later.get("status") == 200
                   and "access_token" in json.loads(later["text"]), later)
        old = ask(OLD_WAY, refresh, {})
        check.that(f"{name}: XMLHttpRequest works too", old.get("status") == 200, old)
        used = ask(SEND, auth, {"code": got}, HEADERS)
        check.that(f"{name}: a used code is a readable error",
                   (used.get("status"), json.loads(used["text"])["error"]) == (400, "invalid_grant"), used)
        browser.delete_all_cookies()
        browser.execute_script("history.replaceState(null, '', '/')")
        nobody = ask(SEND, refresh, {}, HEADERS)
        check.that(f"{name}: a request without a session is refused", nobody.get("status") == 401, nobody)
    finally:
        endpoint.process.terminate()
        endpoint.process.wait()


def main():
    connect, work, programs = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    check, sandbox = Checks(), Sandbox(connect)
    names = [(pathlib.Path(program).name, program) for program in programs]
    parts = [(name, lambda browser, name=name, program=program: flow(check, browser, name, sandbox, program))
             for name, program in names]
    run(check, sandbox, work / "tokens-profile", parts)


if __name__ == "__main__":
    main()
