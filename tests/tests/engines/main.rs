//! The token stores and replay guards on PostgreSQL and Redis.
//!
//! Run these tests with `bash tests/engines.sh cargo test -p connect-tests`. Without PostgreSQL and
//! Redis the tests are skipped.

mod guards;
mod lost;
mod postgres;
mod redis;

/// Returns the URL of a database server from an environment variable, if it is set.
fn engine(name: &str) -> Option<String> {
    let url = std::env::var(name).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!("skipped: run `bash tests/engines.sh cargo test --workspace`");
    }
    url
}

fn postgres_url() -> Option<String> {
    engine("CONNECT_TEST_POSTGRES")
}

fn redis_url() -> Option<String> {
    engine("CONNECT_TEST_REDIS")
}
