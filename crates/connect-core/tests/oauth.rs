//! Authorization servers other than Mobiscroll Connect: requests, and checks of the responses.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use connect_core::{
    machine::*,
    oauth::{
        ClientAuth, GetMetadata, IssuerParameter, POSTMESSAGE, Pkce, Profile, Relay, Revocation, Rotation,
    },
    *,
};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use sha2::{Digest, Sha256};
use support::*;

const ISSUER: &str = "https://honest.as.example";
const TOKENS: &str = r#"{"access_token":"hush-a5","refresh_token":"hush-r5","token_type":"Bearer"}"#;

fn profile() -> Profile {
    Profile::new(ISSUER, "https://honest.as.example/authorize", "https://api.as.example/token")
}

/// Returns a user of a server whose profile was changed by `edit`.
fn at(edit: impl FnOnce(&mut Profile)) -> World {
    let mut profile = profile();
    edit(&mut profile);
    World::with(|config| set(config, profile))
}

fn public() -> World {
    World::with(|config| {
        set(config, profile());
        config.client_secret = None;
    })
}

fn set(config: &mut Config, profile: Profile) {
    config.profile = Some(profile);
    config.base_url = Some("https://api.as.example".into());
}

fn started(world: &World, sign_in: SignIn) -> PendingSignIn {
    sign_in.start(world.session.app(), world.now()).unwrap()
}

fn query(sign_in: &PendingSignIn) -> Vec<(String, String)> {
    let (_, query) = sign_in.url().split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Finishes a sign-in. The callback contains the state of the sign-in and the parameters `more`.
fn finish(world: &World, sign_in: PendingSignIn, more: &str) -> RefreshStep {
    let state = field(sign_in.url(), "state").unwrap();
    let callback = Callback::parse(&format!("state={state}{more}")).unwrap();
    sign_in.finish(&world.session, &callback, world.now())
}

/// The request that exchanges a code, and the step after it.
fn exchanged(world: &World) -> (Request, Exchanging) {
    match finish(world, started(world, SignIn::new("ann")), "&code=c0de") {
        RefreshStep::Send(request, next) => (request, next),
        _ => panic!("no exchange"),
    }
}

fn form(request: &Request) -> Vec<(String, String)> {
    assert_eq!(request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
    assert_eq!(request.method(), http::Method::POST);
    form_urlencoded::parse(request.body()).into_owned().collect()
}

fn names(fields: &[(String, String)]) -> Vec<&str> {
    fields.iter().map(|(name, _)| name.as_str()).collect()
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

fn fault(step: RefreshStep) -> Option<SignInFault> {
    match done(step).unwrap_err().kind() {
        ErrorKind::SignIn(fault) => Some(*fault),
        _ => None,
    }
}

#[test]
fn authorization_request_has_each_parameter_once() {
    let world = at(|profile| {
        profile.authorize_url.push_str("?p=policy&prompt=login&client_id=other");
        profile.authorize_parameters = vec![
            ("access_type".into(), "offline".into()),
            ("prompt".into(), "consent".into()),
            ("empty".into(), String::new()),
        ];
    });
    let sign_in = SignIn::new("ann")
        .scopes(["events:read", "https://as.example/calendar"])
        .parameter("prompt", "none")
        .parameter("login_hint", "b@example.org")
        .parameter("login_hint", "a@example.org")
        .parameter("state", "chosen")
        .parameter("nothing", "");
    let sign_in = started(&world, sign_in);
    assert!(sign_in.url().starts_with("https://honest.as.example/authorize?response_type=code&"));
    let query = query(&sign_in);
    assert_eq!(
        names(&query),
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "scope",
            "code_challenge",
            "code_challenge_method",
            "prompt",
            "login_hint",
            "access_type",
            "p"
        ]
    );
    assert_eq!(value(&query, "scope"), "events:read https://as.example/calendar");
    assert_eq!(value(&query, "code_challenge_method"), "S256");
    assert_eq!((value(&query, "prompt"), value(&query, "login_hint")), ("none", "a@example.org"));
    assert_eq!(value(&query, "state").len(), 43, "32 random octets");
}

#[test]
fn sign_in_with_invalid_scope_is_refused() {
    let world = at(|_| {});
    for scopes in [vec!["a\"b"], vec![""], vec!["a", ""], vec!["é"]] {
        let sign_in = SignIn::new("ann").scopes(&scopes);
        assert!(sign_in.start(world.session.app(), world.now()).is_err(), "{scopes:?}");
    }
}

#[test]
fn code_verifier_matches_the_code_challenge() {
    for world in [public(), at(|_| {})] {
        let sign_in = started(&world, SignIn::new("ann"));
        let challenge = value(&query(&sign_in), "code_challenge").to_owned();
        // A web session stores the pending sign-in as text.
        let kept = serde_json::to_string(&sign_in).unwrap();
        let sign_in: PendingSignIn = serde_json::from_str(&kept).unwrap();
        let RefreshStep::Send(request, _) = finish(&world, sign_in, "&code=c0de") else { panic!() };
        let verifier = value(&form(&request), "code_verifier").to_owned();
        assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)), challenge);
        let (other, _) = exchanged(&world);
        assert_ne!(value(&form(&other), "code_verifier"), verifier, "each sign-in has its own verifier");
    }
}

