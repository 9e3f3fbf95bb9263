//! Tests of two copies that follow Google and Outlook by notifications.
//!
//! Random changes are made while the sandbox loses, repeats and delays notifications, and sends them after
//! the end of a channel. In the end, each copy must equal the list of events that its service returns.
//!
//! `PUSH_CHANGES` sets the number of changes, `PUSH_SEED` the seed. The output compares the requests and the
//! delays with those of polling every minute.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

#[path = "support/sandbox_world.rs"]
mod sandbox_world;

use connect_blocking::User;
use connect_calendars::{
    backend::{Backend, CalendarBackend, Google, Outlook},
    google, outlook,
    push::{Notification, PushService, Watch, follow, keep},
    sync::{ChangeFeed, EventCopy},
};
use connect_core::{
    Caller as _,
    types::{CalendarRef, EventStatus, NewEvent, Recurrence},
};
use jiff::{SignedDuration, Timestamp};
use sandbox_world::{Random, World, compare_google, compare_outlook, primary, push_key};

/// The seconds from one look at the notifications to the next.
const STEP: i64 = 5;
const RECEIVER: &str = "http://127.0.0.1:9/push";

#[test]
fn copies_that_follow_notifications_equal_the_server_lists() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (changes, seed) = (number("PUSH_CHANGES", 600), number("PUSH_SEED", 11));
    for (what, switches) in [
        ("all notifications arrive", &[][..]),
        (
            "lost, repeated and late notifications",
            &[("push_lost_every", "5"), ("push_copies", "2"), ("push_delay", "20"), ("push_after_end", "on")],
        ),
        (
            "refused subscriptions",
            &[("google_push_refused", "ada@gmail.example"), ("graph_push_refused", "ada@outlook.example")],
        ),
    ] {
        let mut run = Run::new(seed, switches);
        while run.changes < changes / 3 {
            run.change();
            for _ in 0..run.random.below(6) {
                run.pass();
            }
        }
        run.finish();
        println!("{what}, seed {seed}: {} changes in {}", run.changes, run.world.now() - run.began);
        let longest = run.google.report("google", run.began, run.world.now());
        let longest = longest.max(run.outlook.report("outlook", run.began, run.world.now()));
        let is_refused = what.starts_with("refused");
        let allowed = match what {
            "all notifications arrive" => STEP,
            _ if is_refused => 600 + STEP, // the time between two polls
            _ => 24 * 3600 + STEP,         // the time between two sweeps
        };
        assert!(longest <= allowed, "{what}: {longest} s");
        assert_eq!((run.google.watch.is_refused(), run.outlook.watch.is_refused()), (is_refused, is_refused));
    }
}

struct Run {
    world: World,
    random: Random,
    began: Timestamp,
    window: (Timestamp, Timestamp),
    writers: [(Box<dyn CalendarBackend>, CalendarRef); 2],
    google: Follower<google::Channels, google::EventFeed>,
    outlook: Follower<outlook::Subscriptions, outlook::EventFeed>,
    changes: u64,
}

/// A copy, the feed that updates it, and the watch of the calendar.
struct Follower<S, F> {
    user: User,
    watch: Watch<S>,
    feed: F,
    copy: EventCopy,
    requests: u64,
    notifications: u64,
    /// The times of the changes that the copy does not have yet.
    open: Vec<Timestamp>,
    /// The seconds from each change to the copy.
    delays: Vec<i64>,
}

impl<S: PushService<Request: Sync>, F: ChangeFeed<Request: Sync>> Follower<S, F> {
    fn new(user: User, watch: Watch<S>, feed: F) -> Self {
        let (copy, open, delays) = (EventCopy::new(), Vec::new(), Vec::new());
        Self { user, watch, feed, copy, requests: 0, notifications: 0, open, delays }
    }

    /// Does what is due.
    fn work(&mut self, world: &World) {
        let (now, before) = (world.now(), world.requests());
        if let Some(changes) = follow(&self.user, &mut self.watch, &mut self.feed, now).unwrap() {
            self.copy.apply(changes);
            let delays = self.open.drain(..).map(|at| now.duration_since(at).as_secs());
            self.delays.extend(delays);
        }
        keep(&self.user, &mut self.watch, &push_key(), now).unwrap();
        self.requests += world.requests() - before;
    }

    fn notified(&mut self, notification: &Notification) {
        self.notifications += u64::from(notification.watch == self.watch.id());
        self.watch.notified(notification);
    }

    fn report(&mut self, name: &str, began: Timestamp, ended: Timestamp) -> i64 {
        self.delays.sort_unstable();
        let count = self.delays.len();
        let at = |part: usize| self.delays[(count - 1) * part / 100];
        println!(
            "  {name}: {count} changes, {} notifications; {:.2} requests per change (polling every minute: {:.2} or more); seconds to the copy: median {}, 95 of 100 {}, longest {}",
            self.notifications,
            self.requests as f64 / count as f64,
            ended.duration_since(began).as_secs() as f64 / 60.0 / count as f64,
            at(50),
            at(95),
            at(100),
        );
        at(100)
    }
}

