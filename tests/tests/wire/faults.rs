//! Tests every fault of a response on a new connection and on a reused connection.

use std::{net::TcpListener, time::Duration};

use connect_core::{Error, ErrorKind, Sent};
use connect_tests::{
    certificates::Authority,
    wire::{Fault, Wire},
};

use crate::caller::{CALLS, Caller, Setup, TestCall, both};

/// The expected outcome of a call.
#[derive(Clone, Copy)]
enum Expected {
    /// Success with one request.
    Well,
    /// Success with a second request.
    WellAgain,
    /// The call fails after one request, which the server may have executed.
    Unknown(fn(&ErrorKind) -> bool),
    /// The call fails after one request, which the server did not execute.
    Refused(fn(&ErrorKind) -> bool),
}

use Expected::{Refused, Unknown, Well, WellAgain};

struct Case {
    name: &'static str,
    fault: Fault,
    read: Expected,
    create: Expected,
}

fn broken(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Network { sent: Sent::Maybe })
}

fn server(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Server)
}

/// Returns a case with an incomplete or malformed response: a read must be repeated, a create must not.
fn lost_response(name: &'static str, fault: Fault) -> Case {
    Case { name, fault, read: WellAgain, create: Unknown(broken) }
}

/// Returns all cases; `body` is the body of a valid response.
fn cases(body: &str, tls: bool) -> Vec<Case> {
    let says = |text: &str| Fault::Says(text.as_bytes().to_vec());
    let torn = |text: &str| Fault::Torn(text.as_bytes().to_vec());
    let length = |text: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{text}", body.len());
    let valid = length(&format!("\r\n{body}"));
    let chunks: String = body.chars().map(|char| format!("1;x=y\r\n{char}\r\n")).collect();
    let chunked = |end: &str| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}{end}");
    let status = |status: u16| says(&format!("HTTP/1.1 {status} Odd\r\ncontent-length: 0\r\n\r\n"));
    let limited = "HTTP/1.1 429 Slow\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n".repeat(3);
    let fine = |name, fault| Case { name, fault, read: Well, create: Well };

    let mut cases = vec![
        // A failed handshake sends no request.
        Case {
            create: if tls { WellAgain } else { Unknown(broken) },
            ..lost_response("closed after accept", Fault::Hangup)
        },
        lost_response("closed after the request", says("")),
        lost_response("closed without close_notify after the request", torn("")),
        lost_response("closed in the status line", says("HTTP/1.1 2")),
        lost_response("closed in the head", says(&length("x-more: "))),
        lost_response("closed in the body", says(&length("\r\n[{\"id\":"))),
        lost_response(
            "closed in the body, which is valid JSON so far",
            says("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[]"),
        ),
        lost_response(
            "closed without close_notify in the body",
            torn("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[]"),
        ),
        lost_response(
            "closed in a chunk",
            says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n[]"),
        ),
        lost_response("closed before the last chunk", says(&chunked(""))),
        lost_response("closed without close_notify before the last chunk", torn(&chunked(""))),
        // Without TLS, closing the connection is a valid end of the body.
        Case {
            read: if tls { WellAgain } else { Well },
            create: if tls { Unknown(broken) } else { Well },
            ..lost_response(
                "closed without close_notify at the end of a body without a length",
                torn(&format!("HTTP/1.1 200 OK\r\n\r\n{body}")),
            )
        },
        lost_response(
            "a chunk without a size",
            says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n[]\r\n0\r\n\r\n"),
        ),
        lost_response("not HTTP", says("SSH-2.0-OpenSSH_9.9\r\n")),
        lost_response("zeroes", Fault::Says(vec![0; 4096])),
        lost_response("no status", says("HTTP/1.1 OK\r\ncontent-length: 2\r\n\r\n[]")),
        lost_response("a non-numeric length", says("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n[]")),
        lost_response("a negative length", says("HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n[]")),
        lost_response(
            "a huge length",
            says("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n[]"),
        ),
        lost_response(
            "two lengths",
            says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 100\r\n\r\n[]"),
        ),
        lost_response(
            "an endless head",
            Fault::Endless(
                b"HTTP/1.1 200 OK\r\n".to_vec(),
                b"x-more: 123456789012345678901234567890\r\n".to_vec(),
                100_000,
            ),
        ),
        lost_response(
            "a header of several megabytes",
            Fault::Endless(b"HTTP/1.1 200 OK\r\nx-more: ".to_vec(), vec![b'x'; 1000], 5000),
        ),
        fine("valid, then closed", says(&valid)),
        fine("a byte at a time", Fault::Drips(valid.clone().into(), Duration::from_micros(200))),
        fine("one-byte chunks", says(&chunked("0\r\nx-trailer: 1\r\n\r\n"))),
        fine(
            "one-byte chunks, a byte at a time",
            Fault::Drips(chunked("0\r\n\r\n").into(), Duration::from_micros(100)),
        ),
        fine(
            "chunks with a wrong content-length",
            says(&chunked("0\r\n\r\n").replacen("\r\n\r\n", "\r\ncontent-length: 3\r\n\r\n", 1)),
        ),
        fine("HTTP/1.0 with a length", says(&valid.replace("HTTP/1.1", "HTTP/1.0"))),
        fine("HTTP/1.0 that ends with the connection", says(&format!("HTTP/1.0 200 OK\r\n\r\n{body}"))),
        fine("100 before the response", says(&format!("HTTP/1.1 100 Continue\r\n\r\n{valid}"))),
        fine("103 before the response", says(&format!("{hints}{valid}"))),
        Case { name: "429", fault: Fault::Keeps(limited.into()), read: WellAgain, create: WellAgain },
        Case {
            name: "413 before the body is read",
            fault: Fault::Unread(
                b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec(),
            ),
            read: Refused(|kind| matches!(kind, ErrorKind::Http)),
            create: Refused(|kind| matches!(kind, ErrorKind::Http)),
        },
    ];
    for (code, name) in [(500, "500"), (502, "502"), (503, "503"), (504, "504")] {
        cases.push(Case { name, fault: status(code), read: WellAgain, create: Unknown(server) });
    }
    for (code, name) in [(501, "501"), (505, "505"), (511, "511"), (599, "599")] {
        cases.push(Case { name, fault: status(code), read: Unknown(server), create: Unknown(server) });
    }
    cases
}

