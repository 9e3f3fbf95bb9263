"""Tests the sandbox's authorization servers with two unchanged client libraries, Authlib and requests-oauthlib.

Usage: libraries.py FILE, where FILE contains the line that `connect sandbox --json` printed.
Prints one line for each check, and exits with 1 if one failed.
"""

import json
import os
import sys
import traceback
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

# The sandbox uses http on loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import OAuth2Error as OauthlibError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as OauthlibSession


class App(NamedTuple):
    """The credentials of an application; without a secret it is a public client."""

    id: str
    secret: str | None
    redirect_uri: str


class Server(NamedTuple):
    """The documented properties of an authorization server."""

    name: str
    authorize: str
    token: str
    revoke: str | None
    scopes: list
    # In addition to the parameters of RFC 6749.
    parameters: dict
    # Whether a refresh response has a `refresh_token`.
    rotates: bool
    confidential: App
    public: App | None
    # The error of an exchange with another redirect URI.
    mismatch: str = "invalid_grant"


class Authlib:
    """A sign-in with Authlib."""

    name, fault = "Authlib", AuthlibBaseError

    def __init__(self, server, app, method, pkce):
        self.server = server
        self.verifier = generate_token(48) if pkce else None
        self.session = AuthlibSession(
            app.id, app.secret, scope=" ".join(server.scopes), redirect_uri=app.redirect_uri,
            token_endpoint_auth_method=method, revocation_endpoint_auth_method=method,
            code_challenge_method="S256" if pkce else None,
        )
        self.answers = recorded(self.session)
        self.url, self.state = self.session.create_authorization_url(
            server.authorize, code_verifier=self.verifier, **server.parameters
        )

    def finish(self, callback, redirect_uri=None):
        more = {"code_verifier": self.verifier} if self.verifier else {}
        if redirect_uri:
            more["redirect_uri"] = redirect_uri
        return self.session.fetch_token(
            self.server.token, authorization_response=callback, state=self.state, **more
        )

    def finish_code(self, code):
        return self.session.fetch_token(self.server.token, code=code, code_verifier=self.verifier)

    def refresh(self, token=None):
        return self.session.refresh_token(self.server.token, refresh_token=token)

    def revoke(self, token):
        return self.session.revoke_token(self.server.revoke, token=token, token_type_hint="refresh_token")


class Oauthlib:
    """A sign-in with requests-oauthlib, which can prepare a revocation request but not send it."""

    name, fault = "requests-oauthlib", OauthlibError

    def __init__(self, server, app, method, pkce):
        self.server, self.app, self.method = server, app, method
        self.session = OauthlibSession(
            app.id, scope=server.scopes, redirect_uri=app.redirect_uri, pkce="S256" if pkce else None
        )
        self.answers = recorded(self.session)
        self.url, self.state = self.session.authorization_url(server.authorize, **server.parameters)

    def finish(self, callback, redirect_uri=None):
        self.session.redirect_uri = redirect_uri or self.app.redirect_uri
        return self.session.fetch_token(
            self.server.token, authorization_response=callback, **self.in_body(), auth=self.auth()
        )

    def finish_code(self, code):
        return self.session.fetch_token(self.server.token, code=code, **self.in_body(), auth=self.auth())

    def refresh(self, token=None):
        fields = {
            "client_secret_basic": {},
            "client_secret_post": {"client_id": self.app.id, "client_secret": self.app.secret},
            "none": {"client_id": self.app.id},
        }
        return self.session.refresh_token(
            self.server.token, refresh_token=token, auth=self.auth(), **fields[self.method]
        )

    def revoke(self, token):
        fields = {"client_secret": self.app.secret} if self.method == "client_secret_post" else {}
        if self.method != "client_secret_basic":
            fields["client_id"] = self.app.id
        url, headers, body = self.session._client.prepare_token_revocation_request(
            self.server.revoke, token, token_type_hint="refresh_token", **fields
        )
        return requests.post(url, headers=headers, data=body, auth=self.auth())

    def auth(self):
        basic = self.method == "client_secret_basic"
        return HTTPBasicAuth(self.app.id, self.app.secret) if basic else None

    def in_body(self):
        if self.method == "client_secret_basic":
            return {"include_client_id": False}
        secret = {"client_secret": self.app.secret} if self.method == "client_secret_post" else {}
        return {"include_client_id": True, **secret}


def recorded(session):
    """Records the raw responses of the token endpoint, before the library changes them."""
    answers = []
    hear = lambda answer: answers.append(answer.json()) or answer
    session.register_compliance_hook("access_token_response", hear)
    session.register_compliance_hook("refresh_token_response", hear)
    return answers


def consent(url):
    """Acts as the browser: consent is automatic, so the first response is the redirect to the callback."""
    answer = requests.get(url, allow_redirects=False)
    assert answer.status_code == 302, (answer.status_code, answer.text)
    return answer.headers["location"]


