//! Tests the `tracing` output of a call. A call must have one span with OpenTelemetry names, and events for
//! retries and refreshes. The span and the events must not contain private data.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use connect_blocking::{
    Client, RetryPolicy, SignIn,
    types::{DeleteEvent, ListEvents, NewEvent, Provider},
};
use connect_sandbox::Fault;
use connect_tests::world::{Place, World};
use tracing::{
    Event, Id, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record},
};

type Fields = BTreeMap<String, String>;

/// A subscriber that records all spans and events with the target `connect`.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    spans: Vec<Fields>,
    /// The events since the last call of `take`.
    events: Vec<Fields>,
    all_events: Vec<Fields>,
}

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl Everything {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns all spans, and the events since `take` was last called.
    fn take(&self) -> Seen {
        let mut seen = self.seen();
        let events = std::mem::take(&mut seen.events);
        seen.all_events.extend(events.iter().cloned());
        Seen { spans: seen.spans.clone(), events, all_events: Vec::new() }
    }
}

impl Subscriber for Everything {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "connect"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::from([("name".to_owned(), attributes.metadata().name().to_owned())]);
        attributes.record(&mut Reader(&mut fields));
        let mut seen = self.seen();
        seen.spans.push(fields);
        Id::from_u64(seen.spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let place = usize::try_from(span.into_u64()).unwrap() - 1;
        values.record(&mut Reader(&mut self.seen().spans[place]));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Reader(&mut fields));
        self.seen().events.push(fields);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn call_is_one_span_without_private_data() {
    let world = World::new(Place::Socket).unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let client = Client::builder(app.client_id, app.client_secret.clone())
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url())
        .retry(RetryPolicy::default().with_backoff(Duration::from_millis(1), Duration::from_millis(5)))
        .store(world.store.clone())
        .build()
        .unwrap();
    let pending = client.auth().sign_in(SignIn::new("hush-user")).unwrap();
    let callback = world.consent(pending.url()).unwrap();
    let user = client.auth().finish(pending, &callback).unwrap();

    let everything = Everything::default();
    tracing::subscriber::with_default(everything.clone(), || {
        let calendars = user.calendars().list().unwrap();
        let seen = everything.take();
        let span = seen.spans.last().unwrap();
        let field = |name: &str| span.get(name).map(String::as_str);
        assert_eq!(field("name"), Some("connect.call"));
        assert_eq!(field("otel.name"), Some("GET /calendars"));
        assert_eq!(field("otel.kind"), Some("client"));
        assert_eq!(field("http.request.method"), Some("GET"));
        assert_eq!(field("url.template"), Some("/calendars"));
        assert_eq!(field("server.address"), Some("127.0.0.1"));
        assert_eq!(field("http.response.status_code"), Some("200"));
        assert!(field("connect.duration_ms").unwrap().parse::<u64>().is_ok());
        assert_eq!((field("error.type"), field("http.request.resend_count")), (None, None));
        assert_eq!(seen.events.len(), 1);
        assert_eq!(seen.events[0]["message"], "call");
        assert_eq!(seen.events[0]["connect.duration_ms"], span["connect.duration_ms"]);

        // The request is repeated after a 503 and after a refresh.
        world.fault(Fault::on("GET /events").status(503));
        world.expire();
        let range = "2026-12-01T09:00:00Z".parse::<jiff::Timestamp>().unwrap();
        user.events()
            .list(ListEvents::between(range, range).calendar((Provider::Google, "hush-calendar")))
            .first()
            .unwrap();
        let seen = everything.take();
        let span = seen.spans.last().unwrap();
        assert_eq!(span.get("http.request.resend_count").map(String::as_str), Some("2"), "{span:?}");
        let messages: Vec<_> = seen.events.iter().map(|event| event["message"].as_str()).collect();
        assert_eq!(messages, ["retry", "refresh", "call"], "{:?}", seen.events);
        assert_eq!(seen.events[0]["error.type"], "SERVER_ERROR");
        assert_eq!(seen.events[1]["reason"], "Unauthorized");

        // All callers that wait for the same exchange have one event of a refresh.
        world.expire();
        let refreshes = world.refreshes();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let list = || user.calendars().list().unwrap();
                    tracing::subscriber::with_default(everything.clone(), list)
                });
            }
        });
        let seen = everything.take();
        let count = |message: &str| seen.events.iter().filter(|event| event["message"] == message).count();
        assert_eq!((count("call"), count("refresh")), (20, 1), "{:?}", seen.events);
        assert_eq!(world.refreshes() - refreshes, 1);

        // The span of a failed call has the type of the error.
        let gone = DeleteEvent::new(Provider::Google, calendars[0].id.clone(), "hush-event");
        user.events().delete(gone).unwrap_err();
        let new = NewEvent::new(&calendars[0], "hush-title", range, range).attendee("hush-guest@example.org");
        user.events().create(new).unwrap();
        let seen = everything.take();
        let failed = &seen.spans[seen.spans.len() - 2];
        assert_eq!(failed["error.type"], "NOT_FOUND_ERROR");
        assert_eq!(failed["http.response.status_code"], "404");
    });

    let seen = everything.seen();
    assert!(!seen.all_events.is_empty());
    let everything = format!("{:?} {:?}", seen.spans, seen.all_events);
    for private in ["hush-", "@", "secret", "Bearer", "eyJ"] {
        assert!(!everything.contains(private), "{private} in {everything}");
    }
}
