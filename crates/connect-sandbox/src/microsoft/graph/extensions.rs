//! Open extensions and single-value extended properties, which Connect shows as `custom`.

use super::error::ApiError;
use super::render_options::Expand;
use crate::world::calendar::Fields;
use serde_json::{Map, Value, json};

const EXTENSION_TYPE: &str = "#microsoft.graph.openTypeExtension";
/// The name of the extension that contains the custom fields written through Connect.
const CONNECT_EXTENSION: &str = "com.mobiscroll.connect";
/// The members of an extension that are not custom fields.
const RESERVED_MEMBERS: [&str; 3] = ["@odata.type", "id", "extensionName"];

/// Returns the extensions and extended properties that the request asks for with `$expand`.
pub(super) fn expanded(fields: &Fields, expand: &Expand) -> Map<String, Value> {
    let mut shown = Map::new();
    let (extensions, properties) = sent(fields);
    if expand.extensions {
        shown.insert("extensions".to_owned(), json!(extensions));
    }
    if let Some(ids) = &expand.properties {
        let asked = |one: &&Value| ids.iter().any(|id| one["id"].as_str() == Some(id));
        let found: Vec<_> = properties.iter().filter(asked).cloned().collect();
        if !found.is_empty() {
            shown.insert("singleValueExtendedProperties".to_owned(), json!(found));
        }
    }
    shown
}

/// Returns the extensions and extended properties that the caller sent. If Connect changed the custom fields
/// after the caller sent the event, returns one extension that contains the custom fields.
pub(super) fn sent(fields: &Fields) -> (Vec<Value>, Vec<Value>) {
    let list = |name: &str| fields.own.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (extensions, properties) = (list("extensions"), list("extendedProperties"));
    match &fields.custom {
        custom if *custom == custom_of(&extensions, &properties) => (extensions, properties),
        Some(Value::Object(custom)) => {
            let mut extension = json!({
                "@odata.type": EXTENSION_TYPE,
                "extensionName": CONNECT_EXTENSION,
                "id": full_name(CONNECT_EXTENSION),
            });
            if let Some(extension) = extension.as_object_mut() {
                extension.extend(custom.clone());
            }
            (vec![extension], Vec::new())
        }
        _ => (Vec::new(), Vec::new()),
    }
}

/// Returns the custom fields that Connect shows for the extensions and extended properties.
pub(super) fn custom_of(extensions: &[Value], properties: &[Value]) -> Option<Value> {
    let of_extensions = extensions.iter().filter_map(Value::as_object).flatten();
    let of_extensions = of_extensions.filter(|(name, _)| !RESERVED_MEMBERS.contains(&name.as_str()));
    let of_extensions = of_extensions.map(|(name, value)| (name.clone(), value.clone()));
    let of_properties = properties.iter().filter_map(|one| {
        let (id, value) = (one["id"].as_str()?, one.get("value")?);
        let name = id.rsplit_once("Name ").map_or(id, |(_, name)| name);
        Some((name.trim().to_owned(), value.clone()))
    });
    let custom: Map<_, _> = of_extensions.chain(of_properties).collect();
    (!custom.is_empty()).then_some(Value::Object(custom))
}

pub(super) fn read_extensions(value: &Value) -> Result<Vec<Value>, ApiError> {
    let list = list(value, "extensions")?;
    let read = |one: &Value| {
        let name = one["extensionName"].as_str().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| ApiError::property("extensions", "extensionName is required"))?;
        let mut extension = one.clone();
        extension["@odata.type"] = json!(EXTENSION_TYPE);
        extension["id"] = json!(full_name(name));
        Ok(extension)
    };
    list.iter().map(read).collect()
}

pub(super) fn read_properties(value: &Value) -> Result<Vec<Value>, ApiError> {
    let list = list(value, "singleValueExtendedProperties")?;
    let right = |one: &Value| one["id"].as_str().is_some_and(|id| !id.is_empty()) && one["value"].is_string();
    if list.iter().all(right) {
        Ok(list)
    } else {
        Err(ApiError::property(
            "singleValueExtendedProperties",
            "each extended property must have a non-empty id and a value that is a string",
        ))
    }
}

fn list(value: &Value, name: &str) -> Result<Vec<Value>, ApiError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => Ok(list.clone()),
        _ => Err(ApiError::property(name, "expected a list")),
    }
}

fn full_name(name: &str) -> String {
    format!("Microsoft.OutlookServices.OpenTypeExtension.{name}")
}
