"""Tests the consent pages as a user clicks through them, and the callback that the application receives."""

import base64
import contextlib
import http.server
import json
import pathlib
import queue
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

NAME = "Ada's <Planner>"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Application:
    """The application's redirect URI: a listener that records the callbacks."""

    def __init__(self):
        arrived = self.arrived = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                if url.path == "/callback":
                    arrived.put(dict(urllib.parse.parse_qsl(url.query)))
                self.send_response(200 if url.path == "/callback" else 404)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_port}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Sandbox:
    """`connect sandbox` with its consent pages switched on."""

    def __init__(self, program, redirect_uri):
        command = [program, "sandbox", "--json", "--port", "0"]
        for switch in ("auto_consent=off", f"redirect_uri={redirect_uri}", f"display_name={NAME}"):
            command += ["--set", switch]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.base = self.ready["base_url"]

    def authorize(self, user, **more):
        query = {"response_type": "code", "client_id": self.ready["client_id"], "user_id": user, "state": f"s&{user}"}
        return f"{self.base}/oauth/authorize?{urllib.parse.urlencode(query | more)}"

    def status(self, code):
        """Exchanges the code and returns the connected accounts."""
        pair = base64.b64encode(f"{self.ready['client_id']}:{self.ready['client_secret']}".encode()).decode()
        form = urllib.parse.urlencode({"grant_type": "authorization_code", "code": code}).encode()
        tokens = self.call("/oauth/token", {"authorization": f"Basic {pair}"}, form)
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        return self.call("/oauth/connection-status", bearer)["connections"]

    def call(self, path, headers, body=None):
        with urllib.request.urlopen(urllib.request.Request(self.base + path, body, headers)) as answer:
            return json.load(answer)


