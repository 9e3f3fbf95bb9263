//! A sandbox that behaves like Mobiscroll Connect: a pure state machine and a server around it.
