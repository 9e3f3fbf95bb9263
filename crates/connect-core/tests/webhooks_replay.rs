//! The replay guard in memory, the order and origin of events, and the renewal of subscriptions.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    pin::pin,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use connect_core::{
    types::{CalendarRef, Event, Raw, Subscribed, decode},
    webhooks::{
        AsyncReplayGuard, Claimed, Held, Order, Origin, ReplayClaim, ReplayGuard, ReplayMemory, Upkeep,
        UpkeepAction,
    },
};
use jiff::Timestamp;

fn at(seconds: u64) -> Timestamp {
    "2026-11-21T10:00:00Z".parse::<Timestamp>().unwrap() + Duration::from_secs(seconds)
}

fn new(guard: &ReplayMemory, id: &str, seconds: u64) -> Box<dyn ReplayClaim> {
    match ReplayGuard::claim(guard, id, at(seconds)).unwrap() {
        Claimed::New(claim) => claim,
        other => panic!("{id} is {other:?}"),
    }
}

/// Returns the value of a future that is ready.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future is not ready"),
    }
}

fn state(guard: &ReplayMemory, id: &str, seconds: u64) -> String {
    format!("{:?}", ReplayGuard::claim(guard, id, at(seconds)).unwrap())
}

#[test]
fn thousand_replays_from_eight_tasks_are_handled_once() {
    let guard = ReplayMemory::new();
    let (handled, declined, start) = (AtomicUsize::new(0), AtomicUsize::new(0), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..1_000 {
                    match ReplayGuard::claim(&guard, "msg_1", at(1)).unwrap() {
                        Claimed::New(mut claim) => {
                            handled.fetch_add(1, Ordering::SeqCst);
                            thread::yield_now();
                            claim.done().unwrap();
                        }
                        Claimed::InProgress | Claimed::Done => drop(declined.fetch_add(1, Ordering::SeqCst)),
                    }
                }
            });
        }
    });
    assert_eq!((handled.into_inner(), declined.into_inner()), (1, 7_999));
}

#[test]
fn dropped_claim_releases_the_delivery() {
    let guard = ReplayMemory::new();
    let claim = new(&guard, "a", 0);
    assert_eq!(state(&guard, "a", 0), "InProgress");
    drop(claim);
    new(&guard, "a", 0).done().unwrap();
    assert_eq!(state(&guard, "a", 1), "Done");
    assert_eq!(state(&guard, "b", 1), "New");
}

#[test]
fn expired_claim_releases_the_delivery() {
    let guard = ReplayMemory::new().lease(Duration::from_secs(60));
    let slow = new(&guard, "a", 0);
    assert_eq!(state(&guard, "a", 59), "InProgress");
    let mut second = new(&guard, "a", 60);
    // The first claim is released after its lease. The release must not end the second claim.
    drop(slow);
    assert_eq!(state(&guard, "a", 61), "InProgress");
    second.done().unwrap();
    assert_eq!(state(&guard, "a", 62), "Done");
}

#[test]
fn done_after_the_lease_counts_as_handled() {
    let guard = ReplayMemory::new().lease(Duration::from_secs(60));
    let (mut slow, second) = (new(&guard, "a", 0), new(&guard, "a", 60));
    slow.done().unwrap();
    assert_eq!(state(&guard, "a", 61), "Done");
    drop(second);
    assert_eq!(state(&guard, "a", 62), "Done");
    // `done` records the delivery as handled even if the guard has forgotten the claim.
    let guard = ReplayMemory::new().lease(Duration::from_secs(60)).most(1);
    let mut slow = new(&guard, "a", 0);
    new(&guard, "b", 60).done().unwrap();
    slow.done().unwrap();
    assert_eq!(state(&guard, "a", 61), "Done");
    // `done` of the first claim does not shorten the time for which the delivery is remembered.
    let guard = ReplayMemory::new().lease(Duration::from_secs(60)).keep(Duration::ZERO);
    let (mut slow, mut second) = (new(&guard, "a", 0), new(&guard, "a", 60));
    second.done().unwrap();
    slow.done().unwrap();
    assert_eq!(state(&guard, "a", 659), "Done");
    assert_eq!(state(&guard, "a", 660), "New");
}

#[test]
fn async_guard_shares_its_state_with_the_blocking_one() {
    let guard = ReplayMemory::new();
    let claim = |id| match ready(AsyncReplayGuard::claim(&guard, id, at(0))).unwrap() {
        Claimed::New(claim) => claim,
        other => panic!("{id} is {other:?}"),
    };
    ready(claim("a").done()).unwrap();
    ready(claim("b").release()).unwrap();
    let _held = claim("c");
    assert_eq!(["a", "b", "c"].map(|id| state(&guard, id, 1)), ["Done", "New", "InProgress"]);
}

