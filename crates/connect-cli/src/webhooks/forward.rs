//! Passing a delivery on as it came: its signature is over these bytes.

use std::time::Duration;

use bytes::Bytes;
use connect_hyper::{AsyncTransport as _, Client, HyperTransport, Timeout, TransportError};
use http::{HeaderMap, HeaderName, Method, Request, Response, Uri, header};

use crate::{failure::Failure, settings::Resolved};

/// The delivery is in hand for a minute; later than that it would be handed out again meanwhile.
const LONGEST: Duration = Duration::from_secs(50);

/// What belongs to one connection and is never passed on (RFC 9110 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
];

/// Where deliveries are passed on to.
pub(super) struct Forward {
    url: Uri,
    transport: HyperTransport,
    time: Duration,
}

impl Forward {
    pub(super) fn new(url: Uri, settings: &Resolved, client: &Client) -> Result<Self, Failure> {
        let time = client.app().config().attempt_timeout.min(LONGEST);
        Ok(Self { url, transport: settings.transport(client)?, time })
    }

    pub(super) fn url(&self) -> &Uri {
        &self.url
    }

    /// The target's own answer, whatever it is; an error if there was none.
    pub(super) async fn pass_on(
        &self,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        request.extensions_mut().insert(Timeout(self.time));
        let mut headers = end_to_end(headers);
        // These two are between the sender and this one, as are the ones of a connection.
        for own in [header::HOST, header::EXPECT] {
            headers.remove(own);
        }
        *request.headers_mut() = headers;

        let (head, body) = self.transport.send(request).await?.into_parts();
        let mut answer = Response::new(body);
        *answer.status_mut() = head.status;
        *answer.headers_mut() = end_to_end(&head.headers);
        Ok(answer)
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
