//! Apptoto.
