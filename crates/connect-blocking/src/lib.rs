//! The blocking client for Mobiscroll Connect, on ureq and rustls.