class Checks:
    """Prints one line per check."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, words, held, found=""):
        if held:
            self.passed += 1
        else:
            self.failed += 1
        print(("ok   " if held else "FAIL ") + words + ("" if held else f": {found!r}"), flush=True)


class User:
    """A user at the browser."""

    def __init__(self, browser):
        self.browser = browser

    def opens(self, address):
        self.browser.get(address)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def clicks(self, selector):
        """Clicks and waits for the next page."""
        before = self.one("html")
        self.one(selector).click()
        WebDriverWait(self.browser, 20).until(lambda _: is_gone(before))

    def connects(self, provider, calendars=True):
        self.clicks(f"#connect-{provider}")
        if not calendars:
            self.one("label[for=calendars]").click()
        self.clicks("button[value=allow]")

    def reads(self, selector):
        return self.one(selector).text


def is_gone(element):
    try:
        element.is_enabled()
        return False
    except Exception:
        return True


def approve(check, user, sandbox, application):
    user.opens(sandbox.authorize("approves"))
    check.that("the page names the application", f"{NAME} is using Mobiscroll Connect" in user.reads("main"))
    check.that("every provider can be connected", len(user.browser.find_elements(By.CSS_SELECTOR, "li a")) == 4)
    user.connects("google")
    check.that("the account is listed as connected", "approves@gmail.example" in user.reads("#google"))
    check.that("the back button names the application", user.reads("button[value=back]") == f"Back to {NAME}")
    user.clicks("button[value=back]")
    arrived = application.arrived.get(timeout=20)
    check.that("a code arrives with the state", set(arrived) == {"code", "state"}, arrived)
    check.that("the state is unchanged", arrived.get("state") == "s&approves", arrived)
    status = sandbox.status(arrived["code"])
    check.that("one account is connected", [len(accounts) for accounts in status.values()].count(1) == 1, status)
    check.that("the account's calendar permission is granted", status["google"][0]["calendarPermissionGranted"] is True, status)


def deny(check, user, sandbox, application):
    for words, way in [
        ("deny on the first page", ["button[value=deny]"]),
        ("deny at the provider", ["#connect-microsoft", "button[value=deny]"]),
        ("go back with nothing connected", ["button[value=back]"]),
    ]:
        user.opens(sandbox.authorize("denies"))
        for selector in way:
            user.clicks(selector)
        arrived = application.arrived.get(timeout=20)
        check.that(f"{words}: access_denied arrives with the state",
                   arrived == {"error": "access_denied", "state": "s&denies"}, arrived)


def withhold(check, user, sandbox, application):
    user.opens(sandbox.authorize("withholds", providers="google,microsoft,caldav"))
    user.connects("google")
    user.connects("microsoft", calendars=False)
    user.clicks("#connect-caldav")
    check.that("CalDAV asks for no calendar permission",
               not user.browser.find_elements(By.ID, "calendars"))
    user.clicks("button[value=allow]")
    check.that("the page shows the withheld permission", "without calendar access" in user.reads("#microsoft"))
    user.clicks("button[value=back]")
    status = sandbox.status(application.arrived.get(timeout=20)["code"])
    granted = {name: [one["calendarPermissionGranted"] for one in accounts] for name, accounts in status.items()}
    check.that("connection-status shows the withheld permission",
               granted == {"google": [True], "microsoft": [False], "apple": [], "caldav": [None]}, granted)


def disconnect(check, user, sandbox, application):
    user.opens(sandbox.authorize("disconnects"))
    user.connects("google")
    user.connects("microsoft")
    button = user.one("#disconnect-google")
    check.that("the button has an accessible name", button.accessible_name == "Disconnect Google Calendar", button.accessible_name)
    user.clicks("#disconnect-google")
    check.that("the Google account is gone and can be connected again", user.one("#connect-google").is_displayed())
    check.that("the Microsoft account stays connected", "disconnects@outlook.example" in user.reads("#microsoft"))
    user.clicks("button[value=back]")
    status = sandbox.status(application.arrived.get(timeout=20)["code"])
    check.that("connection-status has one account",
               (len(status["google"]), len(status["microsoft"])) == (0, 1), status)


def stranger(check, user, sandbox, application):
    """A page of another origin cannot change the sandbox."""
    control = sandbox.base.removesuffix("/api") + "/sandbox"
    user.opens(application.uri.replace("/callback", "/"))
    user.browser.execute_async_script(
        "const [url, done] = arguments; fetch(url, {method: 'POST', mode: 'no-cors', body: '{\"display_name\": \"evil\"}'})"
        ".then(() => done(), () => done());", f"{control}/set")
    with urllib.request.urlopen(urllib.request.Request(f"{control}/set", b"{}")) as answer:
        name = json.load(answer)["settings"]["display_name"]
    check.that("a page of another origin changes no switch", name == NAME, name)
    complaints = [entry["message"] for entry in user.browser.get_log("browser") if "/sandbox/set" in entry["message"]]
    check.that("the request of that page is refused", complaints and all("403" in one for one in complaints), complaints)
    user.opens(f"{control}/apps")
    check.that("a user who opens the address sees the page", "sandbox-client" in user.reads("body"))


def languages(check, user, sandbox, application):
    user.opens(sandbox.authorize("speaks", lng="ar"))
    html = user.one("html")
    check.that("Arabic is right to left", (html.get_attribute("lang"), html.get_attribute("dir")) == ("ar", "rtl"))
    check.that("the browser lays the page out from right to left",
               user.browser.execute_script("return getComputedStyle(document.body).direction") == "rtl")
    heading, box = user.one("h1"), user.one("main")
    check.that("the text is Arabic", any("\u0600" <= letter <= "\u06ff" for letter in heading.text), heading.text)
    check.that("nothing is wider than the page", user.browser.execute_script(
        "return document.documentElement.scrollWidth <= innerWidth") and box.is_displayed())
    user.connects("apple")
    html = user.one("html")
    check.that("the pages after a form are Arabic too", html.get_attribute("dir") == "rtl")
    user.clicks("button[value=back]")
    check.that("the Arabic pages return a code too", "code" in application.arrived.get(timeout=20))
    user.opens(sandbox.authorize("speaks", lng="pt_br"))
    check.that("pt_br is Brazilian Portuguese", user.one("html").get_attribute("lang") == "pt-BR")
    user.opens(sandbox.authorize("speaks", lng="xx"))
    check.that("an unknown language is English", user.one("html").get_attribute("lang") == "en")


def looks(check, user, sandbox, application):
    papers = {}
    for theme in ("light", "dark"):
        user.opens(sandbox.authorize("looks", theme=theme))
        papers[theme] = user.browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    check.that("the style is applied, light and dark",
               papers == {"light": "rgb(255, 255, 255)", "dark": "rgb(19, 19, 20)"}, papers)
    user.clicks("#connect-google")
    named = [(one.accessible_name, one.aria_role) for one in
             user.browser.find_elements(By.CSS_SELECTOR, "input, button, fieldset")]
    check.that("every control has a name", named and all(name for name, _ in named), named)
    check.that("there is one heading and a title", len(user.browser.find_elements(By.TAG_NAME, "h1")) == 1
               and user.browser.title != "")
    check.that("there are no scripts", not user.browser.find_elements(By.TAG_NAME, "script"))
    complaints = [entry["message"] for entry in user.browser.get_log("browser") if "favicon" not in entry["message"]]
    check.that("the browser logs no errors", not complaints, complaints)


def debug_page(check, user, sandbox, application):
    address = sandbox.base.removesuffix("/api") + "/sandbox"
    user.browser.get_log("browser")
    user.opens(address)
    sections = {one.get_attribute("id"): one.text for one in user.browser.find_elements(By.TAG_NAME, "h2")}
    check.that("the debug page has its sections", list(sections.values()) == [
        "Applications", "Users and accounts", "Calendars", "Applications at providers", "Subscriptions", "Deliveries", "Faults",
        "Switches", "Requests"], sections)
    for section in sections:
        user.one(f"nav a[href='#{section}']").click()
        check.that(f"a link leads to the section {section}", user.browser.current_url == f"{address}#{section}")
    tables = user.browser.find_elements(By.TAG_NAME, "table")
    check.that("every table has a caption, and its region has a name", len(tables) == len(sections) and all(
        one.find_element(By.TAG_NAME, "caption").text and one.find_element(By.XPATH, "..").accessible_name for one in tables))
    before = user.browser.get_window_size()
    user.browser.set_window_size(500, 800)
    check.that("nothing is wider than a narrow page", user.browser.execute_script(
        "return document.documentElement.scrollWidth <= innerWidth"))
    user.browser.set_window_size(before["width"], before["height"])
    check.that("the browser logs no errors on the debug page", not (complaints := user.browser.get_log("browser")), complaints)
    requests = user.one("#requests + div").text
    user.opens(address)
    check.that("viewing the debug page is not counted as a request", user.one("#requests + div").text == requests)


@contextlib.contextmanager
def chromium(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS + [f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield browser
    finally:
        browser.quit()


def run(check, sandbox, profile, parts):
    """Runs each part in a browser and prints the result."""
    try:
        with chromium(profile) as browser:
            for name, part in parts:
                try:
                    part(browser)
                except Exception as error:
                    check.that(f"{name} runs to its end", False, f"{type(error).__name__}: {error}"[:500])
    finally:
        sandbox.process.terminate()
        sandbox.process.wait()
    print(f"{check.passed} passed, {check.failed} failed")
    sys.exit(1 if check.failed or not check.passed else 0)


def main():
    program, work = sys.argv[1], pathlib.Path(sys.argv[2])
    application, check = Application(), Checks()
    sandbox = Sandbox(program, application.uri)
    parts = [(part.__name__, lambda browser, part=part: part(check, User(browser), sandbox, application))
             for part in (approve, deny, withhold, disconnect, stranger, languages, looks, debug_page)]
    run(check, sandbox, work / "profile", parts)


if __name__ == "__main__":
    main()
