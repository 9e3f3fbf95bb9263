//! The response of a failed call: a line with the status, then the body.
//!
//! The status alone must determine the kind of the error, and the number of times that a call sends its
//! request. No error text may contain a secret.

#![no_main]

use connect_core::{
    Error, ErrorKind,
    types::{ListCalendars, NewEvent},
};
use connect_fuzz::{Input, SECRET, World, response};
use http::StatusCode;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let status = input.status();
    let body = input.rest();
    if status.is_success() {
        return;
    }
    let create =
        NewEvent::new(("google", "primary"), "Stand-up", Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    let (listed, reads) = failure(status, body, |world| {
        let outcome =
            world.call(&ListCalendars::new(), |request| Ok(response(refresh_refused(request, status), body)));
        outcome.map(drop)
    });
    let (created, writes) = failure(status, body, |world| {
        let outcome = world.call(&create, |request| Ok(response(refresh_refused(request, status), body)));
        outcome.map(drop)
    });
    assert_eq!(shape(&listed), shape(&created), "two requests with the same response have different errors");

    let most = match status.as_u16() {
        408 | 429 | 500 | 502 | 503 | 504 => 3,
        _ => 1,
    };
    assert_eq!(reads, most, "{listed:?}");
    assert_eq!(writes, if status == 429 { 3 } else { 1 }, "a create that may have happened is retried");
    assert_eq!(created.may_have_happened(), status.is_server_error(), "{created:?}");

    // White space around the body has no effect.
    let spaced = [b"\n ", body, b"\r\n\t"].concat();
    let (spaced, _) = failure(status, &spaced, |world| {
        world
            .call(&ListCalendars::new(), |request| Ok(response(refresh_refused(request, status), &spaced)))
            .map(drop)
    });
    assert_eq!(shape(&spaced), shape(&listed));
});

/// Returns `status`, or 400 for requests to the token endpoint, so that a refresh after a 401 fails.
fn refresh_refused(request: &connect_core::Request, status: StatusCode) -> StatusCode {
    if request.uri().path().ends_with("/oauth/token") { StatusCode::BAD_REQUEST } else { status }
}

/// Returns the error of a call, and the number of its requests, except requests to the token endpoint.
fn failure(
    status: StatusCode,
    body: &[u8],
    call: impl FnOnce(&mut World) -> Result<(), Error>,
) -> (Error, usize) {
    let mut world = World::signed_in();
    let error = call(&mut world).expect_err("the status is an error");
    let text = format!("{error} {error:?}");
    assert!(
        !text.contains(SECRET) || String::from_utf8_lossy(body).contains('\\') || holds_secret(body),
        "{text}"
    );
    let kind = error.kind();
    let fits = match status.as_u16() {
        // If the call refreshed after the 401, its error is the error of the refresh.
        401 if world.sent.len() > 1 => true,
        401 => matches!(kind, ErrorKind::Authentication | ErrorKind::Permission { .. }),
        403 => matches!(kind, ErrorKind::Permission { .. }),
        400 | 422 => matches!(kind, ErrorKind::Validation { .. }),
        404 | 410 => matches!(kind, ErrorKind::NotFound),
        409 | 412 => matches!(kind, ErrorKind::Conflict),
        429 => matches!(kind, ErrorKind::RateLimited),
        500..=599 => matches!(kind, ErrorKind::Server),
        _ => matches!(kind, ErrorKind::Http),
    };
    assert!(fits, "{status}: {error:?}");
    assert!(!error.code().is_empty());
    let calls = world.sent.iter().filter(|request| !request.uri().path().ends_with("/oauth/token")).count();
    (error, calls)
}

fn holds_secret(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains(SECRET)
}

/// Returns the part of an error that depends only on the response.
fn shape(error: &Error) -> String {
    let kind = match error.kind() {
        ErrorKind::Permission { accounts, .. } => format!("{accounts:?}"),
        kind => format!("{kind:?}"),
    };
    format!("{kind} {:?} {:?} {:?}", error.status(), error.message(), error.server_code())
}
