//! Decodes an HTTP response into a value or an error.

use std::time::Duration;

use connect_types::{ErrorBody, ResponseBody, Safety, Scope};
use http::{HeaderMap, StatusCode, header};
use jiff::{Timestamp, civil::DateTime, tz::Offset};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::base::{Error, ErrorKind, Response};

/// Decodes a successful response.
///
/// # Errors
/// If the body cannot be decoded as `A`, or contains `success: false`.
pub fn decode<A: ResponseBody>(response: &Response, safety: Safety) -> Result<A, Error> {
    let with_context = |error: Error| {
        error
            .with_status(response.status())
            .with_request_id(request_id(response.headers()))
            .with_may_have_happened(safety != Safety::Safe)
    };
    let empty = response.body().iter().all(u8::is_ascii_whitespace);
    if let Some(answer) = A::empty().filter(|_| empty) {
        return Ok(answer);
    }
    let refused = |message: String| {
        let error = Error::validation(message).with_status(response.status());
        Err(error.with_request_id(request_id(response.headers())))
    };
    let body = response.body();
    match A::decode(body).map_err(|error| decode_error(&String::from_utf8_lossy(body), &error)) {
        Ok(answer) => match answer.refused() {
            None => Ok(answer),
            Some(message) if message.is_empty() => {
                refused(refusal_message(response.body()).unwrap_or_default())
            }
            Some(message) => refused(message.into_owned()),
        },
        Err(error) => match refusal_message(response.body()) {
            Some(message) => refused(message),
            None => Err(with_context(error)),
        },
    }
}

/// Returns the error message (possibly empty) of a body with `success: false`.
pub(crate) fn refusal_message(body: &[u8]) -> Option<String> {
    let body: ErrorBody = from_json(body).ok()?;
    (body.success == Some(false)).then(|| body.text().unwrap_or_default().to_owned())
}

/// Decodes JSON.
pub(crate) fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    connect_types::decode(body).map_err(|error| decode_error(&String::from_utf8_lossy(body), &error))
}

/// Returns the error and its position in `text`. The error does not quote `text`, which may be private.
fn decode_error(text: &str, error: &serde_json::Error) -> Error {
    let text = text.trim_start_matches('\u{feff}');
    // If the text is not valid JSON, the syntax error is reported, even if a type error precedes it.
    let syntax = serde_json::from_str::<IgnoredAny>(text).err();
    let (message, behind) = match syntax.as_ref().map(serde_json::Error::classify) {
        None => ("the response is JSON with unexpected content", 1),
        Some(Category::Eof) => ("the response ends too early", 0),
        Some(_) => ("the response is not JSON", 1),
    };
    let place = syntax.as_ref().unwrap_or(error);
    let before: usize = text.split_inclusive('\n').take(place.line().saturating_sub(1)).map(str::len).sum();
    // Columns are numbered from one. serde_json reports the position of the last byte that it read.
    let offset = (before + place.column().saturating_sub(behind)).min(text.len());
    Error::new(ErrorKind::Decode { path: path_at(text, offset).into(), offset }).with_message(message)
}

/// Returns the path of the JSON value at byte `offset`, such as `events[3].start`, or `.` at the top.
fn path_at(text: &str, offset: usize) -> String {
    enum Level<'a> {
        Object(&'a str),
        Array(usize),
    }
    let (mut levels, mut rest, mut name) = (Vec::new(), &text.as_bytes()[..offset.min(text.len())], true);
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, levels.last_mut()) {
            (b'{', _) => (levels.push(Level::Object("")), name = true).1,
            (b'[', _) => levels.push(Level::Array(0)),
            (b'}' | b']', _) => drop(levels.pop()),
            (b',', Some(Level::Array(index))) => *index += 1,
            (b',', Some(Level::Object(_))) => name = true,
            (b'"', level) => {
                let end = end_of_string(rest);
                if let (true, Some(Level::Object(key))) = (std::mem::take(&mut name), level) {
                    *key = std::str::from_utf8(&rest[..end]).unwrap_or_default();
                }
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            _ => {}
        }
    }
    let path: String = levels
        .iter()
        .map(|level| match level {
            Level::Object("") => String::new(),
            Level::Object(key) => format!(".{key}"),
            Level::Array(index) => format!("[{index}]"),
        })
        .collect();
    if path.is_empty() { ".".to_owned() } else { path.trim_start_matches('.').to_owned() }
}

