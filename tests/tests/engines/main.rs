//! The token stores and the guards against replays on real engines: `bash tests/engines.sh cargo test -p connect-tests`.
//!
//! Without them the tests say that they were skipped, and pass.

mod guards;
mod lost;
mod postgres;
mod redis;

/// Where an engine is, if there is one.
fn engine(name: &str) -> Option<String> {
    let url = std::env::var(name).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!("skipped: start with `bash tests/engines.sh cargo test --workspace`");
    }
    url
}

fn postgres_url() -> Option<String> {
    engine("CONNECT_TEST_POSTGRES")
}

fn redis_url() -> Option<String> {
    engine("CONNECT_TEST_REDIS")
}
