//! The conference in a request that writes an event.

use alloc::string::String;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::raw::Raw;

/// The conference to create with an event.
///
/// The calendar providers use different fields of the request: Google uses the link in `conference`, and a
/// conference from [`auto`](Self::auto). Microsoft uses only `auto`, Apple and CalDAV only the link.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConferenceData {
    provider: Option<String>,
    auto_generate: Option<bool>,
    extra: crate::Extra,
}

impl ConferenceData {
    /// Returns a conference that the calendar provider creates.
    ///
    /// The provider then ignores any other conference in the request.
    #[must_use]
    pub fn auto() -> Self {
        Self { auto_generate: Some(true), ..Self::default() }
    }

    /// Returns a conference of this conference provider, such as `googleMeet`.
    pub fn by(provider: impl Into<String>) -> Self {
        Self { provider: Some(provider.into()), ..Self::default() }
    }

    /// Returns whether the calendar provider creates the conference.
    #[must_use]
    pub fn is_auto(&self) -> bool {
        self.auto_generate == Some(true)
    }

    /// Adds a provider-specific field.
    #[must_use]
    pub fn field(mut self, name: &str, value: Raw) -> Self {
        self.extra.insert(name, value);
        self
    }
}

impl Serialize for ConferenceData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(provider) = &self.provider {
            map.serialize_entry("provider", provider)?;
        }
        if let Some(auto) = self.auto_generate {
            map.serialize_entry("autoGenerate", &auto)?;
        }
        let typed = |name| matches!(name, "provider" | "autoGenerate");
        for (name, raw) in self.extra.iter().filter(|(name, _)| !typed(*name)) {
            map.serialize_entry(name, raw)?;
        }
        map.end()
    }
}
