//! The application's own fields, in private extended properties: Google keeps texts by name.
//!
//! The private properties of an event belong to the copy of it in its calendar, and so to every application that the user lets in.
//! Ours are [`CUSTOM_PROPERTY`], which has the JSON text of all fields, and where that does not fit in it those that go on:
//! `connectCustom.2` to `connectCustom.16`. A change sets all of them, or has null for them, and names no other: so it takes the
//! place of whatever was there, and needs to know nothing of it.
//!
//! | properties | read as |
//! |---|---|
//! | ours | the JSON object, to the letter |
//! | only those of others | texts |
//!
//! Google cuts a value off after 1024 characters without a word, and an event has 32 kB for the properties of all applications: what
//! has no room is refused before it is sent. Properties that are shared with the guests are in the event's `original`.

use std::collections::BTreeMap;

use connect_core::{Error, types::Raw};

use super::json::{LossyString, Object, fields};

/// The private extended property that holds an event's `custom` fields, as JSON text. What does not fit goes on in
/// `connectCustom.2`, up to `connectCustom.16`.
pub const CUSTOM_PROPERTY: &str = "connectCustom";

/// Half of what an event has room for: others have properties as well.
const MOST_PARTS: usize = 16;
/// In bytes: so it fits whichever characters Google counts.
const LONGEST_VALUE: usize = 1024;

/// The properties that a JSON object is written as.
pub(super) fn properties(custom: &Raw) -> Result<Object, Error> {
    custom
        .decode::<BTreeMap<String, Raw>>()
        .map_err(|error| Error::validation("custom: is no JSON object").with_source(error))?;
    let parts = parts(custom.get());
    if parts.len() > MOST_PARTS {
        return Err(Error::validation(format!(
            "custom: its JSON text has more than {} bytes",
            MOST_PARTS * LONGEST_VALUE
        )));
    }
    let mut properties = Object::default();
    for (number, part) in (1..).zip(parts) {
        properties.set(&name(number), part)?;
    }
    Ok(properties)
}

/// The same for an event that is there: null for all of ours that are not to be any more.
pub(super) fn replacing(custom: Option<&Raw>) -> Result<Object, Error> {
    let mut all = custom.map(properties).transpose()?.unwrap_or_default();
    for name in (1..=MOST_PARTS).map(name) {
        if !all.has(&name) {
            all.clear(&name)?;
        }
    }
    Ok(all)
}

/// The JSON object that the private properties of an event of Google's stand for.
pub(super) fn custom(event: &Raw) -> Option<Raw> {
    let properties = fields(fields(event).get("extendedProperties")?).remove("private")?;
    let properties = fields(&properties);
    ours(&properties).or_else(|| others(properties))
}

fn ours(properties: &BTreeMap<LossyString, Raw>) -> Option<Raw> {
    let parts =
        (1..=MOST_PARTS).map_while(|number| properties.get(name(number).as_str()).and_then(Raw::text));
    parts.collect::<String>().parse().ok().filter(|raw: &Raw| raw.get().starts_with('{'))
}

fn others(properties: BTreeMap<LossyString, Raw>) -> Option<Raw> {
    let mut custom = Object::default();
    for (name, value) in properties {
        custom.set(&name.0, &value).ok()?;
    }
    Raw::from_value(&custom).ok().filter(|_| !custom.is_empty())
}

fn name(number: usize) -> String {
    if number == 1 { CUSTOM_PROPERTY.to_owned() } else { format!("{CUSTOM_PROPERTY}.{number}") }
}

/// As few as can be, none of them longer than a value may be.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let fits = |at: &usize| rest.is_char_boundary(*at);
        let end = (0..=LONGEST_VALUE.min(rest.len())).rev().find(fits).unwrap_or(rest.len());
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

    /// Every property by its name.
    fn told(properties: &Object) -> BTreeMap<String, Option<String>> {
        Raw::from_value(properties).unwrap().decode().unwrap()
    }

    fn round(custom_fields: &str) -> Raw {
        let properties = Raw::from_value(&object(custom_fields)).unwrap();
        custom(&raw(&format!(r#"{{"extendedProperties":{{"private":{properties}}}}}"#))).unwrap()
    }

    #[test]
    fn every_json_object_comes_back_to_the_letter() {
        for text in [
            "{}",
            r#"{"a":"plain"}"#,
            r#"{"big":18446744073709551617,"n":1.10,"o":{"b":[null,true]},"z":null}"#,
            r#"{"b":1, "a":"\"quoted\""}"#,
            r#"{"half":"\ud83d"}"#,
            r#"{"":"no name"}"#,
        ] {
            assert_eq!(round(text).get(), text);
        }
    }

    #[test]
    fn a_plain_property_of_somebody_else_reads_as_a_text() {
        let of =
            |private: &str| custom(&raw(&format!(r#"{{"extendedProperties":{{"private":{private}}}}}"#)));
        let plain = r#"{"n":5,"odd":"{}","ticket":"42"}"#;
        assert_eq!(of(plain).unwrap().get(), plain);
        assert_eq!(of(r#"{"ticket":"42","connectCustom":"{\"a\":1}"}"#).unwrap().get(), r#"{"a":1}"#);
        for odd in ["", "{", "[1]", "null", "text"] {
            let odd = format!(r#"{{"connectCustom":"{odd}"}}"#);
            assert_eq!(of(&odd).unwrap().get(), odd, "none that is written here");
        }
        assert_eq!(of("{}"), None);
        assert_eq!(custom(&raw(r#"{"extendedProperties":{"shared":{"s":"x"}}}"#)), None);
    }

    #[test]
    fn a_change_names_all_of_ours_and_nothing_else() {
        let names: Vec<_> = (1..=MOST_PARTS).map(name).collect();
        let cleared = told(&replacing(None).unwrap());
        assert!(names.iter().all(|name| cleared[name].is_none()));
        assert_eq!(cleared.len(), names.len());
        let long = raw(&format!(r#"{{"a":"{}"}}"#, "x".repeat(1500)));
        let set = told(&replacing(Some(&long)).unwrap());
        assert_eq!(set.values().filter(|value| value.is_some()).count(), 2);
        assert!(set["connectCustom"].is_some() && set["connectCustom.2"].is_some());
        assert_eq!(set.into_keys().collect::<Vec<_>>(), cleared.into_keys().collect::<Vec<_>>());
        assert_eq!(told(&properties(&long).unwrap()).len(), 2);
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let long = |letters: usize| properties(&raw(&format!(r#"{{"a":"{}"}}"#, "a".repeat(letters))));
        let room = MOST_PARTS * LONGEST_VALUE - r#"{"a":""}"#.len();
        assert_eq!(told(&long(room).unwrap()).len(), MOST_PARTS);
        assert!(long(room + 1).unwrap_err().message().unwrap().contains("16384"));
        assert!(properties(&raw("[1]")).is_err());
        assert!(name(MOST_PARTS).len() <= 44, "Google drops longer names");
    }

    proptest! {
        #[test]
        fn any_text_is_kept(name in ".{0,60}", value in "[a-zéñ𝄞\\n ]{0,3000}") {
            let text = serde_json::json!({ name.as_str(): value }).to_string();
            for value in told(&object(&text)).into_values().flatten() {
                prop_assert!((1..=LONGEST_VALUE).contains(&value.len()));
            }
            let back = round(&text);
            prop_assert_eq!(back.get(), text);
        }
    }
}
