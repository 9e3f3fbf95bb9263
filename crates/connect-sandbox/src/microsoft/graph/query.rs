//! The query options of lists (OData), and the bounds of a calendar view.

use super::error::ApiError;
use super::times;
use crate::call::Call;
use crate::world::calendar::Range;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The events that a list selects. The page tokens and delta tokens of the list contain the view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum View {
    /// The single events in a range, and the occurrences of all series in that range.
    Window { start: Timestamp, end: Timestamp },
    /// Single events and series.
    Events,
    /// The occurrences of one series in a range.
    Instances { series: String, start: Timestamp, end: Timestamp },
}

/// A view and its sort order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Query {
    pub(super) view: View,
    pub(super) order: Order,
    pub(super) descending: bool,
    pub(super) skip: usize,
    pub(super) filter: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    None,
    Start,
    End,
    Created,
    LastModified,
}

/// The supported options. Any other option that begins with `$` is refused, because the sandbox cannot apply
/// it to the response.
const OPTIONS: &[&str] =
    &["$top", "$skip", "$select", "$orderby", "$expand", "$skiptoken", "$deltatoken", "$count", "$filter"];

impl View {
    pub(super) fn range(&self) -> Option<Range> {
        match *self {
            Self::Events => None,
            Self::Window { start, end } | Self::Instances { start, end, .. } => Some(Range { start, end }),
        }
    }
}

impl Query {
    pub(super) fn read(call: &Call, view: View) -> Result<Self, ApiError> {
        let usual = if view == View::Events { Order::None } else { Order::Start };
        let (order, descending) = match option(call, "$orderby") {
            None => (usual, false),
            Some(text) => order(text)?,
        };
        let skip = option(call, "$skip");
        let skip = skip.map_or(Ok(0), |text| text.parse().map_err(|_| ApiError::parameter("$skip", text)))?;
        let filter = option(call, "$filter").map(str::to_owned);
        Ok(Self { view, order, descending, skip, filter })
    }
}

/// Returns the value of an option. Names of options are case-insensitive.
pub(super) fn option<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let mut pairs = call.query_pairs().iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    pairs.next().map(|(_, value)| value.as_str())
}

/// Fails if the query has an unknown option, or one of the options in `unsupported`.
pub(super) fn only(call: &Call, unsupported: &[&str]) -> Result<(), ApiError> {
    for (name, _) in call.query_pairs().iter().filter(|(name, _)| name.starts_with('$')) {
        let name = name.to_ascii_lowercase();
        if !OPTIONS.contains(&name.as_str()) || unsupported.contains(&name.as_str()) {
            return Err(ApiError::option(format!(
                "The query option '{name}' is not supported by this endpoint."
            )));
        }
    }
    if option(call, "$count").is_some_and(|count| count != "false") {
        return Err(ApiError::option("The query option '$count' is not supported by this endpoint."));
    }
    Ok(())
}

/// Returns `$top`, which has to be from 1 to 1000.
pub(super) fn top(call: &Call) -> Result<Option<usize>, ApiError> {
    let Some(text) = option(call, "$top") else { return Ok(None) };
    let size = text.parse().ok().filter(|size| (1..=1000).contains(size));
    size.map(Some).ok_or_else(|| ApiError::parameter("$top", text))
}

/// Returns the bounds of a view, which may be at most `most` days apart.
pub(super) fn window(call: &Call, most: Option<i64>) -> Result<(Timestamp, Timestamp), ApiError> {
    let (start, end) = (bound(call, "startDateTime")?, bound(call, "endDateTime")?);
    if end < start {
        return Err(ApiError::parameter("EndDateTime", option(call, "endDateTime").unwrap_or("")));
    }
    if most.is_some_and(|days| start.duration_until(end) > SignedDuration::from_hours(24 * days)) {
        let message = "The range between the start and end dates is greater than the allowed range.";
        return Err(ApiError::new(400, "ErrorCalendarViewRangeTooBig", message));
    }
    Ok((start, end))
}

fn bound(call: &Call, name: &str) -> Result<Timestamp, ApiError> {
    let missing = "This request requires a time window specified by the query string parameters StartDateTime and \
                   EndDateTime.";
    let text = option(call, name).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| ApiError::new(400, "ErrorInvalidParameter", missing))?;
    times::bound(text).ok_or_else(|| ApiError::parameter(name, text))
}

fn order(text: &str) -> Result<(Order, bool), ApiError> {
    let wrong = || ApiError::option(format!("The value '{text}' of '$orderby' is not supported."));
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
