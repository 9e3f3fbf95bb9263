//! A request to a service, with its query parsed.

use crate::reply::Problem;
use crate::route;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, IF_MATCH};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

/// A request with its parsed query, and its time on the sandbox's clock.
pub(crate) struct Call {
    /// The name of the endpoint, such as `GET /calendars/{id}`.
    pub(crate) name: &'static str,
    pub(crate) request: Request<Bytes>,
    pub(crate) now: Timestamp,
    query: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn new(name: &'static str, request: Request<Bytes>, now: Timestamp) -> Self {
        let query =
            form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes()).into_owned().collect();
        Self { name, request, now, query }
    }

    /// Returns the percent-decoded path segment for the placeholder `{name}` of the endpoint.
    pub(crate) fn path_parameter(&self, name: &str) -> Option<String> {
        let known = self.name.rsplit('/').map(route::placeholder);
        // Compares from the end, since a path can have a prefix such as `/api` that the endpoint's name
        // lacks.
        let mut segments = known.zip(self.request.uri().path().rsplit('/'));
        let (_, segment) = segments.find(|(known, _)| *known == Some(name))?;
        Some(percent_decode_str(segment).decode_utf8_lossy().into_owned())
    }

    /// Returns the first non-empty value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Returns the first value of a query parameter, even if the value is empty.
    pub(crate) fn query_given(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn query_pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// Returns every non-empty value of a query parameter.
    pub(crate) fn query_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.request.body()
    }

    /// Returns the first value of a header; `None` if the value is missing or not visible ASCII.
    pub(crate) fn header(&self, name: http::HeaderName) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the header `If-Match` is absent or has the entity tag `tag` or `*`.
    pub(crate) fn matches(&self, tag: &str) -> bool {
        let headers = self.request.headers();
        let lists = headers.get_all(IF_MATCH).into_iter().filter_map(|list| list.to_str().ok());
        let mut wanted = lists.flat_map(|list| list.split(','));
        !headers.contains_key(IF_MATCH) || wanted.any(|wanted| ["*", tag].contains(&wanted.trim()))
    }

    /// Returns the credentials in the `Authorization` header, if the header has this scheme.
    pub(crate) fn credentials(&self, scheme: &str) -> Option<&str> {
        let header = self.header(AUTHORIZATION)?;
        let (sent, value) = header.split_once(' ').unwrap_or((header, ""));
        sent.eq_ignore_ascii_case(scheme).then(|| value.trim())
    }

    /// Reads the body as a JSON object.
    pub(crate) fn object(&self) -> Result<serde_json::Map<String, serde_json::Value>, Problem> {
        match serde_json::from_slice(self.body()) {
            Ok(serde_json::Value::Object(object)) => Ok(object),
            Ok(_) => Err(Problem::bad_request("The body must be a JSON object")),
            Err(_) => Err(Problem::bad_request("The body is not valid JSON")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_percent_decoded() {
        let name = "GET /google/calendar/v3/calendars/{calendarId}/events/{eventId}";
        let read = |path: &str| {
            let call = Call::new(name, Request::get(path).body(Bytes::new()).unwrap(), Timestamp::UNIX_EPOCH);
            ["calendarId", "eventId", "other"].map(|name| call.path_parameter(name))
        };
        let found = |calendar: &str, event: &str| [Some(calendar.to_owned()), Some(event.to_owned()), None];
        assert_eq!(read("/google/calendar/v3/calendars/a%40b%23c%2Fd/events/e"), found("a@b#c/d", "e"));
        assert_eq!(read("/calendar/v3/calendars/events/events/calendars?x=/y"), found("events", "calendars"));
        assert_eq!(read("/calendar/v3/calendars//events/%ff"), found("", "\u{fffd}"));
    }

    #[test]
    fn if_match_accepts_any_listed_tag() {
        let call = |lists: &[&str]| {
            let request =
                lists.iter().fold(Request::put("/"), |request, list| request.header(IF_MATCH, *list));
            Call::new("PUT /", request.body(Bytes::new()).unwrap(), Timestamp::UNIX_EPOCH)
        };
        for lists in [&[][..], &["*"], &["\"a\""], &["\"b\", \"a\""], &["\"b\"", "\"a\""]] {
            assert!(call(lists).matches("\"a\""), "{lists:?}");
        }
        for lists in [&["\"b\""][..], &[""], &["a"], &["\u{e9}"]] {
            assert!(!call(lists).matches("\"a\""), "{lists:?}");
        }
    }
}
