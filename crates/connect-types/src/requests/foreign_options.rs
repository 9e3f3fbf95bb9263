//! What a request carries beside the wire of Connect: choices that only other services can be told.

use alloc::format;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::operation::Invalid;
use crate::time::Boundary;
use crate::{DeleteEvent, NewEvent, Patch, Provider, Raw, Recurrence, UpdateEvent};

/// Which guests are told of a new, changed or deleted event.
///
/// | service | without a choice | `All` | `External` | `Nobody` |
/// |---|---|---|---|---|
/// | Google Calendar | all guests | all guests | guests who do not use Google Calendar | nobody |
/// | Outlook (Microsoft Graph) | all guests | all guests | refused | refused, unless the new event has no guests |
/// | Mobiscroll Connect | not documented | refused | refused | refused |
///
/// Microsoft Graph tells guests by itself and has no switch for it. What Connect does is not documented, and its requests have
/// no place for a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notify {
    /// All guests.
    All,
    /// Guests who do not use the calendar service of the event.
    External,
    /// Nobody.
    Nobody,
}

impl Notify {
    /// The name: `all`, `external` or `none`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::External => "external",
            Self::Nobody => "none",
        }
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Notify {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::All, Self::External, Self::Nobody]
            .into_iter()
            .find(|notify| notify.as_str() == text)
            .ok_or_else(|| Invalid::new("notify", format!("{text:?} is not one of all, external, none")))
    }
}

/// What Connect is not told.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Beside {
    pub(crate) notify: Option<Notify>,
    pub(crate) provider_fields: Vec<(Provider, Raw)>,
}

impl Beside {
    /// Refuses what Connect would have to be told.
    fn refuse(&self, provider: &Provider) -> Result<(), Invalid> {
        if let Some(notify) = self.notify {
            return Err(Invalid::new(
                "notify",
                format!(
                    "Mobiscroll Connect cannot be told \"{notify}\": leave the choice out, or call the provider itself"
                ),
            ));
        }
        // With its entity tag it is an event as it was read, which a page sends back along with what has changed.
        let is_read =
            |fields: &Raw| ["etag", "@odata.etag"].iter().any(|tag| fields.field::<Raw>(tag).is_some());
        if self.provider_fields.iter().any(|(of, fields)| of == provider && !is_read(fields)) {
            return Err(Invalid::new(
                "providerFields",
                format!(
                    "Mobiscroll Connect has no place for fields of {provider}'s own: call the provider itself"
                ),
            ));
        }
        Ok(())
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        self.provider_fields
            .iter()
            .try_for_each(|(_, fields)| crate::send::object("providerFields", Some(fields)))
    }
}

macro_rules! beside {
    ($($request:ident)+) => {$(
        impl $request {
            /// Chooses which guests are told: see [`Notify`] for what each service can be told, and does without a choice.
            pub fn notify(mut self, notify: Notify) -> Self {
                self.beside.notify = Some(notify);
                self
            }
        }
    )+};
}

beside!(NewEvent UpdateEvent DeleteEvent);

macro_rules! provider_fields {
    ($($request:ident)+) => {$(
        impl $request {
            /// Adds fields of one provider's own, a JSON object, which are sent as they are: what the calendar integration
            /// calls `googleEvent` and `outlookEvent`. They stand over those that follow from the request; other providers
            /// do not see them. Mobiscroll Connect has no place for them.
            pub fn provider_fields(mut self, provider: impl Into<Provider>, fields: Raw) -> Self {
                self.beside.provider_fields.push((provider.into(), fields));
                self
            }
        }
    )+};
}

provider_fields!(NewEvent UpdateEvent);

impl NewEvent {
    /// The request in the words that Connect has.
    pub(crate) fn sent(&self) -> Result<Self, Invalid> {
        self.beside.refuse(&self.provider)?;
        let recurrence =
            self.recurrence.as_ref().map(|rule| resolved(rule, Some(&self.start))).transpose()?;
        Ok(Self { recurrence, ..self.clone() })
    }
}

impl UpdateEvent {
    /// The request in the words that Connect has.
    pub(crate) fn sent(&self) -> Result<Self, Invalid> {
        self.beside.refuse(&self.provider)?;
        let recurrence = match &self.recurrence {
            Patch::Set(rule) => Patch::Set(resolved(rule, self.start.as_ref())?),
            other => other.clone(),
        };
        Ok(Self { recurrence, ..self.clone() })
    }
}

impl DeleteEvent {
    /// The request in the words that Connect has.
    pub(crate) fn sent(&self) -> Result<Self, Invalid> {
        self.beside.refuse(&self.provider)?;
        Ok(self.clone())
    }

    /// Which guests are to be told, where that was chosen.
    #[must_use]
    pub fn notified(&self) -> Option<Notify> {
        self.beside.notify
    }
}

/// A rule as Connect takes it: its end an instant, its weeks from Monday on.
fn resolved(rule: &Recurrence, start: Option<&Boundary>) -> Result<Recurrence, Invalid> {
    rule.until_instant(start)?.weeks_from_monday(start.map(Boundary::day))
}
