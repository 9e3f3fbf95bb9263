//! A minimal transport: HTTP/1.1 over a plain socket.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use connect_blocking::{Request, Response, Timeout, TransportError};

/// Sends one request on a new connection and reads the whole response.
pub fn send(request: Request) -> Result<Response, TransportError> {
    let host = request.uri().authority().ok_or_else(|| TransportError::unreachable("the URL has no host"))?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut head = format!("{} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", request.method());
    head += &format!("content-length: {}\r\n", request.body().len());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().map_err(TransportError::unreachable)?);
    }
    let mut socket = TcpStream::connect(host.as_str()).map_err(TransportError::unreachable)?;
    let time = request.extensions().get::<Timeout>().map(|timeout| timeout.0);
    socket.set_read_timeout(time)?;
    socket.set_write_timeout(time)?;
    socket.write_all(format!("{head}\r\n").as_bytes())?;
    socket.write_all(request.body())?;
    let mut response = Vec::new();
    socket.read_to_end(&mut response)?;
    parse(&response).ok_or_else(|| TransportError::broken("the response is not HTTP"))
}

fn parse(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let mut lines = std::str::from_utf8(&bytes[..end]).ok()?.split("\r\n");
    let mut response = http::Response::builder().status(lines.next()?.split(' ').nth(1)?);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        response = response.header(name, value.trim());
    }
    response.body(bytes[end + 4..].to_vec().into()).ok()
}
