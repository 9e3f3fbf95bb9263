//! Whose certificates are trusted.

connect_core::tls!();
