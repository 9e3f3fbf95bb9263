"""Signs in with google-auth-oauthlib, verifies ID tokens with google-auth, and signs a device in with oauthlib. The
addresses come from the metadata of the sandbox."""

import os
import pathlib
import sys
from urllib.parse import parse_qs, urlsplit

from harness import run, start

import oauthlib.oauth2
import requests
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import id_token
from google_auth_oauthlib.flow import Flow, InstalledAppFlow

ACCOUNT = "witness-google@gmail.example"
CALENDAR = "https://www.googleapis.com/auth/calendar"
IDENTITY = ["openid", "https://www.googleapis.com/auth/userinfo.email", "https://www.googleapis.com/auth/userinfo.profile"]


class Checks:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.metadata = requests.get(f"{sandbox.origin}/google/.well-known/openid-configuration").json()
        self.certificates = f"{sandbox.origin}/google/oauth2/v1/certs"

    def config(self, public):
        app = self.sandbox.app("google", public=public)
        return app, {"installed" if public else "web": {
            "client_id": app["clientId"], "client_secret": app["clientSecret"], "redirect_uris": ["http://localhost"],
            "auth_uri": self.metadata["authorization_endpoint"], "token_uri": self.metadata["token_endpoint"],
        }}

    def sign_in(self, scopes=(*IDENTITY, CALENDAR), **how):
        flow = InstalledAppFlow.from_client_config(self.config(public=True)[1], list(scopes))
        return flow.run_local_server(
            port=0, timeout_seconds=30, authorization_prompt_message=None, prompt="consent", login_hint=ACCOUNT, **how,
        )

    def calendar(self, credentials):
        session = AuthorizedSession(credentials)
        events = f"{self.sandbox.origin}/calendar/v3/calendars/primary/events"
        event = {"summary": "Meeting", "start": {"dateTime": "2026-11-18T10:00:00Z"}, "end": {"dateTime": "2026-11-18T11:00:00Z"}}
        created = session.post(events, json=event).json()
        assert session.patch(f"{events}/{created['id']}", json={"summary": "Changed"}).ok
        listed = session.get(events, params={"timeMin": "2026-11-18T00:00:00Z", "timeMax": "2026-11-19T00:00:00Z"}).json()
        assert [one["summary"] for one in listed["items"] if one["id"] == created["id"]] == ["Changed"]
        assert session.delete(f"{events}/{created['id']}").status_code == 204

    def installed(self):
        """an installed program signs in with PKCE and a nonce, and uses the calendar"""
        self.credentials = self.sign_in(nonce="n-1")
        self.calendar(self.credentials)

    def verified(self):
        """verify_token accepts the ID token with the certificates and with the key set"""
        for keys in (self.certificates, self.metadata["jwks_uri"]):
            claims = id_token.verify_token(self.credentials.id_token, Request(), "google-public-client", certs_url=keys)
            assert claims["iss"] == self.metadata["issuer"] and claims["nonce"] == "n-1", claims
            assert claims["email"] == ACCOUNT and claims["email_verified"] is True and claims["name"], claims

    def invalid(self):
        """verify_token refuses every kind of invalid ID token"""
        for fault in ("signature", "key", "audience", "expired"):
            self.sandbox.control("set", {"id_token_fault": fault})
            try:
                token = self.sign_in(IDENTITY).id_token
                for keys in (self.certificates, self.metadata["jwks_uri"]):
                    try:
                        id_token.verify_token(token, Request(), "google-public-client", certs_url=keys)
                    except Exception as error:
                        assert not isinstance(error, AssertionError)
                    else:
                        raise AssertionError(f"the ID token with the fault {fault} was accepted")
            finally:
                self.sandbox.control("set", {"id_token_fault": "off"})

    def google_issuer(self):
        """verify_oauth2_token, which accepts only Google's issuer and certificates, accepts the ID token of the switch"""
        for issuer in ("https://accounts.google.com", "accounts.google.com"):
            self.sandbox.control("set", {"google_issuer": issuer})
            try:
                token = self.sign_in(IDENTITY).id_token
                assert id_token.verify_oauth2_token(token, Request(), "google-public-client")["iss"] == issuer
            finally:
                self.sandbox.control("set", {"google_issuer": "sandbox"})
        try:
            id_token.verify_oauth2_token(self.credentials.id_token, Request(), "google-public-client")
        except GoogleAuthError as error:
            assert "issuer" in str(error), error
        else:
            raise AssertionError("the issuer was not checked")

    def userinfo(self):
        """the userinfo endpoint returns the subject of the ID token"""
        found = AuthorizedSession(self.credentials).get(self.metadata["userinfo_endpoint"]).json()
        claims = id_token.verify_token(self.credentials.id_token, Request(), certs_url=self.certificates)
        assert found == {name: claims[name] for name in ("sub", "name", "given_name", "family_name", "email", "email_verified")}, found

    def refresh(self):
        """a refresh returns a new access token and a new ID token"""
        before = self.credentials.token, self.credentials.id_token
        self.credentials.refresh(Request())
        assert before[0] != self.credentials.token
        claims = id_token.verify_token(self.credentials.id_token, Request(), "google-public-client", certs_url=self.certificates)
        assert "nonce" not in claims, claims
        self.calendar(self.credentials)

    def web(self):
        """a web application signs in, and gets no ID token without the scope openid"""
        app, config = self.config(public=False)
        flow = Flow.from_client_config(config, [CALENDAR], redirect_uri=app["redirectUri"])
        url, state = flow.authorization_url(access_type="offline", login_hint=ACCOUNT)
        query = parse_qs(urlsplit(self.sandbox.redirect(url)).query)
        assert query["state"] == [state]
        flow.fetch_token(code=query["code"][0])
        assert flow.credentials.id_token is None and flow.credentials.refresh_token
        self.calendar(flow.credentials)

    def device(self):
        """a device signs in, is told to slow down, and gets an ID token"""
        app = self.sandbox.app("google", public=True)
        client = oauthlib.oauth2.DeviceClient(app["clientId"], client_secret=app["clientSecret"])
        started = requests.post(
            self.metadata["device_authorization_endpoint"], {"client_id": app["clientId"], "scope": "openid email profile"},
        ).json()

        def poll():
            body = client.prepare_request_body(started["device_code"], include_client_id=True, client_secret=app["clientSecret"])
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return requests.post(self.metadata["token_endpoint"], data=body, headers=headers)

        first, second = poll(), poll()
        assert (first.status_code, first.json()["error"]) == (428, "authorization_pending"), first.text
        assert (second.status_code, second.json()["error"]) == (403, "slow_down"), second.text
        self.sandbox.enter_code(started["verification_url"], started["user_code"], ACCOUNT)
        tokens = client.parse_request_body_response(poll().text)
        claims = id_token.verify_token(tokens["id_token"], Request(), app["clientId"], certs_url=self.certificates)
        assert claims["email"] == ACCOUNT and tokens["refresh_token"], tokens

    def device_scopes(self):
        """a device cannot ask for the calendar, as Google documents"""
        app = self.sandbox.app("google", public=True)
        refused = requests.post(
            self.metadata["device_authorization_endpoint"], {"client_id": app["clientId"], "scope": f"openid {CALENDAR}"},
        )
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope"), refused.text

    def sign_out(self):
        """a revocation ends the refreshes"""
        revoked = requests.post(self.metadata["revocation_endpoint"], {"token": self.credentials.refresh_token})
        assert revoked.ok, revoked.text
        try:
            self.credentials.refresh(Request())
        except RefreshError as error:
            assert "invalid_grant" in str(error)
        else:
            raise AssertionError("the revoked token was refreshed")


if __name__ == "__main__":
    # Replaces the browser of Python's `webbrowser`.
    browser = pathlib.Path(__file__).with_name("browser.py")
    os.environ["BROWSER"] = f"{sys.executable} {browser} %s &"
    run("google-auth", Checks(start()))