/// Returns the length of the string at the start of `text`, up to its closing quote or the end.
fn end_of_string(text: &[u8]) -> usize {
    let mut escaped = false;
    let closes = |byte: &u8| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    };
    text.iter().position(closes).unwrap_or(text.len())
}

/// Returns the error of an unsuccessful response.
pub(crate) fn classify(response: &Response, needed: Option<&Scope>, now: Timestamp) -> Error {
    let status = response.status();
    let body: ErrorBody = from_json(response.body()).unwrap_or_default();
    let error = Error::new(kind(status, &body, response.headers(), needed))
        .with_status(status)
        .with_retry_after(retry_after(response.headers(), now))
        .with_request_id(request_id(response.headers()));
    let error = match body.code.as_deref().or(body.error.as_deref()) {
        Some(code) => error.with_server_code(code),
        None => error,
    };
    match body.text() {
        Some(text) => error.with_message(text),
        None if status.is_redirection() => {
            error.with_message("the response is a redirect, which is not followed: check the base URL")
        }
        None => error,
    }
}

fn kind(status: StatusCode, body: &ErrorBody, headers: &HeaderMap, needed: Option<&Scope>) -> ErrorKind {
    match status.as_u16() {
        401 if !is_denial(headers, body) => ErrorKind::Authentication,
        401 | 403 => ErrorKind::Permission {
            needed: needed.cloned(),
            accounts: body
                .accounts
                .iter()
                .map(|account| {
                    let provider = account.provider.as_ref().map(ToString::to_string).unwrap_or_default();
                    (provider, account.account.clone().unwrap_or_default())
                })
                .collect(),
        },
        400 | 422 => ErrorKind::Validation { details: body.details.clone() },
        404 | 410 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Http,
    }
}

/// Returns whether a 401 means that a valid token lacks a scope, so that a refresh would not help.
///
/// A message alone is not enough, because a 401 for an expired token may also have a message. The
/// message must mention the scope, or the `WWW-Authenticate` header must contain
/// `insufficient_scope` (RFC 6750 3.1).
fn is_denial(headers: &HeaderMap, body: &ErrorBody) -> bool {
    let challenged = headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains("insufficient_scope")));
    let texts = [&body.message, &body.error, &body.error_description, &body.code];
    challenged || texts.into_iter().flatten().any(|text| text.to_ascii_lowercase().contains("scope"))
}

/// Returns the wait time of `Retry-After` (RFC 9110 10.2.3), or zero for a date in the past.
///
/// A date in `Retry-After` is compared with the `Date` of the response, because the clock of this
/// machine may be wrong. Without a `Date`, the time `now` is used.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let wait = text(header::RETRY_AFTER)?;
    if wait.starts_with(|first: char| first.is_ascii_digit()) {
        return seconds(wait);
    }
    let now = text(header::DATE).and_then(http_date).unwrap_or(now);
    Some(Duration::try_from(http_date(wait)?.duration_since(now)).unwrap_or_default())
}

/// Parses a number of seconds. Some servers add a fraction.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = Duration::from_secs(whole.parse().unwrap_or(u64::MAX));
    Some(whole.saturating_add(Duration::from_secs_f64(format!("0.{fraction}").parse().ok()?)))
}

