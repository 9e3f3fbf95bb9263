//! Sends a request with `fetch`. Browsers and Node choose the connections, codings and certificates.

use connect_core::{Request, Response, Sent, Timeout, TransportError, TransportErrorKind};
use js_sys::{Array, ArrayBuffer, JsString, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, RequestRedirect};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn start_fetch(url: &str, init: &RequestInit) -> Promise;
}

pub(crate) async fn send(request: Request) -> Result<Response, TransportError> {
    exchange(&request).await.map_err(|error| {
        let name = js_sys::Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
        let kind = match name.as_deref() {
            Some("TimeoutError") => TransportErrorKind::Timeout,
            _ => TransportErrorKind::Broken,
        };
        // `fetch` does not say whether the request was sent.
        TransportError::new(kind, Sent::Maybe, String::from(JsString::from(error)))
    })
}

async fn exchange(request: &Request) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in request.headers() {
        headers.append(name.as_str(), value.to_str().map_err(|error| JsValue::from(error.to_string()))?)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method().as_str());
    init.set_headers(&headers);
    init.set_redirect(RequestRedirect::Manual);
    let time = u32::try_from(Timeout::of(request).as_millis()).unwrap_or(u32::MAX);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(time)));
    if !request.body().is_empty() {
        init.set_body(&Uint8Array::from(&**request.body()));
    }
    let response = JsFuture::from(start_fetch(&request.uri().to_string(), &init)).await?;
    let response: web_sys::Response = response.dyn_into()?;
    let mut builder = http::Response::builder().status(response.status());
    for entry in response.headers().entries() {
        let entry: Array = entry?.dyn_into()?;
        let text = |index| String::from(JsString::from(entry.get(index)));
        builder = builder.header(text(0), text(1));
    }
    let body: ArrayBuffer = JsFuture::from(response.array_buffer()?).await?.dyn_into()?;
    builder.body(Uint8Array::new(&body).to_vec().into()).map_err(|error| error.to_string().into())
}
