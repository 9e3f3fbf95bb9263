//! Reports which guests were notified of a new, changed or deleted event.

use connect_hyper::types::{Attendee, Event, Notify};

use crate::{context::Context, failure::Failure, output::note, text::clean, via::Via};

/// Returns the guests of the event, or an empty list if the user does not organize the event.
pub(crate) fn of(event: &Event) -> Vec<String> {
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

/// Prints the command's output, then a sentence about the notified guests.
///
/// With `--json`, the sentence is printed on stderr.
pub(crate) fn report(
    context: &Context,
    notify: Option<Notify>,
    mut guests: Vec<String>,
    value: &impl serde::Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    guests.dedup();
    let notified = sentence(context.settings.via, notify, &guests);
    context
        .out
        .print(value, || text() + &notified.clone().map_or_else(String::new, |notified| notified + "\n"))?;
    if let (true, Some(notified)) = (context.out.json, notified) {
        note(&notified);
    }
    Ok(())
}

/// Returns the sentence of a dry run about the guests that the change would notify, after a space.
pub(super) fn planned(context: &Context, notify: Option<Notify>, guests: &[String]) -> String {
    let (via, list) = (context.settings.via, guests.join(", "));
    match (via, notify) {
        _ if guests.is_empty() => String::new(),
        (Via::Connect | Via::Apptoto, _) => {
            format!(" Mobiscroll Connect does not document whether it notifies guests: {list}.")
        }
        (_, Some(Notify::Nobody)) => format!(" No guest is notified: {list}."),
        (_, Some(Notify::External)) => {
            format!(" Of these guests, those without a {} calendar are notified: {list}.", via.name())
        }
        (_, None | Some(Notify::All)) => format!(" These guests are notified: {list}."),
    }
}

fn sentence(via: Via, notify: Option<Notify>, guests: &[String]) -> Option<String> {
    if guests.is_empty() {
        return None;
    }
    let guests: Vec<_> = guests.iter().map(|guest| clean(guest)).collect();
    let guests = guests.join(", ");
    Some(match (via, notify) {
        (Via::Connect | Via::Apptoto, _) => {
            format!("Mobiscroll Connect does not document whether it notifies guests: {guests}.")
        }
        (_, Some(Notify::Nobody)) => format!("These guests were not notified: {guests}."),
        (_, Some(Notify::External)) => {
            format!("Of these guests, those without a {} calendar were notified: {guests}.", via.name())
        }
        (_, None | Some(Notify::All)) => format!("These guests were notified: {guests}."),
    })
}
