//! HTTP/1.1 over a plain socket: all a transport has to be.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use connect_blocking::{Request, Response, Timeout, TransportError};

/// Sends one request on a connection of its own and reads the answer to its end.
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
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    parse(&answer).ok_or_else(|| TransportError::broken("the answer is not HTTP"))
}

fn parse(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let mut lines = std::str::from_utf8(&answer[..end]).ok()?.split("\r\n");
    let mut response = http::Response::builder().status(lines.next()?.split(' ').nth(1)?);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        response = response.header(name, value.trim());
    }
    response.body(answer[end + 4..].to_vec().into()).ok()
}
