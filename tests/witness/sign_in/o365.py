"""Signs in with O365's own sign-in, which always uses https://login.microsoftonline.com and https://graph.microsoft.com."""

import datetime as dt
from zoneinfo import ZoneInfo

from harness import run, start

from O365 import Account, MSGraphProtocol
from O365.utils.token import MemoryTokenBackend
from requests.exceptions import HTTPError

ZONE = ZoneInfo("Europe/Budapest")


class Checks:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.accounts = {}

    def sign_in(self, kind, public=False, tenant="common"):
        app = self.sandbox.app("microsoft", public=public)
        credentials = app["clientId"] if public else (app["clientId"], app["clientSecret"])
        account = Account(
            credentials, auth_flow_type="public" if public else "authorization", tenant_id=tenant,
            protocol=MSGraphProtocol(timezone=ZONE), token_backend=MemoryTokenBackend(), requests_delay=0,
        )
        scopes = ["basic", "calendar_all"]
        uri = "http://localhost:49152" if public else app["redirectUri"]
        url, flow = account.get_authorization_url(scopes, redirect_uri=uri)
        redirected = self.sandbox.redirect(f"{url}&login_hint=witness-o365-{kind}@outlook.example")
        assert account.request_token(redirected, flow=flow) and account.is_authenticated
        assert account.username == f"witness-o365-{kind}@outlook.example", account.username
        self.accounts[kind] = account
        return account

    def calendar(self, account):
        calendar = account.schedule().get_default_calendar()
        event = calendar.new_event("Meeting")
        event.start = dt.datetime.now(ZONE).replace(microsecond=0) + dt.timedelta(days=2)
        event.end = event.start + dt.timedelta(hours=1)
        assert event.save()
        event.subject = "Changed"
        assert event.save()
        window = {"start_recurring": event.start - dt.timedelta(days=1), "end_recurring": event.end + dt.timedelta(days=1)}
        listed = list(calendar.get_events(limit=None, batch=50, **window))
        assert [one.subject for one in listed if one.object_id == event.object_id] == ["Changed"]
        assert event.delete()

    def authorization(self):
        """the flow "authorization" with a secret signs in, and the calendar is used"""
        self.calendar(self.sign_in("secret"))

    def public(self):
        """the flow "public" without a secret signs in, and the calendar is used"""
        self.calendar(self.sign_in("public", public=True))

    def tenant(self):
        """a tenant id signs in, and the calendar is used"""
        self.calendar(self.sign_in("tenant", tenant="72f988bf-86f1-41af-91ab-2d7cd011db47"))

    def refresh(self):
        """an expired token is refreshed"""
        self.sandbox.control("set", {"microsoft_token_ttl": "1"})
        try:
            account = self.sign_in("expiring")
        finally:
            self.sandbox.control("set", {"microsoft_token_ttl": "3599"})
        before = account.con.token_backend.get_access_token(username=account.username)["secret"]
        self.sandbox.control("expire", {})
        assert account.con.refresh_token()
        after = account.con.token_backend.get_access_token(username=account.username)["secret"]
        assert after != before
        self.calendar(account)

    def sign_out(self):
        """sign-out removes the account, and the next call fails"""
        account = self.accounts["public"]
        msal = account.con.msal_client
        for known in msal.get_accounts():
            msal.remove_account(known)
        assert not account.con.token_backend.get_all_accounts()
        account.con.session = None
        try:
            account.schedule().get_default_calendar()
        except (HTTPError, RuntimeError, AttributeError):
            return
        raise AssertionError("a call without a token succeeded")


if __name__ == "__main__":
    run("O365 sign-in", Checks(start()))
