//! The switches `rate_limit` and `server_errors`: every Nth API call fails before it changes anything.

use crate::call::Call;
use crate::connect::Connect;
use crate::reply::Problem;
use crate::settings::RateLimit;
use crate::world::limit::Count;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The number of calls for each switch, counted while the switch is on.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Limits {
    rate_limit: Count,
    server_errors: Count,
}

/// The time to wait that `Retry-After` asks for.
const RETRY_AFTER_WAIT: SignedDuration = SignedDuration::from_secs(2);

impl Connect<'_> {
    pub(crate) fn limit(&mut self, call: &Call) -> Result<(), Problem> {
        let form = self.world.settings.connect.rate_limit;
        let every = self.world.settings.connect.rate_limit_every.0;
        if form != RateLimit::Off && self.own.limits.rate_limit.refuses(every) {
            let problem = Problem::plain(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded");
            return Err(problem.with_header(RETRY_AFTER, retry_after(form, call)));
        }
        if self.own.limits.server_errors.refuses(self.world.settings.connect.server_errors.0) {
            let message = "The service is temporarily unavailable";
            return Err(Problem::plain(StatusCode::SERVICE_UNAVAILABLE, message));
        }
        Ok(())
    }
}

fn retry_after(form: RateLimit, call: &Call) -> HeaderValue {
    let seconds = RETRY_AFTER_WAIT.as_secs();
    if form == RateLimit::Seconds {
        return HeaderValue::from(seconds);
    }
    let then = call.now.checked_add(RETRY_AFTER_WAIT).unwrap_or(call.now);
    let date = then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&date).unwrap_or_else(|_| HeaderValue::from(seconds))
}
