//! Hand-written clients for comparison. Each client has a connection pool, and decodes responses into structs
//! whose fields are strings.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::value::RawValue;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::Failure;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "fields that a caller would read")]
pub(crate) struct Event {
    provider: String,
    id: String,
    calendar_id: Option<String>,
    title: String,
    start: Option<String>,
    end: Option<String>,
    all_day: Option<bool>,
    recurring_event_id: Option<String>,
    color: Option<String>,
    location: Option<String>,
    description: Option<String>,
    availability: Option<String>,
    privacy: Option<String>,
    status: Option<String>,
    link: Option<String>,
    last_modified: Option<String>,
    conference: Option<String>,
    conference_data: Option<Box<RawValue>>,
    custom: Option<Box<RawValue>>,
    #[serde(default)]
    attendees: Vec<Attendee>,
    pub(crate) original: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "fields that a caller would read")]
struct Attendee {
    email: String,
    status: Option<String>,
    organizer: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    pub(crate) events: Vec<Event>,
    pub(crate) next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "fields that a caller would read")]
pub(crate) struct Calendar {
    provider: String,
    id: String,
    title: String,
    time_zone: Option<String>,
    color: Option<String>,
    description: Option<String>,
    original: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub(crate) struct Created {
    pub(crate) event: Event,
}

/// Returns the path and query of a page.
pub(crate) fn events_path(token: Option<&str>) -> String {
    let range = "start=2026-12-01T00:00:00.000Z&end=2027-01-01T00:00:00.000Z&pageSize=1000";
    token.map_or(format!("/api/events?{range}"), |token| format!("/api/events?{range}&nextPageToken={token}"))
}

pub(crate) const NEW_EVENT: &str = r#"{"provider":"google","calendarId":"ada@example.com","title":"Stand-up","start":"2026-12-01T09:00:00.000Z","end":"2026-12-01T09:15:00.000Z","attendees":["grace@example.com"]}"#;

/// An async client with the pool of hyper-util.
#[derive(Clone)]
pub(crate) struct Async {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Arc<str>,
}

impl Async {
    pub(crate) fn new(base: &str, root: Option<Vec<u8>>) -> Result<Self, Failure> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let mut roots = RootCertStore::empty();
        if let Some(root) = root {
            roots.add(CertificateDer::from_pem_slice(&root)?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = Client::builder(TokioExecutor::new()).build(https.wrap_connector(connector));
        Ok(Self { client, base: base.into() })
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &'static str) -> Result<Bytes, Failure> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", "Bearer access-token")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from_static(body.as_bytes())))?;
        let response = self.client.request(request).await?;
        if !response.status().is_success() {
            return Err(format!("{method} {path}: the server responded {}", response.status()).into());
        }
        let is_gzip = response.headers().contains_key(http::header::CONTENT_ENCODING);
        let body = response.into_body().collect().await?.to_bytes();
        if is_gzip { Ok(gunzip(&body)?.into()) } else { Ok(body) }
    }
}

/// A blocking client with ureq.
#[derive(Clone)]
pub(crate) struct Blocking {
    agent: ureq::Agent,
    base: Arc<str>,
}

impl Blocking {
    pub(crate) fn new(base: &str, root: Option<Vec<u8>>) -> Result<Self, Failure> {
        let roots = match root {
            Some(root) => RootCerts::new_with_certs(&[Certificate::from_pem(&root)?]),
            None => RootCerts::WebPki,
        };
        let tls = TlsConfig::builder().root_certs(roots).build();
        let agent = ureq::Agent::config_builder().tls_config(tls).build().into();
        Ok(Self { agent, base: base.into() })
    }

    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let request =
            self.agent.get(format!("{}{path}", self.base)).header("authorization", "Bearer access-token");
        let response = request.call()?;
        let is_gzip = response.headers().contains_key(http::header::CONTENT_ENCODING);
        let body = response.into_body().into_with_config().limit(u64::MAX).read_to_vec()?;
        if is_gzip { gunzip(&body) } else { Ok(body) }
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Result<Vec<u8>, Failure> {
        let request =
            self.agent.post(format!("{}{path}", self.base)).header("authorization", "Bearer access-token");
        let response = request.header("content-type", "application/json").send(body)?;
        Ok(response.into_body().into_with_config().limit(u64::MAX).read_to_vec()?)
    }
}

fn gunzip(body: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut decoded)?;
    Ok(decoded)
}
