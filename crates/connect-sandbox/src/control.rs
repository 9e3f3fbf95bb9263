//! The control calls under `/sandbox`, which the real services do not have.

mod apps;
mod page;
mod providers;
mod webhooks;

use crate::faults::Fault;
use crate::reply::{Problem, Reply, ok, text};
use crate::route::{Control, Route};
use crate::sandbox::{Sandbox, unknown};
use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

impl Sandbox {
    pub(crate) fn control(
        &mut self,
        control: Control,
        request: &Request<Bytes>,
        now: Timestamp,
    ) -> Result<Reply, Problem> {
        // A body from a file may start with a byte order mark.
        let body = request.body();
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        match control {
            Control::Page => Ok(self.page()),
            Control::Stats => Ok(ok(&json!(self.world.stats))),
            Control::Expire => {
                self.expire_all(now);
                Ok(ok(&json!({ "success": true, "expiries": self.world.stats.expiries })))
            }
            Control::ExpireSyncTokens => {
                self.expire_sync_tokens();
                Ok(ok(&json!({ "success": true })))
            }
            Control::Faults => self.take_faults(body),
            Control::ClearFaults => {
                self.clear_faults();
                Ok(ok(&json!({ "success": true })))
            }
            Control::Set => self.take_settings(body),
            Control::Seed => self.take_seed(body),
            Control::State => Ok(text(StatusCode::OK, "application/json", self.state())),
            Control::LoadState => self.take_state(body),
            Control::Reset => {
                self.reset();
                Ok(ok(&json!({ "success": true })))
            }
            Control::ListApps => Ok(self.list_apps()),
            Control::CreateApp => self.create_app(body),
            Control::EditApp => self.edit_app(body),
            Control::ListProviders => Ok(self.list_providers()),
            Control::CreateProviderApp => self.create_provider_app(body),
            Control::EditProviderApp => self.edit_provider_app(body),
            Control::DeleteProviderApp => self.remove_provider_app(body),
            Control::WithdrawConsent => self.withdraw_provider_app(body),
            Control::Subscriptions => Ok(ok(&json!({ "subscriptions": self.subscriptions() }))),
            Control::Trigger => self.take_trigger(body, now),
            Control::Resend => self.take_resend(body, now),
            Control::Deliveries => Ok(self.list_deliveries()),
            Control::Invitations => Ok(ok(&json!({ "invitations": self.invitations() }))),
            Control::RotateKeys => Ok(ok(&json!({ "keys": self.connect().rotate_keys(now) }))),
            Control::Advance => self.take_advance(body, now),
            Control::ApptotoMessages => {
                Ok(ok(&json!({ "messages": self.apptoto_messages(self.caller_time(now)) })))
            }
            Control::Unknown => Err(unknown(&Route::methods(request.uri().path()).join(", "))),
        }
    }

    /// Adds one fault or a list of faults. If a fault is invalid, adds no fault.
    fn take_faults(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let faults = match serde_json::from_slice(body).map_err(refused)? {
            OneOrMany::Many(faults) => faults,
            OneOrMany::One(fault) => vec![fault],
        };
        let faults = faults.into_iter().map(read_fault).collect::<Result<Vec<_>, _>>()?;
        let count = faults.len();
        faults.into_iter().for_each(|fault| self.add_fault(fault));
        Ok(ok(&json!({ "success": true, "added": count })))
    }

    fn take_seed(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let text = std::str::from_utf8(body).map_err(refused)?;
        self.seed(text).map_err(refused)?;
        Ok(ok(&json!({ "success": true })))
    }

    fn take_state(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        self.load(std::str::from_utf8(body).map_err(refused)?).map_err(refused)?;
        Ok(ok(&json!({ "success": true })))
    }

    /// Sets switches. If a name or value is invalid, sets no switch.
    fn take_settings(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let requested: Map<String, Value> = serde_json::from_slice(body).map_err(refused)?;
        let requested: Vec<_> =
            requested.iter().map(|(name, value)| (name.as_str(), plain_text(value))).collect();
        let mut trial = self.world.settings.clone();
        for (name, value) in &requested {
            trial.set(name, value).map_err(refused)?;
        }
        for (name, value) in &requested {
            self.set(name, value).map_err(refused)?;
        }
        let settings: Map<_, _> =
            self.world.settings.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        Ok(ok(&json!({ "success": true, "settings": settings })))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

fn read_fault(value: Value) -> Result<Fault, Problem> {
    let fault: Fault = serde_json::from_value(value).map_err(refused)?;
    fault.check().map_err(refused)?;
    Ok(fault)
}

/// Converts a JSON string, number or boolean to the text of a switch value.
fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn refused(reason: impl ToString) -> Problem {
    Problem::bad_request(&reason.to_string())
}
