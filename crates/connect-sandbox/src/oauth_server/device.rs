//! The device authorization grant (RFC 8628).
//!
//! The device gets a device code and a user code. The user enters the user code on a page, and consents
//! there. Meanwhile the device polls the token endpoint with the device code.

use super::clients::Client;
use super::consent::{Decision, message_page, page};
use super::error::{OAuthError, token_reply};
use super::issued::{GrantId, GrantOwner};
use super::parameters::{Parameters, scope_tokens};
use super::{AuthorizationServer, Servers};
use crate::call::Call;
use crate::reply::Reply;
use crate::world::time::plus_seconds;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The device authorization grant at one server.
pub(crate) struct DeviceRules {
    /// The accepted values of `grant_type`, first the value of RFC 8628 3.4.
    pub(crate) grant_types: &'static [&'static str],
    /// The path of the page on which the user enters the code, after the name of the server.
    pub(crate) page: &'static str,
    /// The member of the response that has the URL of the page: `verification_uri` in RFC 8628 3.2.
    pub(crate) page_member: &'static str,
    pub(crate) lifetime_seconds: u64,
    /// Whether the response has a text for the user in the member `message`.
    pub(crate) has_message: bool,
    /// The supported scopes; `None` for all scopes.
    pub(crate) scopes: Option<&'static [&'static str]>,
    pub(crate) only_public_apps: bool,
    /// Whether a request before the end of the interval gets the error `slow_down`.
    pub(crate) slows_down: bool,
    /// The scope without which no refresh token is issued; `None` if a refresh token is always issued.
    pub(crate) offline_scope: Option<&'static str>,
}

/// The grant type of a device code (RFC 8628 3.4).
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How much a `slow_down` increases the interval (RFC 8628 3.5).
const SLOWER_SECONDS: u64 = 5;

