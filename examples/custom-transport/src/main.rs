//! Requests the health of a service through a custom HTTP transport.
//!
//! Start `connect sandbox --port 8080`, then run this program with the argument `http://127.0.0.1:8080/api`.

mod transport;

use connect_blocking::Client;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base_url = std::env::args().nth(1).ok_or("usage: custom-transport BASE_URL")?;
    let connect = Client::builder("client-id", "client-secret")
        .base_url(base_url)
        .transport(transport::send)
        .build()?;
    println!("{:?}", connect.health()?.status);
    Ok(())
}
