//! A loopback server with canned responses, in a separate process.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::Failure;
use crate::data::{self, Shape};

struct Responses {
    /// The bodies by name: a page token, `calendars` or `created`.
    bodies: HashMap<String, Vec<u8>>,
    gzipped: bool,
    delay: Duration,
    connections: AtomicUsize,
}

/// Serves until the standard input of the process ends.
///
/// Prints the port of the server, and the port that returns the number of connections. With TLS, `root` is
/// the file to which the certificate is written.
pub(crate) fn serve(
    shape: Shape,
    pages: usize,
    gzipped: bool,
    delay: Duration,
    root: Option<&str>,
) -> Result<(), Failure> {
    let mut bodies = HashMap::new();
    for number in 0..pages {
        bodies.insert(format!("page-{number}"), data::page(shape, number, pages).into_bytes());
    }
    bodies.insert("calendars".to_owned(), data::calendars().into_bytes());
    bodies.insert("created".to_owned(), data::created().into_bytes());
    if gzipped {
        for body in bodies.values_mut() {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body)?;
            *body = encoder.finish()?;
        }
    }
    let responses = Arc::new(Responses { bodies, gzipped, delay, connections: AtomicUsize::new(0) });
    let tls = root.map(tls).transpose()?;
    let (listener, counter) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    println!("{} {}", listener.local_addr()?.port(), counter.local_addr()?.port());
    let counted = responses.clone();
    thread::spawn(move || {
        for mut stream in counter.incoming().flatten() {
            let _ = write!(stream, "{}", counted.connections.swap(0, Relaxed));
        }
    });
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (responses, tls) = (responses.clone(), tls.clone());
            let serve = move || {
                stream.set_nodelay(true).ok()?;
                match tls {
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).ok()?;
                        serve_connection(StreamOwned::new(connection, stream), &responses)
                    }
                    None => serve_connection(stream, &responses),
                }
            };
            thread::Builder::new().stack_size(256 * 1024).spawn(serve).ok();
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Creates the TLS settings of the server, and writes the certificate to `root`.
fn tls(root: &str) -> Result<Arc<ServerConfig>, Failure> {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    std::fs::write(root, certified.cert.pem())?;
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key)?;
    Ok(Arc::new(config))
}

fn serve_connection(stream: impl Read + Write, responses: &Responses) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut is_counted = false;
    loop {
        let mut target = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if target.is_empty() {
                target = line;
            }
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink()).ok()?;
        if !is_counted {
            is_counted = true;
            responses.connections.fetch_add(1, Relaxed);
        }
        thread::sleep(responses.delay);
        let name = if target.starts_with("GET /api/calendars") {
            "calendars"
        } else if target.starts_with("POST") {
            "created"
        } else {
            target
                .split(['?', '&', ' '])
                .find_map(|pair| pair.strip_prefix("nextPageToken="))
                .unwrap_or("page-0")
        };
        respond(reader.get_mut(), responses.bodies.get(name)?, responses.gzipped)?;
    }
}

fn respond(writer: &mut impl Write, body: &[u8], gzipped: bool) -> Option<()> {
    let coding = if gzipped { "content-encoding: gzip\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{coding}content-length: {}\r\n\r\n",
        body.len()
    );
    if body.len() > 16 * 1024 {
        writer.write_all(head.as_bytes()).ok()?;
        writer.write_all(body).ok()?;
    } else {
        writer.write_all(&[head.as_bytes(), body].concat()).ok()?;
    }
    writer.flush().ok()
}
