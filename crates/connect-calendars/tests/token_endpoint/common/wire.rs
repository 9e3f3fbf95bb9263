//! A misbehaving authorization server on plain sockets.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use connect_calendars::google;
use connect_core::oauth::{POSTMESSAGE, Profile};

use super::{Both, Hyper};

pub enum Behaviour {
    /// The server sends these bytes, each in a separate packet.
    Bytes(Vec<u8>),
    /// The server sends no response for a minute.
    Nothing,
    /// The server closes the connection without a response.
    Close,
}

pub struct Wire {
    pub origin: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    pub fn new(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (bodies, behaviour) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(behaviour));
        let seen = bodies.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, behaviour) = (seen.clone(), behaviour.clone());
                thread::spawn(move || respond(stream, &seen, &behaviour));
            }
        });
        Self { origin, bodies }
    }

    /// The address of a server that does not run.
    pub fn not_listening() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { origin: format!("http://{address}"), bodies: Arc::default() }
    }

    /// The raw bodies of the requests so far.
    pub fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    pub fn both(&self) -> Both {
        self.both_within(Duration::from_secs(20))
    }

    /// The async and the blocking client, with this exchange timeout.
    pub fn both_within(&self, time: Duration) -> Both {
        let profile = at(&format!("{}/token", self.origin));
        let blocking =
            connect_blocking::Client::builder("client-id", "client-secret").redirect_uri(POSTMESSAGE);
        let hyper = connect_hyper::Client::builder("client-id", "client-secret").redirect_uri(POSTMESSAGE);
        [
            Box::new(blocking.profile(profile.clone()).exchange_timeout(time).build().unwrap()),
            Box::new(Hyper::new(hyper.profile(profile).exchange_timeout(time))),
        ]
    }
}

/// The Google profile with this token endpoint.
pub fn at(token_url: &str) -> Profile {
    let mut profile = google::profile();
    profile.token_url = token_url.to_owned();
    profile
}

/// A response in chunks of one byte.
pub fn in_chunks(body: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunks: String = body.chars().map(|character| format!("1\r\n{character}\r\n")).collect();
    format!("{head}{chunks}0\r\n\r\n").into_bytes()
}

fn respond(mut stream: TcpStream, seen: &Mutex<Vec<String>>, behaviour: &Behaviour) {
    stream.set_nodelay(true).unwrap();
    let Some(body) = read(&mut stream) else { return };
    seen.lock().unwrap().push(body);
    match behaviour {
        Behaviour::Bytes(bytes) => drop(bytes.iter().try_for_each(|byte| stream.write_all(&[*byte]))),
        Behaviour::Nothing => thread::sleep(Duration::from_secs(60)),
        Behaviour::Close => {}
    }
}

fn read(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    // A GET that follows a redirect has no `Content-Length`.
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(String::from_utf8(body).unwrap())
}
