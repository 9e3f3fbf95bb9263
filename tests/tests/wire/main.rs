//! Both clients against a server that misbehaves on the wire.
//!
//! * `faults`: the list of what can go wrong with an answer, and what comes of it for a read and for a create;
//! * `pool`: connections that the server closed while they were kept, and what was sent unasked on them;
//! * `responses`: what both make of codings, heads, dates and texts;
//! * `time`: deadlines against servers that are slow, and the pauses a 429 asks for;
//! * `size`: answers without end.
//!
//! After whatever went wrong, the same client's next call is a good one, by the server's count.

mod caller;
mod faults;
mod pool;
mod responses;
mod size;
mod time;
