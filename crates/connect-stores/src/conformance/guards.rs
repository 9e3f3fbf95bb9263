//! A delivery is handled once.

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

use super::{Broken, Fault, Tried, broken, holds, random, try_rules};
use crate::Blocking;

/// Tries the rules of [`ReplayGuard`] on the guard that `open` opens handles on, with a lease of so long.
pub fn replay_guard<G: ReplayGuard>(
    open: impl Fn(Duration) -> Result<G, StoreError> + Send + Sync,
) -> Result<(), Broken> {
    let open = |lease| open(lease).map(|guard| Arc::new(guard) as Arc<dyn ReplayGuard>);
    let run = random().map_err(Broken::setup)?;
    let bench = Bench { open: &open, run };
    try_rules(RULES.iter().map(|(name, rule)| (*name, || rule(&bench))))
}

/// Tries the rules of [`AsyncReplayGuard`]. It blocks; each handle has a runtime of its own.
pub fn async_replay_guard<G, F>(open: impl Fn(Duration) -> F + Send + Sync) -> Result<(), Broken>
where
    G: AsyncReplayGuard,
    F: Future<Output = Result<G, StoreError>> + Send + 'static,
{
    let home = Blocking::new(()).map_err(Broken::setup)?;
    replay_guard(|lease| Blocking::new(home.wait(|_| open(lease))?))
}

struct Bench<'a> {
    open: &'a (dyn Fn(Duration) -> Result<Arc<dyn ReplayGuard>, StoreError> + Sync),
    /// No other run uses it.
    run: String,
}

type Rule = (&'static str, fn(&Bench<'_>) -> Tried);

const RULES: &[Rule] = &[
    ("a delivery in hand is not handed out again", in_hand),
    ("a delivery that was done is done for everybody", done),
    ("a claim that is dropped frees the delivery", dropped),
    ("a claim that is over frees the delivery", over),
    ("what was handled stays so, although the claim was over", done_late),
    ("a claim that is given back frees the delivery", released),
    ("done is done, however often and although it is given back", done_and_released),
    ("an id may hold anything", any_text),
    ("of many that claim one delivery one gets it", storm),
];

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);
/// How much later than asked is still in time: test machines are slow.
const SLACK: Duration = Duration::from_secs(4);