impl Run {
    fn new(seed: u64, switches: &[(&str, &str)]) -> Self {
        let world = World::new(seed, &[&[("webhook_url", "")], switches].concat());
        let (google, outlook) = (world.google(), world.outlook());
        let now = Timestamp::from_second(world.now().as_second()).unwrap();
        let days = SignedDuration::from_hours(24);
        let window = (now - days * 3, now + days * 11);
        let google_id = primary(&world, &google, "/google/calendar/v3/calendars/primary");
        let outlook_id = primary(&world, &outlook, "/microsoft/graph/v1.0/me/calendar");
        let writers: [(Box<dyn CalendarBackend>, _); 2] = [
            (Box::new(Backend::new(Google::new(), world.google())), CalendarRef::new("google", &google_id)),
            (
                Box::new(Backend::new(Outlook::new(), world.outlook())),
                CalendarRef::new("microsoft", &outlook_id),
            ),
        ];
        let channels = Watch::new(google::Channels::new(&google_id), "google/1", RECEIVER).unwrap();
        let subscriptions =
            Watch::new(outlook::Subscriptions::new("primary"), "outlook/1", RECEIVER).unwrap();
        let feed = outlook::EventFeed::new(window.0, window.1).calendar(outlook_id);
        Self {
            google: Follower::new(google, channels, google::EventFeed::new(google_id)),
            outlook: Follower::new(outlook, subscriptions, feed),
            random: Random(seed * 2_654_435_761 + 1),
            began: world.now(),
            window,
            writers,
            world,
            changes: 0,
        }
    }

    /// Lets up to two minutes pass, and handles the notifications that arrive.
    fn pass(&mut self) {
        let mut left = 1 + i64::try_from(self.random.below(120)).unwrap();
        while left > 0 {
            let step = left.min(STEP);
            left -= step;
            self.world.advance(step);
            self.arrive();
            self.google.work(&self.world);
            self.outlook.work(&self.world);
        }
    }

    fn arrive(&mut self) {
        for request in self.world.deliveries() {
            let received =
                push_key().receive(request.uri().query(), request.headers(), request.body()).unwrap();
            for notification in received.notifications() {
                self.google.notified(notification);
                self.outlook.notified(notification);
            }
        }
    }

    /// Makes a random change at one of the services.
    fn change(&mut self) {
        let who = self.random.below(2);
        let event = {
            let copy = [&self.google.copy, &self.outlook.copy][who];
            let place = self.random.below(copy.len().max(1));
            let is_many = copy.len() > 300;
            copy.iter().nth(place).filter(|_| is_many || self.random.below(2) == 0).cloned()
        };
        let start = self.time();
        // A change to the same title would not be notified.
        let title = format!("Title {} of {}", self.changes, self.random.below(1000));
        let (writer, calendar) = &self.writers[who];
        let done = match event {
            Some(event) if event.status == Some(EventStatus::Cancelled) => return,
            Some(event) if self.random.below(2) == 0 => {
                writer.delete(&event.delete().or_else(|_| event.delete_series()).unwrap())
            }
            Some(event) => {
                let request = event.change().or_else(|_| event.change_series()).unwrap().title(title);
                let is_moved = event.recurring_event_id.is_none() && event.all_day != Some(true);
                let end = start + SignedDuration::from_mins(30);
                writer.update(&if is_moved { request.time(start, end) } else { request }).map(drop)
            }
            None => {
                let new =
                    NewEvent::new(calendar.clone(), title, start, start + SignedDuration::from_mins(45));
                let new = if self.random.below(6) == 0 {
                    new.recurrence(Recurrence::daily().count(3))
                } else {
                    new
                };
                writer.create(&new).map(drop)
            }
        };
        // An event may be gone, or may not be moved past an adjacent occurrence.
        if done.is_ok() {
            self.changes += 1;
            [&mut self.google.open, &mut self.outlook.open][who].push(self.world.now());
        }
    }

    /// A random start, at most a day outside the window.
    fn time(&mut self) -> Timestamp {
        let quarters = i64::try_from(self.random.below(16 * 24 * 4)).unwrap();
        self.window.0 - SignedDuration::from_hours(24) + SignedDuration::from_mins(quarters * 15)
    }

    /// Lets a day pass without changes, and compares the copies with the services.
    fn finish(&mut self) {
        for _ in 0..25 * 3600 / STEP {
            self.world.advance(STEP);
            self.arrive();
            self.google.work(&self.world);
            self.outlook.work(&self.world);
        }
        assert!(self.google.open.is_empty() && self.outlook.open.is_empty());
        // The comparison does not refresh the access tokens.
        self.google.user.call(&google::GetEvent::new("primary", "none")).unwrap_err();
        self.outlook.user.call(&outlook::GetEvent::new("primary", "none")).unwrap_err();
        compare_google(&self.world, &self.google.user, &self.google.copy);
        compare_outlook(&self.world, &self.outlook.user, &self.outlook.copy, self.window);
    }
}
