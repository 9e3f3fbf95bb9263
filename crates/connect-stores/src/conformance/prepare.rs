//! `prepare` checks that a save will be possible, and changes nothing.

use connect_core::Tokens;

use super::{Bench, Rule, Tried, holds, lock};

pub(super) const RULES: &[Rule] = &[
    ("a save after prepare is loaded", saved),
    ("prepare alone changes nothing", alone),
    ("prepare may be called twice", twice),
    ("a delete after prepare deletes", deleted),
];

fn saved(bench: &Bench<'_>) -> Tried {
    let (store, key) = (bench.open()?, bench.user("prepared and saved"));
    // Short after long and the other way round: what is set aside may fit neither.
    for length in [1, 100_000, 10] {
        let pair = Tokens::new("a".repeat(length), "r");
        let mut held = lock(&store, &key)?;
        held.prepare()?;
        held.save(&pair)?;
        holds(held.load()?.as_ref() == Some(&pair), "the lock loads something else than it saved")?;
        held.release()?;
        holds(bench.open()?.load(&key)? == Some(pair), "another handle loads something else")?;
    }
    lock(&store, &key)?.delete()?;
    Ok(())
}

fn alone(bench: &Bench<'_>) -> Tried {
    let (store, key) = (bench.open()?, bench.user("prepared alone"));
    for stored in [None, Some(Tokens::new("a", "r"))] {
        let mut held = lock(&store, &key)?;
        if let Some(pair) = &stored {
            held.save(pair)?;
        }
        held.prepare()?;
        holds(held.load()? == stored, "the lock loads something else after prepare")?;
        holds(bench.open()?.load(&key)? == stored, "another handle loads something else after prepare")?;
        held.release()?;
        holds(store.load(&key)? == stored, "something else is loaded after the release")?;
    }
    lock(&store, &key)?.delete()?;
    Ok(())
}

fn twice(bench: &Bench<'_>) -> Tried {
    let (store, key) = (bench.open()?, bench.user("prepared twice"));
    let pair = Tokens::new("a", "r");
    let mut held = lock(&store, &key)?;
    held.prepare()?;
    held.prepare()?;
    held.save(&pair)?;
    held.prepare()?;
    holds(held.load()? == Some(pair), "a prepare after the save changed it")?;
    held.delete()?;
    held.release()?;
    Ok(())
}

fn deleted(bench: &Bench<'_>) -> Tried {
    let (store, key) = (bench.open()?, bench.user("prepared and deleted"));
    let mut held = lock(&store, &key)?;
    held.save(&Tokens::new("a", "r"))?;
    held.prepare()?;
    held.delete()?;
    held.release()?;
    holds(store.load(&key)?.is_none(), "a delete after prepare did nothing")
}
