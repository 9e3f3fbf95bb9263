"""Runs google-auth-oauthlib's flow for installed programs against the sandbox: with a browser, a listener on a free
localhost port, and a credentials file in the format of Google's console."""

import json
import os
import pathlib
import sys

from harness import run, start

import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import InstalledAppFlow

SCOPES = ["https://www.googleapis.com/auth/calendar"]
CALENDARS = "https://www.googleapis.com/calendar/v3/users/me/calendarList"


class Checks:
    def __init__(self, sandbox, work):
        self.sandbox, self.work = sandbox, pathlib.Path(work)
        app = sandbox.app("google", public=True)
        self.config = {"installed": {
            "client_id": app["clientId"], "client_secret": app["clientSecret"], "project_id": "witness",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
            "redirect_uris": ["http://localhost"],
        }}
        # Replaces Python's `webbrowser`; follows the redirect to the listener.
        os.environ["BROWSER"] = "curl --silent --location --output /dev/null %s &"

    def flow(self, scopes=SCOPES):
        file = self.work / "client_secret.json"
        file.write_text(json.dumps(self.config))
        return InstalledAppFlow.from_client_secrets_file(str(file), scopes)

    def sign_in(self, **how):
        scopes = how.pop("scopes", SCOPES)
        return self.flow(scopes).run_local_server(
            port=0, timeout_seconds=30, authorization_prompt_message=None, prompt="consent", **how,
        )

    def calls(self, credentials):
        return AuthorizedSession(credentials).get(CALENDARS)

    def localhost(self):
        """a sign-in with the redirect URI http://localhost:PORT/"""
        self.credentials = self.sign_in(login_hint="witness-installed@gmail.example")
        assert self.credentials.refresh_token and self.credentials.granted_scopes == SCOPES
        found = self.calls(self.credentials).json()
        assert [one["id"] for one in found["items"] if one.get("primary")] == ["witness-installed@gmail.example"]

    def addresses(self):
        """a sign-in with an IP address as redirect URI, with and without a path"""
        for how in ({"host": "127.0.0.1"}, {"redirect_uri_trailing_slash": False},
                    {"host": "127.0.0.1", "redirect_uri_trailing_slash": False}):
            assert self.calls(self.sign_in(**how)).status_code == 200, how

    def refresh(self):
        """an expired token is refreshed"""
        before = self.credentials.token
        self.sandbox.control("expire", {})
        assert self.calls(self.credentials).status_code == 200
        assert self.credentials.token != before and self.credentials.refresh_token

    def kept(self):
        """credentials that were saved in a file"""
        file = self.work / "token.json"
        file.write_text(self.credentials.to_json())
        kept = Credentials.from_authorized_user_file(str(file), SCOPES)
        kept.refresh(Request())
        assert self.calls(kept).status_code == 200

    def by_hand(self):
        """the flow without the listener, with a custom path"""
        flow = self.flow()
        flow.redirect_uri = "http://localhost:4711/signed/in"
        url, state = flow.authorization_url(prompt="consent")
        code = self.sandbox.consent(url.replace("https://accounts.google.com", self.sandbox.origin))
        flow.fetch_token(code=code)
        assert state and self.calls(flow.credentials).status_code == 200

    def denied(self):
        """a used code, and a wrong secret"""
        flow = self.flow()
        flow.redirect_uri = "http://localhost:4711/"
        url, _ = flow.authorization_url()
        code = self.sandbox.consent(url.replace("https://accounts.google.com", self.sandbox.origin))
        self.config["installed"]["client_secret"] = "wrong"
        other = self.flow()
        self.config["installed"]["client_secret"] = flow.client_config["client_secret"]
        other.redirect_uri, other.code_verifier = flow.redirect_uri, flow.code_verifier
        for one, error in ((other, "invalid_client"), (flow, None), (flow, "invalid_grant")):
            try:
                one.fetch_token(code=code)
                assert error is None, error
            except Exception as refused:
                assert getattr(refused, "error", None) == error, refused

    def revoked(self):
        """revocation as in Google's guide, in the query and in the form"""
        for where in ("params", "data"):
            credentials = self.sign_in()
            answer = requests.post(
                "https://oauth2.googleapis.com/revoke", **{where: {"token": credentials.refresh_token}},
                headers={"content-type": "application/x-www-form-urlencoded"},
            )
            assert answer.status_code == 200, answer.text
            try:
                credentials.refresh(Request())
            except RefreshError as error:
                assert error.args[1]["error"] == "invalid_grant", error.args
            else:
                raise AssertionError("a refresh still succeeds")


if __name__ == "__main__":
    run("google-auth-oauthlib", Checks(start(), sys.argv[2]))
