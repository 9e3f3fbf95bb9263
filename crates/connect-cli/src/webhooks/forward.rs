//! Forwards deliveries without changing the body, because the signature covers the exact body.

use std::time::Duration;

use bytes::Bytes;
use connect_hyper::{AsyncTransport as _, Client, HyperTransport, Timeout, TransportError};
use http::{HeaderMap, HeaderName, Method, Request, Response, Uri, header};

use crate::{failure::Failure, settings::Resolved};

/// The timeout for forwarding a delivery.
///
/// The timeout is less than the lease of a claim (one minute), so that a repetition of the delivery
/// is not forwarded at the same time.
const MAX_FORWARD_TIME: Duration = Duration::from_secs(50);

/// The headers of a single connection, which are never forwarded (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
];

/// The target of `--forward-to`.
pub(super) struct Forward {
    url: Uri,
    transport: HyperTransport,
    time: Duration,
}

impl Forward {
    pub(super) fn new(url: Uri, settings: &Resolved, client: &Client) -> Result<Self, Failure> {
        let time = client.app().config().attempt_timeout.min(MAX_FORWARD_TIME);
        Ok(Self { url, transport: settings.transport(client)?, time })
    }

    pub(super) fn url(&self) -> &Uri {
        &self.url
    }

    /// Sends the delivery and returns the target's response, whatever its status.
    pub(super) async fn forward(
        &self,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        request.extensions_mut().insert(Timeout(self.time));
        let mut headers = end_to_end(headers);
        // `Host` and `Expect` are about the connection from the sender to this program.
        for own in [header::HOST, header::EXPECT] {
            headers.remove(own);
        }
        *request.headers_mut() = headers;

        let (head, body) = self.transport.send(request).await?.into_parts();
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = end_to_end(&head.headers);
        Ok(response)
    }
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    for name in named.flat_map(|names| names.split(',')) {
        kept.remove(name.trim());
    }
    for name in HOP_BY_HOP {
        kept.remove(name);
    }
    kept
}