#[test]
fn client_authenticates_in_exactly_one_way() {
    let (request, _) = exchanged(&public());
    assert_eq!(names(&form(&request)), ["grant_type", "code", "redirect_uri", "code_verifier", "client_id"]);
    assert!(!request.headers().contains_key(AUTHORIZATION));

    let (request, _) = exchanged(&at(|_| {}));
    assert_eq!(names(&form(&request)), ["grant_type", "code", "redirect_uri", "code_verifier"]);
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
    assert_eq!(request.uri(), "https://api.as.example/token");

    let (request, _) = exchanged(&at(|profile| {
        profile.client_auth = ClientAuth::Body;
        profile.pkce = Pkce::Absent;
    }));
    let fields = form(&request);
    assert_eq!(names(&fields), ["grant_type", "code", "redirect_uri", "client_id", "client_secret"]);
    assert_eq!(value(&fields, "client_secret"), "hush-client");
    assert!(!request.headers().contains_key(AUTHORIZATION));
}

#[test]
fn public_client_needs_a_server_with_pkce() {
    for profile in [None, Some(without_pkce())] {
        let mut config = Config::public("id", [7; 32]);
        config.redirect_uri = Some("http://127.0.0.1/callback".to_owned());
        config.profile = profile;
        let error = App::new(config).map(drop).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration));
    }
}

#[test]
fn mobiscroll_connect_gets_exactly_the_documented_parameters() {
    let world = World::default();
    let sign_in = SignIn::new("ann")
        .scope(types::Scope::Read)
        .providers([types::Provider::Google, types::Provider::CalDav])
        .language("es")
        .theme(types::Theme::Dark);
    let mut sent = query(&started(&world, sign_in));
    let state = value(&sent, "state").to_owned();
    let mut asked = types::Authorize::new("id", "ann", "https://app.example/callback")
        .scope(types::Scope::Read)
        .state(state)
        .providers([types::Provider::Google, types::Provider::CalDav])
        .language("es")
        .theme(types::Theme::Dark)
        .query()
        .unwrap();
    asked.sort();
    sent.sort();
    let asked: Vec<_> = asked.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(sent, asked);
    let (request, _) = exchanged(&world);
    assert_eq!(names(&form(&request)), ["grant_type", "code", "redirect_uri"]);
    let stored = world.pair(1);
    let world = World::loaded();
    let (task, _call) = token_task(world.answered(status(401, "")));
    let step = load(lock(task.start(world.now()), world.now()), Ok(Some(stored)), world.now());
    let RefreshStep::Send(request, _) = step else { panic!() };
    assert_eq!(names(&form(&request)), ["grant_type", "refresh_token", "redirect_uri"]);
}

/// The example of RFC 9207 section 2.1.
const EXAMPLE: &str =
    "&code=x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58&iss=https%3A%2F%2Fhonest.as.example";

