//! The four calendar providers of Connect.

use serde::{Deserialize, Serialize};

/// The calendar providers, in the order in which Connect lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub(crate) enum Provider {
    Google,
    Microsoft,
    Apple,
    Caldav,
}

/// An error of a state file names the providers in its path only if they are read as texts.
impl TryFrom<String> for Provider {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("the provider must be google, microsoft, apple or caldav")
    }
}

impl Provider {
    pub(crate) const ALL: [Self; 4] = [Self::Google, Self::Microsoft, Self::Apple, Self::Caldav];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == text)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Apple => "apple",
            Self::Caldav => "caldav",
        }
    }

    /// Returns the name shown to users.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Google => "Google Calendar",
            Self::Microsoft => "Microsoft Outlook",
            Self::Apple => "Apple Calendar",
            Self::Caldav => "CalDAV",
        }
    }

    /// Returns the scopes that the provider grants; empty for Apple and CalDAV, which use passwords.
    pub(crate) fn granted_scopes(self) -> &'static [&'static str] {
        match self {
            Self::Google => &["openid", "email", "https://www.googleapis.com/auth/calendar"],
            Self::Microsoft => &["openid", "email", "offline_access", "Calendars.ReadWrite"],
            Self::Apple | Self::Caldav => &[],
        }
    }
}
