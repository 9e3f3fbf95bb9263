//! Sessions, settings of the visitor, and the protection against forged requests.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::{
    CookieJar, SignedCookieJar,
    cookie::{Cookie, SameSite},
};
use connect_hyper::User;
use jiff::tz::TimeZone;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    App,
    failure::{Failure, Problem},
    texts::{Language, tr},
};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// The visitor of a request.
///
/// This application has no accounts: a new browser gets a random user id. In your application, the session
/// contains the user who logged in.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// Makes the calls of this user.
    pub(crate) user: User,
    /// Every form contains this value, which other sites do not know.
    pub(crate) csrf: String,
    pub(crate) language: Language,
    pub(crate) zone: TimeZone,
    /// Whether the visitor, or the browser, has chosen the time zone.
    pub(crate) has_zone: bool,
    pub(crate) path: String,
}

impl Visitor {
    fn read(app: &App, session: &Cookie<'_>, settings: &CookieJar, path: &str) -> Option<Self> {
        let (user, csrf) = session.value().split_once('.')?;
        let zone = settings.get("zone").and_then(|zone| TimeZone::get(zone.value()).ok());
        Some(Self {
            user: app.connect.user(user),
            csrf: csrf.to_owned(),
            language: Language::of(settings.get("language").map(Cookie::value)),
            has_zone: zone.is_some(),
            zone: zone.unwrap_or(TimeZone::UTC),
            path: path.to_owned(),
        })
    }

    /// Returns a text in the visitor's language.
    pub(crate) fn t(&self, text: &'static str) -> &'static str {
        tr(self.language, text)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR) // set by `guard`
    }
}

/// A form of this application: the value `csrf` is the value of the session.
pub(crate) struct Form<T>(pub(crate) T);

#[derive(Deserialize)]
struct Csrf {
    csrf: String,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Response;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Response> {
        let visitor = request.extensions_mut().remove::<Visitor>();
        let body = Bytes::from_request(request, state).await.map_err(|error| error.into_response())?;
        // The token is random and changes with the session, so the time of the comparison tells nothing.
        let csrf = serde_html_form::from_bytes::<Csrf>(&body).ok();
        if csrf.zip(visitor).is_none_or(|(form, visitor)| form.csrf != visitor.csrf) {
            return Err(Problem::FORGED.into_response());
        }
        serde_html_form::from_bytes(&body).map(Self).map_err(|_| Problem::BAD_FORM.into_response())
    }
}

/// Gives the request its visitor, refuses requests from other sites, and adds headers to the response.
pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let (path, method) = (request.uri().path().to_owned(), request.method().clone());
    let is_webhook = path == "/webhook"; // protected by its signature
    let signed = SignedCookieJar::from_headers(request.headers(), app.key.clone());
    let settings = CookieJar::from_headers(request.headers());
    let page = request.uri().path_and_query().map_or("/", |page| page.as_str());
    let signed_session = signed.get(app.session_cookie());
    let session = signed_session
        .clone()
        .unwrap_or_else(|| app.cookie(app.session_cookie(), format!("{}.{}", random(), random()), "/"));
    let Some(visitor) = Visitor::read(&app, &session, &settings, page) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    request.extensions_mut().insert(visitor.clone());
    let foreign = method != Method::GET && !is_webhook && !is_own(&app.origin, request.headers());
    let mut response = if foreign { Problem::FOREIGN.into_response() } else { next.run(request).await };
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let cookies = response.headers().clone();
        response = failure.page(&visitor);
        response.headers_mut().extend(cookies);
    }
    // A request of another site arrives without the session, which must not be replaced.
    if signed_session.is_none() && !foreign && !is_webhook {
        response = (signed.add(session), response).into_response();
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Returns whether the browser does not name another site as the origin of the request.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    headers.get(header::ORIGIN).is_none_or(|from| from == origin)
        && headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
}

impl App {
    /// Returns the name of the session cookie. Browsers accept the prefix only over https, from this host.
    pub(crate) fn session_cookie(&self) -> &'static str {
        if self.is_https() { "__Host-session" } else { "session" }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// Returns a cookie that scripts cannot read, and that other sites can send only by a link.
    pub(crate) fn cookie(
        &self,
        name: impl Into<String>,
        value: String,
        path: &'static str,
    ) -> Cookie<'static> {
        Cookie::build((name.into(), value))
            .path(path)
            .http_only(true)
            .secure(self.is_https())
            .same_site(SameSite::Lax)
            .build()
    }
}

#[derive(Deserialize)]
pub(crate) struct Settings {
    language: String,
    zone: String,
    /// The page to return to.
    path: String,
}

/// Saves the language and the time zone in cookies.
pub(crate) async fn save_settings(
    State(app): State<App>,
    jar: CookieJar,
    Form(settings): Form<Settings>,
) -> Response {
    if TimeZone::get(&settings.zone).is_err() {
        return Problem::NO_SUCH_ZONE.into_response();
    }
    // Only pages that can be opened again, and no other site.
    let pages = ["/events", "/event?", "/free", "/accounts"];
    let own =
        pages.iter().any(|page| settings.path.starts_with(page)) && !settings.path.contains(char::is_control);
    let back = if own { &*settings.path } else { "/" };
    let jar =
        jar.add(app.cookie("language", settings.language, "/")).add(app.cookie("zone", settings.zone, "/"));
    (jar, Redirect::to(back)).into_response()
}

/// Returns 128 random bits as text.
pub(crate) fn random() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
