//! The rules of leases: a lock must end with its lease, and the holder's later writes must fail.

use std::{fmt, thread};

use connect_core::{StoreError, Tokens};

use super::{
    LONG, RuleResult, SHORT, SLACK, StoreRule, StoreTest, check, lock, lock_for, lock_within, timed, violated,
};

/// The rules for stores whose locks end with their leases.
pub(super) const RULES: &[StoreRule] = &[
    ("a lock lasts exactly as long as its lease", lasts),
    ("a save or delete fails when the lease is lost", lost),
    ("a holder that lost its lease does not release another holder's lock", lost_and_released),
    ("prepare fails when the lease is lost", lost_and_prepared),
];

fn lasts(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("lasts"));
    let lease = SHORT * 6;
    let (taken, took) = timed(|| {
        let held = lock_for(&one, &key, lease)?;
        let taken = lock_within(lease + SLACK, &other, &key);
        drop(held);
        taken
    });
    taken?.release()?;
    // The lease may end a little early, because the store's clock may be coarse.
    check(took + SHORT >= lease, &format!("a lease of {lease:?} ended after {took:?}"))
}

fn lost(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("lost"));
    let (mine, theirs) = (Tokens::new("mine", "r"), Tokens::new("theirs", "r"));
    // The lease ends, and no other holder takes the lock.
    let mut late = lock_for(&one, &key, SHORT)?;
    thread::sleep(SHORT * 2);
    refused("a save after the lease ended", late.save(&mine))?;
    check(one.load(&key)?.is_none(), "a save after the lease ended changed the record")?;
    drop(late);
    // The lease ends, and another holder takes the lock.
    let mut late = lock_for(&other, &key, SLACK)?;
    late.save(&mine)?;
    let mut taken = lock_within(SLACK * 2, &one, &key)?;
    taken.save(&theirs)?;
    refused("a save while another holder had the lock", late.save(&mine))?;
    refused("a delete while another holder had the lock", late.delete())?;
    check(other.load(&key)?.as_ref() == Some(&theirs), "a refused save or delete changed the record")?;
    taken.delete()?;
    taken.release()?;
    refused("a save after another holder released the lock", late.save(&mine))?;
    check(other.load(&key)?.is_none(), "a save after another holder released the lock changed the record")
}

fn lost_and_released(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("lost and released"));
    let late = lock_for(&one, &key, SHORT)?;
    thread::sleep(SHORT * 2);
    let later = lock_for(&one, &key, SHORT)?;
    thread::sleep(SHORT * 2);
    let taken = lock(&other, &key)?;
    drop(later);
    let _ = late.release(); // the release may fail with a lost lease
    thread::sleep(SHORT);
    check(
        one.try_lock(&key, LONG)?.is_none(),
        "a holder that had lost its lock released another holder's lock",
    )?;
    taken.release()?;
    Ok(())
}

fn lost_and_prepared(test: &StoreTest<'_>) -> RuleResult {
    let (one, other, key) = (test.open()?, test.open()?, test.user("lost and prepared"));
    let mut late = lock_for(&one, &key, SHORT)?;
    thread::sleep(SHORT * 2);
    refused("a prepare after the lease ended", late.prepare())?;
    let taken = lock(&other, &key)?;
    refused("a prepare while another holder had the lock", late.prepare())?;
    taken.release()?;
    Ok(())
}

fn refused<T: fmt::Debug>(what: &str, outcome: Result<T, StoreError>) -> RuleResult {
    match outcome {
        Err(error) if error.lease_lost() => Ok(()),
        Err(error) => violated(format!("{what} failed with an error other than a lost lease: {error}")),
        Ok(_) => violated(format!("{what} succeeded")),
    }
}
