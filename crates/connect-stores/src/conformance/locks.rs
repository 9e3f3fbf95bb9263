//! One writer at a time.

use std::{thread, time::Duration};

use connect_core::{TokenStore, Tokens};

use super::{Bench, LONG, Rule, SLACK, Tried, broken, holds, lock, lock_within, timed};

pub(super) const RULES: &[Rule] = &[
    ("a held lock excludes others", exclusion),
    ("a try at a held lock returns at once", at_once),
    ("a lock excludes nobody from another key", one_key),
    ("a released lock is free at the next try", released),
    ("a dropped lock becomes free", dropped),
    ("reading needs no lock", reading),
    ("writers that take turns lose nothing", turns),
];

fn exclusion(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("exclusion"));
    let held = lock(&one, &key)?;
    for (store, name) in [(&other, "another handle"), (&one, "the same handle")] {
        holds(store.try_lock(&key, LONG)?.is_none(), &format!("{name} got the lock as well"))?;
    }
    held.release()?;
    lock(&other, &key)?.release()?;
    Ok(())
}

fn at_once(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("at once"));
    let held = lock(&one, &key)?;
    for (store, name) in [(&other, "another handle"), (&one, "the same handle")] {
        let (outcome, took) = timed(|| store.try_lock(&key, LONG).map(drop));
        outcome?;
        holds(took < SLACK, &format!("a try of {name} took {took:?}"))?;
    }
    held.release()?;
    Ok(())
}

fn one_key(bench: &Bench<'_>) -> Tried {
    let store = bench.open()?;
    let held: Result<Vec<_>, _> =
        (0..50).map(|number| lock(&store, &bench.user(&format!("one of many {number}")))).collect();
    let held = held?;
    lock(&bench.open()?, &bench.user("another"))?.release()?;
    held.into_iter().try_for_each(|held| Ok(held.release()?))
}

fn released(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("released"));
    for store in [&one, &other, &one, &one] {
        lock(store, &key)?.release()?;
    }
    Ok(())
}

fn dropped(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("dropped"));
    for store in [&one, &other, &one] {
        drop(lock_within(SLACK, store, &key)?); // an async store releases it in the background
    }
    lock_within(SLACK, &other, &key)?.release()?;
    Ok(())
}

fn reading(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("reading"));
    let mut held = lock(&one, &key)?;
    let pair = Tokens::new("a", "r");
    held.save(&pair)?;
    let (loaded, took) = timed(|| other.load(&key));
    holds(loaded? == Some(pair), "what the holder saved is not there")?;
    holds(took < SLACK, "it waited for the lock")?;
    held.delete()?;
    Ok(())
}

/// Every writer adds one to the number that is kept as an access token.
fn turns(bench: &Bench<'_>) -> Tried {
    const WRITERS: usize = 8;
    const TURNS: usize = 12;
    let key = bench.user("turns");
    let stores: Vec<_> = (0..WRITERS).map(|_| bench.open()).collect::<Result<_, _>>()?;
    let add_one = |store: &dyn TokenStore| -> Tried {
        let mut held = lock_within(LONG / 2, store, &key)?;
        let kept = held.load()?;
        let number: usize = kept.and_then(|kept| kept.access_token.expose().parse().ok()).unwrap_or(0);
        thread::sleep(Duration::from_millis(1)); // for others to come in between, if they can
        held.save(&Tokens::new((number + 1).to_string(), "r"))?;
        Ok(held.release()?)
    };
    thread::scope(|scope| {
        let writers: Vec<_> =
            stores.iter().map(|store| scope.spawn(|| (0..TURNS).try_for_each(|_| add_one(store)))).collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().unwrap_or_else(|_| broken("the store panicked")))
    })?;
    let mut held = lock(&stores[0], &key)?;
    let kept = held.load()?.map(|kept| kept.access_token.expose().to_owned()).unwrap_or_default();
    held.delete()?;
    if kept == (WRITERS * TURNS).to_string() {
        return Ok(());
    }
    broken(format!("of {} turns {kept} are left", WRITERS * TURNS))
}
