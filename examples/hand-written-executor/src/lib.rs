//! Several users' calls at the same time on one thread, without an async runtime: see README.md.

mod executor;
mod transport;

use std::time::Duration;

use async_driver::Host;
use connect_core::{Request, Response, TransportError, jiff::Timestamp, machine::Now};

pub use executor::Executor;
pub use transport::send;

impl Host for &Executor {
    fn now(&self) -> Now {
        Now { wall: Timestamp::now(), monotonic: self.started().elapsed() }
    }

    async fn sleep(&self, time: Duration) {
        Executor::sleep(self, time).await;
    }

    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        send(self, request).await
    }
}
