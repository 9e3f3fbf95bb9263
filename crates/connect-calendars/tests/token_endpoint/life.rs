//! Tests of the lifecycle of tokens: the async and the blocking client use the sandbox's Google server.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use connect_calendars::token_endpoint::{Visitor, Work};
use connect_core::{
    AuthorizationCode, Request, Tokens,
    oauth::{POSTMESSAGE, Relay},
};
use connect_sandbox::Fault;
use jiff::Timestamp;

use crate::common::{world::World, *};

#[test]
fn user_signs_in_once_and_refreshes() {
    let world = World::new(&[]);
    for connect in world.both() {
        let endpoint = endpoint().max_age(Duration::ZERO);
        let before = world.counts();
        let ask_for =
            |path, fields: &[(&str, &str)]| serve(&endpoint, &*connect, &ask(path, fields), Some(&ada()));
        let first = granted(&ask_for("/auth", &[("code", &world.code(&[]))]));
        assert_eq!((&first["token_type"], &first["refresh_token"]), (&"Bearer".into(), &().into()));
        assert!((3500..=3599).contains(&first["expires_in"].as_u64().unwrap()));
        assert_eq!(first["scope"], connect_calendars::google::SCOPES.join(" "));
        let known = |body: &serde_json::Value| {
            let token = body["access_token"].as_str().unwrap().to_owned();
            world.server.with(|sandbox| sandbox.provider_token(&token)).is_some()
        };
        assert!(known(&first));

        // The refresh token that the page sends is ignored. The stored refresh token is used.
        let mut last = first;
        for sent in ["undefined", "", "1//somebody-else's"] {
            let next = granted(&ask_for("/refresh", &[("refresh_token", sent)]));
            assert!(known(&next) && next["access_token"] != last["access_token"]);
            last = next;
        }
        let counts = world.counts();
        assert_eq!(counts.code.granted - before.code.granted, 1);
        assert_eq!(
            counts.refresh.granted - before.refresh.granted,
            3,
            "each refresh keeps the refresh token"
        );
    }
}

#[test]
fn frequent_refreshes_return_the_same_token() {
    let world = World::new(&[]);
    for connect in world.both() {
        let before = world.exchanges();
        let refresh = || serve(&endpoint(), &*connect, &ask("/refresh", &[]), Some(&ada()));
        let code = world.code(&[]);
        let first = granted(&serve(&endpoint(), &*connect, &ask("/auth", &[("code", &code)]), Some(&ada())));
        for _ in 0..5 {
            assert_eq!(granted(&refresh())["access_token"], first["access_token"]);
        }
        assert_eq!(world.exchanges() - before, 1);
    }
}

#[test]
fn concurrent_requests_share_one_refresh() {
    let world = World::new(&[]);
    let hyper = world.hyper();
    let code = world.code(&[]);
    let request = ask("/auth", &[("code", &code)]);
    let first = granted(&serve(&endpoint().pass_through(), &hyper, &request, Some(&ada())));
    let text = |name: &str| first[name].as_str().unwrap();
    let mut old = Tokens::new(text("access_token"), text("refresh_token"));
    old.issued_at = Some(Timestamp::now() - Duration::from_secs(600));
    hyper.import("ada", old);
    world.server.with(|sandbox| {
        sandbox.add_fault(Fault::on("POST /google/token").when_status(200).delay(Duration::from_millis(200)));
    });
    let refresh = || {
        let client = hyper.1.clone();
        hyper.0.spawn(async move {
            let asked = endpoint().accept(&ask("/refresh", &[]), Some(&ada())).unwrap();
            let Work::Tokens(max_age) = asked.work() else { panic!("{:?}", asked.work()) };
            let tokens = client.user(asked.user()).tokens(*max_age).await;
            granted(&asked.reply(tokens))["access_token"].clone()
        })
    };
    let all: Vec<_> = (0..8).map(|_| refresh()).collect();
    let tokens: Vec<_> = all.into_iter().map(|task| hyper.0.block_on(task).unwrap()).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]) && tokens[0] != first["access_token"]);
    assert_eq!(world.counts().refresh.granted, 1);
}

#[test]
fn withdrawn_consent_is_invalid_grant_without_another_request() {
    let world = World::new(&[]);
    for connect in world.both() {
        let endpoint = endpoint().max_age(Duration::ZERO);
        let code = world.code(&[]);
        let first = granted(&serve(&endpoint, &*connect, &ask("/auth", &[("code", &code)]), Some(&ada())));
        world.server.with(|sandbox| {
            let token = sandbox.provider_token(first["access_token"].as_str().unwrap()).unwrap();
            assert!(sandbox.withdraw_consent(token.server, &token.client_id, &token.user));
        });
        let refresh = || refused(&serve(&endpoint, &*connect, &ask("/refresh", &[]), Some(&ada())));
        assert_eq!(refresh(), error(400, "invalid_grant"));
        let before = world.exchanges();
        assert_eq!(refresh(), error(400, "invalid_grant"));
        assert_eq!(world.exchanges(), before, "the second refusal needs no request");
        let code = world.code(&[]);
        granted(&serve(&endpoint, &*connect, &ask("/auth", &[("code", &code)]), Some(&ada())));
        granted(&serve(&endpoint, &*connect, &ask("/refresh", &[]), Some(&ada())));
    }
}

