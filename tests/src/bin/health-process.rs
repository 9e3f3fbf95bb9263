//! A process that asks a service whether it is well, with both clients, as its environment says.
//!
//! Arguments: base URL, file with a root certificate.

use connect_core::{Error, RetryPolicy, types::Health};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [base_url, root] = &args[..] else { return Err("two arguments, please".into()) };
    let root = std::fs::read(root)?;
    let blocking = connect_blocking::Client::builder("id", "secret", "https://app.example/callback")
        .base_url(base_url)
        .root_certificates(root.clone())
        .retry(RetryPolicy::none())
        .build()?;
    let hyper = connect_hyper::Client::builder("id", "secret", "https://app.example/callback")
        .base_url(base_url)
        .root_certificates(root)
        .retry(RetryPolicy::none())
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    print("blocking", blocking.health());
    print("hyper", runtime.block_on(hyper.health()));
    Ok(())
}

fn print(client: &str, health: Result<Health, Error>) {
    match health {
        Ok(health) => println!("{client}: {}", health.status.unwrap_or_default()),
        Err(error) => println!("{client}: {error}"),
    }
}
