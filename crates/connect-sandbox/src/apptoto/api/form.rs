//! Reads request bodies as JSON. Endpoints whose documentation mentions form data also accept
//! `application/x-www-form-urlencoded` and `multipart/form-data`.

use super::error::ApiError;
use crate::call::Call;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

/// Reads a JSON object. Ignores the `Content-Type`.
pub(super) fn json(call: &Call) -> Result<Map<String, Value>, ApiError> {
    let body = call.body();
    match serde_json::from_slice(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ApiError::invalid("The body must be a JSON object")),
        Err(_) => Err(ApiError::invalid("The body is not valid JSON")),
    }
}

/// Reads a JSON object or a form. `field_data[zip]` becomes the member `zip` of the object `field_data`.
pub(super) fn any(call: &Call) -> Result<Map<String, Value>, ApiError> {
    let kind = call.header(CONTENT_TYPE).unwrap_or("");
    let (kind, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => {
            Ok(object(form_urlencoded::parse(call.body()).into_owned().collect()))
        }
        "multipart/form-data" => {
            let fields = boundary(parameters).and_then(|boundary| multipart(call.body(), &boundary));
            fields.map(object).ok_or_else(|| {
                ApiError::invalid(
                    "The body is not valid multipart/form-data, or the Content-Type has no boundary",
                )
            })
        }
        _ => json(call),
    }
}

fn object(fields: Vec<(String, String)>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in fields {
        match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((outer, inner)) => {
                let outer = object.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                if let Some(outer) = outer.as_object_mut() {
                    outer.insert(inner.to_owned(), Value::String(value));
                }
            }
            None => {
                object.insert(name, Value::String(value));
            }
        }
    }
    object
}

fn boundary(parameters: &str) -> Option<String> {
    parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())
}

/// Returns a parameter of a header. Parameter names are case-insensitive (RFC 9110 5.6.6).
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut all = parameters.split(';').filter_map(|one| one.trim().split_once('='));
    let (_, value) = all.find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    Some(value.trim_matches('"').to_owned())
}

/// Returns the names and contents of the parts (RFC 7578 4). Ignores parts without a name.
fn multipart(body: &[u8], boundary: &str) -> Option<Vec<(String, String)>> {
    let body = format!("\r\n{}", String::from_utf8_lossy(body));
    let (body, _) = body.split_once(&format!("\r\n--{boundary}--"))?;
    let delimiter = format!("\r\n--{boundary}\r\n");
    let mut fields = Vec::new();
    for part in body.split(delimiter.as_str()).skip(1) {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let disposition =
            head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
        fields.extend(parameter(disposition, "name").map(|name| (name, content.to_owned())));
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipart_fields_are_read_by_name() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nevents\r\n--x\r\n\
                    content-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n\
                    a,b\r\n1,2\r\n\r\n--x--\r\n";
        let fields = multipart(body.as_bytes(), "x").unwrap();
        assert_eq!(fields[0], ("type".to_owned(), "events".to_owned()));
        assert_eq!(fields[1], ("file".to_owned(), "a,b\r\n1,2\r\n".to_owned()));
        for wrong in ["", "--x\r\n", "--x\r\nno head--x--", "--x\r\nA: b\r\n\r\nc\r\n--x--"] {
            assert_eq!(multipart(wrong.as_bytes(), "x"), None, "{wrong:?}");
        }
        assert_eq!(boundary(" charset=utf-8; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary(" charset=utf-8; BOUNDARY=B").as_deref(), Some("B"));
        assert_eq!(boundary(" boundary="), None);
        let shouted = "--x\r\nCONTENT-DISPOSITION: Form-Data; NAME=\"Type\"\r\n\r\na\r\n--x--";
        let field = ("Type".to_owned(), "a".to_owned());
        assert_eq!(multipart(shouted.as_bytes(), "x"), Some(vec![field]));
    }

    #[test]
    fn bracketed_names_become_objects() {
        let fields = [("a[b]", "1"), ("a[c]", "2"), ("d", "3"), ("d[e]", "4"), ("]", "5")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let read = Value::Object(object(fields.to_vec()));
        assert_eq!(read, serde_json::json!({ "a": { "b": "1", "c": "2" }, "d": "3", "]": "5" }));
    }
}
