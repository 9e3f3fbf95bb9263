//! Which guests were told of a new, changed or deleted event.

use connect_hyper::types::{Attendee, Event, Notify};

use crate::{context::Context, failure::Failure, output::note, text::clean, via::Via};

/// The guests whom the user invites: nobody where the service says that the event is somebody else's.
pub(super) fn of(event: &Event) -> Vec<String> {
    let is_me = |guest: &&Attendee| guest.extra.get("self").is_some_and(|raw| raw.get() == "true");
    let is_organizer = |guest: &&Attendee| guest.organizer == Some(true);
    let says_not = event.original.as_ref().and_then(|original| original.field("isOrganizer")) == Some(false);
    let is_invited = event.attendees.iter().any(|guest| is_me(&guest) && !is_organizer(&guest))
        && event.attendees.iter().any(|guest| is_organizer(&guest) && !is_me(&guest));
    if says_not || is_invited {
        return Vec::new();
    }
    let guests = event.attendees.iter().filter(|guest| !is_me(guest) && !is_organizer(guest));
    guests.map(|guest| guest.email.clone()).collect()
}

/// Says who was told, below what the command prints; beside it where that is JSON.
pub(super) fn report(
    context: &Context,
    notify: Option<Notify>,
    mut guests: Vec<String>,
    value: &impl serde::Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    guests.dedup();
    let told = sentence(context.settings.via, notify, &guests);
    context.out.print(value, || text() + &told.clone().map_or_else(String::new, |told| told + "\n"))?;
    if let (true, Some(told)) = (context.out.json, told) {
        note(&told);
    }
    Ok(())
}

fn sentence(via: Via, notify: Option<Notify>, guests: &[String]) -> Option<String> {
    if guests.is_empty() {
        return None;
    }
    let guests: Vec<_> = guests.iter().map(|guest| clean(guest)).collect();
    let guests = guests.join(", ");
    Some(match (via, notify) {
        (Via::Connect | Via::Apptoto, _) => {
            format!("Whether Mobiscroll Connect tells guests is not documented: {guests}.")
        }
        (_, Some(Notify::Nobody)) => format!("These guests were not told: {guests}."),
        (_, Some(Notify::External)) => {
            format!("Of these guests, those without a calendar of {} were told: {guests}.", via.name())
        }
        (_, None | Some(Notify::All)) => format!("These guests were told: {guests}."),
    })
}
