//! The rules of loads: a load must return exactly the tokens that were saved.

use connect_core::{Tokens, types::Scope};

use super::{RuleResult, StoreRule, StoreTest, check, lock};

pub(super) const RULES: &[StoreRule] = &[
    ("a key without saved tokens loads nothing", nothing),
    ("a saved pair is loaded unchanged", round_trip),
    ("a saved pair replaces the previous one", replaced),
    ("a large pair is loaded unchanged", large),
    ("a deleted pair is not loaded", deleted),
    ("a lock can save and delete more than once", many_writes),
];

fn nothing(test: &StoreTest<'_>) -> RuleResult {
    let (store, key) = (test.open()?, test.user("nothing"));
    check(store.load(&key)?.is_none(), "the store loads tokens that were never saved")?;
    let mut lock = lock(&store, &key)?;
    check(lock.load()?.is_none(), "the lock loads tokens that were never saved")?;
    lock.release()?;
    check(store.load(&key)?.is_none(), "taking and releasing the lock stored tokens")
}

fn round_trip(test: &StoreTest<'_>) -> RuleResult {
    let whole = {
        let mut tokens = Tokens::new("access \u{0} \"\\\n\u{1f511} é", "refresh");
        tokens.issued_at = "2026-11-21T09:00:00.123456789Z".parse().ok();
        tokens.expires_at = "9998-12-31T23:59:59Z".parse().ok();
        tokens.with_scope(Scope::ReadWrite)
    };
    let mut refused = whole.clone();
    refused.revision =
        serde_json::from_str(r#"{"sign_in":"s","signed_in_at":"2026-11-21T09:00:00Z","number":7}"#)?;
    refused.refused = serde_json::from_str(r#"{"at":"2026-11-21T09:00:00Z","reason":"invalid_grant: é"}"#)?;
    let pairs = [
        whole.clone(),
        refused,
        Tokens::access_only("access only"),
        Tokens::new("", ""),
        whole.with_scope(Scope::from("a scope of tomorrow")),
    ];
    for (number, pair) in pairs.into_iter().enumerate() {
        let key = test.user(&format!("round trip {number}"));
        let store = test.open()?;
        let mut held = lock(&store, &key)?;
        held.save(&pair)?;
        check(held.load()?.as_ref() == Some(&pair), "the lock does not load the pair it saved")?;
        check(
            test.open()?.load(&key)?.as_ref() == Some(&pair),
            "another handle does not load the saved pair",
        )?;
        held.delete()?;
        held.release()?;
    }
    Ok(())
}

fn replaced(test: &StoreTest<'_>) -> RuleResult {
    let (store, key) = (test.open()?, test.user("replaced"));
    let before = Tokens::new("long ".repeat(1000), "refresh").with_scope(Scope::Read);
    let after = Tokens::access_only("short");
    for pair in [&before, &after] {
        let mut held = lock(&store, &key)?;
        held.save(pair)?;
        held.release()?;
    }
    let mut held = lock(&store, &key)?;
    let loaded = held.load()?;
    held.delete()?;
    check(loaded.as_ref() == Some(&after), "the pair of the second save is not loaded unchanged")
}

fn large(test: &StoreTest<'_>) -> RuleResult {
    let (store, key) = (test.open()?, test.user("large"));
    let pair = Tokens::new("\u{1f511}x".repeat(200_000), "r".repeat(100_000));
    let mut held = lock(&store, &key)?;
    held.save(&pair)?;
    let loaded = store.load(&key)?;
    held.delete()?;
    check(loaded.as_ref() == Some(&pair), "a pair of about one megabyte was not loaded unchanged")
}

fn deleted(test: &StoreTest<'_>) -> RuleResult {
    let (store, key, other) = (test.open()?, test.user("deleted"), test.user("not deleted"));
    for key in [&key, &other] {
        let mut held = lock(&store, key)?;
        held.save(&Tokens::new("a", "r"))?;
        held.release()?;
    }
    let mut held = lock(&store, &key)?;
    held.delete()?;
    check(held.load()?.is_none(), "the lock still loads what it deleted")?;
    held.delete()?;
    held.release()?;
    check(test.open()?.load(&key)?.is_none(), "another handle still loads what was deleted")?;
    check(store.load(&other)?.is_some(), "the delete also removed another key's tokens")?;
    lock(&store, &other)?.delete()?;
    Ok(())
}

fn many_writes(test: &StoreTest<'_>) -> RuleResult {
    let (store, key) = (test.open()?, test.user("many writes"));
    let mut held = lock(&store, &key)?;
    for round in ["one", "two"] {
        for half in ["a", "b"] {
            let pair = Tokens::new(format!("{round}{half}"), "r");
            held.save(&pair)?;
            check(store.load(&key)?.as_ref() == Some(&pair), "the store does not load the last saved pair")?;
        }
        held.delete()?;
        check(
            store.load(&key)?.is_none(),
            "the store still loads a pair that was saved and deleted under one lock",
        )?;
    }
    held.release()?;
    Ok(())
}
