//! The TLS settings and trusted certificates.

connect_core::tls!();
