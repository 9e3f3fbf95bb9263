//! What is saved is what is loaded.

use connect_core::{Tokens, types::Scope};

use super::{Bench, Rule, Tried, holds, lock};

pub(super) const RULES: &[Rule] = &[
    ("nothing is loaded where nothing was saved", nothing),
    ("a pair comes back whole", round_trip),
    ("a pair replaces the one before", replaced),
    ("a large pair comes back whole", large),
    ("a deleted pair is gone", deleted),
    ("a lock saves and deletes more than once", many_writes),
];

fn nothing(bench: &Bench<'_>) -> Tried {
    let (store, key) = (bench.open()?, bench.user("nothing"));
    holds(store.load(&key)?.is_none(), "tokens came from nowhere")?;
    let mut lock = lock(&store, &key)?;
    holds(lock.load()?.is_none(), "tokens came from nowhere, through the lock")?;
    lock.release()?;
    holds(store.load(&key)?.is_none(), "a lock left tokens behind")
}

fn round_trip(bench: &Bench<'_>) -> Tried {
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
        let key = bench.user(&format!("round trip {number}"));
        let store = bench.open()?;
        let mut held = lock(&store, &key)?;
        held.save(&pair)?;
        holds(held.load()?.as_ref() == Some(&pair), "the lock loads something else than it saved")?;
        holds(bench.open()?.load(&key)?.as_ref() == Some(&pair), "another handle loads something else")?;
        held.delete()?;
        held.release()?;
    }
    Ok(())
}

fn replaced(bench: &Bench<'_>) -> Tried {
    let (store, key) = (bench.open()?, bench.user("replaced"));
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
    holds(loaded.as_ref() == Some(&after), "something of the pair before is left")
}

fn large(bench: &Bench<'_>) -> Tried {
    let (store, key) = (bench.open()?, bench.user("large"));
    let pair = Tokens::new("\u{1f511}x".repeat(200_000), "r".repeat(100_000));
    let mut held = lock(&store, &key)?;
    held.save(&pair)?;
    let loaded = store.load(&key)?;
    held.delete()?;
    holds(loaded.as_ref() == Some(&pair), "a megabyte did not come back as it was")
}

fn deleted(bench: &Bench<'_>) -> Tried {
    let (store, key, other) = (bench.open()?, bench.user("deleted"), bench.user("not deleted"));
    for key in [&key, &other] {
        let mut held = lock(&store, key)?;
        held.save(&Tokens::new("a", "r"))?;
        held.release()?;
    }
    let mut held = lock(&store, &key)?;
    held.delete()?;
    holds(held.load()?.is_none(), "the lock still loads what it deleted")?;
    held.delete()?;
    held.release()?;
    holds(bench.open()?.load(&key)?.is_none(), "another handle still loads what was deleted")?;
    holds(store.load(&other)?.is_some(), "more was deleted than the key")?;
    lock(&store, &other)?.delete()?;
    Ok(())
}

fn many_writes(bench: &Bench<'_>) -> Tried {
    let (store, key) = (bench.open()?, bench.user("many writes"));
    let mut held = lock(&store, &key)?;
    for round in ["one", "two"] {
        for half in ["a", "b"] {
            let pair = Tokens::new(format!("{round}{half}"), "r");
            held.save(&pair)?;
            holds(store.load(&key)?.as_ref() == Some(&pair), "a save under the same lock is not there")?;
        }
        held.delete()?;
        holds(store.load(&key)?.is_none(), "a delete under the same lock did nothing")?;
    }
    held.release()?;
    Ok(())
}
