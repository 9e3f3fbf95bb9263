//! Both clients must read a response alike.
//!
//! The responses differ in content codings, headers, dates, byte order marks and error texts.

use std::{io::Write, time::Duration};

use connect_core::{Error, ErrorKind};
use connect_tests::{
    certificates::Authority,
    wire::{Fault, Wire},
};
use flate2::{Compression, write::GzEncoder};

use crate::caller::{Caller, Setup, both, tokens};

/// A list of calendars.
const BODY: &str = r#"[{"id":"0","provider":"google"}]"#;

struct Case {
    name: &'static str,
    /// The response to the first request of the call, then the responses to the further requests.
    responses: Vec<Vec<u8>>,
    call: fn(&dyn Caller) -> Result<String, Error>,
    right: fn(&Result<String, Error>) -> bool,
}

fn response(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Returns a case with a calendar list in a content coding.
fn coded(name: &'static str, coding: &str, body: &[u8]) -> Case {
    listed(name, response(&format!("200 OK\r\ncontent-encoding: {coding}"), body))
}

/// Returns a case with a calendar list that both clients must accept.
fn listed(name: &'static str, response: Vec<u8>) -> Case {
    Case { name, responses: vec![response], call: |caller| caller.read(), right: |outcome| is(outcome, "0") }
}

fn is(outcome: &Result<String, Error>, expected: &str) -> bool {
    outcome.as_ref().is_ok_and(|id| id == expected)
}

/// Returns a head that has `count` headers after `response` adds content-length.
fn headers(count: usize) -> String {
    let mut head = "200 OK".to_owned();
    (1..count).for_each(|number| head += &format!("\r\nx-{number}: {number}"));
    head
}

fn is_broken(outcome: &Result<String, Error>) -> bool {
    outcome.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::Network { .. }))
}

fn is_unreadable(outcome: &Result<String, Error>) -> bool {
    outcome.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::Decode { .. }))
}

fn says(outcome: &Result<String, Error>, text: &str) -> bool {
    outcome.as_ref().is_err_and(|error| error.message() == Some(text))
}

