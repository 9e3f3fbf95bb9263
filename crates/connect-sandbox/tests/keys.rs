//! The keys that sign deliveries: the document of the public keys, and key rotation.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::hook::{self, one, triggered};
use common::{App, get, read};
use connect_sandbox::{Fault, Trigger};
use serde_json::{Value, json};

const PATH: &str = "/.well-known/webhook-keys";

fn document(app: &mut App) -> Vec<Value> {
    let (status, body) = read(&app.send(get(PATH)));
    assert_eq!(status, 200);
    body["keys"].as_array().unwrap().clone()
}

#[test]
fn key_document_is_public_cacheable_and_counted() {
    let mut app = App::new(&[]);
    let reply = app.send(get(PATH));
    assert_eq!(reply.headers()["cache-control"], "public, max-age=3600");
    let (_, body) = read(&reply);
    let key = &body["keys"][0];
    assert_eq!(body["keys"].as_array().unwrap().len(), 1);
    assert_eq!((&key["alg"], &key["status"]), (&json!("ed25519"), &json!("active")));
    assert_eq!(key["activated_at"], "2026-11-15T10:00:00.000Z");
    assert!(key.get("retires_at").is_none() && key["id"].as_str().unwrap().starts_with("whk_"));
    assert!(key["key"].as_str().unwrap().starts_with("whpk_"));

    assert_eq!(
        app.send(get("/api/.well-known/webhook-keys")).status(),
        404,
        "the document is not under /api"
    );
    let wrong = app.send(http::Request::post(PATH).body(bytes::Bytes::new()).unwrap());
    assert_eq!((wrong.status().as_u16(), &wrong.headers()["allow"]), (405, &"GET".parse().unwrap()));

    app.sandbox.set("keys_max_age", "5").unwrap();
    assert_eq!(app.send(get(PATH)).headers()["cache-control"], "public, max-age=5");
    let fault = json!({ "endpoint": "GET /.well-known/webhook-keys", "status": 503 });
    assert_eq!(app.post("/sandbox/faults", &fault).0, 200);
    assert_eq!(app.send(get(PATH)).status(), 503);
    app.sandbox.add_fault(Fault::on("GET /.well-known/webhook-keys").cut_before());
    app.answer(get(PATH));
    let stats = app.sandbox.stats();
    assert_eq!(stats.answered("GET /.well-known/webhook-keys", 200), 2);
    assert_eq!((stats.answered("GET /.well-known/webhook-keys", 503), stats.faults.fired), (1, 2));
}

#[test]
fn each_seed_has_different_keys() {
    let key = |seed| document(&mut App::new(&[("seed", seed)]))[0]["key"].clone();
    assert_eq!(key("1"), key("1"));
    assert_ne!(key("1"), key("2"));
    let signature = || {
        let (mut app, _) = hook::app(&[]);
        triggered(&mut app, Trigger::updated());
        one(&mut app).signature
    };
    assert_eq!(signature(), signature(), "the same seed gives the same signatures");
}

#[test]
fn delivery_is_signed_with_every_listed_key() {
    let (mut app, _) = hook::app(&[]);
    let old = hook::keys(&mut app).remove(0);
    triggered(&mut app, Trigger::updated());
    let got = one(&mut app);
    assert_eq!((got.signed_by(&old), got.signature.split(' ').count()), (1, 1));

    let (status, answer) = app.post("/sandbox/rotate-keys", &json!({}));
    assert_eq!((status.as_u16(), answer["keys"].as_array().unwrap()), (200, &document(&mut app)));
    let keys = document(&mut app);
    let [new, previous] = &keys[..] else { panic!("{keys:?}") };
    assert_eq!((&new["status"], &previous["status"]), (&json!("active"), &json!("previous")));
    assert_eq!(new["activated_at"], "2026-11-15T10:00:02.000Z");
    assert_eq!(previous["retires_at"], "2026-11-16T10:00:02.000Z");
    assert_eq!(previous["key"], old.as_str());
    let new = new["key"].as_str().unwrap().to_owned();
    triggered(&mut app, Trigger::updated());
    let got = one(&mut app);
    let entries: Vec<_> = got.signature.split(' ').collect();
    assert!(entries.len() == 2 && entries.iter().all(|entry| entry.starts_with("v1a,")));
    assert_eq!((got.signed_by(&new), got.signed_by(&old)), (1, 1));
    let first = hook::Got { signature: entries[0].to_owned(), ..got };
    assert_eq!((first.signed_by(&new), first.signed_by(&old)), (1, 0), "the active key is listed first");
}

#[test]
fn previous_key_is_retired() {
    for (overlap, listed) in [("60", 2), ("0", 1)] {
        let (mut app, _) = hook::app(&[("key_overlap", overlap)]);
        let old = hook::keys(&mut app).remove(0);
        assert_eq!(app.sandbox.rotate_keys(app.now).len(), listed);
        app.pass(58);
        triggered(&mut app, Trigger::updated());
        let got = one(&mut app);
        assert_eq!((got.signature.split(' ').count(), got.signed_by(&old)), (listed, listed - 1));
        app.pass(1);
        assert_eq!(document(&mut app).len(), 1);
        triggered(&mut app, Trigger::updated());
        let got = one(&mut app);
        assert_eq!((got.signature.split(' ').count(), got.signed_by(&old)), (1, 0));
    }
}

#[test]
fn only_latest_previous_key_is_listed() {
    let (mut app, _) = hook::app(&[]);
    let first = hook::keys(&mut app).remove(0);
    let second = app.sandbox.rotate_keys(app.now)[0].key.clone();
    let third = app.sandbox.rotate_keys(app.now)[0].key.clone();
    assert_eq!(hook::keys(&mut app), [third.clone(), second.clone()]);
    triggered(&mut app, Trigger::updated());
    let got = one(&mut app);
    let signed = [&first, &second, &third].map(|key| got.signed_by(key));
    assert_eq!(signed, [0, 1, 1]);
}
