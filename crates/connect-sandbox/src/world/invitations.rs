//! What guests would have been told: nothing is sent, everything is kept for assertions.

use crate::world::accounts::Place;
use crate::world::calendar::{Calendar, Changes, Target};
use crate::world::provider::Provider;
use crate::world::{News, World};
use serde::Serialize;

/// One message that Google Calendar or Outlook would have sent to a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Invitation {
    /// `google` or `microsoft`.
    pub provider: &'static str,
    /// `invitation`, `update` or `cancellation`.
    pub kind: &'static str,
    /// The guest's e-mail address.
    pub to: String,
    /// The id of the organizer's calendar.
    pub calendar: String,
    /// The id of the event, or of the one occurrence.
    pub event: String,
    /// The event's title.
    pub title: String,
}

/// How many messages are kept at least.
const KEPT: usize = 10_000;

/// Which guests a write tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    All,
    /// Guests without a calendar at Google, which are those without an address of Gmail, or of the demo's.
    External,
    Nobody,
}

/// The guests of an event whom its organizer, the account, invites.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guests {
    calendar: String,
    event: String,
    title: String,
    to: Vec<String>,
}

impl Guests {
    /// Those of an event as it stands; of one that was called off, or is somebody else's, nobody.
    pub(crate) fn of(calendar: &Calendar, target: &Target) -> Self {
        let guests = calendar.show(target, |one| {
            let is_me = |email: &str| email.eq_ignore_ascii_case(&calendar.account);
            let others = &one.fields.attendees;
            let invited = others.iter().any(|one| one.organizer == Some(true) && !is_me(&one.email));
            let off = invited || one.fields.status == Some("cancelled");
            let guests = others.iter().map(|guest| &guest.email).filter(|email| !off && !is_me(email));
            Self {
                calendar: calendar.id.clone(),
                event: one.id(),
                title: one.fields.title.clone(),
                to: guests.cloned().collect(),
            }
        });
        guests.unwrap_or_default()
    }

    fn has(&self, email: &str) -> bool {
        self.to.iter().any(|known| known.eq_ignore_ascii_case(email))
    }

    fn message(&self, provider: Provider, kind: &'static str, to: &str) -> Invitation {
        Invitation {
            provider: provider.name(),
            kind,
            to: to.to_owned(),
            calendar: self.calendar.clone(),
            event: self.event.clone(),
            title: self.title.clone(),
        }
    }
}

impl Told {
    fn takes(self, email: &str) -> bool {
        let domain = email.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        match self {
            Self::All => true,
            Self::External => !matches!(domain.as_str(), "gmail.com" | "googlemail.com" | "gmail.example"),
            Self::Nobody => false,
        }
    }
}

impl World {
    /// Tells of a write: Connect, as of any change in the provider's own calendar, and the guests that the event had and has.
    pub(crate) fn tell(
        &mut self,
        place: &Place,
        changes: Changes,
        before: &Guests,
        after: &Guests,
        told: Told,
    ) {
        let provider = place.provider;
        self.news.extend(place.user().map(|user| News::Changed(user.clone(), changes)));
        let now = after.to.iter().map(|email| {
            let kind = if before.has(email) { "update" } else { "invitation" };
            after.message(provider, kind, email)
        });
        let gone = before.to.iter().filter(|email| !after.has(email));
        let gone = gone.map(|email| before.message(provider, "cancellation", email));
        self.invitations.extend(now.chain(gone).filter(|one| told.takes(&one.to)));
        if self.invitations.len() >= 2 * KEPT {
            self.invitations.drain(..KEPT);
        }
    }
}
