//! The providers that an argument may name.

use connect_hyper::types::Provider;

/// Reads a known provider: the wire takes any name, and a mistyped one would find nothing.
pub(crate) fn known(text: &str) -> Result<Provider, String> {
    let found = Provider::KNOWN.iter().find(|provider| provider.as_str() == text);
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = Provider::KNOWN.iter().map(Provider::as_str).collect();
        format!("unknown provider (expected one of: {})", names.join(", "))
    })
}
