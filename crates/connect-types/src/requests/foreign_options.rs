//! Request options that only services other than Mobiscroll Connect support.

use alloc::format;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::operation::Invalid;
use crate::time::Boundary;
use crate::{DeleteEvent, NewEvent, Patch, Provider, Raw, Recurrence, UpdateEvent};

/// The guests who are notified of a new, changed or deleted event.
///
/// | service | default | `All` | `External` | `Nobody` |
/// |---|---|---|---|---|
/// | Google Calendar | all guests | all guests | guests who do not use Google Calendar | nobody |
/// | Outlook (Graph) | all guests | all guests | refused | refused, unless the new event has no guests |
/// | Mobiscroll Connect | not documented | refused | refused | refused |
///
/// Microsoft Graph always notifies guests. It is not documented whom Connect notifies. A request to Connect
/// with a `Notify` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notify {
    /// All guests.
    All,
    /// Guests who do not use the event's calendar service.
    External,
    /// No guests.
    Nobody,
}

impl Notify {
    /// Returns the name: `all`, `external` or `none`.
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
            .ok_or_else(|| {
                Invalid::new(
                    "notify",
                    format!("unknown value {text:?} (expected one of: all, external, none)"),
                )
            })
    }
}

/// The options that Connect does not support.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ForeignOptions {
    pub(crate) notify: Option<Notify>,
    pub(crate) provider_fields: Vec<(Provider, Raw)>,
}

impl ForeignOptions {
    /// Returns an error if an option is set that Connect does not support.
    fn refuse(&self, provider: &Provider) -> Result<(), Invalid> {
        if let Some(notify) = self.notify {
            return Err(Invalid::new(
                "notify",
                format!(
                    "Mobiscroll Connect does not support this option (\"{notify}\"): leave the option out, or call the provider directly"
                ),
            ));
        }
        // Fields with an entity tag are the provider's original event, which a web page sends back with its
        // changes. These fields are not refused, because Connect does not need the original.
        let is_read =
            |fields: &Raw| ["etag", "@odata.etag"].iter().any(|tag| fields.field::<Raw>(tag).is_some());
        if self.provider_fields.iter().any(|(of, fields)| of == provider && !is_read(fields)) {
            return Err(Invalid::new(
                "providerFields",
                format!(
                    "Mobiscroll Connect does not support provider-specific fields: leave out the fields for {provider}, or call {provider} directly"
                ),
            ));
        }
        Ok(())
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        self.provider_fields
            .iter()
            .try_for_each(|(_, fields)| crate::send::check_json_object("providerFields", Some(fields)))
    }
}

macro_rules! notify_setter {
    ($($request:ident)+) => {$(
        impl $request {
            /// Sets which guests are notified. [`Notify`] lists the supported values and defaults per
            /// service.
            pub fn notify(mut self, notify: Notify) -> Self {
                self.foreign_options.notify = Some(notify);
                self
            }
        }
    )+};
}

notify_setter!(NewEvent UpdateEvent DeleteEvent);

macro_rules! provider_fields_setter {
    ($($request:ident)+) => {$(
        impl $request {
            /// Adds provider-specific fields, a JSON object that is sent unchanged.
            ///
            /// Mobiscroll's calendar integration calls these fields `googleEvent` and `outlookEvent`. The
            /// fields override the other fields of the request, and are sent only to `provider`. Mobiscroll
            /// Connect does not support provider-specific fields.
            pub fn provider_fields(mut self, provider: impl Into<Provider>, fields: Raw) -> Self {
                self.foreign_options.provider_fields.push((provider.into(), fields));
                self
            }
        }
    )+};
}

provider_fields_setter!(NewEvent UpdateEvent);

impl NewEvent {
    /// Returns the request in the form that Connect accepts.
    ///
    /// Fails if the request contains an option or a recurrence rule that Connect does not support.
    pub(crate) fn for_connect(&self) -> Result<Self, Invalid> {
        self.foreign_options.refuse(&self.provider)?;
        let recurrence =
            self.recurrence.as_ref().map(|rule| rule_for_connect(rule, Some(&self.start))).transpose()?;
        Ok(Self { recurrence, ..self.clone() })
    }
}

impl UpdateEvent {
    /// Returns the request in the form that Connect accepts.
    ///
    /// Fails if the request contains an option or a recurrence rule that Connect does not support.
    pub(crate) fn for_connect(&self) -> Result<Self, Invalid> {
        self.foreign_options.refuse(&self.provider)?;
        let recurrence = match &self.recurrence {
            Patch::Set(rule) => Patch::Set(rule_for_connect(rule, self.start.as_ref())?),
            other => other.clone(),
        };
        Ok(Self { recurrence, ..self.clone() })
    }
}

impl DeleteEvent {
    /// Returns the request in the form that Connect accepts.
    ///
    /// Fails if the request contains an option that Connect does not support.
    pub(crate) fn for_connect(&self) -> Result<Self, Invalid> {
        self.foreign_options.refuse(&self.provider)?;
        Ok(self.clone())
    }

    /// Returns which guests are notified, if [`notify`](Self::notify) was called.
    #[must_use]
    pub fn notified(&self) -> Option<Notify> {
        self.foreign_options.notify
    }
}

/// Converts a rule to the form that Connect accepts: UNTIL is an instant, and weeks begin on Monday.
fn rule_for_connect(rule: &Recurrence, start: Option<&Boundary>) -> Result<Recurrence, Invalid> {
    rule.until_instant(start)?.weeks_from_monday(start.map(Boundary::day))
}
