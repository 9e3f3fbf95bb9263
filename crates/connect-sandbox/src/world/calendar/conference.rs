//! How each provider stores `conference` and `conferenceData`.

use crate::world::provider::Provider;
use crate::world::random::Random;
use serde_json::{Map, Value, json};

/// Replaces the requested conference with the conference that the provider stores.
///
/// With `autoGenerate`, the provider ignores the other fields. Google supports `autoGenerate` and
/// `conference`, Microsoft only `autoGenerate`, Apple and CalDAV only `conference`.
pub(crate) fn resolve(fields: &mut Map<String, Value>, provider: Provider, random: &mut Random) {
    let data = fields.remove("conferenceData");
    let wanted = data.as_ref().is_some_and(|data| data.get("autoGenerate") == Some(&Value::Bool(true)));
    match provider {
        Provider::Google | Provider::Microsoft if wanted => {
            let (url, data) = generated(provider, random);
            fields.insert("conference".to_owned(), url);
            fields.insert("conferenceData".to_owned(), data);
        }
        Provider::Microsoft => {
            // Microsoft ignores a URL in the request; only null has an effect, and clears the conference.
            fields.retain(|name, value| name != "conference" || value.is_null());
            keep_cleared(fields, data);
        }
        _ => {
            let described = data.as_ref().and_then(Value::as_object).map(without_request);
            match described {
                Some(described) if !described.is_empty() => {
                    fields.insert("conferenceData".to_owned(), Value::Object(described));
                }
                _ => keep_cleared(fields, data),
            }
        }
    }
}

pub(crate) fn generated(provider: Provider, random: &mut Random) -> (Value, Value) {
    if provider == Provider::Microsoft {
        let url = format!(
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_{}%40thread.v2/0",
            random.letters(24)
        );
        return (
            json!(url),
            json!({ "provider": "microsoftTeams", "conferenceId": random.below(1_000_000_000).to_string() }),
        );
    }
    let letters: String = random.bytes(10).iter().map(|byte| char::from(b'a' + byte % 26)).collect();
    let code = format!("{}-{}-{}", &letters[..3], &letters[3..7], &letters[7..]);
    (
        json!(format!("https://meet.google.com/{code}")),
        json!({ "provider": "googleMeet", "conferenceId": code }),
    )
}

fn keep_cleared(fields: &mut Map<String, Value>, data: Option<Value>) {
    if data == Some(Value::Null) {
        fields.insert("conferenceData".to_owned(), Value::Null);
    }
}

fn without_request(data: &Map<String, Value>) -> Map<String, Value> {
    data.iter()
        .filter(|(name, _)| *name != "autoGenerate")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
