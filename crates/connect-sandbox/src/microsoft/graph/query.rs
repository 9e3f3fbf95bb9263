//! What a list is asked for: OData's options, and the bounds of a view.

use super::refused::Refused;
use super::times;
use crate::call::Call;
use crate::world::calendar::Range;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Which events a list has: it travels along in its tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum View {
    /// What lies in a range: single events and occurrences.
    Window { start: Timestamp, end: Timestamp },
    /// Single events and series.
    Events,
    /// The occurrences of a series in a range.
    Instances { series: String, start: Timestamp, end: Timestamp },
}

/// A view, and the order of what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Query {
    pub(super) view: View,
    pub(super) order: Order,
    pub(super) descending: bool,
    pub(super) skip: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    None,
    Start,
    End,
    Created,
    LastModified,
}

/// The options there are. Others that begin with `$` are refused: they would change the answer.
const OPTIONS: &[&str] =
    &["$top", "$skip", "$select", "$orderby", "$expand", "$skiptoken", "$deltatoken", "$count"];

impl View {
    pub(super) fn range(&self) -> Option<Range> {
        match *self {
            Self::Events => None,
            Self::Window { start, end } | Self::Instances { start, end, .. } => Some(Range { start, end }),
        }
    }
}

impl Query {
    pub(super) fn read(call: &Call, view: View) -> Result<Self, Refused> {
        let usual = if view == View::Events { Order::None } else { Order::Start };
        let (order, descending) = match option(call, "$orderby") {
            None => (usual, false),
            Some(text) => order(text)?,
        };
        let skip = option(call, "$skip");
        let skip = skip.map_or(Ok(0), |text| text.parse().map_err(|_| Refused::parameter("$skip", text)))?;
        Ok(Self { view, order, descending, skip })
    }
}

/// The value of an option, whose name has no case.
pub(super) fn option<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let mut pairs = call.query_pairs().iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    pairs.next().map(|(_, value)| value.as_str())
}

/// Refuses options that this list does not take.
pub(super) fn only(call: &Call, refused: &[&str]) -> Result<(), Refused> {
    for (name, _) in call.query_pairs().iter().filter(|(name, _)| name.starts_with('$')) {
        let name = name.to_ascii_lowercase();
        if !OPTIONS.contains(&name.as_str()) || refused.contains(&name.as_str()) {
            return Err(Refused::option(format!("The query option '{name}' is not supported here.")));
        }
    }
    if option(call, "$count").is_some_and(|count| count != "false") {
        return Err(Refused::option("The query option '$count' is not supported here."));
    }
    Ok(())
}

/// `$top`, from 1 to 1000.
pub(super) fn top(call: &Call) -> Result<Option<usize>, Refused> {
    let Some(text) = option(call, "$top") else { return Ok(None) };
    let size = text.parse().ok().filter(|size| (1..=1000).contains(size));
    size.map(Some).ok_or_else(|| Refused::parameter("$top", text))
}

/// The bounds every view needs; `most` is how many days it may have.
pub(super) fn window(call: &Call, most: Option<i64>) -> Result<(Timestamp, Timestamp), Refused> {
    let (start, end) = (bound(call, "startDateTime")?, bound(call, "endDateTime")?);
    if end < start {
        return Err(Refused::parameter("EndDateTime", option(call, "endDateTime").unwrap_or("")));
    }
    if most.is_some_and(|days| start.duration_until(end) > SignedDuration::from_hours(24 * days)) {
        let message = "The range between the start and end dates is greater than the allowed range.";
        return Err(Refused::new(400, "ErrorCalendarViewRangeTooBig", message));
    }
    Ok((start, end))
}

fn bound(call: &Call, name: &str) -> Result<Timestamp, Refused> {
    let missing = "This request requires a time window specified by the query string parameters StartDateTime and \
                   EndDateTime.";
    let text = option(call, name).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Refused::new(400, "ErrorInvalidParameter", missing))?;
    times::bound(text).ok_or_else(|| Refused::parameter(name, text))
}

fn order(text: &str) -> Result<(Order, bool), Refused> {
    let wrong = || Refused::option(format!("The order '{text}' is not supported."));
    let mut words = text.split_whitespace();
    let order = match words.next().unwrap_or("") {
        "start/dateTime" | "start" => Order::Start,
        "end/dateTime" | "end" => Order::End,
        "createdDateTime" => Order::Created,
        "lastModifiedDateTime" => Order::LastModified,
        _ => return Err(wrong()),
    };
    match (words.next().map(str::to_ascii_lowercase).as_deref(), words.next()) {
        (None | Some("asc"), None) => Ok((order, false)),
        (Some("desc"), None) => Ok((order, true)),
        _ => Err(wrong()),
    }
}
