//! A delivery is handled once.
