"""Signs in with azure-identity, and calls the sandbox with Microsoft's Graph client. The settings are those that both
document: `authority`, `disable_instance_discovery`, `allowed_hosts` and the base URL of the request adapter."""

import asyncio
import os
import pathlib
import sys
import threading
import time
import uuid

from harness import run, start

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AuthorizationCodeCredential, DeviceCodeCredential, InteractiveBrowserCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.event import Event
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

ACCOUNT = "witness-azure@outlook.example"
DEFAULT = "https://graph.microsoft.com/.default"
WRITE = "https://graph.microsoft.com/Calendars.ReadWrite"


def at(hour):
    return DateTimeTimeZone(date_time=f"2026-11-18T{hour}:00:00", time_zone="UTC")


class Checks:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.settings = {"authority": sandbox.origin, "disable_instance_discovery": True}

    def device(self, decision="approve", **settings):
        def prompt(page, code, expires):
            threading.Timer(1.5, self.sandbox.enter_code, [page, code, ACCOUNT, decision]).start()

        return DeviceCodeCredential("microsoft-public-client", prompt_callback=prompt, **self.settings, **settings)

    def code(self, scope, tenant="common"):
        app = self.sandbox.app("microsoft")
        url = f"{self.sandbox.origin}/{tenant}/oauth2/v2.0/authorize?client_id={app['clientId']}&response_type=code" \
            f"&redirect_uri={app['redirectUri']}&scope={scope}&login_hint={ACCOUNT}"
        return AuthorizationCodeCredential(
            tenant, app["clientId"], self.sandbox.consent(url.replace(" ", "%20")), app["redirectUri"],
            client_secret=app["clientSecret"], **self.settings,
        )

    def graph(self, credential, scopes=None):
        # The default is the default scope of the host in the base URL. With continuous access evaluation, the
        # credential would have a second cache, and AuthorizationCodeCredential cannot fill both with one code.
        provider = AzureIdentityAuthenticationProvider(
            credential, scopes=scopes or [DEFAULT], allowed_hosts=["localhost"], is_cae_enabled=False,
        )
        adapter = GraphRequestAdapter(provider)
        adapter.base_url = f"{self.sandbox.origin}/v1.0"
        return GraphServiceClient(request_adapter=adapter)

    def calendar(self, credential, scopes=None):
        async def life():
            client = self.graph(credential, scopes)
            event = Event(subject="Meeting", start=at(10), end=at(11), transaction_id=str(uuid.uuid4()))
            created = await client.me.events.post(event)
            changed = await client.me.events.by_event_id(created.id).patch(Event(subject="Changed"))
            assert changed.subject == "Changed"
            assert (await client.me.events.by_event_id(created.id).get()).subject == "Changed"
            assert len((await client.me.events.get()).value) > 1
            await client.me.events.by_event_id(created.id).delete()

        asyncio.run(life())

    def refreshes(self):
        return self.sandbox.control("stats")["providers"]["microsoft"]["refresh"]["granted"]

    def device_code(self):
        """DeviceCodeCredential signs in, and the Graph client uses the calendar with the default scope"""
        credential = self.device()
        self.calendar(credential)

    def authenticate(self):
        """authenticate returns the record of the account"""
        credential = self.device(tenant_id="common")
        record = credential.authenticate(scopes=[WRITE])
        assert record.username == ACCOUNT and record.client_id == "microsoft-public-client", record.serialize()
        assert record.home_account_id.endswith(record.tenant_id), record.serialize()
        self.calendar(credential, [WRITE])

    def device_refresh(self):
        """DeviceCodeCredential refreshes a token that is about to expire"""
        self.sandbox.control("set", {"microsoft_token_ttl": "200"})
        try:
            credential, before = self.device(), self.refreshes()
            first = credential.get_token(DEFAULT).token
            # MSAL refreshes tokens that expire within 5 minutes.
            second = credential.get_token(DEFAULT).token
            assert first != second and self.refreshes() == before + 1
            self.calendar(credential)
        finally:
            self.sandbox.control("set", {"microsoft_token_ttl": "3599"})

    def declined(self):
        """DeviceCodeCredential reports that the user declined"""
        try:
            self.device("deny").get_token(DEFAULT)
        except ClientAuthenticationError as error:
            assert "declined" in str(error) or "denied" in str(error), error
        else:
            raise AssertionError("the token was granted")

    def authorization_code(self):
        """AuthorizationCodeCredential exchanges a code, and the Graph client uses the calendar"""
        credential = self.code(f"{WRITE} openid profile offline_access")
        self.calendar(credential, [WRITE])

    def code_refresh(self):
        """AuthorizationCodeCredential refreshes an expired token"""
        self.sandbox.control("set", {"microsoft_token_ttl": "1"})
        try:
            credential, before = self.code(f"{WRITE} openid profile offline_access"), self.refreshes()
            first = credential.get_token(WRITE).token
            time.sleep(1.1)
            assert credential.get_token(WRITE).token != first and self.refreshes() == before + 1
        finally:
            self.sandbox.control("set", {"microsoft_token_ttl": "3599"})
        self.calendar(credential, [WRITE])

    def withdrawn(self):
        """after the user withdraws the consent, the Graph client gets a 401"""
        credential = self.code(f"{WRITE} openid profile offline_access")
        self.calendar(credential, [WRITE])
        self.sandbox.control(
            "providers/withdraw", {"provider": "microsoft", "clientId": "microsoft-client", "user": ACCOUNT},
        )
        try:
            asyncio.run(self.graph(credential, [WRITE]).me.events.get())
        except ODataError as error:
            assert error.response_status_code == 401, error
        else:
            raise AssertionError("the revoked token was accepted")

    def browser(self):
        """InteractiveBrowserCredential signs in through a browser and a loopback redirect URI"""
        credential = InteractiveBrowserCredential(
            client_id="microsoft-public-client", login_hint=ACCOUNT, timeout=30, **self.settings,
        )
        self.calendar(credential)


if __name__ == "__main__":
    # Replaces the browser of Python's `webbrowser`.
    browser = pathlib.Path(__file__).with_name("browser.py")
    os.environ["BROWSER"] = f"{sys.executable} {browser} %s &"
    run("azure-identity", Checks(start()))