impl Bench<'_> {
    /// Two handles, the first with this lease.
    fn guards(&self, lease: Duration) -> Result<[Arc<dyn ReplayGuard>; 2], StoreError> {
        Ok([(self.open)(lease)?, (self.open)(LONG)?])
    }

    fn id(&self, id: &str) -> String {
        format!("{}{id}", self.run)
    }

    fn claim(&self, guard: &dyn ReplayGuard, id: &str) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        guard.claim(id, Timestamp::now())
    }

    /// Claims a delivery that must be free.
    fn take(&self, guard: &dyn ReplayGuard, id: &str) -> Result<Box<dyn ReplayClaim>, Fault> {
        match self.claim(guard, id)? {
            Claimed::New(claim) => Ok(claim),
            other => Err(Fault(format!("it is {other:?}, not new"))),
        }
    }

    /// What a claim that is not new says.
    fn says(&self, guard: &dyn ReplayGuard, id: &str, expected: &str) -> Tried {
        let said = format!("{:?}", self.claim(guard, id)?);
        if said == expected { Ok(()) } else { broken(format!("it is {said}, not {expected}")) }
    }

    /// Waits until a delivery is free again.
    fn take_when_free(&self, guard: &dyn ReplayGuard, id: &str) -> Result<Box<dyn ReplayClaim>, Fault> {
        let until = Instant::now() + SLACK;
        loop {
            match self.claim(guard, id)? {
                Claimed::New(claim) => return Ok(claim),
                _ if Instant::now() >= until => return Err(Fault("it was not free".to_owned())),
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

fn in_hand(bench: &Bench<'_>) -> Tried {
    let ([one, other], id) = (bench.guards(LONG)?, bench.id("in hand"));
    let mut claim = bench.take(&one, &id)?;
    bench.says(&one, &id, "InHand")?;
    bench.says(&other, &id, "InHand")?;
    bench.take(&other, &bench.id("another"))?.done()?;
    claim.done()?;
    Ok(())
}

fn done(bench: &Bench<'_>) -> Tried {
    let ([one, other], id) = (bench.guards(LONG)?, bench.id("done"));
    bench.take(&one, &id)?.done()?;
    bench.says(&one, &id, "Done")?;
    bench.says(&other, &id, "Done")
}

fn dropped(bench: &Bench<'_>) -> Tried {
    let ([one, other], id) = (bench.guards(LONG)?, bench.id("dropped"));
    drop(bench.take(&one, &id)?);
    drop(bench.take_when_free(&other, &id)?);
    bench.take_when_free(&one, &id)?.done()?;
    Ok(())
}

fn over(bench: &Bench<'_>) -> Tried {
    let ([one, other], id) = (bench.guards(SHORT)?, bench.id("over"));
    let late = bench.take(&one, &id)?;
    let _claim = bench.take_when_free(&other, &id)?;
    drop(late);
    thread::sleep(SHORT / 8);
    bench
        .says(&one, &id, "InHand")
        .map_err(|Fault(what)| Fault(format!("a claim that is over freed another: {what}")))
}

fn done_late(bench: &Bench<'_>) -> Tried {
    let ([one, other], id) = (bench.guards(SHORT)?, bench.id("done late"));
    let mut late = bench.take(&one, &id)?;
    let claim = bench.take_when_free(&other, &id)?;
    late.done()?;
    drop(claim);
    thread::sleep(SHORT);
    bench.says(&other, &id, "Done")?;
    let (id, other_id) = (bench.id("done when nobody has it"), bench.id("something else"));
    let mut late = bench.take(&one, &id)?;
    thread::sleep(SHORT * 2);
    bench.take(&one, &other_id)?.done()?;
    late.done()?;
    bench.says(&other, &id, "Done")
}

fn released(bench: &Bench<'_>) -> Tried {
    let ([one, other], id) = (bench.guards(LONG)?, bench.id("released"));
    bench.take(&one, &id)?.release()?;
    bench.take(&other, &id)?.release()?;
    let ([one, other], id) = (bench.guards(SHORT)?, bench.id("released late"));
    let late = bench.take(&one, &id)?;
    let _claim = bench.take_when_free(&other, &id)?;
    late.release()?;
    bench.says(&one, &id, "InHand")
}

fn done_and_released(bench: &Bench<'_>) -> Tried {
    let ([one, other], id) = (bench.guards(LONG)?, bench.id("done and released"));
    let mut claim = bench.take(&one, &id)?;
    claim.done()?;
    claim.done()?;
    bench.says(&other, &id, "Done")?;
    claim.release()?;
    bench.says(&other, &id, "Done")
}

fn any_text(bench: &Bench<'_>) -> Tried {
    let guard = (bench.open)(LONG)?;
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
        let taken =
            bench.take(&guard, &bench.id(&format!("any {id}"))).and_then(|mut claim| Ok(claim.done()?));
        taken.map_err(|Fault(what)| Fault(format!("{id:?}: {what}")))?;
    }
    Ok(())
}

fn storm(bench: &Bench<'_>) -> Tried {
    let guards = (0..8).map(|_| (bench.open)(LONG)).collect::<Result<Vec<_>, _>>()?;
    for round in 0..20 {
        let id = bench.id(&format!("storm {round}"));
        let new = thread::scope(|scope| {
            let claims: Vec<_> = guards
                .iter()
                .map(|guard| {
                    scope.spawn(|| match bench.claim(guard, &id) {
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
        holds(new == 1, &format!("{new} got it"))?;
    }
    Ok(())
}
