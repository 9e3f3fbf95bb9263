//! What a call tells `tracing`: its span, its retries and its refreshes, timed by the driver's clock.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // machines are given up half-way on purpose

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

/// Held by each test: where two subscribers come and go at once, `tracing` may lose the first event of a callsite.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fields of each span, and those of each event.
#[derive(Clone, Default)]
struct Told {
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

impl Subscriber for Told {
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

impl Told {
    /// These fields of the last span.
    fn span<const N: usize>(&self, names: [&str; N]) -> [Option<String>; N] {
        let spans = self.spans.lock().unwrap();
        names.map(|name| spans.last().unwrap().0.get(name).cloned())
    }

    /// This field of each event.
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
    let told = Told::default();
    with_default(told.clone(), || {
        let (_, sending) = send(world.call());
        let place = ["otel.name", "http.request.method", "url.template", "server.address"];
        assert_eq!(told.span(place), some(["GET /calendars", "GET", "/calendars", "connect.mobiscroll.com"]));
        world.pass(2);
        response(sending.resume(Ok(status(200, "[]")), world.now())).unwrap();
        assert_eq!(told.span(OUTCOME), [Some("200".into()), None, Some("2000".into())]);

        let mut step = world.call();
        for _ in 0..2 {
            world.pass(1);
            let (_, sleeping) = sleep(send(step).1.resume(Ok(status(503, "")), world.now()));
            step = sleeping.resume(world.now());
        }
        response(send(step).1.resume(Ok(status(404, "")), world.now())).unwrap_err();
        assert_eq!(told.span(OUTCOME), some(["404", "2", "2000"]));
        assert_eq!(told.span(["error.type"]), some(["NOT_FOUND_ERROR"]));
    });
}

#[test]
fn retries_and_refreshes_emit_events() {
    let _alone = alone();
    let world = World::loaded();
    let told = Told::default();
    let pause = with_default(told.clone(), || {
        let wish_for_time = with_header(status(503, ""), "retry-after", "7");
        let (pause, _) = sleep(world.answered(wish_for_time));
        world.refresh_to(2, &mut Some(world.pair(1)));
        pause
    });
    assert_eq!(told.events("message"), some(["retry", "refresh", "refreshed"]));
    assert_eq!(told.events("pause_ms")[0], Some(pause.as_millis().to_string()));
    assert_eq!(told.events("error.type")[0].as_deref(), Some("SERVER_ERROR"));
    assert_eq!(told.events("reason")[1..], some(["Unauthorized", "Unauthorized"]));
    assert_eq!(told.events("exchanged")[2].as_deref(), Some("true"));
}