#[test]
fn claim_can_be_released_and_done_can_be_called_twice() {
    let guard = ReplayMemory::new();
    new(&guard, "a", 0).release().unwrap();
    let mut claim = new(&guard, "a", 0);
    claim.done().unwrap();
    claim.done().unwrap();
    assert_eq!(state(&guard, "a", 1), "Done");
    claim.release().unwrap();
    assert_eq!(state(&guard, "a", 1), "Done", "a handled delivery is not released");
}

#[test]
fn memory_lasts_at_least_as_long_as_a_delivery_verifies() {
    let guard = ReplayMemory::new().keep(Duration::ZERO);
    new(&guard, "a", 0).done().unwrap();
    assert_eq!(state(&guard, "a", 599), "Done");
    assert_eq!(state(&guard, "a", 600), "New");
}

#[test]
fn expired_claims_are_forgotten_before_handled_deliveries() {
    let guard = ReplayMemory::new().most(4).lease(Duration::from_secs(60));
    new(&guard, "handled", 0).done().unwrap();
    let over: Vec<_> = ["x", "y", "z"].map(|id| new(&guard, id, 1)).into_iter().collect();
    for id in ["p", "q", "r"] {
        new(&guard, id, 100).done().unwrap();
    }
    assert_eq!(state(&guard, "handled", 101), "Done");
    new(&guard, "s", 101).done().unwrap();
    assert_eq!(
        state(&guard, "handled", 101),
        "New",
        "without expired claims, the oldest delivery is forgotten"
    );
    drop(over);
}

#[test]
fn late_done_stays_within_the_memory_limit() {
    let guard = ReplayMemory::new().most(2).lease(Duration::from_secs(1));
    let mut late: Vec<_> = (0..1_000).map(|n| new(&guard, &format!("m{n}"), n * 2)).collect();
    late.iter_mut().for_each(|claim| claim.done().unwrap());
    let roomy = guard.clone().most(usize::MAX);
    let done = |n: &u64| state(&roomy, &format!("m{n}"), 2_000) == "Done";
    assert_eq!((0..1_000).filter(done).collect::<Vec<_>>(), [998, 999]);
}

#[test]
fn memory_of_a_delivery_expires() {
    let guard = ReplayMemory::new().keep(Duration::from_secs(3600));
    new(&guard, "a", 0).done().unwrap();
    assert_eq!(state(&guard, "a", 3599), "Done");
    assert_eq!(state(&guard, "a", 3600), "New");
}

#[test]
fn memory_is_limited_in_number() {
    let guard = ReplayMemory::new().most(1_000);
    let held = new(&guard, "held", 0);
    for n in 0..10_000 {
        new(&guard, &format!("m{n}"), 1).done().unwrap();
    }
    assert_eq!(state(&guard, "held", 1), "InProgress", "a claimed delivery is not forgotten");
    assert_eq!(state(&guard, "m9999", 1), "Done");
    assert_eq!(state(&guard, "m9002", 1), "Done");
    assert_eq!(state(&guard, "m0", 1), "New", "the oldest was forgotten");
    drop(held);
    // If every remembered delivery is claimed, a full guard refuses new deliveries until a lease ends.
    let guard = ReplayMemory::new().most(2).lease(Duration::from_secs(60));
    let (_a, _b) = (new(&guard, "a", 0), new(&guard, "b", 0));
    assert!(ReplayGuard::claim(&guard, "c", at(59)).is_err());
    new(&guard, "c", 60).done().unwrap();
}

fn event(text: &str) -> Event {
    decode(text.as_bytes()).unwrap()
}

