//! A loopback server with canned responses, in a separate process.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};

use crate::Failure;
use crate::data::{self, Shape};

struct Responses {
    /// The bodies by name: a page token, `calendars` or `created`.
    bodies: HashMap<String, Vec<u8>>,
    gzipped: bool,
    delay: Duration,
    connections: AtomicUsize,
}

/// Prints the port, and serves until the standard input of the process ends.
pub(crate) fn serve(shape: Shape, pages: usize, gzipped: bool, delay: Duration) -> Result<(), Failure> {
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
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let responses = responses.clone();
            thread::Builder::new().stack_size(128 * 1024).spawn(move || connection(stream, &responses)).ok();
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn connection(stream: TcpStream, responses: &Responses) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
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
        let counts = target.starts_with("GET /count");
        if !counts && !is_counted {
            is_counted = true;
            responses.connections.fetch_add(1, Relaxed);
        }
        if counts {
            let body = responses.connections.swap(0, Relaxed).to_string();
            respond(&mut writer, body.as_bytes(), false)?;
            continue;
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
        respond(&mut writer, responses.bodies.get(name)?, responses.gzipped)?;
    }
}

fn respond(writer: &mut TcpStream, body: &[u8], gzipped: bool) -> Option<()> {
    let coding = if gzipped { "content-encoding: gzip\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{coding}content-length: {}\r\n\r\n",
        body.len()
    );
    if body.len() > 16 * 1024 {
        writer.write_all(head.as_bytes()).ok()?;
        writer.write_all(body).ok()
    } else {
        writer.write_all(&[head.as_bytes(), body].concat()).ok()
    }
}