fn cases() -> Vec<Case> {
    let body = gzip(BODY.as_bytes());
    let with = |behind: &[u8]| [body.as_slice(), behind].concat();
    let empty = |status: &str| response(&format!("{status}\r\ncontent-encoding: gzip"), b"");
    let refused = |text: &str| response("400 Bad Request", text.as_bytes());
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let last = |head: &str, status: &str| headers(200).replacen("200 OK", status, 1) + "\r\n" + head;
    let mut cases = vec![
        coded("gzip", "gzip", &body),
        coded("gzip in capitals", "GZIP", &body),
        coded("gzip in mixed case", "GZip", &body),
        coded("x-gzip", "x-gzip", &body),
        coded("gzip and identity", "identity, gzip", &body),
        coded("identity", "identity", BODY.as_bytes()),
        coded("gzip twice", "gzip, gzip", &gzip(&body)),
        coded("gzip twice in two headers", "gzip\r\ncontent-encoding: gzip", &gzip(&body)),
        coded(
            "gzip in two members",
            "gzip",
            &[gzip(&BODY.as_bytes()[..9]), gzip(&BODY.as_bytes()[9..])].concat(),
        ),
        coded("a zero byte after gzip", "gzip", &with(&[0])),
        coded("a block of zero bytes after gzip", "gzip", &with(&[0; 4096])),
        Case { right: is_broken, ..coded("another byte after gzip", "gzip", &with(b"x")) },
        Case { right: is_broken, ..coded("gzip that is cut short", "gzip", &body[..body.len() - 1]) },
        coded("an unknown coding name", "UTF-8", BODY.as_bytes()),
        Case { right: is_unreadable, ..coded("a coding that was not requested", "br", &body) },
        Case {
            call: |caller| caller.delete().map(|()| "deleted".to_owned()),
            right: |outcome| is(outcome, "deleted"),
            ..listed("a delete with an empty gzip response", empty("200 OK"))
        },
        Case {
            call: |caller| caller.delete().map(|()| "deleted".to_owned()),
            right: |outcome| is(outcome, "deleted"),
            ..listed(
                "a 204 with content-encoding gzip",
                b"HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n".to_vec(),
            )
        },
        Case {
            right: |outcome| {
                let limited = |error: &Error| error.retry_after() == Some(Duration::from_secs(3000));
                outcome.as_ref().is_err_and(limited)
            },
            ..listed("a 429 with an empty gzip body", empty("429 Slow\r\nretry-after: 3000"))
        },
        Case {
            responses: vec![empty("401 Unauthorized"), tokens(), response("200 OK", BODY.as_bytes())],
            ..listed("a 401 with an empty gzip body", Vec::new())
        },
        Case {
            right: |outcome| says(outcome, "no"),
            ..listed(
                "an error in gzip",
                response("400 No\r\ncontent-encoding: Gzip", &gzip(br#"{"message":"no"}"#)),
            )
        },
        listed("101 headers", response(&headers(101), BODY.as_bytes())),
        listed("129 headers", response(&headers(129), BODY.as_bytes())),
        listed("256 headers", response(&headers(256), BODY.as_bytes())),
        Case { right: is_broken, ..listed("257 headers", response(&headers(257), BODY.as_bytes())) },
        listed(
            "256 headers after a 103",
            [early.as_bytes(), &response(&headers(256), BODY.as_bytes())].concat(),
        ),
        listed("a header in folded lines", response("200 OK\r\nx: a\r\n b\r\n\tc", BODY.as_bytes())),
        listed("a folded header after 200 others", response(&last("x: a\r\n b", "200 OK"), BODY.as_bytes())),
        Case {
            right: is_broken,
            ..listed("a malformed header", response("200 OK\r\ngarbage", BODY.as_bytes()))
        },
        Case {
            right: is_broken,
            ..listed(
                "a malformed header after 200 others",
                response(&last("garbage", "200 OK"), BODY.as_bytes()),
            )
        },
        listed(
            "a header of 60,000 bytes",
            response(&format!("200 OK\r\nx: {}", "x".repeat(60_000)), BODY.as_bytes()),
        ),
        Case {
            right: is_broken,
            ..listed(
                "a header of 70,000 bytes",
                response(&format!("200 OK\r\nx: {}", "x".repeat(70_000)), BODY.as_bytes()),
            )
        },
        listed(
            "content-encoding gzip as the 201st header",
            response(&last("content-encoding: gzip", "200 OK"), &body),
        ),
        Case {
            right: |outcome| {
                let limited = |error: &Error| error.retry_after() == Some(Duration::from_secs(3000));
                outcome.as_ref().is_err_and(limited)
            },
            ..listed("Retry-After as the 201st header", response(&last("retry-after: 3000", "429 Slow"), b""))
        },
        listed("a byte order mark before JSON", response("200 OK", format!("\u{feff}{BODY}").as_bytes())),
        Case {
            right: |outcome| says(outcome, "no"),
            ..listed("a byte order mark before an error", refused("\u{feff}{\"message\":\"no\"}"))
        },
        Case {
            right: |outcome| says(outcome, "k\u{e9}sz"),
            ..listed(
                "an error object instead of a list",
                response("200 OK", br#"{"success":"false","error":"k\u00e9sz"}"#),
            )
        },
        Case {
            call: |caller| caller.create(),
            right: |outcome| says(outcome, "k\u{e9}sz"),
            ..listed(
                "an error with escapes",
                response("200 OK", br#"{"success":false,"message":"k\u00e9sz"}"#),
            )
        },
    ];
    for (name, after) in [
        ("Retry-After with a fraction", "3000.5"),
        ("Retry-After as an RFC 850 date", "Sunday, 29-Nov-26 23:49:37 GMT"),
        ("Retry-After as an asctime date", "Sun Nov 29 23:49:37 2026"),
        ("Retry-After as an IMF-fixdate", "Sun, 29 Nov 2026 23:49:37 GMT"),
    ] {
        let head = format!("429 Slow\r\ndate: Sun, 29 Nov 2026 22:59:37 GMT\r\nretry-after: {after}");
        cases.push(Case {
            right: |outcome| {
                let waits =
                    |wait: Duration| (Duration::from_secs(3000)..Duration::from_secs(3001)).contains(&wait);
                outcome.as_ref().is_err_and(|error| error.retry_after().is_some_and(waits))
            },
            ..listed(name, response(&head, b""))
        });
    }
    cases
}

/// Runs all cases with both clients, and reports every wrong outcome. Each response is sent once in
/// one piece and once in small pieces.
fn run(world: impl Fn() -> (Wire, Setup)) {
    let mut wrong = Vec::new();
    for case in cases() {
        for drips in [false, true] {
            let (wire, setup) = world();
            for caller in both(&wire.base_url(), &Setup { attempts: 1, ..setup.clone() }) {
                for bytes in &case.responses {
                    wire.next(if drips { Fault::Pieces(bytes.clone()) } else { Fault::Keeps(bytes.clone()) });
                }
                let before = wire.seen().len();
                let outcome = (case.call)(&*caller);
                let sent = wire.seen().len() - before;
                if !(case.right)(&outcome) || sent != case.responses.len() {
                    wrong.push(format!(
                        "{}, {}, drips {drips}: {outcome:?} after {sent}",
                        case.name,
                        caller.name()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_clients_read_responses_alike_over_plain_http() {
    run(|| (Wire::plain().unwrap(), Setup::default()));
}

#[test]
fn both_clients_read_responses_alike_over_tls() {
    let authority = Authority::new().unwrap();
    run(|| (Wire::tls(&authority).unwrap(), Setup { root: Some(authority.pem()), ..Setup::default() }));
}

#[test]
fn path_with_another_host_is_not_sent() {
    let paths = [
        ".evil.example/x",
        "@evil.example/x",
        ":1/x",
        ":99999/x",
        ":x@evil.example/x",
        "evil.example/x",
        "/x#y",
    ];
    for path in paths {
        let wire = Wire::plain().unwrap();
        for caller in both(&wire.base_url(), &Setup::default()) {
            let error = caller.get(path).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Validation { .. }),
                "{path}: {}: {error:?}",
                caller.name()
            );
        }
        assert!(wire.seen().is_empty(), "{path}: {:?}", wire.seen());
    }
    let wire = Wire::plain().unwrap();
    for caller in both(&wire.base_url(), &Setup::default()) {
        caller.get("/x").unwrap();
        assert_eq!(wire.seen().last().unwrap().line, "GET /x");
    }
}
