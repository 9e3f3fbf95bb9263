//! The asynchronous client for Mobiscroll Connect, on hyper and rustls.
