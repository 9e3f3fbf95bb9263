//! The endpoints `calendars` and `calendar`.

use super::Graph;
use super::access::Principal;
use super::error::ApiError;
use super::query::{self, option};
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::world::calendar::Calendar;
use crate::world::provider::Provider;
use crate::world::random::hash;
use serde_json::{Map, Value, json};

const PROPERTIES: &[&str] = &[
    "id",
    "name",
    "color",
    "hexColor",
    "isDefaultCalendar",
    "changeKey",
    "canShare",
    "canViewPrivateItems",
    "canEdit",
    "allowedOnlineMeetingProviders",
    "defaultOnlineMeetingProvider",
    "isTallyingResponses",
    "isRemovable",
    "owner",
];

impl Graph<'_> {
    pub(super) fn calendars(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        query::only(call, &["$filter", "$orderby", "$expand", "$skiptoken", "$deltatoken"])?;
        let preferences = self.preferences(call)?;
        let size = self.page_size(call, &preferences)?;
        let skip = option(call, "$skip")
            .map_or(Ok(0), |text| text.parse::<usize>().map_err(|_| ApiError::parameter("$skip", text)))?;
        let select = selected(call)?;
        let home = self.world.home_of(Provider::Microsoft, &principal.account);
        let calendars = self.world.calendars_of(Provider::Microsoft, &principal.account, &home);
        let count = calendars.len();
        let shown: Vec<_> =
            calendars.iter().skip(skip).take(size).map(|one| calendar(one, select.as_deref())).collect();
        let mut list = json!({ "@odata.context": self.context("users('me')/calendars"), "value": shown });
        let next = skip.saturating_add(size);
        if next < count {
            let link = self.link(call, call.query_pairs(), ("$skip", &next.to_string()));
            list["@odata.nextLink"] = json!(link);
        }
        Ok(ok(&list))
    }

    pub(super) fn calendar(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        query::only(call, &["$filter", "$top", "$skip", "$orderby", "$expand", "$skiptoken", "$deltatoken"])?;
        let place = self.place(principal, call)?;
        let select = selected(call)?;
        let mut found =
            self.at(&place, call.now, |one, _| Value::Object(calendar(one, select.as_deref())))?;
        found["@odata.context"] = self.context("users('me')/calendars/$entity");
        Ok(ok(&found))
    }
}

/// Renders a calendar. The member `original` of the calendar in the seed overrides the default values.
pub(super) fn calendar(calendar: &Calendar, select: Option<&[String]>) -> Map<String, Value> {
    let mut all = json!({
        "color": "auto",
        "isTallyingResponses": calendar.primary,
        "isRemovable": !calendar.primary,
        "canEdit": true,
        "canShare": true,
        "canViewPrivateItems": true,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "owner": { "name": calendar.account, "address": calendar.account },
    });
    let own = json!({
        "id": calendar.id,
        "name": calendar.info["title"],
        "hexColor": calendar.info["color"].as_str().unwrap_or(""),
        "isDefaultCalendar": calendar.primary,
    });
    let original = calendar.info.get("original").and_then(Value::as_object).cloned().unwrap_or_default();
    let original = original.into_iter().filter(|(name, _)| PROPERTIES.contains(&name.as_str()));
    let key = |all: &Value| format!("{:016x}", hash(23, &all.to_string()));
    if let Some(all) = all.as_object_mut() {
        all.extend(original.chain(own.as_object().cloned().unwrap_or_default()));
    }
    all["changeKey"] = json!(key(&all));
    let mut all = all.as_object().cloned().unwrap_or_default();
    all.retain(|name, _| name == "id" || select.is_none_or(|select| select.contains(name)));
    all
}

fn selected(call: &Call) -> Result<Option<Vec<String>>, ApiError> {
    let Some(text) = option(call, "$select") else { return Ok(None) };
    let known = |name: &str| {
        let known = PROPERTIES.iter().find(|known| known.eq_ignore_ascii_case(name));
        let message = format!("Could not find a property named '{name}' on type 'microsoft.graph.calendar'.");
        known.map(|known| (*known).to_owned()).ok_or_else(|| ApiError::new(400, "BadRequest", message))
    };
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(known)
        .collect::<Result<_, _>>()
        .map(Some)
}
