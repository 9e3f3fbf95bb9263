//! `getSchedule`: when people are busy. The caller's own mailbox also tells with what.

use super::Graph;
use super::access::Visitor;
use super::refused::Refused;
use super::write::object;
use super::zones::Zone;
use super::{query, resource, times};
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::settings::Zones;
use crate::world::calendar::{Calendar, Instance, Range};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// How many mailboxes a query may be about.
const MOST: usize = 20;
/// How many slots an answer may have.
const MOST_SLOTS: usize = 1000;

/// The statuses, with the one that wins last, and their digits.
const STATUSES: [(&str, char); 5] =
    [("free", '0'), ("workingElsewhere", '4'), ("tentative", '1'), ("busy", '2'), ("oof", '3')];

impl Graph<'_> {
    /// A mailbox that is not known has an error in place of its schedule; the others are answered all the same.
    pub(super) fn schedule(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        query::only(call, &["$top", "$skip", "$orderby", "$select", "$expand", "$skiptoken", "$deltatoken"])?;
        let asked = parameters(object(call)?);
        let listed = self.world.settings.microsoft.zones == Zones::Listed;
        let zone = self.preferences(call)?.zone();
        let (start, end) = (
            times::read("startTime", &asked["startTime"], listed)?,
            times::read("endTime", &asked["endTime"], listed)?,
        );
        let slot = slot(&asked["availabilityViewInterval"])?;
        let range = Range { start: start.at, end: end.at };
        let slots = start.at.duration_until(end.at).as_secs() / slot.as_secs();
        if range.end <= range.start || usize::try_from(slots).is_ok_and(|slots| slots > MOST_SLOTS) {
            return Err(Refused::new(
                400,
                "ErrorInvalidTimeInterval",
                "The time window is empty or too long.",
            ));
        }
        let schedules = asked["schedules"].as_array().filter(|all| !all.is_empty() && all.len() <= MOST);
        let schedules =
            schedules.ok_or_else(|| Refused::property("schedules", "it needs 1 to 20 addresses"))?;
        let mut answers = Vec::new();
        for address in schedules {
            let address = address.as_str().ok_or_else(|| Refused::body("An address must be a text."))?;
            let own = address.eq_ignore_ascii_case(&visitor.account);
            let place = self.mailbox(if own { &visitor.account } else { address }, own);
            let mut answer = json!({ "scheduleId": address, "availabilityView": "", "scheduleItems": [] });
            match place {
                Some(place) => self.at(&place, call.now, |calendar, _| {
                    let taken = taken(calendar, range);
                    answer["availabilityView"] = json!(view(&taken, range, slot));
                    answer["scheduleItems"] = taken.iter().map(|one| item(one, &zone, own)).collect();
                    answer["workingHours"] = working_hours(calendar);
                })?,
                None => answer["error"] = Refused::no_mailbox().entry(),
            }
            answers.push(answer);
        }
        Ok(ok(&json!({
            "@odata.context": self.context("Collection(microsoft.graph.scheduleInformation)"),
            "value": answers,
        })))
    }
}

/// The names of an action's parameters have no case: Microsoft's own clients begin them with a capital.
fn parameters(sent: Map<String, Value>) -> Value {
    let known = ["schedules", "startTime", "endTime", "availabilityViewInterval"];
    let named = |name: &str| known.into_iter().find(|known| known.eq_ignore_ascii_case(name));
    sent.into_iter().filter_map(|(name, value)| Some((named(&name)?.to_owned(), value))).collect()
}

/// From 5 minutes to a day, half an hour by default.
fn slot(value: &Value) -> Result<SignedDuration, Refused> {
    let minutes = if value.is_null() { Some(30) } else { value.as_i64() };
    let minutes = minutes.filter(|minutes| (5..=1440).contains(minutes));
    let message = "The interval must be from 5 to 1440 minutes.";
    let minutes = minutes.ok_or_else(|| Refused::new(400, "ErrorInvalidMergedFreeBusyInterval", message))?;
    Ok(SignedDuration::from_mins(minutes))
}

fn taken(calendar: &Calendar, range: Range) -> Vec<Instance<'_>> {
    let mut taken: Vec<_> =
        calendar.events.values().flat_map(|event| event.instances(range, false)).collect();
    taken.retain(|one| resource::show_as(&one.fields) != "free" && one.fields.status != Some("cancelled"));
    taken.sort_by_key(|one| (one.fields.start, one.id()));
    taken
}

/// A digit for each slot: that of the status which weighs most.
fn view(taken: &[Instance<'_>], range: Range, slot: SignedDuration) -> String {
    let weight = |one: &Instance<'_>| {
        let status = resource::show_as(&one.fields);
        STATUSES.iter().position(|(name, _)| *name == status).unwrap_or(3)
    };
    let mut digits = String::new();
    let mut start = range.start;
    while start < range.end {
        let end = start.checked_add(slot).unwrap_or(Timestamp::MAX);
        let meets = |one: &&Instance<'_>| one.fields.start < end && one.fields.end > start;
        let heaviest = taken.iter().filter(meets).map(weight).max().unwrap_or(0);
        digits.push(STATUSES.get(heaviest).map_or('2', |(_, digit)| *digit));
        start = end;
    }
    digits
}

fn item(one: &Instance<'_>, zone: &Zone, own: bool) -> Value {
    let fields = &one.fields;
    let mut item = Map::new();
    item.insert("status".to_owned(), json!(resource::show_as(fields)));
    item.insert("start".to_owned(), times::moment(fields.start, fields.all_day, zone));
    item.insert("end".to_owned(), times::moment(fields.end, fields.all_day, zone));
    if own {
        item.insert(
            "isPrivate".to_owned(),
            json!(matches!(fields.privacy, Some("private" | "confidential"))),
        );
        item.insert("subject".to_owned(), json!(fields.title));
        item.insert("location".to_owned(), json!(fields.location.as_deref().unwrap_or("")));
    }
    Value::Object(item)
}

fn working_hours(calendar: &Calendar) -> Value {
    json!({
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "startTime": "08:00:00.0000000",
        "endTime": "17:00:00.0000000",
        "timeZone": { "name": calendar.time_zone },
    })
}
