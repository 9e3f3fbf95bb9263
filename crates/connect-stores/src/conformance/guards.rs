//! The rules of a replay guard: a delivery that is claimed or was handled cannot be claimed again.

use std::{
    future::Future,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use connect_core::{
    StoreError,
    webhooks::{AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard},
};

use jiff::Timestamp;

use super::{Broken, Fault, RuleResult, check, random, try_rules};
use crate::Blocking;

/// Checks the rules of [`ReplayGuard`] with handles that `open` returns for a given lease.
pub fn replay_guard<G: ReplayGuard>(
    open: impl Fn(Duration) -> Result<G, StoreError> + Send + Sync,
) -> Result<(), Broken> {
    let open = |lease| open(lease).map(|guard| Arc::new(guard) as Arc<dyn ReplayGuard>);
    let run = random().map_err(Broken::setup)?;
    let test = GuardTest { open: &open, run };
    try_rules(RULES.iter().map(|(name, rule)| (*name, || rule(&test))))
}

/// Checks the rules of [`AsyncReplayGuard`]. Blocks the calling thread. Each handle has a separate runtime.
pub fn async_replay_guard<G, F>(open: impl Fn(Duration) -> F + Send + Sync) -> Result<(), Broken>
where
    G: AsyncReplayGuard,
    F: Future<Output = Result<G, StoreError>> + Send + 'static,
{
    let runtime = Blocking::new(()).map_err(Broken::setup)?;
    replay_guard(|lease| Blocking::new(runtime.wait(|_| open(lease))?))
}

struct GuardTest<'a> {
    open: &'a (dyn Fn(Duration) -> Result<Arc<dyn ReplayGuard>, StoreError> + Sync),
    /// A random part of each id, so that test runs do not share ids.
    run: String,
}

type GuardRule = (&'static str, fn(&GuardTest<'_>) -> RuleResult);

const RULES: &[GuardRule] = &[
    ("a claimed delivery cannot be claimed again", in_hand),
    ("after one handle marks a delivery as handled, a claim by any handle returns `Done`", done),
    ("dropping a claim frees the delivery", dropped),
    ("an expired claim frees the delivery", expired),
    ("a delivery handled after its claim expired stays handled", done_late),
    ("releasing a claim frees the delivery", released),
    ("a handled delivery stays handled after a second `done` and a release", done_and_released),
    ("an id may contain any text", any_text),
    ("exactly one of many concurrent claims for a delivery succeeds", concurrent_claims),
];

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);
/// The longest accepted wait until a delivery is free: long, because test machines are slow.
const SLACK: Duration = Duration::from_secs(4);

