//! The switches `rate_limit` and `server_errors`: every Nth call of the API fails before it does anything.

use crate::connect::Connect;
use crate::reply::Problem;
use crate::sandbox::Call;
use crate::settings::RateLimit;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use jiff::SignedDuration;

/// Calls so far, counted while the switch is on.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    rated: u64,
    served: u64,
}

/// How long a caller is told to wait.
const WAIT: SignedDuration = SignedDuration::from_secs(2);

impl Connect<'_> {
    pub(crate) fn limit(&mut self, call: &Call) -> Result<(), Problem> {
        let form = self.world.settings.connect.rate_limit;
        if form != RateLimit::Off {
            self.own.limits.rated += 1;
            if every(self.own.limits.rated, self.world.settings.connect.rate_limit_every.0) {
                let problem = Problem::plain(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded");
                return Err(problem.with_header(RETRY_AFTER, retry_after(form, call)));
            }
        }
        let errors = self.world.settings.connect.server_errors.0;
        if errors > 0 {
            self.own.limits.served += 1;
            if every(self.own.limits.served, errors) {
                let message = "The service is temporarily unavailable";
                return Err(Problem::plain(StatusCode::SERVICE_UNAVAILABLE, message));
            }
        }
        Ok(())
    }
}

fn every(count: u64, n: u64) -> bool {
    count.checked_rem(n) == Some(0)
}

fn retry_after(form: RateLimit, call: &Call) -> HeaderValue {
    let seconds = WAIT.as_secs();
    if form == RateLimit::Seconds {
        return HeaderValue::from(seconds);
    }
    let then = call.now.checked_add(WAIT).unwrap_or(call.now);
    let date = then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&date).unwrap_or_else(|_| HeaderValue::from(seconds))
}
