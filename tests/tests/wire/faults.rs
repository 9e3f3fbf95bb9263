//! What can go wrong with an answer, once: on a fresh connection and on one that was used before.

use std::{net::TcpListener, time::Duration};

use connect_core::{Error, ErrorKind, Sent};
use connect_tests::{
    certificates::Authority,
    wire::{Fault, Wire},
};

use crate::caller::{Asked, CALLS, Caller, Setup, both};

/// What comes of a call.
#[derive(Clone, Copy)]
enum Comes {
    /// It succeeds with the one request.
    Well,
    /// It succeeds with a second request.
    WellAgain,
    /// It fails with the one request, and nobody knows whether the server acted on it: of no interest for a read.
    Unknown(fn(&ErrorKind) -> bool),
    /// It fails with the one request, which the server said it did not carry out.
    Refused(fn(&ErrorKind) -> bool),
}

use Comes::{Refused, Unknown, Well, WellAgain};

struct Case {
    name: &'static str,
    fault: Fault,
    read: Comes,
    create: Comes,
}

fn broken(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Network { sent: Sent::Maybe })
}

fn server(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Server)
}

/// No whole answer came: a read is asked for again, a create is not.
fn lost(name: &'static str, fault: Fault) -> Case {
    Case { name, fault, read: WellAgain, create: Unknown(broken) }
}

