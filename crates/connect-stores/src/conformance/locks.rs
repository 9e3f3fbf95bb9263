//! One writer at a time, and only for its time.

use std::{thread, time::Duration};

use connect_core::{StoreError, TokenStore, Tokens};

use super::{Bench, Fault, LONG, Leases, Rule, Tried, broken, holds, lock, timed};

pub(super) const RULES: &[Rule] = &[
    ("a lock keeps others out", exclusion),
    ("who waits for a lock waits no longer than asked", bounded),
    ("a lock of one key keeps nobody from another", one_key),
    ("a lock that is given back is free", released),
    ("a lock that is dropped is free", dropped),
    ("who waits gets the lock when it is free", handed_over),
    ("reading needs no lock", reading),
    ("writers that take turns lose nothing", turns),
    ("a lease that is over is lost before the write", lost),
    ("a lost lease cannot be given back for another", lost_and_released),
];

const SHORT: Duration = Duration::from_millis(150);
/// How much later than asked is still in time: test machines are slow.
const SLACK: Duration = Duration::from_secs(2);

fn exclusion(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("exclusion"));
    let held = lock(&one, &key)?;
    for (store, whose) in [(&other, "another handle"), (&one, "the same handle")] {
        match store.lock(&key, SHORT) {
            Ok(_) => return broken(format!("{whose} got the lock as well")),
            Err(error) if error.lease_lost() => {
                return broken("who never had the lock is told that it was lost");
            }
            Err(_) => {}
        }
    }
    held.release()?;
    lock(&other, &key)?.release()?;
    Ok(())
}

fn bounded(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("bounded"));
    let _held = lock(&one, &key)?;
    for wait in [Duration::ZERO, SHORT] {
        let (outcome, took) = timed(|| other.lock(&key, wait).map(drop));
        holds(outcome.is_err(), "another handle got the lock as well")?;
        holds(took >= wait, "it gave up early")?;
        holds(took < wait + SLACK, "it waited longer than asked")?;
    }
    Ok(())
}

fn one_key(bench: &Bench<'_>) -> Tried {
    let store = bench.open()?;
    let first = lock(&store, &bench.user("one of many"))?;
    let held: Result<Vec<_>, _> =
        (1..50).map(|number| store.lock(&bench.user(&format!("one of many {number}")), SLACK)).collect();
    let held = held?;
    let (outcome, took) = timed(|| bench.open()?.lock(&bench.user("another"), SLACK)?.release());
    outcome?;
    holds(took < SLACK, "fifty locks of other keys kept it waiting")?;
    drop(held);
    first.release()?;
    Ok(())
}

fn released(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("released"));
    for store in [&one, &other, &one] {
        match store.lock(&key, SHORT) {
            Ok(held) => held.release()?,
            Err(error) => return broken(format!("it was not free: {error}")),
        }
    }
    Ok(())
}

fn dropped(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("dropped"));
    for store in [&one, &other, &one] {
        let (held, took) = timed(|| lock(store, &key));
        drop(held?); // an asynchronous store gives it back in its own time
        holds(took < SLACK, "it was not free")?;
    }
    Ok(())
}

fn handed_over(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("handed over"));
    let held = lock(&one, &key)?;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| timed(|| other.lock(&key, LONG)?.release()));
        thread::sleep(SHORT);
        held.release()?;
        let (outcome, took) = waiting.join().map_err(|_| Fault("the store panicked".to_owned()))?;
        outcome?;
        holds(took >= SHORT / 2, "it had the lock before it was free")?;
        holds(took < SHORT + SLACK, "it did not notice that the lock was free")
    })
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
    let add_one = |store: &dyn TokenStore| -> Result<(), StoreError> {
        let mut held = store.lock(&key, LONG)?;
        let kept = held.load()?;
        let number: usize = kept.and_then(|kept| kept.access_token.expose().parse().ok()).unwrap_or(0);
        thread::sleep(Duration::from_millis(1)); // for others to come in between, if they can
        held.save(&Tokens::new((number + 1).to_string(), "r"))?;
        held.release()
    };
    thread::scope(|scope| {
        let writers: Vec<_> =
            stores.iter().map(|store| scope.spawn(|| (0..TURNS).try_for_each(|_| add_one(store)))).collect();
        writers.into_iter().try_for_each(|writer| {
            writer.join().map_err(|_| Fault("the store panicked".to_owned()))?.map_err(Fault::from)
        })
    })?;
    let mut held = lock(&stores[0], &key)?;
    let kept = held.load()?.map(|kept| kept.access_token.expose().to_owned()).unwrap_or_default();
    held.delete()?;
    if kept == (WRITERS * TURNS).to_string() {
        return Ok(());
    }
    broken(format!("of {} turns {kept} are left", WRITERS * TURNS))
}

fn lost(bench: &Bench<'_>) -> Tried {
    if bench.leases == Leases::EndWithHolder {
        return Ok(());
    }
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("lost"));
    let (mine, theirs) = (Tokens::new("mine", "r"), Tokens::new("theirs", "r"));
    // Nobody else takes it.
    let mut late = one.lock(&key, SHORT)?;
    thread::sleep(SHORT * 2);
    refused("a save when the lease was over", late.save(&mine))?;
    holds(one.load(&key)?.is_none(), "a save when the lease was over was made all the same")?;
    drop(late);
    // Somebody else takes it.
    let mut late = one.lock(&key, SLACK)?;
    late.save(&mine)?;
    let (taken, took) = timed(|| other.lock(&key, LONG));
    let mut taken = taken?;
    holds(took < SLACK * 2, "the lease did not end in time")?;
    taken.save(&theirs)?;
    refused("a save when another had the lock", late.save(&mine))?;
    refused("a delete when another had the lock", late.delete())?;
    holds(one.load(&key)?.as_ref() == Some(&theirs), "what was refused was done all the same")?;
    taken.delete()?;
    taken.release()?;
    refused("a save when another had had the lock", late.save(&mine))?;
    holds(one.load(&key)?.is_none(), "a save after another had had the lock was made all the same")
}

fn lost_and_released(bench: &Bench<'_>) -> Tried {
    if bench.leases == Leases::EndWithHolder {
        return Ok(());
    }
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("lost and released"));
    let (late, later) = (one.lock(&key, SHORT)?, one.lock(&key, SLACK)?);
    let taken = other.lock(&key, LONG * 2)?;
    drop(later);
    let _ = late.release(); // it may say so
    thread::sleep(SHORT);
    holds(one.lock(&key, SHORT).is_err(), "who had lost the lock took it from another")?;
    taken.release()?;
    Ok(())
}

fn refused(what: &str, outcome: Result<(), StoreError>) -> Tried {
    match outcome {
        Err(error) if error.lease_lost() => Ok(()),
        Err(error) => broken(format!("{what} fails, but not as a lost lease: {error}")),
        Ok(()) => broken(format!("{what} was accepted")),
    }
}
