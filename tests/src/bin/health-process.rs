//! Requests the health of a service with both clients; the test sets the environment variables.
//!
//! Arguments: base URL, trusted certificates (`mozilla` or `platform`), files with root certificates.

use connect_core::{Error, RetryPolicy, types::Health};

macro_rules! built {
    ($client:ident, $base_url:expr, $trust:expr, $roots:expr) => {{
        let mut builder =
            $client::Client::builder("id", "secret").base_url($base_url).retry(RetryPolicy::none());
        if $trust == "platform" {
            builder = builder.platform_verifier();
        }
        for root in $roots {
            builder = builder.root_certificates(std::fs::read(root)?);
        }
        builder.build()?
    }};
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [base_url, trust, roots @ ..] = &args[..] else {
        return Err("expected at least two arguments".into());
    };
    let blocking = built!(connect_blocking, base_url, trust, roots);
    let hyper = built!(connect_hyper, base_url, trust, roots);
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
