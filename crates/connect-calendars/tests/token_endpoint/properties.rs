//! Random tests with arbitrary requests and arbitrary responses of the authorization server.

use std::time::Duration;

use connect_calendars::{google, token_endpoint::Visitor};
use connect_core::{Request, Sent, Tokens, TransportError, TransportErrorKind};
use http::{HeaderName, HeaderValue, Method};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::common::{
    upstream::{GOOD, Upstream},
    *,
};

/// A text in every response of the authorization server. An error response of the endpoint must not contain
/// this text.
const MARK: &str = "TEXT-OF-THE-SERVER";

fn any_request() -> impl Strategy<Value = Request> {
    let method = prop_oneof![
        8 => Just(Method::POST),
        1 => Just(Method::OPTIONS),
        1 => "[A-Z]{1,8}".prop_map(|name| Method::from_bytes(name.as_bytes()).unwrap()),
    ];
    let path = prop_oneof![8 => select(vec!["/auth", "/refresh"]).prop_map(str::to_owned), 1 => "/[!-~&&[^#<>\"`{}|\\\\^]]{0,20}"];
    let text = |usual: &'static str| {
        prop_oneof![
            10 => Just(Some(usual.as_bytes().to_vec())),
            1 => Just(None),
            1 => vec(32_u8..=126, 0..30).prop_map(Some),
            1 => vec(128_u8.., 0..30).prop_map(Some),
        ]
    };
    let others = vec(
        (
            select(vec!["origin", "content-length", "sec-fetch-site", "x-requested-with", "x-other"]),
            "[ -~]{0,12}",
        ),
        0..2,
    );
    let others = prop_oneof![4 => Just(Vec::new()), 1 => others];
    let body = prop_oneof![
        6 => "(code|refresh_token)=[0-9A-Za-z/%+=&.]{1,40}".prop_map(String::into_bytes),
        3 => "(code|refresh_token|state|code_verifier|x)(=[ -~]{0,60})?(&(code|state|y)=[ -~]{0,20}){0,3}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..200),
    ];
    (method, path, text(PAGE), text("XMLHttpRequest"), text(FORM), others, body).prop_map(
        |(method, path, origin, requested_with, media_type, others, body)| {
            let mut request = post(&path, body);
            *request.method_mut() = method;
            let headers = request.headers_mut();
            for (name, value) in
                [("origin", origin), ("x-requested-with", requested_with), ("content-type", media_type)]
            {
                headers.remove(name);
                if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(&value).ok()) {
                    headers.insert(name, value);
                }
            }
            for (name, value) in others {
                headers.append(HeaderName::from_static(name), value.parse().unwrap());
            }
            request
        },
    )
}

/// A status and a body, or no response.
fn upstream_response() -> impl Strategy<Value = Option<(u16, Vec<u8>)>> {
    let code = select(vec!["invalid_grant", "invalid_client", "access_denied", MARK]);
    let json =
        (code, select(vec!["error", "access_token", "token_type", "message"])).prop_map(|(code, name)| {
            format!(
                r#"{{"{name}":"{code}","error_description":"{MARK}","error_uri":"{MARK}","code":"{MARK}"}}"#
            )
            .into_bytes()
        });
    let body = prop_oneof![
        2 => Just(GOOD.as_bytes().to_vec()),
        3 => json,
        1 => Just(format!("<html>{MARK}").into_bytes()),
        1 => vec(any::<u8>(), 0..80),
    ];
    option::weighted(0.9, (prop_oneof![select(vec![200_u16, 400, 401, 429, 500, 302]), 200_u16..600], body))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The endpoint must not panic, and must respond to every request.
    #[test]
    fn at_most_one_request_is_sent_and_no_text_is_passed_on(
        request in any_request(),
        response in upstream_response(),
        visitor in option::weighted(0.9, option::weighted(0.2, "[a-z]{0,3}")),
        settings in (any::<bool>(), any::<bool>(), any::<bool>()),
        signed_in in any::<bool>(),
    ) {
        let upstream = Upstream::new(move |_| match &response {
            Some((status, body)) => {
                let reply = http::Response::builder().status(*status).header("content-type", "text/html");
                Ok(reply.header("x-text", MARK).body(body.clone().into()).unwrap())
            }
            None => Err(TransportError::new(TransportErrorKind::Broken, Sent::Maybe, MARK)),
        });
        let connect = upstream.blocking(google::profile());
        if signed_in {
            connect.import("ada", Tokens::new("old", "1//old"));
        }
        let (pass_through, missing_origin, credentials) = settings;
        let mut endpoint = endpoint().max_age(Duration::ZERO);
        if pass_through { endpoint = endpoint.pass_through(); }
        if missing_origin { endpoint = endpoint.allow_missing_origin(); }
        if credentials { endpoint = endpoint.allow_credentials(); }
        let visitor = visitor.map(|nonce| match nonce {
            Some(nonce) => ada().nonce(nonce),
            None => Visitor::new("ada"),
        });

        let reply = serve(&endpoint, &connect, &request, visitor.as_ref());

        prop_assert!(upstream.count() <= 1);
        if visitor.is_none() || request.method() != Method::POST {
            prop_assert_eq!(upstream.count(), 0);
        }
        assert_not_cached(reply.headers());
        if reply.status() != 204 {
            prop_assert_eq!(&reply.headers()["content-type"], "application/json");
            prop_assert!(serde_json::from_slice::<serde_json::Value>(reply.body()).unwrap().is_object());
        }
        if reply.status() == 200 {
            prop_assert!(upstream.count() == 1 || signed_in && !pass_through, "the tokens are from the authorization server or the store");
            let has = reply.body().windows(13).any(|part| part == b"refresh_token");
            prop_assert!(!has || pass_through);
        } else {
            let text = format!("{:?} {:?}", reply.headers(), reply.body());
            prop_assert!(!text.contains(MARK), "{}", text);
        }
        let readable = readable_by(&reply).is_some();
        prop_assert!(!readable || request.headers()["origin"] == PAGE);
    }
}
