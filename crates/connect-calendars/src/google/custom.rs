//! Stores the application's `custom` fields in private extended properties, which map names to texts.
//!
//! Each calendar that contains an event has its own private properties of the event. Every application that
//! the user authorizes can read the private properties. This SDK stores the JSON text of all fields in
//! [`CUSTOM_PROPERTY`]. A text longer than 1024 bytes continues in `connectCustom.2` to `connectCustom.16`. A
//! change sets or clears all 16 properties and no others, so the old fields are replaced without being read
//! first.
//!
//! | existing properties | read as |
//! |---|---|
//! | properties of this SDK | the JSON object, unchanged |
//! | only properties of other applications | an object of these properties |
//!
//! Google truncates values after 1024 characters without an error, and limits the properties of an event to
//! 32 kB for all applications together. This SDK therefore refuses `custom` fields longer than 16 kB before
//! it sends the request. Properties that are shared with the guests are in the event's `original`.

use std::collections::BTreeMap;

use connect_core::{Error, types::Raw};

use super::json::{LossyString, Object, fields};

/// The private extended property for an event's `custom` fields, as JSON text.
///
/// A text longer than 1024 bytes continues in `connectCustom.2` to `connectCustom.16`.
pub const CUSTOM_PROPERTY: &str = "connectCustom";

/// 16 values of 1 kB take half of the 32 kB that Google allows for an event. Other applications can
/// use the rest.
const MAX_PARTS: usize = 16;
/// Google's limit is 1024 characters. A text of 1024 bytes has at most 1024 characters.
const MAX_VALUE_BYTES: usize = 1024;

/// Returns the properties that store a JSON object.
pub(super) fn properties(custom: &Raw) -> Result<Object, Error> {
    custom
        .decode::<BTreeMap<String, Raw>>()
        .map_err(|error| Error::validation("custom: is not a JSON object").with_source(error))?;
    let parts = split_into_values(custom.get());
    if parts.len() > MAX_PARTS {
        return Err(Error::validation(format!(
            "custom: the JSON text is longer than {} bytes",
            MAX_PARTS * MAX_VALUE_BYTES
        )));
    }
    let mut properties = Object::default();
    for (number, part) in (1..).zip(parts) {
        properties.set(&property_name(number), part)?;
    }
    Ok(properties)
}

/// Returns the properties for an existing event: null clears the unused properties of this SDK.
pub(super) fn replacement_properties(custom: Option<&Raw>) -> Result<Object, Error> {
    let mut all = custom.map(properties).transpose()?.unwrap_or_default();
    for name in (1..=MAX_PARTS).map(property_name) {
        if !all.has(&name) {
            all.clear(&name)?;
        }
    }
    Ok(all)
}

/// Reads the `custom` fields from the private properties of a Google event.
pub(super) fn custom(event: &Raw) -> Option<Raw> {
    let properties = fields(fields(event).get("extendedProperties")?).remove("private")?;
    let properties = fields(&properties);
    sdk_fields(&properties).or_else(|| other_fields(properties))
}

fn sdk_fields(properties: &BTreeMap<LossyString, Raw>) -> Option<Raw> {
    let parts = (1..=MAX_PARTS)
        .map_while(|number| properties.get(property_name(number).as_str()).and_then(Raw::text));
    parts.collect::<String>().parse().ok().filter(|raw: &Raw| raw.get().starts_with('{'))
}

fn other_fields(properties: BTreeMap<LossyString, Raw>) -> Option<Raw> {
    let mut custom = Object::default();
    for (name, value) in properties {
        custom.set(&name.0, &value).ok()?;
    }
    Raw::from_value(&custom).ok().filter(|_| !custom.is_empty())
}

fn property_name(number: usize) -> String {
    if number == 1 { CUSTOM_PROPERTY.to_owned() } else { format!("{CUSTOM_PROPERTY}.{number}") }
}

