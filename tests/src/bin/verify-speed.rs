//! Measures the verification of a delivery, and each part of the verification. Run this program in release
//! mode.
//!
//! ```text
//! cargo run --release -p connect-tests --bin verify-speed [-- BYTES]
//! ```

use std::time::{Duration, Instant};

use connect_core::webhooks::{PublicKey, verify};
use ed25519_dalek::{Signature, Signer, SigningKey};
use http::HeaderMap;
use jiff::Timestamp;
use sha2::{Digest, Sha512};

const ROUNDS: usize = 40;
const RUNS_PER_ROUND: u32 = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let size = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let body = body(size);
    let key = SigningKey::from_bytes(&[7; 32]);
    let now = Timestamp::from_second(1_790_000_000)?;
    let signed = [b"msg_1.1790000000.", body.as_bytes()].concat();
    let signature = key.sign(&signed);
    let headers = headers(&signature)?;
    let verifying = key.verifying_key();
    let keys: [PublicKey; 1] = [format!("whpk_{}", encode(verifying.as_bytes())).parse()?];

    let mut all = [
        (
            "verify (to a typed delivery)",
            Box::new(|| verify(&headers, body.as_bytes(), &keys, now).is_ok()) as Work,
        ),
        ("ed25519-dalek verify_strict", Box::new(|| verifying.verify_strict(&signed, &signature).is_ok())),
        ("sha512 of the same bytes", Box::new(|| Sha512::digest(&signed)[0] != 1)),
        (
            "decoding the JSON",
            Box::new(|| {
                connect_core::types::decode::<connect_core::types::Delivery>(body.as_bytes()).is_ok()
            }),
        ),
    ];
    // The measurements alternate, so that a busy machine slows all of them. The fastest rounds are printed.
    let mut best = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        for ((_, work), best) in all.iter_mut().zip(&mut best) {
            let start = Instant::now();
            let fine = (0..RUNS_PER_ROUND).all(|_| std::hint::black_box(work()));
            *best = (*best).min(start.elapsed() / RUNS_PER_ROUND);
            assert!(fine);
        }
    }
    println!("a body of {} bytes, the best of {ROUNDS} rounds of {RUNS_PER_ROUND}:", body.len());
    for ((name, _), time) in all.iter().zip(best) {
        let each = time.as_secs_f64();
        println!(
            "{name:<30} {:>8.1} us  {:>8.0} per second  {:>5.2} x verify_strict",
            each * 1e6,
            1.0 / each,
            each / best[1].as_secs_f64()
        );
    }
    Ok(())
}

type Work<'a> = Box<dyn FnMut() -> bool + 'a>;

/// Returns a delivery of about `size` bytes in the documented format.
fn body(size: usize) -> String {
    let event = |n: usize| {
        format!(
            r#"{{"id":"e{n}","provider":"google","calendarId":"work@example.org","title":"Stand-up {n}","start":"2026-11-21T09:00:00.000Z","end":"2026-11-21T09:15:00.000Z","allDay":false,"changeType":"updated","lastModified":"2026-11-21T08:00:00.000Z","original":{{"kind":"calendar#event","etag":"\"3370000000000000\"","sequence":{n}}}}}"#
        )
    };
    let one = event(0).len() + 1;
    let events: Vec<_> = (0..(size / one).max(1)).map(event).collect();
    format!(
        r#"{{"provider":"google","userId":"ann","calendarId":"work@example.org","events":[{}],"changeType":"updated","timestamp":"2026-11-21T09:00:00.000Z","metadata":{{"channelId":"c","eventCount":{},"isInitialSync":false}}}}"#,
        events.join(","),
        events.len()
    )
}

fn headers(signature: &Signature) -> Result<HeaderMap, http::header::InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse()?);
    headers.insert("webhook-timestamp", "1790000000".parse()?);
    headers.insert("webhook-signature", format!("v1a,{}", encode(&signature.to_bytes())).parse()?);
    Ok(headers)
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