class Witness:
    """The checks of one library at one server."""

    def __init__(self, library, server):
        self.library, self.server = library, server
        self.passed, self.failed = 0, 0

    def check(self, what, run, *arguments):
        name = f"{self.library.name} at {self.server.name}: {what}"
        try:
            run(*arguments)
        except Exception:
            self.failed += 1
            print(f"FAIL {name}")
            traceback.print_exc(file=sys.stdout)
        else:
            self.passed += 1
            print(f"ok   {name}")

    def run(self):
        server = self.server
        ways = [(server.confidential, "client_secret_basic", False), (server.confidential, "client_secret_post", False)]
        if server.public:
            ways += [(server.confidential, "client_secret_basic", True), (server.public, "none", True)]
        for way in ways:
            app, method, pkce = way
            name = f"{method}{', PKCE' if pkce else ''}"
            self.check(f"sign-in and refresh ({name})", self.sign_in, way)
            self.check(f"a code is accepted once ({name})", self.twice, way)
            self.check(f"another redirect URI is refused ({name})", self.elsewhere, way)
            self.check(f"another state is refused ({name})", self.state, way)
            if pkce:
                self.check(f"another verifier is refused ({name})", self.verifier, way)
            if app.secret and method != "none":
                self.check(f"a wrong secret is refused ({name})", self.secret, way)
            if server.revoke:
                self.check(f"revocation ends the sign-in ({name})", self.revoke, way)

    def start(self, way):
        return self.library(self.server, *way)

    def refused(self, error, run, *arguments):
        try:
            run(*arguments)
        except self.library.fault as fault:
            assert fault.error == error, (fault.error, fault.description)
            return
        raise AssertionError("the request was not refused")

    def sign_in(self, way):
        flow = self.start(way)
        token = flow.finish(consent(flow.url))
        assert token["token_type"] == "Bearer" and token["access_token"], token
        first = token["refresh_token"]
        again = flow.refresh()
        assert again["access_token"] != token["access_token"]
        answer = flow.answers[-1]
        if self.server.rotates:
            assert answer["refresh_token"] not in ("", first) and again["refresh_token"] == answer["refresh_token"]
        else:
            assert "refresh_token" not in answer and again["refresh_token"] == first
        once_more = flow.refresh()
        assert once_more["access_token"] != again["access_token"]
        if self.server.name == "Connect":
            assert flow.session.get(self.server.token.replace("oauth/token", "calendars")).status_code == 200

    def twice(self, way):
        flow = self.start(way)
        callback = consent(flow.url)
        token = flow.finish(callback)["refresh_token"]
        self.refused("invalid_grant", flow.finish, callback)
        # Using a code twice revokes the tokens of the first exchange (RFC 6749 section 4.1.2).
        if self.server.name != "Connect":
            self.refused("invalid_grant", flow.refresh, token)

    def elsewhere(self, way):
        flow = self.start(way)
        other = way[0].redirect_uri + "/elsewhere"
        self.refused(self.server.mismatch, flow.finish, consent(flow.url), other)

    def state(self, way):
        """Checks that the library refuses the callback of another sign-in."""
        flow, other = self.start(way), self.start(way)
        try:
            flow.finish(consent(other.url))
        except self.library.fault as fault:
            assert fault.error == "mismatching_state", fault.error
        else:
            raise AssertionError("the callback was accepted")

    def verifier(self, way):
        flow, other = self.start(way), self.start(way)
        code = parse_qs(urlsplit(consent(flow.url)).query)["code"][0]
        self.refused("invalid_grant", other.finish_code, code)

    def secret(self, way):
        app, *how = way
        flow = self.start((app._replace(secret="wrong"), *how))
        self.refused("invalid_client", flow.finish, consent(flow.url))

    def revoke(self, way):
        flow = self.start(way)
        token = flow.finish(consent(flow.url))["refresh_token"]
        answer = flow.revoke(token)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        self.refused("invalid_grant", flow.refresh, token)


def servers(ready):
    origin = ready["base_url"].removesuffix("/api")
    known = requests.get(f"{origin}/sandbox/providers").json()

    def apps(name):
        confidential, public = known[name]["apps"][:2]
        # Loopback redirect URIs of installed programs match with any port (RFC 8252 section 7.3).
        anywhere = public["redirectUri"].replace("127.0.0.1", "127.0.0.1:49152")
        return {
            "confidential": App(confidential["clientId"], confidential["clientSecret"], confidential["redirectUri"]),
            "public": App(public["clientId"], None, anywhere),
        }

    return [
        Server(
            "Google", f"{origin}/google/o/oauth2/v2/auth", f"{origin}/google/token", f"{origin}/google/revoke",
            ["openid", "https://www.googleapis.com/auth/calendar"],
            {"access_type": "offline", "prompt": "consent"}, False, mismatch="redirect_uri_mismatch", **apps("google"),
        ),
        Server(
            "Microsoft", f"{origin}/microsoft/common/oauth2/v2.0/authorize",
            f"{origin}/microsoft/common/oauth2/v2.0/token", None, ["offline_access", "Calendars.ReadWrite"], {},
            True, **apps("microsoft"),
        ),
        Server(
            "Apptoto", f"{origin}/apptoto/www/oauth/authorize", f"{origin}/apptoto/api/oauth/token",
            f"{origin}/apptoto/api/oauth/revoke", ["events:read", "contacts:write"], {}, False, **apps("apptoto"),
        ),
        # Connect's revocation needs JSON, which neither library sends, and Connect has no PKCE.
        Server(
            "Connect", f"{origin}/api/oauth/authorize", f"{origin}/api/oauth/token", None, ["read-write"],
            {"user_id": "ann"}, True, App(ready["client_id"], ready["client_secret"], ready["redirect_uri"]), None,
        ),
    ]


def main():
    with open(sys.argv[1]) as file:
        ready = json.load(file)
    passed = failed = 0
    for library in (Authlib, Oauthlib):
        for server in servers(ready):
            witness = Witness(library, server)
            witness.run()
            passed, failed = passed + witness.passed, failed + witness.failed
    print(f"libraries: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
