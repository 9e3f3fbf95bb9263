//! The answer of a failing call: a status and a body. The kind follows from the status, the number of requests from the
//! kind, and no secret is in any text.

#![no_main]

use connect_core::{
    Error, ErrorKind,
    types::{ListCalendars, NewEvent},
};
use connect_fuzz::{Input, SECRET, World, answer};
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
        let outcome = world.call(&ListCalendars::new(), |request| Ok(answer(asked(request, status), body)));
        outcome.map(drop)
    });
    let (created, writes) = failure(status, body, |world| {
        let outcome = world.call(&create, |request| Ok(answer(asked(request, status), body)));
        outcome.map(drop)
    });
    assert_eq!(shape(&listed), shape(&created), "what an answer means does not depend on the request");

    let most = match status.as_u16() {
        408 | 429 | 500 | 502 | 503 | 504 => 3,
        _ => 1,
    };
    assert_eq!(reads, most, "{listed:?}");
    assert_eq!(writes, if status == 429 { 3 } else { 1 }, "a create that may have happened is not repeated");
    assert_eq!(created.may_have_happened(), status.is_server_error(), "{created:?}");

    // White space around the document changes nothing of it.
    let spaced = [b"\n ", body, b"\r\n\t"].concat();
    let (spaced, _) = failure(status, &spaced, |world| {
        world.call(&ListCalendars::new(), |request| Ok(answer(asked(request, status), &spaced))).map(drop)
    });
    assert_eq!(shape(&spaced), shape(&listed));
});

/// A token endpoint that is there as well refuses with 400, so that a 401 is the call's last word.
fn asked(request: &connect_core::Request, status: StatusCode) -> StatusCode {
    if request.uri().path().ends_with("/oauth/token") { StatusCode::BAD_REQUEST } else { status }
}

/// The error, and how many requests were sent beside those for tokens.
fn failure(
    status: StatusCode,
    body: &[u8],
    call: impl FnOnce(&mut World) -> Result<(), Error>,
) -> (Error, usize) {
    let mut world = World::signed_in();
    let error = call(&mut world).expect_err("an answer that is no success");
    let said = format!("{error} {error:?}");
    assert!(
        !said.contains(SECRET) || String::from_utf8_lossy(body).contains('\\') || holds_secret(body),
        "{said}"
    );
    let kind = error.kind();
    let fits = match status.as_u16() {
        // The refresh that a 401 asks for may have been refused, and that is the error then.
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

/// What of an error follows from the answer alone.
fn shape(error: &Error) -> String {
    let kind = match error.kind() {
        ErrorKind::Permission { accounts, .. } => format!("{accounts:?}"),
        kind => format!("{kind:?}"),
    };
    format!("{kind} {:?} {:?} {:?}", error.status(), error.message(), error.server_code())
}
