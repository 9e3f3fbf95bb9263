//! The `tracing` span and events of a call, with the feature `tracing`.
//!
//! The fields have the names of the HTTP conventions of OpenTelemetry. No field contains a query, a header
//! value or a body.
//!
//! | span `connect.call` | |
//! |---|---|
//! | `otel.name`, `otel.kind` | the operation (`GET /calendars`), `client` |
//! | `http.request.method`, `url.template`, `server.address` | method, path template, host |
//! | `http.response.status_code` | the status of the last response |
//! | `http.request.resend_count` | the number of times the request was sent again |
//! | `error.type` | [`Error::code`], if the call failed |
//! | `connect.duration_ms` | the duration of the call, by the driver's clock |
//!
//! | event (level debug) | fields |
//! |---|---|
//! | `retry`, in the span | `error.type` and the pause before the next attempt, `pause_ms` |
//! | `call`, at the end of the span | the fields of the span that are known only then |

#[cfg(feature = "tracing")]
mod on {
    use std::time::Duration;

    use tracing::{Span, debug, field::Empty, info_span};

    use crate::{
        app::App,
        base::{Error, Now},
        endpoint::Endpoint,
    };

    /// The span of one call.
    pub(crate) struct Trace {
        span: Span,
        started: Duration,
        seen: Duration,
    }

    impl Trace {
        pub(crate) fn start<E: Endpoint>(app: &App, endpoint: &E, now: Now) -> Self {
            let operation = endpoint.operation();
            let template = operation.split_once(' ').map(|(_, path)| path);
            let span = info_span!(
                target: "connect",
                "connect.call",
                otel.name = operation,
                otel.kind = "client",
                http.request.method = endpoint.method().as_str(),
                url.template = template,
                server.address = app.service().host(),
                http.response.status_code = Empty,
                http.request.resend_count = Empty,
                "error.type" = Empty,
                connect.duration_ms = Empty,
            );
            Self { span, started: now.monotonic, seen: now.monotonic }
        }

        pub(crate) fn update_time(&mut self, now: Now) {
            self.seen = now.monotonic;
        }

        pub(crate) fn record_retry(&self, error: &Error, pause: Duration) {
            let pause = millis(pause);
            debug!(target: "connect", parent: &self.span, { "error.type" = error.code(), pause_ms = pause }, "retry");
        }

        pub(crate) fn record_end(&self, status: Option<http::StatusCode>, error: Option<&Error>, sent: u32) {
            let status = status.map(|status| status.as_u16());
            let error = error.map(Error::code);
            let resent = Some(sent.saturating_sub(1)).filter(|resent| *resent > 0);
            let duration = millis(self.seen.saturating_sub(self.started));
            self.span.record("http.response.status_code", status);
            self.span.record("error.type", error);
            self.span.record("http.request.resend_count", resent);
            self.span.record("connect.duration_ms", duration);
            debug!(
                target: "connect",
                parent: &self.span,
                {
                    http.response.status_code = status,
                    "error.type" = error,
                    http.request.resend_count = resent,
                    connect.duration_ms = duration,
                },
                "call"
            );
        }
    }

    fn millis(time: Duration) -> u64 {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::time::Duration;

    use crate::{
        app::App,
        base::{Error, Now},
        endpoint::Endpoint,
    };

    /// Replaces the span of a call in builds without the feature `tracing`.
    pub(crate) struct Trace;

    #[allow(clippy::unused_self)]
    impl Trace {
        pub(crate) fn start<E: Endpoint>(_: &App, _: &E, _: Now) -> Self {
            Self
        }

        pub(crate) fn update_time(&mut self, _: Now) {}

        pub(crate) fn record_retry(&self, _: &Error, _: Duration) {}

        pub(crate) fn record_end(&self, _: Option<http::StatusCode>, _: Option<&Error>, _: u32) {}
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) use off::Trace;
#[cfg(feature = "tracing")]
pub(crate) use on::Trace;