/// Parses a date in one of the three forms of HTTP (RFC 9110 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    // The day of the week is ignored, because it follows from the date.
    let (_, date) = text.split_once([',', ' '])?;
    let formats = ["%d %b %Y %H:%M:%S GMT", "%d-%b-%y %H:%M:%S GMT", "%b %d %H:%M:%S %Y"];
    let date = formats.iter().find_map(|format| DateTime::strptime(format, date.trim()).ok())?;
    // A date beyond the supported range, such as the end of the year 9999, means "never".
    Some(Offset::UTC.to_timestamp(date).unwrap_or(Timestamp::MAX))
}

fn request_id(headers: &HeaderMap) -> Option<Box<str>> {
    ["x-request-id", "request-id", "x-correlation-id"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok())
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use connect_types::{Calendar, EventPage};
    use proptest::prelude::*;

    use super::*;

    fn error<A: ResponseBody>(body: &'static str) -> (String, usize, String) {
        let response = Response::new(body.into());
        let error = decode::<A>(&response, Safety::Safe).map(drop).unwrap_err();
        let ErrorKind::Decode { path, offset } = error.kind() else { panic!("{error:?}") };
        (path.to_string(), *offset, error.message().unwrap().to_owned())
    }

    #[test]
    fn decode_error_has_a_place_and_shows_no_text() {
        let shape = "the response is JSON with unexpected content".to_owned();
        assert_eq!(error::<EventPage>(r#"{"events":5}"#), ("events".into(), 10, shape.clone()));
        assert_eq!(
            error::<EventPage>(r#"{"events":[{"id":"a,}"},"secret"]}"#),
            ("events[1]".into(), 32, shape)
        );
        let early = "the response ends too early".to_owned();
        assert_eq!(error::<EventPage>(r#"{"events":[{"id":"a"}"#), ("events[0]".into(), 21, early.clone()));
        assert_eq!(error::<Vec<Calendar>>(""), (".".into(), 0, early));
        let syntax = "the response is not JSON".to_owned();
        let body = "{\"events\":[\n{\"id\":\"a\\\"[\"},{\"x\":1,\"start\":}]}";
        assert_eq!(error::<EventPage>(body), ("events[1].start".into(), body.len() - 3, syntax.clone()));
        assert_eq!(error::<Vec<Calendar>>("<html>"), (".".into(), 0, syntax));
    }

    #[test]
    fn decode_error_may_have_happened_unless_request_is_safe() {
        for (safety, may) in [(Safety::Safe, false), (Safety::Idempotent, true), (Safety::Once, true)] {
            let error = decode::<EventPage>(&Response::new("<html>".into()), safety).unwrap_err();
            assert_eq!(error.may_have_happened(), may, "{safety:?}");
        }
    }

    #[test]
    fn status_decides_the_error_kind() {
        let kind = |status: u16, body: &'static str| {
            let mut response = Response::new(body.into());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            classify(&response, None, Timestamp::UNIX_EPOCH)
        };
        for status in [500, 501, 502, 503, 504, 520, 599] {
            assert!(matches!(kind(status, "").kind(), ErrorKind::Server), "{status}");
        }
        for status in [400, 422] {
            let error = kind(status, r#"{"message":"no","details":{"title":["missing"]}}"#);
            let ErrorKind::Validation { details: Some(details) } = error.kind() else { panic!("{error:?}") };
            assert_eq!((error.message(), details.get()), (Some("no"), r#"{"title":["missing"]}"#));
        }
        assert_eq!(kind(401, "").code(), kind(403, "").code(), "as in the official SDKs");
        assert!(matches!(kind(401, "").kind(), ErrorKind::Authentication));
        assert!(matches!(kind(403, "").kind(), ErrorKind::Permission { .. }));
        assert!(matches!(kind(409, "").kind(), ErrorKind::Conflict));
        assert!(kind(302, "").message().unwrap().contains("redirect"));
        assert_eq!(kind(500, "").message(), None);
        let oauth = kind(418, r#"{"error":"short","error_description":"a text"}"#);
        assert!(matches!(oauth.kind(), ErrorKind::Http));
        assert_eq!((oauth.message(), oauth.server_code()), (Some("a text"), Some("short")));
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("99999999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(read("1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(read("0.25 "), Some(Duration::from_millis(250)));
        assert_eq!(
            read("99999999999999999999999999.5"),
            Some(Duration::from_secs(u64::MAX) + Duration::from_millis(500))
        );
        assert!(read("Fri, 31 Dec 9999 23:59:59 GMT").unwrap() > Duration::from_secs(1 << 37));
        for date in [
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
        ] {
            assert_eq!(read(date), Some(Duration::from_secs(30)), "{date}");
        }
        for odd in [
            "soon",
            "-1",
            "1e3",
            "1.5s",
            "1,5",
            "0x10",
            "Sun",
            "Sunday, 06-Foo-94 08:49:37 GMT",
            "Sun Nov 31 08:49:37 1994",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn retry_after_date_is_relative_to_the_server_clock() {
        let wait = |date: &str, after: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::DATE, date.parse().unwrap());
            headers.insert(header::RETRY_AFTER, after.parse().unwrap());
            retry_after(&headers, "1994-11-06T08:49:07Z".parse().unwrap())
        };
        let after = "Sun, 06 Nov 1994 09:49:37 GMT";
        assert_eq!(wait("Sun, 06 Nov 1994 09:49:30 GMT", after), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sunday, 06-Nov-94 09:49:30 GMT", after), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 10:00:00 GMT", after), Some(Duration::ZERO));
        assert_eq!(wait("now", after), Some(Duration::from_secs(3630)), "by the machine's clock");
        assert_eq!(wait("Sun, 06 Nov 1994 10:00:00 GMT", "30"), Some(Duration::from_secs(30)));
    }

    #[test]
    fn byte_order_mark_before_json_is_skipped() {
        let page =
            decode::<EventPage>(&Response::new("\u{feff}{\"events\":[]}".into()), Safety::Safe).unwrap();
        assert!(page.events.is_empty());
        let mut response = Response::new("\u{feff}{\"message\":\"no\"}".into());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        assert_eq!(classify(&response, None, Timestamp::UNIX_EPOCH).message(), Some("no"));
        assert!(decode::<EventPage>(&Response::new("\u{feff}\u{feff}{}".into()), Safety::Safe).is_err());
    }

    #[test]
    fn message_of_a_refusal_with_status_200_is_returned() {
        let refusal = |body: &'static str| {
            decode::<EventPage>(&Response::new(body.into()), Safety::Safe)
                .unwrap_err()
                .message()
                .map(ToOwned::to_owned)
        };
        let with = |message: &str| refusal(format!(r#"{{"success":false,"message":{message}}}"#).leak());
        assert_eq!(with(r#""k\u00e9sz""#).as_deref(), Some("k\u{e9}sz"));
        assert_eq!(with(r#""say \"no\"\n\ud83d""#).as_deref(), Some("say \"no\"\n\u{fffd}"));
        for nothing in ["null", r#""""#, "5", r#"{"text":"no"}"#] {
            assert_eq!(with(nothing).unwrap_or_default(), "", "{nothing}");
        }
        assert_eq!(refusal(r#"{"success":false}"#).unwrap_or_default(), "");
        assert_eq!(refusal(r#"{"success":"false","error":"no"}"#).as_deref(), Some("no"));
        let list = decode::<Vec<Calendar>>(
            &Response::new(r#"{"success":false,"message":"no"}"#.into()),
            Safety::Safe,
        );
        let error = list.unwrap_err();
        assert_eq!((error.message(), error.code()), (Some("no"), "VALIDATION_ERROR"));
    }

    proptest! {
        #[test]
        fn path_at_never_panics(text in ".{0,60}", offset in 0_usize..80) {
            path_at(&text, offset);
            let _ = from_json::<EventPage>(text.as_bytes());
        }

        #[test]
        fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60), status in 200_u16..600) {
            let mut response = Response::new(bytes.into());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            classify(&response, None, Timestamp::UNIX_EPOCH);
            let _ = decode::<EventPage>(&response, Safety::Safe);
        }
    }
}
