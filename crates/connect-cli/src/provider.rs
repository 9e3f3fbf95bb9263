//! Parses the provider arguments.

use connect_hyper::types::Provider;

/// Parses the name of a known provider. The API accepts unknown names, and returns nothing for them.
pub(crate) fn known(text: &str) -> Result<Provider, String> {
    let found = Provider::KNOWN.iter().find(|provider| provider.as_str() == text);
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = Provider::KNOWN.iter().map(Provider::as_str).collect();
        format!("unknown provider (expected one of: {})", names.join(", "))
    })
}