#[test]
fn second_consent_without_prompt_has_no_refresh_token() {
    let world = World::new(&[]);
    let connect = world.blocking();
    let sign_in = |code: &str| serve(&endpoint(), &connect, &ask("/auth", &[("code", code)]), Some(&ada()));
    granted(&sign_in(&world.code(&[])));
    granted(&sign_in(&world.code(&[("prompt", "select_account")])));
    let always_refreshing = endpoint().max_age(Duration::ZERO);
    let reply = serve(&always_refreshing, &connect, &ask("/refresh", &[]), Some(&ada()));
    assert_eq!(refused(&reply), error(400, "invalid_grant"));
}

#[test]
fn tokens_are_separate_for_each_user() {
    let world = World::new(&[]);
    for connect in world.both() {
        let code = world.code(&[]);
        granted(&serve(&endpoint(), &*connect, &ask("/auth", &[("code", &code)]), Some(&ada())));
        let bob = Visitor::new("bob");
        let reply = serve(&endpoint(), &*connect, &ask("/refresh", &[]), Some(&bob));
        assert_eq!(refused(&reply), error(400, "invalid_grant"));
    }
}

#[test]
fn device_without_the_secret_refreshes_through_the_endpoint() {
    let two_paths = endpoint().pass_through().allow_missing_origin();
    let one_path = two_paths.clone().action_path("/token").unwrap();
    for (endpoint, auth, refresh) in
        [(two_paths, "/auth", "/refresh"), (one_path, "/token?action=auth", "/token?action=refresh")]
    {
        let world = World::new(&[]);
        let server = world.blocking();
        let mut profile = world.profile();
        let at = |target| format!("https://app.example{target}");
        profile.relay = Some(Relay::new(at(auth), at(refresh)));
        let sent = Arc::<Mutex<Vec<String>>>::default();
        let device = connect_blocking::Client::public_builder(&*world.client_id)
            .redirect_uri(POSTMESSAGE)
            .profile(profile);
        let device = device.transport({
            let sent = sent.clone();
            move |request: Request| {
                sent.lock().unwrap().push(format!("{:?} {:?}", request.headers(), request.body()));
                Ok(serve(&endpoint, &server, &request, Some(&ada())))
            }
        });
        let device = device.build().unwrap().user("me");
        let first = device.exchange(&AuthorizationCode::new(world.code(&[]))).unwrap();
        device.refresh().unwrap();
        let next = device.tokens(Duration::MAX).unwrap();
        assert_ne!(next.access_token, first.access_token);
        assert_eq!(next.refresh_token, first.refresh_token);
        let token = next.access_token.expose();
        assert!(world.server.with(|sandbox| sandbox.provider_token(token)).is_some());
        let sent = sent.lock().unwrap();
        assert_eq!(sent.len(), 2);
        assert!(sent.iter().all(|request| !request.contains(&world.client_secret)), "{sent:?}");
    }
}

#[test]
fn pass_through_returns_the_refresh_token_and_stores_nothing() {
    let world = World::new(&[]);
    for connect in world.both() {
        let endpoint = endpoint().pass_through();
        let code = world.code(&[]);
        let first = granted(&serve(&endpoint, &*connect, &ask("/auth", &[("code", &code)]), Some(&ada())));
        let token = first["refresh_token"].as_str().unwrap();
        let refresh =
            |token| serve(&endpoint, &*connect, &ask("/refresh", &[("refresh_token", token)]), Some(&ada()));
        let next = granted(&refresh(token));
        assert_ne!(next["access_token"], first["access_token"]);
        assert_eq!(next["refresh_token"], token, "Google issues no new refresh token, so the old one stays");
        assert_eq!(refused(&refresh("1//unknown")), error(400, "invalid_grant"));
        let kept = serve(&super::common::endpoint(), &*connect, &ask("/refresh", &[]), Some(&ada()));
        assert_eq!(refused(&kept), error(400, "invalid_grant"), "no tokens were stored");
    }
}

#[test]
fn wrong_redirect_uri_is_redirect_uri_mismatch() {
    let world = World::new(&[("google_popup", "origin")]);
    for connect in world.both() {
        let code = world.code(&[]);
        let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", &code)]), Some(&ada()));
        assert_eq!(refused(&reply), error(400, "redirect_uri_mismatch"));
    }
    let connect = connect_blocking::Client::builder(&*world.client_id, &*world.client_secret)
        .redirect_uri("http://127.0.0.1:8765")
        .profile(world.profile())
        .build()
        .unwrap();
    let code = world.code(&[]);
    granted(&serve(&endpoint(), &connect, &ask("/auth", &[("code", &code)]), Some(&ada())));
}

/// A code of Mobiscroll Connect may be the user id, which another user may know.
#[test]
fn passed_through_tokens_of_another_user_are_refused() {
    let server = connect_sandbox::Server::builder().start().unwrap();
    let app = server.credentials();
    let connect = connect_blocking::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(server.base_url())
        .build()
        .unwrap();
    let code = || {
        let sign_in = connect.auth().sign_in(connect_blocking::SignIn::new("ada")).unwrap();
        let callback = server.consent(sign_in.url()).unwrap();
        let query = callback.split_once('?').unwrap().1.to_owned();
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").unwrap().1.into_owned()
    };
    let endpoint = endpoint().pass_through();
    let ask_as = |visitor: &str, path, fields: &[(&str, &str)]| {
        serve(&endpoint, &connect, &ask(path, fields), Some(&Visitor::new(visitor)))
    };
    let own = granted(&ask_as("ada", "/auth", &[("code", &code())]));
    assert_eq!(refused(&ask_as("eve", "/auth", &[("code", &code())])).0, 400);
    let token = own["refresh_token"].as_str().unwrap();
    assert_eq!(refused(&ask_as("eve", "/refresh", &[("refresh_token", token)])).0, 400);
    granted(&ask_as("ada", "/refresh", &[("refresh_token", token)]));
}
