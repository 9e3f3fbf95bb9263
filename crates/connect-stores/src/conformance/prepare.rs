//! The rules of `prepare`: it must not change the record, and a later save or delete must succeed.

use connect_core::Tokens;

use super::{RuleResult, StoreRule, StoreTest, check, lock};

pub(super) const RULES: &[StoreRule] = &[
    ("a pair that was saved after prepare is loaded", saved),
    ("prepare alone changes nothing", alone),
    ("prepare may be called twice", twice),
    ("a delete after prepare removes the tokens", deleted),
];

fn saved(test: &StoreTest<'_>) -> RuleResult {
    let (store, key) = (test.open()?, test.user("prepared and saved"));
    // The reserved space may be too small or too large for the next pair.
    for length in [1, 100_000, 10] {
        let pair = Tokens::new("a".repeat(length), "r");
        let mut held = lock(&store, &key)?;
        held.prepare()?;
        held.save(&pair)?;
        check(held.load()?.as_ref() == Some(&pair), "the lock does not load the pair it saved")?;
        held.release()?;
        check(test.open()?.load(&key)? == Some(pair), "another handle does not load the saved pair")?;
    }
    lock(&store, &key)?.delete()?;
    Ok(())
}

fn alone(test: &StoreTest<'_>) -> RuleResult {
    let (store, key) = (test.open()?, test.user("prepared alone"));
    for stored in [None, Some(Tokens::new("a", "r"))] {
        let mut held = lock(&store, &key)?;
        if let Some(pair) = &stored {
            held.save(pair)?;
        }
        held.prepare()?;
        check(held.load()? == stored, "prepare changed what the lock loads")?;
        check(test.open()?.load(&key)? == stored, "prepare changed what another handle loads")?;
        held.release()?;
        check(store.load(&key)? == stored, "the release changed the record")?;
    }
    lock(&store, &key)?.delete()?;
    Ok(())
}

fn twice(test: &StoreTest<'_>) -> RuleResult {
    let (store, key) = (test.open()?, test.user("prepared twice"));
    let pair = Tokens::new("a", "r");
    let mut held = lock(&store, &key)?;
    held.prepare()?;
    held.prepare()?;
    held.save(&pair)?;
    held.prepare()?;
    check(held.load()? == Some(pair), "a prepare after the save changed the record")?;
    held.delete()?;
    held.release()?;
    Ok(())
}

fn deleted(test: &StoreTest<'_>) -> RuleResult {
    let (store, key) = (test.open()?, test.user("prepared and deleted"));
    let mut held = lock(&store, &key)?;
    held.save(&Tokens::new("a", "r"))?;
    held.prepare()?;
    held.delete()?;
    held.release()?;
    check(store.load(&key)?.is_none(), "the store still loads a pair that was deleted after prepare")
}
