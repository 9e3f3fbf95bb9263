//! Signs in, refreshes and signs out at every authorization server, and checks the server's counters.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use connect_core::{
    ErrorKind, SignInFault, TokenKey, Tokens,
    oauth::{Pkce, Revocation},
};
use connect_sandbox::{ClientType, Fault};
use connect_tests::{
    authorization::{CASES, Counts, SignInSetup, Whose, consent},
    client_of,
};

#[test]
fn blocking_client_signs_in_refreshes_and_signs_out() {
    for (whose, kind) in CASES {
        let world = SignInSetup::new(whose, kind);
        let client = client_of!(connect_blocking::Client, &world);
        let pending = client.auth().sign_in(world.sign_in()).unwrap();
        assert_eq!(world.is_bound(pending.url()), whose != Whose::Connect, "{whose:?}");
        let callback = consent(pending.url());
        let user = client.auth().finish(pending, &callback).unwrap();
        let key = user.session().key().clone();
        let first = signed_in(&world, &key);
        user.refresh().unwrap();
        let second = refreshed(&world, &key, &first);
        user.sign_out().unwrap();
        signed_out(&world, &key, &second);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn async_client_signs_in_refreshes_and_signs_out() {
    for (whose, kind) in CASES {
        let world = SignInSetup::new(whose, kind);
        let client = client_of!(connect_hyper::Client, &world);
        let pending = client.auth().sign_in(world.sign_in()).unwrap();
        assert_eq!(world.is_bound(pending.url()), whose != Whose::Connect, "{whose:?}");
        let callback = consent(pending.url());
        let user = client.auth().finish(pending, &callback).await.unwrap();
        let key = user.session().key().clone();
        let first = signed_in(&world, &key);
        user.refresh().await.unwrap();
        let second = refreshed(&world, &key, &first);
        user.sign_out().await.unwrap();
        signed_out(&world, &key, &second);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_that_the_user_denies_fails() {
    for (whose, kind) in CASES {
        let world = SignInSetup::new(whose, kind);
        let blocking = client_of!(connect_blocking::Client, &world);
        let pending = blocking.auth().sign_in(world.sign_in()).unwrap();
        let callback = world.server.deny(pending.url()).unwrap();
        let first = blocking.auth().finish(pending, &callback).unwrap_err();
        let hyper = client_of!(connect_hyper::Client, &world);
        let pending = hyper.auth().sign_in(world.sign_in()).unwrap();
        let callback = world.server.deny(pending.url()).unwrap();
        for error in [first, hyper.auth().finish(pending, &callback).await.unwrap_err()] {
            assert!(matches!(error.kind(), ErrorKind::SignIn(SignInFault::Denied)), "{whose:?}: {error:?}");
            assert_eq!(error.server_code(), Some("access_denied"), "{whose:?}");
        }
        assert_eq!(
            world.counts(),
            Counts { codes: 0, refreshes: 0, revocations: 0, refused: 0 },
            "{whose:?}"
        );
        assert!(world.server.deny("/api/oauth/authorize?client_id=nobody").is_err());
    }
}

/// Checks that the store has the tokens of this user and application.
fn signed_in(world: &SignInSetup, key: &TokenKey) -> Tokens {
    let whose = world.whose;
    let tokens = world.stored(key).unwrap_or_else(|| panic!("{whose:?}: nothing was stored"));
    assert_eq!(world.counts(), Counts { codes: 1, refreshes: 0, revocations: 0, refused: 0 }, "{whose:?}");
    assert_eq!(&*key.client_id, world.credentials().client_id, "{whose:?}");
    assert!(tokens.refresh_token.is_some(), "{whose:?}");
    if let Some(server) = world.neighbour() {
        let known = world.known(&tokens).unwrap();
        assert_eq!((known.server, known.client_id.as_str()), (server, &*key.client_id));
        let granted = tokens.scope.as_ref().map(|scope| scope.as_str().to_owned());
        let requested = known.scopes.join(" ");
        assert_eq!(granted.as_deref(), Some(requested.as_str()), "{whose:?}");
    }
    tokens
}

/// Checks that the store has a new pair. Only a pair from Google must have the same refresh token as before.
fn refreshed(world: &SignInSetup, key: &TokenKey, first: &Tokens) -> Tokens {
    let whose = world.whose;
    let tokens = world.stored(key).unwrap();
    assert_eq!(world.counts(), Counts { codes: 1, refreshes: 1, revocations: 0, refused: 0 }, "{whose:?}");
    assert_ne!(tokens.access_token, first.access_token, "{whose:?}");
    assert_eq!(tokens.refresh_token == first.refresh_token, whose == Whose::Google, "{whose:?}");
    if world.neighbour().is_some() {
        assert_eq!(world.known(&tokens).map(|known| known.client_id), Some(key.client_id.to_string()));
    }
    tokens
}

/// Checks that the store is empty and that the tokens are revoked if the server can revoke them.
fn signed_out(world: &SignInSetup, key: &TokenKey, last: &Tokens) {
    let whose = world.whose;
    assert_eq!(world.stored(key), None, "{whose:?}");
    let revocable = matches!(whose, Whose::Connect | Whose::Google);
    let revocations = u64::from(revocable);
    assert_eq!(world.counts(), Counts { codes: 1, refreshes: 1, revocations, refused: 0 }, "{whose:?}");
    if world.neighbour().is_some() {
        assert_eq!(world.known(last).is_none(), revocable, "{whose:?}");
    }
}

/// Makes the token endpoint refuse the next request, as Microsoft's loop detection does.
fn refuse_once(world: &SignInSetup) {
    let endpoint = match world.whose {
        Whose::Connect => "POST /oauth/token",
        Whose::Google => "POST /google/token",
        Whose::Microsoft => "POST /microsoft/{tenant}/oauth2/v2.0/token",
        Whose::Apptoto => "POST /apptoto/api/oauth/token",
    };
    let body = r#"{"error":"invalid_grant","error_description":"AADSTS50196: a loop","error_codes":[50196]}"#;
    world.server.with(|sandbox| sandbox.add_fault(Fault::on(endpoint).status(400).body(body)));
}

#[test]
fn refusal_is_final_except_at_microsoft() {
    for (whose, kind) in CASES {
        let world = SignInSetup::new(whose, kind);
        let client = client_of!(connect_blocking::Client, &world);
        let sign_in = || {
            let pending = client.auth().sign_in(world.sign_in()).unwrap();
            let callback = consent(pending.url());
            client.auth().finish(pending, &callback).unwrap()
        };
        let user = sign_in();
        refuse_once(&world);
        let error = user.refresh().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{whose:?}: {error}");
        let stored = world.stored(user.session().key());
        assert_eq!(stored.is_some(), whose == Whose::Microsoft, "{whose:?}");
        assert!(stored.is_none_or(|tokens| tokens.refused.is_some()), "{whose:?}");
        // The server would grant a refresh now, but the client sends no refresh request for ten minutes.
        let error = user.refresh().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{whose:?}: {error}");
        assert_eq!(world.counts().refreshes, 0, "{whose:?}");
        let user = sign_in();
        user.refresh().unwrap();
        assert_eq!(world.stored(user.session().key()).unwrap().refused, None, "{whose:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn async_client_keeps_the_sign_in_after_a_microsoft_refusal() {
    let world = SignInSetup::new(Whose::Microsoft, ClientType::Confidential);
    let client = client_of!(connect_hyper::Client, &world);
    let pending = client.auth().sign_in(world.sign_in()).unwrap();
    let callback = consent(pending.url());
    let user = client.auth().finish(pending, &callback).await.unwrap();
    refuse_once(&world);
    for _ in 0..2 {
        let error = user.refresh().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{error}");
    }
    assert_eq!(world.counts().refreshes, 0);
    assert!(world.stored(user.session().key()).unwrap().refused.is_some());
}

#[test]
fn apptoto_tokens_are_revoked_at_a_custom_endpoint() {
    for kind in [ClientType::Confidential, ClientType::Public] {
        let world = SignInSetup::with(
            Whose::Apptoto,
            kind,
            &[("apptoto_refresh_tokens", "kept"), ("apptoto_revoke", "on")],
        );
        let mut profile = world.profile().unwrap();
        let url = format!("{}/apptoto/api/oauth/revoke", world.server.origin());
        profile.revocation = Revocation::Form(url);
        let client = client_of!(connect_blocking::Client, &world, Some(profile));
        let pending = client.auth().sign_in(world.sign_in()).unwrap();
        let callback = consent(pending.url());
        let user = client.auth().finish(pending, &callback).unwrap();
        let tokens = signed_in(&world, user.session().key());
        user.sign_out().unwrap();
        assert_eq!((world.counts().revocations, world.known(&tokens)), (1, None), "{kind:?}");
        assert_eq!(world.stored(user.session().key()), None);
    }
}

#[test]
fn apptoto_without_a_refresh_token_is_not_refreshed() {
    let world = SignInSetup::with(Whose::Apptoto, ClientType::Confidential, &[]);
    let client = client_of!(connect_blocking::Client, &world);
    let pending = client.auth().sign_in(world.sign_in()).unwrap();
    let callback = consent(pending.url());
    let user = client.auth().finish(pending, &callback).unwrap();
    let tokens = world.stored(user.session().key()).unwrap();
    assert_eq!((tokens.refresh_token, tokens.expires_at), (None, None));
    let error = user.refresh().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication), "{error}");
    assert_eq!(world.counts(), Counts { codes: 1, refreshes: 0, revocations: 0, refused: 0 });
}

#[test]
fn confidential_apptoto_client_can_omit_pkce() {
    let world = SignInSetup::with(Whose::Apptoto, ClientType::Confidential, &[]);
    let mut profile = world.profile().unwrap();
    profile.pkce = Pkce::Absent;
    let client = client_of!(connect_blocking::Client, &world, Some(profile));
    let pending = client.auth().sign_in(world.sign_in()).unwrap();
    assert!(!pending.url().contains("code_challenge"));
    let callback = consent(pending.url());
    client.auth().finish(pending, &callback).unwrap();
    assert_eq!(world.counts().codes, 1);
}

#[test]
fn scope_that_is_not_enabled_fails_the_sign_in() {
    let world = SignInSetup::new(Whose::Apptoto, ClientType::Confidential);
    let client = client_of!(connect_blocking::Client, &world);
    let pending = client.auth().sign_in(world.sign_in().scopes(["calendars:write"])).unwrap();
    let callback = consent(pending.url());
    let error = client.auth().finish(pending, &callback).unwrap_err();
    assert_eq!(error.server_code(), Some("invalid_scope"), "{error}");
    assert_eq!(world.counts().codes, 0);
}
