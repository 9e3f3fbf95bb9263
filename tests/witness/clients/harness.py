"""Shared by the Python clients: a browser that consents, the sandbox's control endpoints, a proxy that connects real host
names to the sandbox, and the check runner."""

import inspect
import json
import os
import socket
import socketserver
import sys
import threading
import traceback
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


class Sandbox:
    def __init__(self, ready):
        self.ready = ready
        self.origin = ready["base_url"].removesuffix("/api")

    def control(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{self.origin}/sandbox/{path}", data)) as answer:
            return json.load(answer)

    def app(self, provider, public=False):
        return next(app for app in self.control("providers")[provider]["apps"] if app["public"] == public)

    def redirect(self, url):
        """Opens the URL as a browser, and returns the URL of the redirect."""
        try:
            build_opener(NoRedirect).open(url)
        except HTTPError as redirect:
            return redirect.headers["location"]
        raise AssertionError(f"{url} did not redirect")

    def consent(self, url):
        """Consents as a browser, and returns the code of the callback."""
        return parse_qs(urlsplit(self.redirect(url)).query)["code"][0]

    def enter_code(self, page, code, user, decision="approve"):
        """Enters the code of a device on its page, as the user."""
        form = urlencode({"user_code": code, "login_hint": user, "decision": decision}).encode()
        with urlopen(page, form) as answer:
            return answer.read().decode()

    def tokens(self, provider, authorize, token, **asked):
        """Signs in with the demo application."""
        app = self.app(provider)
        sent = {"client_id": app["clientId"], "redirect_uri": app["redirectUri"]}
        code = self.consent(f"{self.origin}{authorize}?{urlencode({**sent, 'response_type': 'code', **asked})}")
        form = {**sent, "grant_type": "authorization_code", "code": code, "client_secret": app["clientSecret"]}
        with urlopen(f"{self.origin}{token}", urlencode(form).encode()) as answer:
            return json.load(answer)


class Tunnel(socketserver.StreamRequestHandler):
    """A proxy that connects every `CONNECT` to the sandbox; the TLS inside is unchanged."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        with socket.create_connection(self.server.sandbox) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=copy, args=(there, self.connection), daemon=True)
            back.start()
            copy(self.connection, there)
            back.join()


def copy(source, target):
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True


def start():
    """Returns the sandbox, and makes this process reach it under every host name."""
    with open(sys.argv[1]) as file:
        sandbox = Sandbox(json.load(file))
    proxy = Proxy(("127.0.0.1", 0), Tunnel)
    proxy.sandbox = ("127.0.0.1", urlsplit(sandbox.origin).port)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    os.environ["https_proxy"] = os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{proxy.server_address[1]}"
    return sandbox


def run(name, checks):
    """Runs all methods with a docstring as checks and prints their results."""
    failed = 0
    methods = [method for method in vars(type(checks)).values() if inspect.isfunction(method) and method.__doc__]
    for method in methods:
        try:
            method(checks)
        except Exception:
            failed += 1
            print(f"FAIL {name}: {method.__doc__}")
            traceback.print_exc()
        else:
            print(f"ok   {name}: {method.__doc__}")
    print(f"{name}: {len(methods) - failed} checks passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not methods else 0)
