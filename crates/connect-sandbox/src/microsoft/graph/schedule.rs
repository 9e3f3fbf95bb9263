//! The endpoint `getSchedule`, which returns the times at which mailboxes are busy. The response contains
//! event details only for the caller's own mailbox.

use super::Graph;
use super::access::Principal;
use super::error::ApiError;
use super::write::json_object;
use super::zones::Zone;
use super::{query, resource, times};
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::settings::Zones;
use crate::world::calendar::{Calendar, Instance, Range};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// The maximum number of mailboxes in a query.
const MAX_MAILBOXES: usize = 20;
/// The maximum number of slots in a response.
const MAX_SLOTS: usize = 1000;

/// The statuses in ascending order of precedence, with their digits in `availabilityView`.
const STATUSES: [(&str, char); 5] =
    [("free", '0'), ("workingElsewhere", '4'), ("tentative", '1'), ("busy", '2'), ("oof", '3')];

impl Graph<'_> {
    /// Responds with the schedule of each mailbox, or with an error for an unknown mailbox.
    pub(super) fn schedule(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        query::only(
            call,
            &["$filter", "$top", "$skip", "$orderby", "$select", "$expand", "$skiptoken", "$deltatoken"],
        )?;
        let query = parameters(json_object(call)?);
        let listed = self.world.settings.microsoft.zones == Zones::Listed;
        let zone = self.preferences(call)?.zone();
        let (start, end) = (
            times::read("startTime", &query["startTime"], listed)?,
            times::read("endTime", &query["endTime"], listed)?,
        );
        let slot = slot(&query["availabilityViewInterval"])?;
        let range = Range { start: start.at, end: end.at };
        let slots = start.at.duration_until(end.at).as_secs() / slot.as_secs();
        if range.end <= range.start || usize::try_from(slots).is_ok_and(|slots| slots > MAX_SLOTS) {
            return Err(ApiError::new(
                400,
                "ErrorInvalidTimeInterval",
                "The time from startTime to endTime is empty or has more than 1000 intervals.",
            ));
        }
        let schedules =
            query["schedules"].as_array().filter(|all| !all.is_empty() && all.len() <= MAX_MAILBOXES);
        let schedules =
            schedules.ok_or_else(|| ApiError::property("schedules", "expected 1 to 20 addresses"))?;
        let mut found = Vec::new();
        for address in schedules {
            let address = address
                .as_str()
                .ok_or_else(|| ApiError::body("Each address in schedules must be a string."))?;
            let own = address.eq_ignore_ascii_case(&principal.account);
            let place = self.mailbox(if own { &principal.account } else { address }, own);
            let mut schedule = json!({ "scheduleId": address, "availabilityView": "", "scheduleItems": [] });
            match place {
                Some(place) => self.at(&place, call.now, |calendar, _| {
                    let taken = taken(calendar, range);
                    schedule["availabilityView"] = json!(view(&taken, range, slot));
                    schedule["scheduleItems"] = taken.iter().map(|one| item(one, &zone, own)).collect();
                    schedule["workingHours"] = working_hours(calendar);
                })?,
                None => schedule["error"] = ApiError::no_mailbox().entry(),
            }
            found.push(schedule);
        }
        Ok(ok(&json!({
            "@odata.context": self.context("Collection(microsoft.graph.scheduleInformation)"),
            "value": found,
        })))
    }
}

/// Returns the known parameters. Names are case-insensitive, because Microsoft's clients capitalise them.
fn parameters(sent: Map<String, Value>) -> Value {
    let known = ["schedules", "startTime", "endTime", "availabilityViewInterval"];
    let named = |name: &str| known.into_iter().find(|known| known.eq_ignore_ascii_case(name));
    sent.into_iter().filter_map(|(name, value)| Some((named(&name)?.to_owned(), value))).collect()
}

/// Returns the length of a slot: from 5 minutes to a day. The default is half an hour.
fn slot(value: &Value) -> Result<SignedDuration, ApiError> {
    let minutes = if value.is_null() { Some(30) } else { value.as_i64() };
    let minutes = minutes.filter(|minutes| (5..=1440).contains(minutes));
    let message = "The availabilityViewInterval must be from 5 to 1440 minutes.";
    let minutes = minutes.ok_or_else(|| ApiError::new(400, "ErrorInvalidMergedFreeBusyInterval", message))?;
    Ok(SignedDuration::from_mins(minutes))
}

fn taken(calendar: &Calendar, range: Range) -> Vec<Instance<'_>> {
    let mut taken: Vec<_> =
        calendar.events.values().flat_map(|event| event.instances(range, false)).collect();
    taken.retain(|one| resource::show_as(&one.fields) != "free" && one.fields.status != Some("cancelled"));
    taken.sort_by_key(|one| (one.fields.start, one.id()));
    taken
}

/// Returns one digit for each slot: the digit of the status with the highest precedence in the slot.
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
    item.insert("start".to_owned(), times::write(fields.start, fields.all_day, zone));
    item.insert("end".to_owned(), times::write(fields.end, fields.all_day, zone));
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
