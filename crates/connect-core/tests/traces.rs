//! The spans and events of `tracing`: calls, retries and refreshes, timed by the driver's clock.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use support::*;
use tracing::{
    Event, Id, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record},
    subscriber::with_default,
};

/// A lock that each test holds. With two active subscribers, `tracing` may lose a callsite's first event.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A subscriber that records the fields of each span and event.
#[derive(Clone, Default)]
struct Recorder {
    spans: Arc<Mutex<Vec<Fields>>>,
    events: Arc<Mutex<Vec<Fields>>>,
}

#[derive(Clone, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "connect"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let mut spans = self.spans.lock().unwrap();
        spans.push(fields);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        values.record(&mut self.spans.lock().unwrap()[span.into_u64() as usize - 1]);
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.events.lock().unwrap().push(fields);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Recorder {
    /// Returns these fields of the last span.
    fn span<const N: usize>(&self, names: [&str; N]) -> [Option<String>; N] {
        let spans = self.spans.lock().unwrap();
        names.map(|name| spans.last().unwrap().0.get(name).cloned())
    }

    /// Returns this field of each event.
    fn events(&self, name: &str) -> Vec<Option<String>> {
        self.events.lock().unwrap().iter().map(|event| event.0.get(name).cloned()).collect()
    }
}

fn some<const N: usize>(texts: [&str; N]) -> [Option<String>; N] {
    texts.map(|text| Some(text.to_owned()))
}

const OUTCOME: [&str; 3] = ["http.response.status_code", "http.request.resend_count", "connect.duration_ms"];

#[test]
fn span_has_target_attempts_and_duration_of_a_call() {
    let _alone = alone();
    let mut world = World::loaded();
    let recorder = Recorder::default();
    with_default(recorder.clone(), || {
        let (_, sending) = send(world.call());
        let place = ["otel.name", "http.request.method", "url.template", "server.address"];
        assert_eq!(
            recorder.span(place),
            some(["GET /calendars", "GET", "/calendars", "connect.mobiscroll.com"])
        );
        world.pass(2);
        response(sending.resume(Ok(status(200, "[]")), world.now())).unwrap();
        assert_eq!(recorder.span(OUTCOME), [Some("200".into()), None, Some("2000".into())]);
        assert_eq!(recorder.events("message"), some(["call"]));
        assert_eq!(OUTCOME.map(|name| recorder.events(name)[0].clone()), recorder.span(OUTCOME));

        let mut step = world.call();
        for _ in 0..2 {
            world.pass(1);
            let (_, sleeping) = sleep(send(step).1.resume(Ok(status(503, "")), world.now()));
            step = sleeping.resume(world.now());
        }
        response(send(step).1.resume(Ok(status(404, "")), world.now())).unwrap_err();
        assert_eq!(recorder.span(OUTCOME), some(["404", "2", "2000"]));
        assert_eq!(recorder.span(["error.type"]), some(["NOT_FOUND_ERROR"]));
    });
}

#[test]
fn retries_and_refreshes_emit_events() {
    let _alone = alone();
    let world = World::loaded();
    let recorder = Recorder::default();
    let pause = with_default(recorder.clone(), || {
        let retry_later = with_header(status(503, ""), "retry-after", "7");
        let (pause, _) = sleep(world.answered(retry_later));
        world.refresh_to(2, &mut Some(world.pair(1)));
        pause
    });
    assert_eq!(recorder.events("message"), some(["retry", "refresh"]));
    assert_eq!(recorder.events("pause_ms")[0], Some(pause.as_millis().to_string()));
    assert_eq!(recorder.events("error.type")[0].as_deref(), Some("SERVER_ERROR"));
    assert_eq!(recorder.events("reason")[1..], some(["Unauthorized"]));
}
