//! The rules of locks: each key has one writer at a time.

use std::{thread, time::Duration};

use connect_core::{TokenStore, Tokens};

use super::{LONG, RuleResult, SLACK, StoreRule, StoreTest, check, lock, lock_within, timed, violated};

pub(super) const RULES: &[StoreRule] = &[
    ("a held lock cannot be taken again", exclusion),
    ("an attempt at a held lock returns immediately", immediate_return),
    ("a lock does not block other keys", one_key),
    ("a released lock is free immediately", released),
    ("a dropped lock becomes free", dropped),
    ("a load needs no lock", reading),
    ("concurrent writers lose no update", concurrent_writers),
];

fn exclusion(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("exclusion"));
    let held = lock(&one, &key)?;
    for (store, name) in [(&other, "another handle"), (&one, "the same handle")] {
        check(store.try_lock(&key, LONG)?.is_none(), &format!("{name} took a lock that was already held"))?;
    }
    held.release()?;
    lock(&other, &key)?.release()?;
    Ok(())
}

fn immediate_return(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("immediate return"));
    let held = lock(&one, &key)?;
    for (store, name) in [(&other, "another handle"), (&one, "the same handle")] {
        let (outcome, took) = timed(|| store.try_lock(&key, LONG).map(drop));
        outcome?;
        check(took < SLACK, &format!("an attempt of {name} to take a held lock took {took:?}"))?;
    }
    held.release()?;
    Ok(())
}

fn one_key(test: &StoreTest<'_>) -> RuleResult {
    let store = test.open()?;
    let held: Result<Vec<_>, _> =
        (0..50).map(|number| lock(&store, &test.user(&format!("one of many {number}")))).collect();
    let held = held?;
    lock(&test.open()?, &test.user("another"))?.release()?;
    held.into_iter().try_for_each(|held| Ok(held.release()?))
}

fn released(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("released"));
    for store in [&one, &other, &one, &one] {
        lock(store, &key)?.release()?;
    }
    Ok(())
}

fn dropped(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("dropped"));
    for store in [&one, &other, &one] {
        drop(lock_within(SLACK, store, &key)?); // an async store releases the lock in the background
    }
    lock_within(SLACK, &other, &key)?.release()?;
    Ok(())
}

fn reading(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("reading"));
    let mut held = lock(&one, &key)?;
    let pair = Tokens::new("a", "r");
    held.save(&pair)?;
    let (loaded, took) = timed(|| other.load(&key));
    check(loaded? == Some(pair), "another handle does not load what the holder saved")?;
    check(took < SLACK, "a load waited for the lock")?;
    held.delete()?;
    Ok(())
}

/// Every writer increments the number that is stored as the access token.
fn concurrent_writers(test: &StoreTest<'_>) -> RuleResult {
    const WRITERS: usize = 8;
    const INCREMENTS: usize = 12;
    let key = test.user("concurrent writers");
    let stores: Vec<_> = (0..WRITERS).map(|_| test.open()).collect::<Result<_, _>>()?;
    let add_one = |store: &dyn TokenStore| -> RuleResult {
        let mut held = lock_within(LONG / 2, store, &key)?;
        let kept = held.load()?;
        let number: usize = kept.and_then(|kept| kept.access_token.expose().parse().ok()).unwrap_or(0);
        thread::sleep(Duration::from_millis(1)); // meanwhile, a faulty store could lock the key for another writer
        held.save(&Tokens::new((number + 1).to_string(), "r"))?;
        Ok(held.release()?)
    };
    thread::scope(|scope| {
        let writers: Vec<_> = stores
            .iter()
            .map(|store| scope.spawn(|| (0..INCREMENTS).try_for_each(|_| add_one(store))))
            .collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().unwrap_or_else(|_| violated("the store panicked")))
    })?;
    let mut held = lock(&stores[0], &key)?;
    let kept = held.load()?.map(|kept| kept.access_token.expose().to_owned()).unwrap_or_default();
    held.delete()?;
    if kept == (WRITERS * INCREMENTS).to_string() {
        return Ok(());
    }
    violated(format!("{kept} increments were stored, expected {}", WRITERS * INCREMENTS))
}
