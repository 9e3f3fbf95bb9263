"""Tests the sample application `web-axum` in a browser, with two users, in light and dark, and by keyboard."""

import contextlib
import datetime
import functools
import http.server
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from browser import Checks, User, chromium, is_gone

PAGES = ("/events", "/events?view=week", "/events?view=month", "/events/new", "/free", "/accounts", "/nowhere")


class Application:
    """The application with its embedded sandbox."""

    def __init__(self, program, work):
        self.process = subprocess.Popen([program, "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, cwd=work)
        self.sandbox, self.base = (re.search(r"http://[0-9.:]+", self.process.stdout.readline())[0] for _ in range(2))

    def control(self, path, body=None, method=None):
        body = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.sandbox}/sandbox/{path}", body, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    @contextlib.contextmanager
    def fault(self, endpoint, **fault):
        self.control("faults", {"endpoint": endpoint, "times": 1000} | fault)
        try:
            yield
        finally:
            self.control("faults", method="DELETE")

    def updates(self):
        """Counts the requests that changed events."""
        answered = self.control("stats")["requests"]
        return sum(count for endpoint, statuses in answered.items() for count in statuses.values()
                   if endpoint.split()[0] in ("POST", "PUT", "DELETE") and "/event" in endpoint)


class Visitor(User):
    """A user at the browser, on the pages of the application."""

    def __init__(self, browser, application, axe):
        super().__init__(browser)
        self.application, self.axe = application, axe

    def violations(self):
        """Returns what axe-core finds wrong with the page."""
        self.browser.execute_script(self.axe)
        found = self.browser.execute_async_script("axe.run().then(arguments[0])")["violations"]
        return [(self.browser.current_url, one["id"], one["nodes"][0]["html"][:120]) for one in found]

    def goes(self, path):
        self.opens(self.application.base + path)

    def starts(self):
        """Starts a sign-in and returns the user id of the application."""
        self.goes("/accounts")
        self.clicks("form[action='/connect'] button")
        self.waits(lambda: "/oauth/" in self.browser.current_url)
        query = urllib.parse.urlsplit(self.browser.current_url).query
        return urllib.parse.parse_qs(query)["user_id"][0]

    def title(self):
        return self.reads("h1")

    def enters(self, name, text):
        field = self.one(f"[name={name}]")
        if field.get_attribute("type") == "datetime-local":
            # Keys depend on the locale of the browser.
            self.browser.execute_script("arguments[0].value = arguments[1]", field, text)
        else:
            field.clear()
            field.send_keys(text)

    def creates(self, title, start, end, **more):
        self.goes("/events/new")
        for name, text in {"title": title, "start": start, "end": end, **more}.items():
            if name in ("repeat", "calendar"):
                Select(self.one(f"[name={name}]")).select_by_value(text)
            else:
                self.enters(name, text)
        self.clicks("main form button")

    def lists(self, day, days=1):
        """Returns the titles and times of the events of some days."""
        found = []
        for offset in range(days):
            date = datetime.date.fromisoformat(day) + datetime.timedelta(offset)
            self.goes(f"/events?view=agenda&date={date}")
            for section in self.browser.find_elements(By.CSS_SELECTOR, f"section:has(time[datetime='{date}'])"):
                for item in section.find_elements(By.TAG_NAME, "li"):
                    found.append((item.find_element(By.TAG_NAME, "a").text, item.find_element(By.CLASS_NAME, "time").text))
        return found

    def opens_event(self, title, day):
        self.goes(f"/events?date={day}")
        link = self.browser.find_element(By.XPATH, f"//section[.//time[@datetime='{day}']]//a[text()='{title}']")
        self.opens(link.get_attribute("href"))

    def chooses(self, form, scope):
        self.one(f"main form:nth-of-type({form}) input[value={scope}]").click()
        self.clicks(f"main form:nth-of-type({form}) button")

    def waits(self, condition, seconds=20):
        wait = WebDriverWait(self.browser, seconds, ignored_exceptions=[StaleElementReferenceException])
        with contextlib.suppress(TimeoutException):
            return wait.until(lambda _: condition())
        return False

    def texts(self, selector):
        """Reads at once, because the page may change at any time."""
        return self.browser.execute_script("return [...document.querySelectorAll(arguments[0])].map(one => one.textContent)", selector)


def sign_in(check, user, application):
    user.browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"})
    user.goes("/events")
    check.that("a visitor without tokens is asked to connect", user.title() == "Connect your calendars", user.title())
    violations = user.violations()
    check.that("the browser's time zone is chosen", user.waits(
        lambda: user.one("#settings").get_attribute("data-zone") == "Europe/Berlin"))
    user.starts()
    user.clicks("button[value=deny]")
    check.that("a denied sign-in says so", "You did not permit" in user.reads("main"), user.reads("main"))
    violations += user.violations()
    check.that("axe-core finds no violations before and after a sign-in", not violations, violations)
    user.starts()
    user.connects("google")
    user.connects("microsoft", calendars=False)
    user.clicks("button[value=back]")
    check.that("the sign-in leads to the events", "/events" in user.browser.current_url, user.browser.current_url)
    check.that("the code is not in the address", "code=" not in user.browser.current_url)
    check.that("there are events", len(user.browser.find_elements(By.CSS_SELECTOR, ".events li")) > 5)
    cookies = {cookie["name"]: cookie for cookie in user.browser.get_cookies()}
    check.that("the session cookie is protected", cookies["session"]["httpOnly"] and cookies["session"]["sameSite"] == "Lax", cookies)
    user.goes("/accounts")
    check.that("a withheld account is explained", "You did not permit access" in user.reads("main"), user.reads("main"))
    application.control("set", {"reauth": "google"})
    user.goes("/accounts")
    check.that("an account that needs a new sign-in is explained", "no longer accepts" in user.reads("main"), user.reads("main"))
    application.control("set", {"reauth": "none"})
    user.goes("/events?view=month")
    check.that("the month has whole weeks", len(user.browser.find_elements(By.CSS_SELECTOR, ".month td")) % 7 == 0)
    before = sum(map(int, user.texts(".count")))
    user.one("summary").click()
    user.one(".filter input[type=checkbox]").click()
    user.clicks(".filter button")
    after = sum(map(int, user.texts(".count")))
    check.that("one calendar has fewer events than all", 0 < after < before, (after, before))


def series(check, user, application):
    user.creates("Choir", "2027-03-15T18:00", "2027-03-15T19:30", repeat="weekly", count="4")
    mondays = ["2027-03-15", "2027-03-22", "2027-03-29", "2027-04-05"]
    hours = {day: [hours for title, hours in user.lists(day) if title == "Choir"] for day in mondays}
    check.that("a series keeps its time across a change of the clocks",
               hours == {day: ["18:00–19:30"] for day in mondays}, hours)
    user.opens_event("Choir", mondays[1])
    user.enters("title", "Choir in the hall")
    user.enters("start", "2027-03-22T19:00")
    user.enters("end", "2027-03-22T20:00")
    user.chooses(1, "this")
    titles = [[one for one in user.lists(day) if "Choir" in one[0]] for day in mondays[:3]]
    check.that("one occurrence is changed", titles == [[("Choir", "18:00–19:30")], [("Choir in the hall", "19:00–20:00")],
                                                      [("Choir", "18:00–19:30")]], titles)
    user.opens_event("Choir", mondays[2])
    user.enters("start", "2027-03-29T20:00")
    user.enters("end", "2027-03-29T21:00")
    user.chooses(1, "all")
    check.that("the time of a whole series cannot be set from an occurrence", user.one("[role=alert]").is_displayed())
    user.chooses(1, "following")
    check.that("this and the following are changed", [hours for day in mondays[2:] for title, hours in user.lists(day)
                                                   if title == "Choir"] == ["20:00–21:00"] * 2)
    user.opens_event("Choir", mondays[0])
    user.chooses(2, "all")
    left = [one for day in mondays for one in user.lists(day) if "Choir" in one[0]]
    check.that("a whole series is deleted", left == [("Choir", "20:00–21:00")] * 2, left)
    count = lambda title, *days: [hours for day in days for name, hours in user.lists(day) if name == title]
    user.creates("Night", "2027-05-01T00:30", "2027-05-01T01:00", repeat="monthly", count="3")
    check.that("a rule whose days differ in UTC is refused", "cannot repeat" in user.reads("[role=alert]"))
    user.creates("Night", "2027-05-10T00:30", "2027-05-10T01:00", repeat="monthly", count="3")
    check.that("a monthly event shortly after midnight keeps its day", count("Night", "2027-05-10", "2027-06-10", "2027-07-10", "2027-07-09")
               == ["00:30–01:00"] * 3)
    user.creates("Back A", "2027-07-20T10:00", "2027-07-20T11:00")
    user.browser.back()
    user.enters("title", "Back B")
    user.clicks("main form button")
    user.browser.back()
    user.clicks("main form button")
    check.that("a form that is changed after a step back creates another event, and once",
               [len(count(title, "2027-07-20")) for title in ("Back A", "Back B")] == [1, 1])
    user.opens_event("Back B", "2027-07-20")
    before, first = application.updates(), user.browser.current_window_handle
    user.clicks("main form:nth-of-type(1) button")
    check.that("saving without a change sends nothing", application.updates() == before)
    user.opens_event("Back B", "2027-07-20")
    user.browser.switch_to.new_window("tab")
    user.opens_event("Back B", "2027-07-20")
    user.enters("location", "Room 2")
    user.clicks("main form:nth-of-type(1) button")
    user.browser.close()
    user.browser.switch_to.window(first)
    user.enters("title", "Back C")
    user.clicks("main form:nth-of-type(1) button")
    user.opens_event("Back C", "2027-07-20")
    check.that("a change in another tab is kept", user.one("[name=location]").get_attribute("value") == "Room 2")
    with application.fault("POST /event", status=422, skip=1, body="{}"):
        user.creates("Parts", "2027-10-25T18:00", "2027-10-25T19:00", repeat="weekly", count="2")
        check.that("a series that is created in part says so", "Send the form again" in user.reads("[role=alert]"))
    user.clicks("main form button")
    check.that("the form creates the missing part, and nothing twice", count("Parts", "2027-10-25", "2027-11-01") == ["18:00–19:00"] * 2)
    user.creates("Stand-up", "2027-09-01T10:00", "2027-09-01T10:15", repeat="daily", count="30")
    user.goes("/events?date=2027-09-01")
    seen = lambda: user.texts(".events a").count("Stand-up")
    total = seen()
    while user.browser.find_elements(By.CSS_SELECTOR, "#live > p > a"):
        user.clicks("#live > p > a")
        total += seen()
    check.that("the pages of the agenda have every event once", total == 30, total)
    user.creates("Holidays", "2027-05-03T00:00", "2027-05-05T00:00")
    user.opens_event("Holidays", "2027-05-03")
    user.one("main form:nth-of-type(1) [name=all_day]").click()
    user.clicks("main form:nth-of-type(1) button")
    days = [("2027-05-0%d" % day, [hours for title, hours in user.lists("2027-05-0%d" % day) if title == "Holidays"]) for day in (2, 3, 5, 6)]
    check.that("an all-day event has its last day", [hours for _, hours in days] == [[], ["All day"], ["All day"], []], days)
    user.creates("Never", "2027-05-03T10:00", "2027-05-03T09:00")
    check.that("a wrong form says what is wrong and keeps the fields",
               (user.reads("[role=alert]"), user.one("[name=title]").get_attribute("value")) == ("The end is not after the start.", "Never"))


def keyboard(check, user, application):
    """Creates and deletes an event without a mouse."""
    press = lambda *keys: user.browser.switch_to.active_element.send_keys(*keys)

    def tab_to(selector):
        for _ in range(120):
            press(Keys.TAB)
            if user.browser.execute_script("return document.activeElement.matches(arguments[0])", selector):
                return True
        return False

    def leaves(*keys):
        before = user.one("html")
        press(*keys)
        user.waits(lambda: is_gone(before))

    user.goes("/events")
    press(Keys.TAB)
    check.that("the first key leads to the skip link", user.browser.switch_to.active_element.get_attribute("href").endswith("#main"))
    ring = user.browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    check.that("the focus is visible", ring == "solid", ring)
    check.that("a key leads to the form", tab_to("a[href='/events/new']"))
    leaves(Keys.ENTER)
    tab_to("[name=title]")
    press("By keyboard")
    day = user.one("[name=start]").get_attribute("value")[:10]
    titles = lambda: [title for title, _ in user.lists(day)]
    leaves(Keys.ENTER)
    check.that("an event is created by keyboard", "By keyboard" in titles(), titles())
    user.opens_event("By keyboard", day)
    tab_to("button.danger")
    leaves(Keys.ENTER)
    check.that("an event is deleted by keyboard", "By keyboard" not in titles(), titles())


def layouts(check, user, application):
    """Looks at every page in both languages, dark and narrow, light and wide."""
    user.goes("/events")
    pages = PAGES + (urllib.parse.urlsplit(user.one(".events a").get_attribute("href"))._replace(scheme="", netloc="").geturl(),)
    violations, wide = [], []
    for language in ("ar", "en"):
        user.goes("/events")
        Select(user.one("#settings select")).select_by_value(language)
        user.clicks("#settings button")
        if language == "ar":
            check.that("Arabic pages are right to left", user.one("html").get_attribute("dir") == "rtl"
                       and user.browser.execute_script("return getComputedStyle(document.body).direction") == "rtl")
        for page in pages:
            user.goes(page)
            if language == "ar":
                check.that(f"{page[:20]} is Arabic", re.search("[\u0600-\u06ff]", user.reads("nav") + user.title()))
            for width, scheme in ((390, "dark"), (1280, "light")) if language == "en" else ((390, "light"),):
                user.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                             {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
                if user.browser.execute_script("return document.documentElement.scrollWidth") > width:
                    wide.append((page, language, width))
                user.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                             {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
                violations += [(language, width, scheme, *found) for found in user.violations()]
    user.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    check.that("no page is wider than the screen", not wide, wide)
    check.that("axe-core finds no violations", not violations, violations[:5])


def shared(check, user, other, application):
    """Two users of one account: what one changes appears on the page of the other."""
    application.control("set", {"shared_accounts": "on"})
    other.browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"})
    account = {"google": {"account": "team@example.com", "calendars": [{"id": "team", "title": "Team", "events": []}]}}
    for one in (user, other):
        application.control("seed", {"users": {one.starts(): account}})
        one.clicks("button[value=back]")
    other.goes("/events?date=2027-07-01")
    check.that("nothing is there before", "Launch" not in other.reads("main"))
    user.creates("Launch", "2027-07-02T10:00", "2027-07-02T11:00")
    check.that("a change appears on the other page without a reload", other.waits(lambda: "Launch" in other.reads("main"), 60))
    check.that("the change is announced", other.one("#status").get_attribute("textContent") == "The events have changed.")
    other.goes("/free?date=2027-06-28&minutes=60")
    slots = other.texts(".slots a")
    check.that("the event leaves 39 of 40 free hours", (len(slots), slots.count("10:00–11:00")) == (39, 4), slots)
    other.browser.execute_script("document.querySelectorAll('.slots a')[1].click()")
    check.that("a free time fills the form", other.waits(lambda: other.one("[name=start]").get_attribute("value") == "2027-06-28T10:00"))
    other.goes("/events?date=2027-07-01")
    user.opens_event("Launch", "2027-07-02")
    user.clicks("button.danger")
    check.that("a deletion appears as well", other.waits(lambda: "Launch" not in other.reads("main"), 60))


def attacks(check, user, application):
    user.goes("/callback?code=x&state=wrong")
    check.that("a callback with a wrong state is refused", user.title() == "This sign-in was not started here", user.title())
    token = user.one("[name=csrf]").get_attribute("value")
    before = application.updates()
    post = ("const [path, body, done] = arguments; fetch(path, {method: 'POST', body: new URLSearchParams(body)})"
            ".then(response => done(response.status), () => done(0))")
    event = {"title": "Forged", "calendar": "google/team", "start": "2027-08-01T10:00", "end": "2027-08-01T11:00", "zone": "UTC"}
    for words, body in (("without its token", event), ("with another token", event | {"csrf": "0" * 32})):
        status = user.browser.execute_async_script(post, "/events/new", body)
        check.that(f"a form {words} is refused", status == 403, status)
    fields = "".join(f"<input name={name} value='{value}'>" for name, value in (event | {"csrf": token}).items())
    page = f"<form method=post action='{application.base}/events/new'>{fields}<button>Win</button></form>"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    user.opens(f"http://localhost:{server.server_port}/")
    user.clicks("button")
    check.that("a form of another site is refused, even with the token",
               user.title() == "The request came from another site", user.title())
    check.that("nothing was sent to the service", application.updates() == before)
    user.goes("/accounts")
    check.that("the other site did not end the session", user.title() == "Accounts", user.title())


def replay(check, user, application):
    """Sends the callback of a finished sign-in again, with and without its cookie."""
    user.starts()
    urls = {"urls": [application.base + "/callback"]}
    cookies = user.browser.execute_cdp_cmd("Network.getCookies", urls)["cookies"]
    application.control("set", {"auto_consent": "on"})
    callback = redirect(user.browser.current_url.replace("/oauth/providers", "/oauth/authorize"))
    application.control("set", {"auto_consent": "off"})
    user.opens(callback)
    check.that("the first callback signs in", "/events" in user.browser.current_url, user.browser.current_url)
    user.opens(callback)
    check.that("a replayed callback is refused", user.title() == "This sign-in was not started here", user.title())
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)
    try:
        redirect(callback, {"cookie": cookies})
        status = 303
    except urllib.error.HTTPError as error:
        status = error.code
    check.that("with its old cookie it is refused as well", status in (400, 401), status)


def redirect(url, headers={}):
    """Returns the URL to which the response redirects."""

    class Stop(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        urllib.request.build_opener(Stop).open(urllib.request.Request(url, headers=headers))
    except urllib.error.HTTPError as error:
        if error.code not in (302, 303):
            raise
        return error.headers["location"]


def troubles(check, user, application):
    """Each trouble of the service has a page that says what to do."""
    for words, fault, title, advice in [
        ("the service is down", {"cut": "before"}, "The calendars cannot be reached", "reload this page in a few minutes"),
        ("the service fails", {"status": 503}, "The calendars cannot be reached", "reload this page in a few minutes"),
        ("no permission", {"status": 403, "body": json.dumps({"error": "Forbidden", "code": "calendar_permission_required",
                          "message": "not granted", "accounts": []})}, "A permission is missing", "Connect the account again"),
        # The client waits and retries before it gives up.
        ("too many requests", {"status": 429, "headers": {"retry-after": "2"}}, "Too many requests", "Reload this page in a minute"),
    ]:
        with application.fault("GET /calendars", **fault):
            user.goes("/events")
            check.that(f"{words}: the page says so", user.title() == title and advice in user.reads("main"), user.reads("main"))
    application.control("expire", {})
    with application.fault("POST /oauth/token", grant_type="refresh_token", status=400, body=json.dumps({"error": "invalid_grant"})):
        user.goes("/accounts")
    check.that("signed out elsewhere: the page offers to connect", user.title() == "Connect your calendars"
               and user.one("form.panel button").is_displayed(), user.title())


def sign_out(check, user, application):
    user.starts()
    user.clicks("button[value=back]")
    user.goes("/accounts")
    user.clicks("main > form:last-of-type button")
    check.that("signing out leads to the first page", user.title() == "Connect your calendars", user.title())
    user.goes("/events")
    check.that("after signing out no event is shown", not user.browser.find_elements(By.CSS_SELECTOR, ".events li"))


def main():
    program, axe, work = sys.argv[1], pathlib.Path(sys.argv[2]).read_text(), pathlib.Path(sys.argv[3])
    check, application = Checks(), Application(program, work)
    code = None
    try:
        with chromium(work / "one") as first, chromium(work / "two") as second:
            user, other = Visitor(first, application, axe), Visitor(second, application, axe)
            parts = [sign_in, series, keyboard, layouts, functools.partial(shared, other=other),
                     attacks, replay, troubles, sign_out]
            for part in parts:
                name = getattr(part, "func", part).__name__
                if sys.argv[4:] and name not in sys.argv[4:]:
                    continue
                try:
                    part(check, user, application=application)
                except Exception as error:
                    check.that(f"{name} runs to its end", False, f"{type(error).__name__}: {error}"[:500])
                complaints = [entry["message"] for entry in first.get_log("browser")
                              if "favicon" not in entry["message"] and "status of" not in entry["message"]]
                check.that(f"{name}: the browser logs no errors", not complaints, complaints)
            other.goes("/events")
            address = urllib.parse.urlsplit(application.base)
            with socket.create_connection((address.hostname, address.port)) as unfinished:
                unfinished.sendall(b"POST /webhook HTTP/1.1\r\n")
                application.process.send_signal(signal.SIGTERM)
                code = application.process.wait(60)
            check.that("the program ends in order while a page is open and a request is unfinished", code == 0, code)
    finally:
        if code is None:
            application.process.kill()
    print(f"{check.passed} passed, {check.failed} failed")
    sys.exit(1 if check.failed or not check.passed else 0)


if __name__ == "__main__":
    main()
