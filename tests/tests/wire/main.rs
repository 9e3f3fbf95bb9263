//! Tests both clients with a misbehaving HTTP server.
//!
//! * `faults`: every fault of a response, and its outcome for a read and for a create;
//! * `pool`: idle connections that the server closes, or on which it sends bytes without a request;
//! * `responses`: content codings, headers, dates, byte order marks and error texts;
//! * `time`: timeouts with slow servers, and the pauses after a 429;
//! * `size`: endless responses.
//!
//! After every fault, the next call of the same client must succeed.

mod caller;
mod faults;
mod pool;
mod responses;
mod size;
mod time;
