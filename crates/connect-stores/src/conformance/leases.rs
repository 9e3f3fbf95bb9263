//! A lock ends with its lease, and its holder learns so before a write.

use std::{fmt, thread};

use connect_core::{StoreError, Tokens};

use super::{Bench, LONG, Rule, SHORT, SLACK, Tried, broken, holds, lock, lock_for, lock_within, timed};

/// For stores whose locks end in time.
pub(super) const RULES: &[Rule] = &[
    ("a lock lasts as long as its lease, and no longer", lasts),
    ("a lease that is over is lost before the write", lost),
    ("a lost lease is not released for another holder", lost_and_released),
    ("prepare fails when the lease is lost", lost_and_prepared),
];

fn lasts(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("lasts"));
    let lease = SHORT * 6;
    let (taken, took) = timed(|| {
        let held = lock_for(&one, &key, lease)?;
        let taken = lock_within(lease + SLACK, &other, &key);
        drop(held);
        taken
    });
    taken?.release()?;
    // The clock of the store may count in other units than this one.
    holds(took + SHORT >= lease, &format!("a lease of {lease:?} ended after {took:?}"))
}

fn lost(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("lost"));
    let (mine, theirs) = (Tokens::new("mine", "r"), Tokens::new("theirs", "r"));
    // Nobody else takes it.
    let mut late = lock_for(&one, &key, SHORT)?;
    thread::sleep(SHORT * 2);
    refused("a save after the lease had ended", late.save(&mine))?;
    holds(one.load(&key)?.is_none(), "a save after the lease had ended was made all the same")?;
    drop(late);
    // Another holder takes it.
    let mut late = lock_for(&other, &key, SLACK)?;
    late.save(&mine)?;
    let mut taken = lock_within(SLACK * 2, &one, &key)?;
    taken.save(&theirs)?;
    refused("a save when another had the lock", late.save(&mine))?;
    refused("a delete when another had the lock", late.delete())?;
    holds(other.load(&key)?.as_ref() == Some(&theirs), "what was refused was done all the same")?;
    taken.delete()?;
    taken.release()?;
    refused("a save when another had had the lock", late.save(&mine))?;
    holds(other.load(&key)?.is_none(), "a save after another had had the lock was made all the same")
}

fn lost_and_released(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("lost and released"));
    let late = lock_for(&one, &key, SHORT)?;
    thread::sleep(SHORT * 2);
    let later = lock_for(&one, &key, SHORT)?;
    thread::sleep(SHORT * 2);
    let taken = lock(&other, &key)?;
    drop(later);
    let _ = late.release(); // it may say that the lease is lost
    thread::sleep(SHORT);
    holds(one.try_lock(&key, LONG)?.is_none(), "a holder that had lost the lock released it for another")?;
    taken.release()?;
    Ok(())
}

fn lost_and_prepared(bench: &Bench<'_>) -> Tried {
    let (one, other, key) = (bench.open()?, bench.open()?, bench.user("lost and prepared"));
    let mut late = lock_for(&one, &key, SHORT)?;
    thread::sleep(SHORT * 2);
    refused("a prepare after the lease had ended", late.prepare())?;
    let taken = lock(&other, &key)?;
    refused("a prepare when another had the lock", late.prepare())?;
    taken.release()?;
    Ok(())
}

fn refused<T: fmt::Debug>(what: &str, outcome: Result<T, StoreError>) -> Tried {
    match outcome {
        Err(error) if error.lease_lost() => Ok(()),
        Err(error) => broken(format!("{what} fails, but not as a lost lease: {error}")),
        Ok(_) => broken(format!("{what} was accepted")),
    }
}
