//! A minimal transport: HTTP/1.1 over a plain socket.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use connect_blocking::{Request, Response, Timeout, TransportError};
use plain_http1::{MAX_RESPONSE_BYTES, address, decode, encode};

/// Sends one request on a new connection and reads the whole response.
pub fn send(request: Request) -> Result<Response, TransportError> {
    let bytes = encode(&request)?;
    let mut socket = TcpStream::connect(address(&request)?).map_err(TransportError::unreachable)?;
    let time = request.extensions().get::<Timeout>().map(|timeout| timeout.0);
    socket.set_read_timeout(time)?;
    socket.set_write_timeout(time)?;
    socket.write_all(&bytes)?;
    let mut response = Vec::new();
    socket.take(MAX_RESPONSE_BYTES).read_to_end(&mut response)?;
    decode(&response)
}
