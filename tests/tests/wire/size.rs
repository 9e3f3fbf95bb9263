//! The clients must stop reading an endless response at the size limit.

use connect_core::ErrorKind;
use connect_tests::wire::{Fault, Wire};

use crate::caller::{CALLS, Setup, both};

const CAP: usize = 1 << 20;
/// The capacity of the socket buffers between client and server.
const SOCKET_BUFFERS: usize = 16 << 20;
const PIECE: usize = 64 << 10;
/// The number of pieces in a gigabyte.
const PIECES: usize = (1 << 30) / PIECE;

#[test]
fn endless_body_is_cut_off_at_the_limit() {
    let chunk = [format!("{PIECE:x}\r\n").into_bytes(), vec![b' '; PIECE], b"\r\n".to_vec()].concat();
    let endless = [
        ("with a length", format!("content-length: {}\r\n\r\n", 1_u64 << 40), vec![b' '; PIECE]),
        ("in chunks", "transfer-encoding: chunked\r\n\r\n".to_owned(), chunk),
        ("until the connection ends", "\r\n".to_owned(), vec![b' '; PIECE]),
    ];
    for (name, head, piece) in endless {
        let wire = Wire::plain().unwrap();
        for caller in both(&wire.base_url(), &Setup { max_response_size: CAP, ..Setup::default() }) {
            for test_call in CALLS {
                let (before, sent) = (wire.seen().len(), wire.sent());
                let head = format!("HTTP/1.1 200 OK\r\n{head}").into_bytes();
                wire.next(Fault::Endless(head, piece.clone(), PIECES));
                let error = (test_call.call)(&*caller).unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{name}: {error:?}");
                assert!(error.to_string().contains("too large"), "{name}: {error}");
                assert_eq!(
                    wire.seen().len() - before,
                    1,
                    "{name}: {}: a too large response is not requested again",
                    caller.name()
                );
                caller.assert_works(&wire);
                let sent = wire.sent() - sent;
                assert!(
                    (CAP..CAP + SOCKET_BUFFERS).contains(&sent),
                    "{name}: {}: {sent} bytes",
                    caller.name()
                );
            }
        }
    }
}