#[test]
fn faults_over_plain_http_have_the_expected_outcome() {
    run(false, || (Wire::plain().unwrap(), Setup::default()));
}

#[test]
fn faults_over_tls_have_the_expected_outcome() {
    let authority = Authority::new().unwrap();
    run(true, || {
        let setup = Setup { root: Some(authority.pem()), ..Setup::default() };
        (Wire::tls(&authority).unwrap(), setup)
    });
}

/// Runs all cases with both clients and reports every wrong outcome.
fn run(tls: bool, world: impl Fn() -> (Wire, Setup)) {
    let mut wrong = Vec::new();
    for test_call in CALLS {
        for case in cases(test_call.body, tls) {
            for used in [false, true] {
                if used && !case.fault.hears() {
                    continue;
                }
                let (wire, setup) = world();
                for caller in both(&wire.base_url(), &setup) {
                    let outcome = one(&wire, &*caller, &test_call, &case, used);
                    let place =
                        format!("{}: {} with {}, used {used}", case.name, test_call.name, caller.name());
                    wrong.extend(outcome.err().map(|why| format!("{place}: {why}")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn one(
    wire: &Wire,
    caller: &dyn Caller,
    test_call: &TestCall,
    case: &Case,
    used: bool,
) -> Result<(), String> {
    let is_read = test_call.name == "read";
    let (fault, expected) = (&case.fault, if is_read { case.read } else { case.create });
    if used {
        caller.assert_works(wire);
    }
    let before = wire.seen().len();
    wire.next(fault.clone());
    let outcome = (test_call.call)(caller);
    let received = wire.seen().len() - before + usize::from(!fault.hears());
    let requests = if matches!(expected, WellAgain) { 2 } else { 1 };
    let seen_outcome = format!("{outcome:?} after {received} requests");
    if received != requests || !wire.is_done() {
        return Err(seen_outcome);
    }
    let right = match (expected, &outcome) {
        (Well | WellAgain, Ok(_)) => true,
        (Unknown(kind), Err(error)) => kind(error.kind()) && (is_read || error.may_have_happened()),
        (Refused(kind), Err(error)) => kind(error.kind()) && !error.may_have_happened(),
        _ => false,
    };
    if !right || outcome.as_ref().is_err_and(|error: &Error| error.attempts() != 1) {
        return Err(seen_outcome);
    }
    caller.assert_works(wire);
    Ok(())
}

#[test]
fn server_that_starts_later_is_reached() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for caller in both(&format!("http://{address}"), &Setup::default()) {
        for test_call in CALLS {
            let error = (test_call.call)(&*caller).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::No }), "{error:?}");
            assert_eq!((error.attempts(), error.may_have_happened()), (3, false), "{}", caller.name());
        }
    }
    let callers = both(&format!("http://{address}"), &Setup::default());
    callers.iter().for_each(|caller| drop(caller.read().unwrap_err()));
    let wire = Wire::plain_at(address).unwrap();
    callers.iter().for_each(|caller| caller.assert_works(&wire));
}
