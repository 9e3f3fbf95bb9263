//! Tests the token stores and replay guards on PostgreSQL and Redis.
//!
//! Run these tests with `bash tests/engines.sh cargo test -p connect-tests`. A test of PostgreSQL is skipped
//! if `CONNECT_TEST_POSTGRES` is not set, a test of Redis if `CONNECT_TEST_REDIS` is not set.

mod guards;
mod lost;
mod postgres;
mod redis;

/// Returns the URL of a database server from the environment variable `name`, if the variable is set.
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
