//! The application's own fields, as private extended properties: Google keeps texts by name.
//!
//! | field | property |
//! |---|---|
//! | a text | the text |
//! | any other JSON, and a text that begins with `json:` | `json:` and the JSON text |
//!
//! So a property that someone else wrote reads as a text, and every JSON object comes back as it was: its values to the letter, an
//! empty one as none. Google drops a name of more than 44 characters and cuts a value off after 1024, both without a word:
//! what is longer is refused before it is sent. Only this application sees its private properties; those that are shared with
//! the guests are in the event's `original`.

use std::collections::BTreeMap;

use connect_core::{
    Error,
    types::{Event, Raw},
};

use super::json::{Object, fields, text};

const MARK: &str = "json:";
/// In characters.
const LONGEST_NAME: usize = 44;
const LONGEST_VALUE: usize = 1024;

/// The properties that stand for a JSON object.
pub(super) fn properties(custom: &Raw) -> Result<Object, Error> {
    let values: BTreeMap<String, Raw> =
        custom.decode().map_err(|error| Error::validation("custom: is no JSON object").with_source(error))?;
    let mut properties = Object::default();
    for (name, value) in values {
        let value = property(&value);
        if name.chars().count() > LONGEST_NAME {
            let name: String = name.chars().take(LONGEST_NAME).collect();
            return Err(Error::validation(format!(
                "custom: the name {name}.. has more than {LONGEST_NAME} characters"
            )));
        }
        if value.chars().count() > LONGEST_VALUE {
            return Err(Error::validation(format!(
                "custom: the value of {name} has more than {LONGEST_VALUE} characters"
            )));
        }
        properties.set(&name, &value)?;
    }
    Ok(properties)
}

/// Beside the properties that are to be, null for those that an event has and that are not to be any more.
pub(super) fn replacing(custom: Option<&Raw>, known: &Event) -> Result<Object, Error> {
    let mut all = custom.map(properties).transpose()?.unwrap_or_default();
    let before = known.original.as_ref().and_then(private).unwrap_or_default();
    for (name, _) in before {
        if !all.has(&name.0) {
            all.clear(&name.0)?;
        }
    }
    Ok(all)
}

/// The JSON object that the private properties of an event of Google's stand for.
pub(super) fn custom(event: &Raw) -> Option<Raw> {
    let properties = private(event)?;
    let mut custom = Object::default();
    for (name, raw) in properties {
        let value = text(&raw).and_then(|text| text.strip_prefix(MARK)?.parse().ok()).unwrap_or(raw);
        custom.set(&name.0, &value).ok()?;
    }
    Raw::from_value(&custom).ok().filter(|_| !custom.is_empty())
}

fn private(event: &Raw) -> Option<BTreeMap<super::json::Text, Raw>> {
    Some(fields(fields(event).get("extendedProperties")?))
        .map(|mut all| all.remove("private"))?
        .as_ref()
        .map(fields)
}

fn property(value: &Raw) -> String {
    match value.decode::<String>() {
        Ok(text) if !text.starts_with(MARK) => text,
        _ => format!("{MARK}{}", value.get()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(text: &str) -> Raw {
        text.parse().unwrap()
    }

    fn round(custom_fields: &str) -> Raw {
        let properties = Raw::from_value(&properties(&raw(custom_fields)).unwrap()).unwrap();
        let event = raw(&format!(r#"{{"extendedProperties":{{"private":{properties}}}}}"#));
        custom(&event).unwrap()
    }

    #[test]
    fn every_json_object_comes_back_to_the_letter() {
        for text in [
            r#"{"a":"plain"}"#,
            r#"{"big":18446744073709551617,"n":1.10,"o":{"b":[null,true]},"z":null}"#,
            r#"{"a":"json:1","b":"json:","c":"\"quoted\""}"#,
            r#"{"half":"\ud83d"}"#,
            r#"{"":"no name"}"#,
        ] {
            assert_eq!(round(text).get(), text);
        }
    }

    #[test]
    fn a_plain_property_of_somebody_else_reads_as_a_text() {
        let event = raw(
            r#"{"extendedProperties":{"private":{"ticket":"42","odd":"json:{","n":5},"shared":{"s":"x"}}}"#,
        );
        assert_eq!(custom(&event).unwrap().get(), r#"{"n":5,"odd":"json:{","ticket":"42"}"#);
        assert_eq!(custom(&raw(r#"{"extendedProperties":{"shared":{"s":"x"}}}"#)), None);
    }

    #[test]
    fn what_google_would_cut_off_is_refused() {
        let long = |name: usize, value: usize| {
            properties(&raw(&format!(r#"{{"{}":"{}"}}"#, "é".repeat(name), "é".repeat(value))))
        };
        assert!(long(44, 1024).is_ok());
        assert!(long(45, 1).unwrap_err().message().unwrap().contains("44"));
        assert!(long(1, 1025).unwrap_err().message().unwrap().contains("1024"));
        assert!(properties(&raw("[1]")).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_kept(name in ".{0,20}", value in "(json:)?.{0,40}") {
            let object = serde_json::json!({ name.as_str(): value }).to_string();
            let back: BTreeMap<String, String> = round(&object).decode().unwrap();
            prop_assert_eq!(back, BTreeMap::from([(name, value)]));
        }
    }
}