impl GuardTest<'_> {
    /// Opens a handle with this lease, and a handle with a long lease.
    fn guards(&self, lease: Duration) -> Result<[Arc<dyn ReplayGuard>; 2], StoreError> {
        Ok([(self.open)(lease)?, (self.open)(LONG)?])
    }

    fn id(&self, id: &str) -> String {
        format!("{}{id}", self.run)
    }

    fn claim(&self, guard: &dyn ReplayGuard, id: &str) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        guard.claim(id, Timestamp::now())
    }

    /// Claims a delivery. Fails if the delivery is not free.
    fn take(&self, guard: &dyn ReplayGuard, id: &str) -> Result<Box<dyn ReplayClaim>, Fault> {
        match self.claim(guard, id)? {
            Claimed::New(claim) => Ok(claim),
            other => Err(Fault(format!("the claim returned {other:?}, expected New"))),
        }
    }

    /// Claims a delivery, and checks that the result is `expected`.
    fn expect_claim(&self, guard: &dyn ReplayGuard, id: &str, expected: &str) -> RuleResult {
        let claimed = format!("{:?}", self.claim(guard, id)?);
        check(claimed == expected, &format!("the claim returned {claimed}, expected {expected}"))
    }

    /// Waits until a delivery is free, and claims it. Fails if the delivery is not free within `SLACK`.
    fn take_when_free(&self, guard: &dyn ReplayGuard, id: &str) -> Result<Box<dyn ReplayClaim>, Fault> {
        let until = Instant::now() + SLACK;
        loop {
            match self.claim(guard, id)? {
                Claimed::New(claim) => return Ok(claim),
                _ if Instant::now() >= until => {
                    return Err(Fault("the delivery did not become free".to_owned()));
                }
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

fn in_hand(test: &GuardTest<'_>) -> RuleResult {
    let ([one, other], id) = (test.guards(LONG)?, test.id("in hand"));
    let mut claim = test.take(&one, &id)?;
    test.expect_claim(&one, &id, "InProgress")?;
    test.expect_claim(&other, &id, "InProgress")?;
    test.take(&other, &test.id("another"))?.done()?;
    claim.done()?;
    Ok(())
}

fn done(test: &GuardTest<'_>) -> RuleResult {
    let ([one, other], id) = (test.guards(LONG)?, test.id("done"));
    test.take(&one, &id)?.done()?;
    test.expect_claim(&one, &id, "Done")?;
    test.expect_claim(&other, &id, "Done")
}

fn dropped(test: &GuardTest<'_>) -> RuleResult {
    let ([one, other], id) = (test.guards(LONG)?, test.id("dropped"));
    drop(test.take(&one, &id)?);
    drop(test.take_when_free(&other, &id)?);
    test.take_when_free(&one, &id)?.done()?;
    Ok(())
}

fn expired(test: &GuardTest<'_>) -> RuleResult {
    let ([one, other], id) = (test.guards(SHORT)?, test.id("expired"));
    let late = test.take(&one, &id)?;
    let _claim = test.take_when_free(&other, &id)?;
    drop(late);
    thread::sleep(SHORT / 8);
    test.expect_claim(&one, &id, "InProgress").map_err(|Fault(what)| {
        Fault(format!("the release of an expired claim also released a newer claim of the delivery: {what}"))
    })
}

fn done_late(test: &GuardTest<'_>) -> RuleResult {
    let ([one, other], id) = (test.guards(SHORT)?, test.id("done late"));
    let mut late = test.take(&one, &id)?;
    let claim = test.take_when_free(&other, &id)?;
    late.done()?;
    drop(claim);
    thread::sleep(SHORT);
    test.expect_claim(&other, &id, "Done")?;
    let (id, other_id) = (test.id("done when unclaimed"), test.id("unrelated"));
    let mut late = test.take(&one, &id)?;
    thread::sleep(SHORT * 2);
    test.take(&one, &other_id)?.done()?;
    late.done()?;
    test.expect_claim(&other, &id, "Done")
}

fn released(test: &GuardTest<'_>) -> RuleResult {
    let ([one, other], id) = (test.guards(LONG)?, test.id("released"));
    test.take(&one, &id)?.release()?;
    test.take(&other, &id)?.release()?;
    let ([one, other], id) = (test.guards(SHORT)?, test.id("released late"));
    let late = test.take(&one, &id)?;
    let _claim = test.take_when_free(&other, &id)?;
    late.release()?;
    test.expect_claim(&one, &id, "InProgress")
}

fn done_and_released(test: &GuardTest<'_>) -> RuleResult {
    let ([one, other], id) = (test.guards(LONG)?, test.id("done and released"));
    let mut claim = test.take(&one, &id)?;
    claim.done()?;
    claim.done()?;
    test.expect_claim(&other, &id, "Done")?;
    claim.release()?;
    test.expect_claim(&other, &id, "Done")
}

fn any_text(test: &GuardTest<'_>) -> RuleResult {
    let guard = (test.open)(LONG)?;
    let mut ids: Vec<String> = [
        "",
        " ",
        "a",
        "A",
        "a\0",
        "a\0b",
        "a\n",
        "a'",
        "a\"",
        "a\\",
        "a%",
        "a*",
        "{a}",
        "done",
        "ü",
        "u\u{308}",
        "\u{1f511}",
    ]
    .map(String::from)
    .to_vec();
    ids.extend(["long".repeat(2500), format!("{}x", "long".repeat(2500))]);
    for id in &ids {
        let taken = test.take(&guard, &test.id(&format!("any {id}"))).and_then(|mut claim| Ok(claim.done()?));
        taken.map_err(|Fault(what)| Fault(format!("{id:?}: {what}")))?;
    }
    Ok(())
}

fn concurrent_claims(test: &GuardTest<'_>) -> RuleResult {
    let guards = (0..8).map(|_| (test.open)(LONG)).collect::<Result<Vec<_>, _>>()?;
    for round in 0..20 {
        let id = test.id(&format!("concurrent {round}"));
        let new = thread::scope(|scope| {
            let claims: Vec<_> = guards
                .iter()
                .map(|guard| {
                    scope.spawn(|| match test.claim(guard, &id) {
                        Ok(Claimed::New(mut claim)) => claim.done().map(|()| 1),
                        Ok(_) => Ok(0),
                        Err(error) => Err(error),
                    })
                })
                .collect();
            let counted = claims.into_iter().map(|claim| {
                claim.join().map_err(|_| Fault("the guard panicked".to_owned()))?.map_err(Fault::from)
            });
            counted.sum::<Result<usize, Fault>>()
        })?;
        check(new == 1, &format!("{new} claims succeeded"))?;
    }
    Ok(())
}