/// Splits a text into as few values as possible.
fn split_into_values(text: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let fits = |at: &usize| rest.is_char_boundary(*at);
        let end = (0..=MAX_VALUE_BYTES.min(rest.len())).rev().find(fits).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(text: &str) -> Raw {
        text.parse().unwrap()
    }

    fn object(text: &str) -> Object {
        properties(&raw(text)).unwrap()
    }

    fn values_by_name(properties: &Object) -> BTreeMap<String, Option<String>> {
        Raw::from_value(properties).unwrap().decode().unwrap()
    }

    fn write_and_read(custom_fields: &str) -> Raw {
        let properties = Raw::from_value(&object(custom_fields)).unwrap();
        custom(&raw(&format!(r#"{{"extendedProperties":{{"private":{properties}}}}}"#))).unwrap()
    }

    #[test]
    fn json_object_is_read_back_unchanged() {
        for text in [
            "{}",
            r#"{"a":"plain"}"#,
            r#"{"big":18446744073709551617,"n":1.10,"o":{"b":[null,true]},"z":null}"#,
            r#"{"b":1, "a":"\"quoted\""}"#,
            r#"{"half":"\ud83d"}"#,
            r#"{"":"no name"}"#,
        ] {
            assert_eq!(write_and_read(text).get(), text);
        }
    }

    #[test]
    fn property_of_another_application_is_read_unchanged() {
        let of =
            |private: &str| custom(&raw(&format!(r#"{{"extendedProperties":{{"private":{private}}}}}"#)));
        let plain = r#"{"n":5,"odd":"{}","ticket":"42"}"#;
        assert_eq!(of(plain).unwrap().get(), plain);
        assert_eq!(of(r#"{"ticket":"42","connectCustom":"{\"a\":1}"}"#).unwrap().get(), r#"{"a":1}"#);
        for odd in ["", "{", "[1]", "null", "text"] {
            let odd = format!(r#"{{"connectCustom":"{odd}"}}"#);
            assert_eq!(of(&odd).unwrap().get(), odd, "not written by this SDK");
        }
        assert_eq!(of("{}"), None);
        assert_eq!(custom(&raw(r#"{"extendedProperties":{"shared":{"s":"x"}}}"#)), None);
    }

    #[test]
    fn change_names_exactly_the_properties_of_this_sdk() {
        let names: Vec<_> = (1..=MAX_PARTS).map(property_name).collect();
        let cleared = values_by_name(&replacement_properties(None).unwrap());
        assert!(names.iter().all(|name| cleared[name].is_none()));
        assert_eq!(cleared.len(), names.len());
        let long = raw(&format!(r#"{{"a":"{}"}}"#, "x".repeat(1500)));
        let set = values_by_name(&replacement_properties(Some(&long)).unwrap());
        assert_eq!(set.values().filter(|value| value.is_some()).count(), 2);
        assert!(set["connectCustom"].is_some() && set["connectCustom.2"].is_some());
        assert_eq!(set.into_keys().collect::<Vec<_>>(), cleared.into_keys().collect::<Vec<_>>());
        assert_eq!(values_by_name(&properties(&long).unwrap()).len(), 2);
    }

    #[test]
    fn custom_fields_too_long_are_refused() {
        let long = |letters: usize| properties(&raw(&format!(r#"{{"a":"{}"}}"#, "a".repeat(letters))));
        let room = MAX_PARTS * MAX_VALUE_BYTES - r#"{"a":""}"#.len();
        assert_eq!(values_by_name(&long(room).unwrap()).len(), MAX_PARTS);
        assert!(long(room + 1).unwrap_err().message().unwrap().contains("16384"));
        assert!(properties(&raw("[1]")).is_err());
        assert!(property_name(MAX_PARTS).len() <= 44, "Google drops longer names");
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_unchanged(name in ".{0,60}", value in "[a-zéñ𝄞\\n ]{0,3000}") {
            let text = serde_json::json!({ name.as_str(): value }).to_string();
            for value in values_by_name(&object(&text)).into_values().flatten() {
                prop_assert!((1..=MAX_VALUE_BYTES).contains(&value.len()));
            }
            let back = write_and_read(&text);
            prop_assert_eq!(back.get(), text);
        }
    }
}