#[test]
fn order_compares_last_modified() {
    let at =
        |second: u8| event(&format!(r#"{{"id": "e", "lastModified": "2026-11-21T10:00:{second:02}.000Z"}}"#));
    assert_eq!(Order::of(&at(2), &at(1)), Order::Newer);
    assert_eq!(Order::of(&at(1), &at(2)), Order::Older);
    assert_eq!(Order::of(&at(1), &at(1)), Order::Same);
    assert_eq!(Order::of(&at(1), &event("{}")), Order::Unknown);
    assert_eq!(Order::of(&event(r#"{"lastModified": "yesterday"}"#), &at(1)), Order::Unknown);
}

#[test]
fn origin_recognizes_its_mark() {
    let origin = Origin::new("planner").field("madeBy");
    let custom: Raw = r#"{"room": 5, "big": 123456789012345678901234567890}"#.parse().unwrap();
    let marked = origin.mark(Some(&custom)).unwrap();
    assert_eq!(marked.get(), r#"{"big":123456789012345678901234567890,"madeBy":"planner","room":5}"#);
    let back = event(&format!(r#"{{"id": "e", "custom": {marked}}}"#));
    assert!(origin.is_of(&back));
    assert!(!Origin::new("planner").is_of(&back), "another field");
    assert!(!Origin::new("other").field("madeBy").is_of(&back));
    for custom in ["null", "5", "[]", "\"planner\"", "{}", r#"{"madeBy": 5}"#, r#"{"madeBy": null}"#] {
        assert!(!origin.is_of(&event(&format!(r#"{{"id": "e", "custom": {custom}}}"#))), "{custom}");
    }
    assert!(origin.mark(Some(&"[]".parse().unwrap())).is_err());
}

fn held(provider: &str, calendar: &str, expiration: &str) -> Held {
    let answer = format!(
        r#"{{"success": true, "channelId": "c-{calendar}",
            "subscription": {{"channelId": "c-{calendar}", "resourceId": "r-{calendar}", "expiration": {expiration}}}}}"#
    );
    Held::new((provider, calendar), &decode::<Subscribed>(answer.as_bytes()).unwrap()).unwrap()
}

fn plan(wanted: &[CalendarRef], held: &[Held]) -> Vec<String> {
    let actions = Upkeep::default().plan(wanted, held, "2026-11-21T10:00:00Z".parse().unwrap());
    let shown = |action: &UpkeepAction| match action {
        UpkeepAction::Subscribe(calendar, _) => format!("+{}", calendar.id),
        UpkeepAction::Unsubscribe(held, _) => format!("-{}", held.calendar_id),
    };
    actions.iter().map(shown).collect()
}

#[test]
fn upkeep_creates_renews_and_ends_subscriptions() {
    let calendar = |id: &str| CalendarRef::new("google", id);
    let (a, b, c) = (calendar("a"), calendar("b"), calendar("c"));
    let wanted = [a.clone(), b.clone(), c.clone(), a.clone()];
    assert_eq!(plan(&wanted, &[]), ["+a", "+b", "+c"]);
    let held = [
        held("google", "a", "\"2026-11-22T10:00:01Z\""),
        held("google", "b", "\"2026-11-22T10:00:00Z\""),
        held("google", "c", "null"),
        held("microsoft", "a", "\"2026-11-30T10:00:00Z\""),
        held("google", "gone", "\"2026-11-01T10:00:00Z\""),
    ];
    assert_eq!(plan(&wanted, &held), ["+b", "-a", "-gone"]);
    assert_eq!(plan(&[a], &[held[1].clone(), held[0].clone()]), ["-b"]);
    let over = self::held("google", "a", "\"2026-11-20T10:00:00Z\"");
    assert_eq!(plan(&[calendar("a")], &[over]), ["+a"]);
    assert_eq!(plan(&[], &[]), Vec::<String>::new());
    // A subscription is renewed if its expiration cannot be decoded.
    for text in ["\"soon\"", "1763800000000", "{}"] {
        assert_eq!(plan(&[calendar("a")], &[self::held("google", "a", text)]), ["+a"], "{text}");
    }
    // After a renewal, the older of the two subscriptions is ignored.
    let renewed = Held::clone(&held[0]);
    let mut over = renewed.clone();
    over.expires = Some("2026-11-20T10:00:00Z".parse().unwrap());
    assert_eq!(plan(&[calendar("a")], &[over, renewed]), Vec::<String>::new());
}

#[test]
fn subscription_replaces_only_those_of_its_calendar() {
    let made = held("google", "a", "null");
    assert!(made.replaces(&held("google", "a", "\"2026-11-22T10:00:01Z\"")));
    assert!(!made.replaces(&held("google", "b", "null")));
    assert!(!made.replaces(&held("microsoft", "a", "null")));
}

#[test]
fn ten_thousand_calendars_are_planned() {
    let wanted: Vec<_> = (0..10_000).map(|n| CalendarRef::new("google", format!("calendar-{n}"))).collect();
    let held: Vec<_> = (5_000..15_000).map(|n| held("google", &format!("calendar-{n}"), "null")).collect();
    let subscribed = (0..5_000).map(|n| format!("+calendar-{n}"));
    let ended = (10_000..15_000).map(|n| format!("-calendar-{n}"));
    assert!(plan(&wanted, &held).into_iter().eq(subscribed.chain(ended)));
}

#[test]
fn held_subscription_can_be_serialized() {
    let held = held("google", "a", "\"2026-11-22T10:00:01Z\"");
    let text = serde_json::to_string(&held).unwrap();
    assert_eq!(serde_json::from_str::<Held>(&text).unwrap(), held);
    let nothing: Subscribed = decode(br#"{"success": true}"#).unwrap();
    assert_eq!(Held::new(("google", "a"), &nothing), None);
}