#[test]
fn callback_of_another_issuer_is_refused() {
    let world = at(|_| {});
    let RefreshStep::Send(request, _) = finish(&world, started(&world, SignIn::new("ann")), EXAMPLE) else {
        panic!()
    };
    assert_eq!(value(&form(&request), "code"), "x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58");
    for iss in [
        "https://honest.as.example/",
        "https://Honest.as.example",
        "http://honest.as.example",
        "https://evil.example",
    ] {
        // The issuer is checked even if the callback has an error.
        for what in ["code=c0de", "error=access_denied"] {
            let step = finish(&world, started(&world, SignIn::new("ann")), &format!("&{what}&iss={iss}"));
            assert_eq!(fault(step), Some(SignInFault::Issuer), "{iss}");
        }
    }
    let denied = finish(&world, started(&world, SignIn::new("ann")), "&error=access_denied");
    assert_eq!(fault(denied), Some(SignInFault::Denied));
}

#[test]
fn issuer_parameter_is_checked_as_the_profile_says() {
    let right = format!("&code=c0de&iss={ISSUER}");
    for (parameter, without, with) in [
        (IssuerParameter::Required, false, true),
        (IssuerParameter::Compared, true, true),
        (IssuerParameter::Unexpected, true, false),
        (IssuerParameter::Ignored, true, true),
    ] {
        let world = at(|profile| profile.issuer_parameter = parameter);
        for (query, good) in [("&code=c0de", without), ("&code=c0de&iss=", without), (&*right, with)] {
            let step = finish(&world, started(&world, SignIn::new("ann")), query);
            assert_eq!(matches!(step, RefreshStep::Send(..)), good, "{parameter:?} {query}");
        }
    }
    assert!(Callback::parse("code=a&iss=b&iss=b").is_err());
}

#[test]
fn sign_in_cannot_finish_at_another_server() {
    let (here, there) = (at(|_| {}), at(|profile| profile.issuer = "https://other.example".into()));
    let step = finish(&there, started(&here, SignIn::new("ann")), "&code=c0de");
    assert_eq!(fault(step), Some(SignInFault::WrongClient));
    let key = |world: &World| world.session.key().issuer.clone();
    assert_eq!(
        (&*key(&here), &*key(&there)),
        (ISSUER, "https://other.example"),
        "the key of stored tokens contains the issuer"
    );
}