/// The list; `body` is what a good answer holds.
fn cases(body: &str, tls: bool) -> Vec<Case> {
    let says = |text: &str| Fault::Says(text.as_bytes().to_vec());
    let torn = |text: &str| Fault::Torn(text.as_bytes().to_vec());
    let length = |text: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{text}", body.len());
    let good = length(&format!("\r\n{body}"));
    let chunks: String = body.chars().map(|char| format!("1;x=y\r\n{char}\r\n")).collect();
    let chunked = |end: &str| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}{end}");
    let status = |status: u16| says(&format!("HTTP/1.1 {status} Odd\r\ncontent-length: 0\r\n\r\n"));
    let limited = "HTTP/1.1 429 Slow\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n".repeat(3);
    let fine = |name, fault| Case { name, fault, read: Well, create: Well };

    let mut cases = vec![
        // Without a handshake nothing was sent.
        Case {
            create: if tls { WellAgain } else { Unknown(broken) },
            ..lost("closed when it was accepted", Fault::Hangup)
        },
        lost("closed when the request was read", says("")),
        lost("torn off when the request was read", torn("")),
        lost("closed in the status line", says("HTTP/1.1 2")),
        lost("closed in the head", says(&length("x-more: "))),
        lost("closed in the body", says(&length("\r\n[{\"id\":"))),
        lost("closed in a body that is whole JSON", says("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[]")),
        lost("torn off in the body", torn("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[]")),
        lost("closed in a chunk", says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n[]")),
        lost("closed before the last chunk", says(&chunked(""))),
        lost("torn off before the last chunk", torn(&chunked(""))),
        // Without TLS this is what a good end looks like.
        Case {
            read: if tls { WellAgain } else { Well },
            create: if tls { Unknown(broken) } else { Well },
            ..lost("torn off where only that ends the body", torn(&format!("HTTP/1.1 200 OK\r\n\r\n{body}")))
        },
        lost(
            "a chunk without a size",
            says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n[]\r\n0\r\n\r\n"),
        ),
        lost("something else than HTTP", says("SSH-2.0-OpenSSH_9.9\r\n")),
        lost("zeroes", Fault::Says(vec![0; 4096])),
        lost("no status", says("HTTP/1.1 OK\r\ncontent-length: 2\r\n\r\n[]")),
        lost("a length that is no number", says("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n[]")),
        lost("a length below zero", says("HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n[]")),
        lost(
            "a length beyond all memory",
            says("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n[]"),
        ),
        lost("two lengths", says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 100\r\n\r\n[]")),
        lost(
            "a head without end",
            Fault::Endless(
                b"HTTP/1.1 200 OK\r\n".to_vec(),
                b"x-more: 123456789012345678901234567890\r\n".to_vec(),
                100_000,
            ),
        ),
        lost(
            "a header of megabytes",
            Fault::Endless(b"HTTP/1.1 200 OK\r\nx-more: ".to_vec(), vec![b'x'; 1000], 5000),
        ),
        fine("good, and closed", says(&good)),
        fine("a byte at a time", Fault::Drips(good.clone().into(), Duration::from_micros(200))),
        fine("a chunk a byte", says(&chunked("0\r\nx-trailer: 1\r\n\r\n"))),
        fine(
            "a chunk a byte, a byte at a time",
            Fault::Drips(chunked("0\r\n\r\n").into(), Duration::from_micros(100)),
        ),
        fine(
            "a wrong length beside chunks",
            says(&chunked("0\r\n\r\n").replacen("\r\n\r\n", "\r\ncontent-length: 3\r\n\r\n", 1)),
        ),
        fine("HTTP/1.0 with a length", says(&good.replace("HTTP/1.1", "HTTP/1.0"))),
        fine("HTTP/1.0 that ends with the connection", says(&format!("HTTP/1.0 200 OK\r\n\r\n{body}"))),
        fine("100 before the answer", says(&format!("HTTP/1.1 100 Continue\r\n\r\n{good}"))),
        fine("103 before the answer", says(&format!("{hints}{good}"))),
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
fn over_plain_http() {
    run(false, || (Wire::plain().unwrap(), Setup::default()));
}

#[test]
fn over_tls() {
    let authority = Authority::new().unwrap();
    run(true, || {
        let setup = Setup { root: Some(authority.pem()), ..Setup::default() };
        (Wire::tls(&authority).unwrap(), setup)
    });
}

/// Runs the list through both clients, and says all that is not as it should be.
fn run(tls: bool, world: impl Fn() -> (Wire, Setup)) {
    let mut wrong = Vec::new();
    for asked in CALLS {
        for case in cases(asked.body, tls) {
            for used in [false, true] {
                if used && !case.fault.hears() {
                    continue;
                }
                let (wire, setup) = world();
                for caller in both(&wire.base_url(), &setup) {
                    let outcome = one(&wire, &*caller, &asked, &case, used);
                    let place = format!("{}: {} with {}, used {used}", case.name, asked.name, caller.name());
                    wrong.extend(outcome.err().map(|why| format!("{place}: {why}")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn one(wire: &Wire, caller: &dyn Caller, asked: &Asked, case: &Case, used: bool) -> Result<(), String> {
    let is_read = asked.name == "read";
    let (fault, comes) = (&case.fault, if is_read { case.read } else { case.create });
    if used {
        caller.works(wire);
    }
    let before = wire.seen().len();
    wire.next(fault.clone());
    let outcome = (asked.call)(caller);
    let heard = wire.seen().len() - before + usize::from(!fault.hears());
    let requests = if matches!(comes, WellAgain) { 2 } else { 1 };
    let said = format!("{outcome:?} after {heard} requests");
    if heard != requests || !wire.is_done() {
        return Err(said);
    }
    let right = match (comes, &outcome) {
        (Well | WellAgain, Ok(_)) => true,
        (Unknown(kind), Err(error)) => kind(error.kind()) && (is_read || error.may_have_happened()),
        (Refused(kind), Err(error)) => kind(error.kind()) && !error.may_have_happened(),
        _ => false,
    };
    if !right || outcome.as_ref().is_err_and(|error: &Error| error.attempts() != 1) {
        return Err(said);
    }
    caller.works(wire);
    Ok(())
}

#[test]
fn a_server_that_comes_back_is_called_again() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for caller in both(&format!("http://{address}"), &Setup::default()) {
        for asked in CALLS {
            let error = (asked.call)(&*caller).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::No }), "{error:?}");
            assert_eq!((error.attempts(), error.may_have_happened()), (3, false), "{}", caller.name());
        }
    }
    let callers = both(&format!("http://{address}"), &Setup::default());
    callers.iter().for_each(|caller| drop(caller.read().unwrap_err()));
    let wire = Wire::plain_at(address).unwrap();
    callers.iter().for_each(|caller| caller.works(&wire));
}
