"""Signs in with MSAL Python, and calls Graph with its tokens. The settings are those that MSAL documents for an own
authority: `authority` and `instance_discovery=False`."""

import threading
from urllib.parse import parse_qs, urlencode, urlsplit

from harness import run, start

import jwt
import msal
import requests

ACCOUNT = "witness-msal@outlook.example"
SCOPES = ["https://graph.microsoft.com/Calendars.ReadWrite"]


class Checks:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.authority = f"{sandbox.origin}/common"
        public, secret = sandbox.app("microsoft", public=True), sandbox.app("microsoft")
        settings = {"authority": self.authority, "instance_discovery": False}
        self.public = msal.PublicClientApplication(public["clientId"], **settings)
        self.confidential = msal.ConfidentialClientApplication(
            secret["clientId"], client_credential=secret["clientSecret"], **settings,
        )
        self.redirect_uri = secret["redirectUri"]

    def sign_in(self, app, redirect_uri, scopes=SCOPES, **how):
        # MSAL adds PKCE and a nonce.
        flow = app.initiate_auth_code_flow(scopes, redirect_uri=redirect_uri, login_hint=ACCOUNT, **how)
        assert flow["code_verifier"] and "nonce=" in flow["auth_uri"]
        response = {name: value[0] for name, value in parse_qs(urlsplit(self.sandbox.redirect(flow["auth_uri"])).query).items()}
        result = app.acquire_token_by_auth_code_flow(flow, response)
        assert "access_token" in result, result
        return result

    def graph(self, token, method, path, body=None):
        reply = requests.request(
            method, f"{self.sandbox.origin}/v1.0{path}", json=body, headers={"Authorization": f"Bearer {token}"},
        )
        assert reply.ok, reply.text
        return reply.json() if reply.content else None

    def calendar(self, token):
        event = {
            "subject": "Meeting", "start": {"dateTime": "2026-11-18T10:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2026-11-18T11:00:00", "timeZone": "UTC"},
        }
        created = self.graph(token, "POST", "/me/events", event)
        path = f"/me/events/{created['id']}"
        assert self.graph(token, "PATCH", path, {"subject": "Changed"})["subject"] == "Changed"
        listed = self.graph(token, "GET", "/me/calendarView?startDateTime=2026-11-18T00:00:00Z&endDateTime=2026-11-19T00:00:00Z&$top=100")
        assert [one["subject"] for one in listed["value"] if one["id"] == created["id"]] == ["Changed"]
        self.graph(token, "DELETE", path)

    def public_client(self):
        """a public client signs in with PKCE and a loopback redirect URI, and uses the calendar"""
        result = self.sign_in(self.public, "http://localhost:49152")
        self.calendar(result["access_token"])
        claims = result["id_token_claims"]
        assert claims["preferred_username"] == ACCOUNT and claims["name"] == "Witness Msal", claims
        [account] = self.public.get_accounts()
        assert account["home_account_id"] == f"{claims['oid']}.{claims['tid']}" and account["username"] == ACCOUNT

    def refresh(self):
        """acquire_token_silent finds the token in the cache, and refreshes it on demand"""
        [account] = self.public.get_accounts(ACCOUNT)
        cached = self.public.acquire_token_silent(SCOPES, account)
        assert cached["token_source"] == "cache"
        fresh = self.public.acquire_token_silent(SCOPES, account, force_refresh=True)
        assert fresh["access_token"] != cached["access_token"] and fresh["token_source"] == "identity_provider"
        assert "nonce" not in fresh["id_token_claims"]
        self.calendar(fresh["access_token"])

    def id_token(self):
        """the ID token verifies with the keys and the issuer of the metadata"""
        result = self.sign_in(self.confidential, self.redirect_uri)
        metadata = requests.get(f"{self.authority}/v2.0/.well-known/openid-configuration").json()
        key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(result["id_token"])
        tenant = result["id_token_claims"]["tid"]
        issuer = metadata["issuer"].replace("{tenantid}", tenant)
        jwt.decode(result["id_token"], key, algorithms=["RS256"], audience="microsoft-client", issuer=issuer)
        try:
            jwt.decode(result["id_token"], key, algorithms=["RS256"], audience="another-client", issuer=issuer)
        except jwt.InvalidAudienceError:
            pass
        else:
            raise AssertionError("the audience was not checked")

    def userinfo(self):
        """the userinfo endpoint of the metadata returns the subject of the ID token"""
        result = self.sign_in(self.confidential, self.redirect_uri, [*SCOPES, "email"])
        metadata = requests.get(f"{self.authority}/v2.0/.well-known/openid-configuration").json()
        headers = {"Authorization": f"Bearer {result['access_token']}"}
        found = requests.get(metadata["userinfo_endpoint"], headers=headers).json()
        assert found["sub"] == result["id_token_claims"]["sub"] and found["email"] == ACCOUNT, found
        self.calendar(result["access_token"])

    def default_scope(self):
        """the scope .default stands for the permissions of the application"""
        scopes = ["https://graph.microsoft.com/.default"]
        result = self.sign_in(self.confidential, self.redirect_uri, scopes)
        self.calendar(result["access_token"])
        [account] = self.confidential.get_accounts(ACCOUNT)
        assert self.confidential.acquire_token_silent(scopes, account)["token_source"] == "cache"
        fresh = self.confidential.acquire_token_silent(scopes, account, force_refresh=True)
        self.calendar(fresh["access_token"])

    def nonce(self):
        """MSAL refuses an ID token with another nonce"""
        self.sandbox.control("set", {"id_token_fault": "nonce"})
        try:
            self.sign_in(self.confidential, self.redirect_uri)
        except RuntimeError as error:
            assert "nonce" in str(error)
        else:
            raise AssertionError("the nonce was not checked")
        finally:
            self.sandbox.control("set", {"id_token_fault": "off"})

    def device(self):
        """a device signs in while the user enters the code"""
        flow = self.public.initiate_device_flow(SCOPES)
        assert flow["user_code"] in flow["message"] and flow["expires_in"] == 900, flow
        user = threading.Timer(2, self.sandbox.enter_code, [flow["verification_uri"], flow["user_code"], "device@outlook.example"])
        user.start()
        result = self.public.acquire_token_by_device_flow(flow)
        assert result.get("id_token_claims", {}).get("preferred_username") == "device@outlook.example", result
        self.calendar(result["access_token"])
        assert len(self.public.get_accounts()) == 2
        again = self.public.acquire_token_by_device_flow(flow)
        assert again["error"] == "bad_verification_code", again

    def declined(self):
        """a device is told that the user declined"""
        flow = self.public.initiate_device_flow(SCOPES)
        self.sandbox.enter_code(flow["verification_uri"], flow["user_code"], ACCOUNT, "deny")
        assert self.public.acquire_token_by_device_flow(flow)["error"] == "authorization_declined"

    def sign_out(self):
        """sign-out removes the account from the cache, and the end session endpoint redirects"""
        for account in self.public.get_accounts():
            self.public.remove_account(account)
        assert self.public.get_accounts() == []
        metadata = requests.get(f"{self.authority}/v2.0/.well-known/openid-configuration").json()
        to = urlencode({"post_logout_redirect_uri": self.redirect_uri, "state": "s1"})
        assert self.sandbox.redirect(f"{metadata['end_session_endpoint']}?{to}") == f"{self.redirect_uri}?state=s1"

    def tenants(self):
        """each kind of tenant has its own issuer, and the ID token has that issuer"""
        consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
        for name, expected in [
            ("consumers", consumers), (consumers, consumers), ("contoso.example", None),
            ("72f988bf-86f1-41af-91ab-2d7cd011db47", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
        ]:
            authority = f"{self.sandbox.origin}/{name}"
            app = msal.PublicClientApplication("microsoft-public-client", authority=authority, instance_discovery=False)
            result = self.sign_in(app, "http://localhost")
            claims = result["id_token_claims"]
            metadata = requests.get(f"{authority}/v2.0/.well-known/openid-configuration").json()
            assert claims["iss"] == metadata["issuer"] and claims["tid"] in claims["iss"], claims
            assert expected in (None, claims["tid"]), claims

    def validate_authority(self):
        """the setting validate_authority=False suffices as well"""
        app = msal.PublicClientApplication("microsoft-public-client", authority=self.authority, validate_authority=False)
        self.calendar(self.sign_in(app, "http://localhost")["access_token"])

    def oidc_authority(self):
        """the setting oidc_authority accepts the issuer"""
        authority = f"{self.sandbox.origin}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
        app = msal.PublicClientApplication("microsoft-public-client", oidc_authority=authority)
        self.calendar(self.sign_in(app, "http://localhost")["access_token"])


if __name__ == "__main__":
    run("MSAL Python", Checks(start()))