#[test]
fn token_type_other_than_bearer_is_refused() {
    for (answer, good) in [
        (TOKENS.to_owned(), true),
        (TOKENS.replace("Bearer", "bEARER"), true),
        (TOKENS.replace("Bearer", "mac"), false),
        (TOKENS.replace(r#","token_type":"Bearer""#, ""), false),
    ] {
        let world = at(|_| {});
        let (_, next) = exchanged(&world);
        let step = next.resume(Ok(status(200, &answer)), world.now());
        assert_eq!(matches!(step, RefreshStep::Queue(..)), good, "{answer}");
        assert_eq!(world.session.has_pending(), good);
    }
}

#[test]
fn token_user_is_checked_only_with_a_user_parameter() {
    let answer = TOKENS.replace("hush-a5", &jwt(r#"{"sub":"10769150350006150715113082367","aud":"api"}"#));
    for (parameter, good) in [(None, true), (Some("user_id".to_owned()), false)] {
        let world = at(|profile| profile.user_parameter = parameter);
        let (_, next) = exchanged(&world);
        let step = next.resume(Ok(status(200, &answer)), world.now());
        assert_eq!(matches!(step, RefreshStep::Queue(..)), good);
    }
}

/// A refresh of the loaded pair, up to its exchange.
fn exchanging(world: World) -> (World, Request, Exchanging) {
    let world = world.holding(1);
    let stored = world.pair(1);
    let (task, _call) = token_task(world.answered(status(401, "")));
    match load(lock(task.start(world.now()), world.now()), Ok(Some(stored)), world.now()) {
        RefreshStep::Send(request, next) => (world, request, next),
        _ => panic!("no exchange"),
    }
}

#[test]
fn refresh_request_has_only_the_required_parameters() {
    let (_, request, _) = exchanging(public());
    assert_eq!(names(&form(&request)), ["grant_type", "refresh_token", "client_id"]);
    let (_, request, _) = exchanging(at(|_| {}));
    assert_eq!(names(&form(&request)), ["grant_type", "refresh_token"]);
}

#[test]
fn refresh_token_missing_in_the_response_is_kept() {
    let (world, _, next) = exchanging(at(|_| {}));
    let answer = status(200, r#"{"access_token":"hush-a2","expires_in":60}"#);
    let (tokens, _) = save(next.resume(Ok(answer), world.now()));
    assert_eq!(tokens.refresh_token.unwrap().expose(), "hush-r1");
}

#[test]
fn final_errors_of_the_profile_end_a_session() {
    let interaction = || status(400, r#"{"error":"interaction_required"}"#);
    let (world, _, next) = exchanging(at(|_| {}));
    release(next.resume(Ok(interaction()), world.now()), world.now()).unwrap_err();
    assert_eq!(world.bearer(), "hush-a1", "the session continues");
    let (world, _, next) = exchanging(at(|profile| profile.final_errors.push("interaction_required".into())));
    let stored = world.pair(1);
    let step = load(next.resume(Ok(interaction()), world.now()), Ok(Some(stored)), world.now());
    assert!(matches!(step, RefreshStep::Delete(_)));
}

#[test]
fn reusable_refresh_token_survives_a_lost_response() {
    for (rotation, clean) in [(Rotation::Keeps, true), (Rotation::Unknown, false)] {
        let (world, _, next) = exchanging(at(|profile| profile.rotation = rotation));
        release(next.resume(Err(lost()), world.now()), world.now()).unwrap_err();
        assert_eq!(world.session.is_clean(), clean, "{rotation:?}");
    }
}

/// The first step of a sign-out: the revocation, or the deletion if there is no revocation endpoint.
fn sign_out(world: &World) -> RefreshStep {
    let stored = world.pair(1);
    load(lock(world.sign_out(), world.now()), Ok(Some(stored)), world.now())
}

#[test]
fn revocation_request_follows_the_profile() {
    let url = || "https://api.as.example/revoke".to_owned();
    let RefreshStep::Send(request, _) = sign_out(&at(|profile| profile.revocation = Revocation::Form(url())))
    else {
        panic!()
    };
    let fields = form(&request);
    assert_eq!(names(&fields), ["token", "token_type_hint"]);
    assert_eq!((value(&fields, "token"), value(&fields, "token_type_hint")), ("hush-r1", "refresh_token"));
    assert!(request.headers().contains_key(AUTHORIZATION));
    assert_eq!(request.uri(), &*url());

    let RefreshStep::Send(request, _) =
        sign_out(&at(|profile| profile.revocation = Revocation::TokenAlone(url())))
    else {
        panic!()
    };
    assert_eq!(names(&form(&request)), ["token"]);
    assert!(!request.headers().contains_key(AUTHORIZATION));

    let RefreshStep::Send(request, _) = sign_out(&at(|profile| profile.revocation = Revocation::Json(url())))
    else {
        panic!()
    };
    assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(&request.body()[..], br#"{"token":"hush-r1"}"#);
    assert!(!request.headers().contains_key(AUTHORIZATION));

    assert!(
        matches!(sign_out(&at(|_| {})), RefreshStep::Delete(_)),
        "the profile has no revocation endpoint"
    );
}

#[test]
fn already_revoked_token_counts_as_revoked() {
    let url = "https://api.as.example/revoke";
    for (revocation, good) in
        [(Revocation::TokenAlone(url.into()), true), (Revocation::Form(url.into()), false)]
    {
        let world = at(|profile| profile.revocation = revocation);
        let RefreshStep::Send(_, next) = sign_out(&world) else { panic!() };
        let RefreshStep::Delete(next) =
            next.resume(Ok(status(400, r#"{"error":"invalid_token"}"#)), world.now())
        else {
            panic!("the tokens are deleted whatever the server responds")
        };
        assert_eq!(release(next.resume(Ok(Written::Durable), world.now()), world.now()).is_ok(), good);
    }
}

fn without_pkce() -> Profile {
    let mut profile = profile();
    profile.pkce = Pkce::Absent;
    profile
}

#[test]
fn sign_in_uses_the_redirect_uri_of_the_listener() {
    let world = at(|_| {});
    let here = "http://127.0.0.1:49152/callback";
    let sign_in = started(&world, SignIn::new("ann").redirect_uri(here));
    assert_eq!(value(&query(&sign_in), "redirect_uri"), here);
    let RefreshStep::Send(request, _) = finish(&world, sign_in, "&code=c0de") else { panic!() };
    assert_eq!(value(&form(&request), "redirect_uri"), here, "the same text (RFC 6749 section 4.1.3)");
    for bad in ["http://app.example/callback", "/callback", "https://app.example/callback#x"] {
        let sign_in = SignIn::new("ann").redirect_uri(bad);
        assert!(sign_in.start(world.session.app(), world.now()).is_err(), "{bad}");
    }
}

#[test]
fn scopes_are_joined_with_the_profiles_separator() {
    let world = at(|profile| profile.scope_separator = ',');
    let sign_in = started(&world, SignIn::new("ann").scopes(["a:read", "b:write"]));
    assert_eq!(value(&query(&sign_in), "scope"), "a:read,b:write");
}

#[test]
fn anonymous_client_refuses_every_sign_in_step() {
    let mut config = Config::anonymous([7; 32]);
    config.base_url = Some(CONNECT_BASE_URL.into());
    let app = App::new(config).unwrap();
    let now = World::default().now();
    let error = SignIn::new("ann").start(&app, now).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration));
    assert!(matches!(Call::anonymous(&app, &types::CheckHealth::new(), now), Step::Send(..)));
    let nobody = Session::new(app.clone(), "");
    for error in [
        SignIn::new("").start(&app, now).unwrap_err(),
        error,
        Grant::AuthorizationCode(AuthorizationCode::new("c0de")).request(&app, now).unwrap_err(),
        done(nobody.exchange(&AuthorizationCode::new("c0de"), now)).unwrap_err(),
        match Call::start(&nobody, &types::ListCalendars::new(), now) {
            Step::Done(outcome) => outcome.unwrap_err(),
            _ => panic!("the anonymous client sent a call"),
        },
    ] {
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
        assert!(error.to_string().contains("an API key gives access to public data only"), "{error}");
    }
    let mut half = Config::anonymous([7; 32]);
    half.redirect_uri = Some("https://app.example/callback".to_owned());
    assert!(App::new(half).is_err(), "a redirect URI without a client id is a mistake");
}

#[test]
fn only_a_sign_in_needs_a_redirect_uri() {
    let world = World::with(|config| config.redirect_uri = None);
    let error = SignIn::new("ann").start(world.session.app(), world.now()).unwrap_err();
    assert!(error.to_string().contains("needs the redirect URI"), "{error}");
    let code = || AuthorizationCode::new("c0de");
    let request = |code| Grant::AuthorizationCode(code).request(world.session.app(), world.now());
    assert!(request(code()).unwrap_err().to_string().contains("needs the redirect URI"));
    let own = "https://app.example/callback";
    assert!(started(&world, SignIn::new("ann").redirect_uri(own)).url().contains("app.example"));
    request(code().redirect_uri(own)).unwrap();
    Grant::RefreshToken("token".into()).request(world.session.app(), world.now()).unwrap();
}

struct OwnEndpoint;

impl Endpoint for OwnEndpoint {
    type Output = types::Raw;

    fn method(&self) -> http::Method {
        http::Method::GET
    }

    fn path(&self) -> Result<std::borrow::Cow<'_, str>, connect_core::Error> {
        Ok("/own".into())
    }

    fn auth(&self) -> types::Auth {
        types::Auth::None
    }

    fn headers(&self) -> Result<http::HeaderMap, Error> {
        let pairs =
            [("accept", "text/calendar"), ("authorization", "Basic eDp5"), ("prefer", "a"), ("prefer", "b")];
        Ok(pairs
            .into_iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect())
    }
}

#[test]
fn endpoint_can_set_headers() {
    let world = World::default();
    let Step::Send(request, _) = Call::anonymous(world.session.app(), &OwnEndpoint, world.now()) else {
        panic!()
    };
    let all = |name: &str| -> Vec<_> {
        request.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    };
    assert_eq!((all("accept"), all("authorization")), (vec!["text/calendar"], vec!["Basic eDp5"]));
    assert_eq!(all("prefer"), ["a", "b"]);
    assert!(all("user-agent")[0].starts_with("connect-rs/"));
}

fn relayed(world: impl FnOnce(&mut Config)) -> World {
    World::with(|config| {
        let mut profile = profile();
        let relay = Relay::new("https://app.example/auth", "https://app.example/refresh");
        profile.relay = Some(relay.header("Cookie", "hush-session"));
        set(config, profile);
        config.client_secret = None;
        world(config);
    })
}

#[test]
fn device_without_secret_exchanges_through_the_relay() {
    // The client never sends its own credentials to the relay, even if the client has a secret.
    for world in [relayed(|_| {}), relayed(|config| config.client_secret = Some("hush-client".into()))] {
        let (request, next) = exchanged(&world);
        assert_eq!(request.uri(), "https://app.example/auth");
        assert_eq!(names(&form(&request)), ["code", "code_verifier"]);
        assert_eq!(request.headers()["x-requested-with"], "XmlHttpRequest");
        assert_eq!(request.headers()["cookie"], "hush-session");
        assert!(request.headers()["cookie"].is_sensitive());
        assert!(!request.headers().contains_key(AUTHORIZATION));
        assert!(matches!(next.resume(Ok(status(200, TOKENS)), world.now()), RefreshStep::Queue(..)));
    }
    let (world, request, next) = exchanging(relayed(|_| {}));
    assert_eq!(request.uri(), "https://app.example/refresh");
    assert_eq!(names(&form(&request)), ["refresh_token"]);
    assert_eq!(request.headers()["cookie"], "hush-session");
    // The response has no refresh token, so the session keeps the old refresh token.
    let answer = status(200, r#"{"access_token":"hush-a2","expires_in":60,"token_type":"Bearer"}"#);
    assert_eq!(save(next.resume(Ok(answer), world.now())).0.refresh_token.unwrap().expose(), "hush-r1");
}

#[test]
fn client_without_secret_may_use_connect_through_a_relay() {
    let service = Service::new(CONNECT_BASE_URL).unwrap();
    for relay in [None, Some(Relay::new("https://app.example/auth", "https://app.example/refresh"))] {
        let mut config = Config::public("id", [7; 32]);
        let mut profile = Profile::connect(&service);
        profile.relay = relay.clone();
        config.profile = Some(profile);
        config.base_url = Some(CONNECT_BASE_URL.to_owned());
        assert_eq!(App::new(config).is_ok(), relay.is_some());
    }
}

#[test]
fn relay_with_plain_http_or_invalid_header_is_refused() {
    let with = |relay: Relay| {
        let mut config = Config::public("id", [7; 32]);
        config.redirect_uri = Some("http://127.0.0.1/callback".to_owned());
        let mut profile = profile();
        profile.relay = Some(relay);
        config.profile = Some(profile);
        App::new(config)
    };
    assert!(with(Relay::new("http://app.example/auth", "https://app.example/refresh")).is_err());
    assert!(with(Relay::new("https://app.example/auth", "http://app.example/refresh")).is_err());
    let relay = || Relay::new("https://app.example/auth", "https://app.example/refresh");
    for wrong in [relay().header("a b", "x"), relay().header("a", "hush\n")] {
        let app = with(wrong).unwrap();
        let error = Grant::RefreshToken("r".into()).request(&app, World::default().now()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration) && !format!("{error:?}").contains("hush"));
    }
}

#[test]
fn code_from_a_popup_is_exchanged_in_the_users_session() {
    let world = at(|profile| profile.client_auth = ClientAuth::Body);
    let code = AuthorizationCode::new("4/0Ab+c=d&e").redirect_uri(POSTMESSAGE).verifier("v".repeat(43));
    let RefreshStep::Send(request, next) = world.session.exchange(&code, world.now()) else { panic!() };
    let fields = form(&request);
    assert_eq!(
        names(&fields),
        ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret"]
    );
    assert_eq!((value(&fields, "code"), value(&fields, "redirect_uri")), ("4/0Ab+c=d&e", "postmessage"));
    let (_, saving) = save(load(
        lock(next.resume(Ok(status(200, TOKENS)), world.now()), world.now()),
        Ok(None),
        world.now(),
    ));
    assert!(world.session.tokens().is_err(), "tokens are not used before they are saved");
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
    assert_eq!(world.session.tokens().unwrap().access_token.expose(), "hush-a5");
    // If a code has no redirect URI, the exchange sends the application's redirect URI, which may be
    // `postmessage`.
    let app = World::with(|config| config.redirect_uri = Some(POSTMESSAGE.to_owned())).session.app().clone();
    let request = Grant::AuthorizationCode(AuthorizationCode::new("c0de"))
        .request(&app, World::default().now())
        .unwrap();
    assert_eq!(value(&form(&request), "redirect_uri"), "postmessage");
}

#[test]
fn tokens_within_max_age_are_returned() {
    let mut world = at(|_| {});
    let (_, next) = exchanged(&world);
    let answer =
        r#"{"access_token":"hush-a5","refresh_token":"hush-r5","token_type":"Bearer","expires_in":100}"#;
    let step = lock(next.resume(Ok(status(200, answer)), world.now()), world.now());
    let (_, saving) = save(load(step, Ok(None), world.now()));
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
    let asked = world.now();
    let recent = |world: &World, seconds| world.session.tokens_within(secs(seconds), world.now()).is_some();
    world.pass(60);
    assert!(recent(&world, 60) && !recent(&world, 59));
    assert!(world.session.tokens_within(secs(0), asked).is_some(), "issued after the request");
    let hour = jiff::SignedDuration::from_secs(3600);
    for wall in [asked.wall - hour, asked.wall + hour * 2] {
        let jumped = world.session.tokens_within(secs(60), Now { wall, ..asked });
        assert!(jumped.is_some(), "issued after the request, whatever the wall clock says");
    }
    let early = Now { wall: asked.wall - hour, monotonic: asked.monotonic + secs(1) };
    assert!(
        world.session.tokens_within(secs(60), early).is_none(),
        "the wall clock was ahead, so the age is unknown"
    );
    world.pass(40);
    assert!(!recent(&world, 1000), "the pair is expired");
}

#[test]
fn grant_is_exchanged_for_tokens_that_are_not_stored() {
    let world = at(|_| {});
    let app = world.session.app();
    let grant = Grant::RefreshToken("hush-r1".into());
    let request = grant.request(app, world.now()).unwrap();
    assert_eq!(names(&form(&request)), ["grant_type", "refresh_token"]);
    let answer = status(200, r#"{"access_token":"hush-a2"}"#);
    let tokens = grant.read(app, &answer, world.now()).unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "hush-r1", "the refresh token is still valid");
    let mismatch = status(400, r#"{"error":"redirect_uri_mismatch","error_description":"Bad Request"}"#);
    let error = Grant::AuthorizationCode(AuthorizationCode::new("hush-c0de"))
        .read(app, &mismatch, world.now())
        .unwrap_err();
    assert_eq!(error.server_code(), Some("redirect_uri_mismatch"));
    let debug = format!(
        "{:?} {grant:?}",
        Grant::AuthorizationCode(AuthorizationCode::new("hush-c0de").verifier("hush-v"))
    );
    assert!(
        !debug.contains("hush")
            && !format!("{:?}", AuthorizationCode::new("hush-c0de").verifier("hush-v")).contains("hush")
    );
}

#[test]
fn tokens_have_the_granted_scope() {
    for (answered, granted) in
        [("", "events:read events:write"), (r#","scope":"events:read""#, "events:read")]
    {
        let world = at(|_| {});
        let sign_in = started(&world, SignIn::new("ann").scopes(["events:read", "events:write"]));
        assert_eq!(sign_in.scope().unwrap().as_str(), "events:read events:write");
        let RefreshStep::Send(_, next) = finish(&world, sign_in, "&code=c0de") else { panic!() };
        let answer = format!(r#"{{"access_token":"hush-a5","token_type":"Bearer","unknown":[1]{answered}}}"#);
        let step = next.resume(Ok(status(200, &answer)), world.now());
        let (tokens, _) = save(load(lock(step, world.now()), Ok(None), world.now()));
        assert_eq!(tokens.scope.unwrap().as_str(), granted);
        assert_eq!(tokens.expires_at, None, "the expiry is unknown, not zero");
    }
}

#[test]
fn refused_grant_has_the_oauth_error_code() {
    let world = at(|_| {});
    let answer = status(400, r#"{"error":"invalid_scope","code":"E42","message":"no"}"#);
    let error = Grant::AuthorizationCode(AuthorizationCode::new("c0de"))
        .read(world.session.app(), &answer, world.now())
        .unwrap_err();
    assert_eq!(error.server_code(), Some("invalid_scope"));
}

#[test]
fn tokens_of_another_server_are_not_sent_to_connect() {
    // Without a base URL, the client must not assume that Connect accepts the tokens of another server.
    for config in [Config::anonymous([7; 32]), {
        let mut config = Config::new("id", "hush-client", [7; 32]);
        config.redirect_uri = Some("https://app.example/callback".to_owned());
        config.profile = Some(profile());
        config
    }] {
        let app = App::new(config).unwrap();
        let Step::Done(outcome) = Call::anonymous(&app, &OwnEndpoint, World::default().now()) else {
            panic!()
        };
        assert!(matches!(outcome.unwrap_err().kind(), ErrorKind::Configuration));
    }
}

#[test]
fn empty_user_id_is_refused() {
    let world = at(|_| {});
    let nobody = Session::new(world.session.app().clone(), "");
    assert!(matches!(
        done(nobody.exchange(&AuthorizationCode::new("c0de"), World::default().now())).unwrap_err().kind(),
        ErrorKind::Validation { .. }
    ));
    let popup = World::with(|config| {
        set(config, profile());
        config.redirect_uri = Some(POSTMESSAGE.to_owned());
    });
    let error = SignIn::new("ann").start(popup.session.app(), popup.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration), "a popup has no redirect");
}

#[test]
fn server_that_may_check_pkce_gets_a_challenge() {
    let world = at(|profile| profile.pkce = Pkce::Offered);
    assert_eq!(value(&query(&started(&world, SignIn::new("ann"))), "code_challenge_method"), "S256");
    let mut config = Config::public("id", [7; 32]);
    config.redirect_uri = Some("http://127.0.0.1/callback".to_owned());
    let mut profile = profile();
    profile.pkce = Pkce::Offered;
    config.profile = Some(profile);
    assert!(App::new(config).is_err(), "a public client needs a server that checks the challenge");
}

#[test]
fn busy_server_is_a_server_error() {
    let world = at(|_| {});
    let answer = status(400, r#"{"error":"temporarily_unavailable"}"#);
    let error = Grant::AuthorizationCode(AuthorizationCode::new("c0de"))
        .read(world.session.app(), &answer, world.now())
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Server), "{error:?}");
}

#[test]
fn metadata_request_goes_to_its_url_without_credentials() {
    let app = App::new(Config::anonymous([7; 32])).unwrap();
    let [oauth, openid] = Profile::metadata_urls("https://login.example:8443/tenant").unwrap();
    for url in [oauth, openid] {
        let step = Call::anonymous(&app, &GetMetadata::new(&url).unwrap(), World::default().now());
        let Step::Send(request, _) = step else { panic!() };
        assert_eq!((request.method(), request.uri().to_string()), (&http::Method::GET, url));
        assert!(!request.headers().contains_key(AUTHORIZATION));
    }
    assert!(GetMetadata::new("http://login.example/.well-known/openid-configuration").is_err());
}