/// The letters of user codes: no vowels, so that codes do not form words (RFC 8628 6.1).
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A device authorization request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DeviceRequest {
    server: AuthorizationServer,
    client: String,
    device_code: String,
    user_code: String,
    scopes: Vec<String>,
    expires: Timestamp,
    interval_seconds: u64,
    last_poll: Option<Timestamp>,
    decision: DeviceDecision,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum DeviceDecision {
    Pending,
    Approved(GrantOwner),
    Denied,
}

impl DeviceRequest {
    pub(super) fn approved_by(&self) -> Option<&GrantOwner> {
        match &self.decision {
            DeviceDecision::Approved(owner) => Some(owner),
            DeviceDecision::Pending | DeviceDecision::Denied => None,
        }
    }
}

impl Servers<'_> {
    pub(super) fn device_authorization(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        match self.start_device(server, call) {
            Ok(body) => token_reply(&body),
            Err(error) => self.error_reply(server, &error, call),
        }
    }

    fn start_device(&mut self, server: AuthorizationServer, call: &Call) -> Result<Value, OAuthError> {
        let rules = server.rules();
        rules.check_path(call)?;
        let device = rules.device().ok_or(OAuthError::GrantType)?;
        let form = Parameters::form(call)?;
        let client = self.own.client(server, form.need("client_id")?).ok_or(OAuthError::UnknownClient)?;
        if device.only_public_apps && !client.is_public() {
            return Err(OAuthError::DeviceClient);
        }
        let scopes = scope_tokens(form.need("scope")?, rules.scope_separator())?;
        let unsupported =
            |scope: &&String| device.scopes.is_some_and(|known| !known.contains(&scope.as_str()));
        if let Some(scope) = scopes.iter().find(unsupported) {
            return Err(OAuthError::DeviceScope(scope.clone()));
        }
        let scopes = rules.expand(scopes);
        let random = &mut self.own.random;
        let device_code = format!("{}{}", rules.prefixes().code, random.token(48));
        let mut letters = (0..8).map(|_| char::from(random.pick(LETTERS, b'B')));
        let user_code = [letters.by_ref().take(4).collect::<String>(), letters.collect()].join("-");
        let page = format!("{}{}", self.base(server, call), device.page);
        let interval_seconds = self.world.settings.oauth.device_interval.0;
        let mut body = json!({
            "device_code": device_code,
            "user_code": user_code,
            device.page_member: page,
            "expires_in": device.lifetime_seconds,
            "interval": interval_seconds,
        });
        if device.has_message {
            body["message"] = json!(format!(
                "To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
            ));
        }
        let expires = plus_seconds(call.now, device.lifetime_seconds);
        self.own.issued.devices.push(DeviceRequest {
            server,
            client: client.id,
            device_code,
            user_code,
            scopes,
            expires,
            interval_seconds,
            last_poll: None,
            decision: DeviceDecision::Pending,
        });
        Ok(body)
    }

    /// Shows the page on which the user enters the code. If the request has the parameter `user_code`, the
    /// next page asks for consent; with `auto_consent`, the user consents immediately.
    pub(super) fn device_page(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        let asks = !self.world.settings.oauth.auto_consent;
        self.decide_device(server, call, if asks { Decision::Ask } else { Decision::Approve })
    }

    pub(super) fn device_decision(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        match Decision::read(call) {
            Ok(decision) => self.decide_device(server, call, decision),
            Err(OAuthError::Missing(_)) => self.device_page(server, call),
            Err(error) => self.error_reply(server, &error, call),
        }
    }

    fn decide_device(&mut self, server: AuthorizationServer, call: &Call, decision: Decision) -> Reply {
        let query = match server.rules().check_path(call).and_then(|()| Parameters::query_or_form(call)) {
            Ok(query) => query,
            Err(error) => return self.error_reply(server, &error, call),
        };
        let Some(code) = query.find("user_code") else { return code_page("") };
        let user = query.find("login_hint").unwrap_or(&self.world.settings.oauth.user).to_owned();
        let entered = |device: &&mut DeviceRequest| {
            device.server == server && plain_code(&device.user_code) == plain_code(code)
        };
        let is_open = |device: &&mut DeviceRequest| {
            matches!(device.decision, DeviceDecision::Pending) && call.now < device.expires
        };
        let Some(device) = self.own.issued.devices.iter_mut().find(entered).filter(is_open) else {
            let mut reply = code_page("<p>The code is not valid, has expired or was used already.</p>\n");
            *reply.status_mut() = StatusCode::BAD_REQUEST;
            return reply;
        };
        let authorizations = &mut self.world.stats.providers.of(server).authorizations;
        match decision {
            Decision::Ask => {
                let client =
                    self.own.clients.iter().find(|one| one.server == server && one.id == device.client);
                client.map_or_else(|| code_page(""), |client| page(call, client, &user, &device.scopes))
            }
            Decision::Approve => {
                authorizations.granted += 1;
                let owner = GrantOwner { server, client: device.client.clone(), user };
                device.decision = DeviceDecision::Approved(owner.clone());
                let scopes = device.scopes.clone();
                self.own.issued.consent(owner, &scopes);
                message_page("You signed in", "<p>You can close this page and return to your device.</p>\n")
            }
            Decision::Deny => {
                authorizations.refused += 1;
                device.decision = DeviceDecision::Denied;
                message_page("You did not sign in", "")
            }
        }
    }

    /// Exchanges a device code for a grant (RFC 8628 3.4). `narrow` selects the scopes of the first access
    /// token from the granted scopes.
    pub(super) fn redeem_device(
        &mut self,
        client: &Client,
        form: &Parameters,
        now: Timestamp,
        narrow: impl Fn(&[String]) -> Result<Vec<String>, OAuthError>,
    ) -> Result<(GrantId, Vec<String>), OAuthError> {
        let rules = client.server.rules().device().ok_or(OAuthError::GrantType)?;
        let code = form.need("device_code")?;
        let devices = &mut self.own.issued.devices;
        let is_sent = |device: &DeviceRequest| {
            device.server == client.server && device.client == client.id && device.device_code == code
        };
        let index = devices.iter().position(is_sent).ok_or(OAuthError::DeviceCode)?;
        let device = devices.get_mut(index).ok_or(OAuthError::DeviceCode)?;
        if now >= device.expires {
            return Err(OAuthError::DeviceExpired);
        }
        match &device.decision {
            DeviceDecision::Denied => Err(OAuthError::DeviceDenied),
            DeviceDecision::Pending => {
                let next = device.last_poll.map(|last| plus_seconds(last, device.interval_seconds));
                device.last_poll = Some(now);
                if rules.slows_down && next.is_some_and(|next| now < next) {
                    device.interval_seconds += SLOWER_SECONDS;
                    return Err(OAuthError::DeviceTooFast);
                }
                Err(OAuthError::DevicePending)
            }
            DeviceDecision::Approved(owner) => {
                let narrowed = narrow(&device.scopes)?;
                let (owner, scopes) = (owner.clone(), device.scopes.clone());
                devices.remove(index);
                let needed = |needed: &str| scopes.iter().any(|scope| scope == needed);
                let offline = rules.offline_scope.is_none_or(needed);
                Ok((self.own.issued.add_grant(owner, scopes, offline), narrowed))
            }
        }
    }
}

/// Returns a user code without characters that users add or leave out, in upper case (RFC 8628 6.1).
fn plain_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

fn code_page(message: &str) -> Reply {
    let form = format!(
        "{message}<form>\n<label>Code <input name=\"user_code\" autocomplete=\"off\" autofocus></label>\n\
         <button>Continue</button>\n</form>\n"
    );
    message_page("Enter the code that your device shows", &form)
}
