//! The steps of the demo.

use std::collections::BTreeSet;

use connect_hyper::{
    Client, ErrorKind, SignIn, User,
    types::{Calendar, Event, ListEvents, NewEvent, Scope},
    webhooks::Declined,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Deliveries, DemoError, DemoReport, Service};

/// How many calls start concurrently with an expired access token.
const CALLERS: usize = 50;

pub(crate) struct DemoSteps<'a> {
    client: Client,
    service: &'a Service,
    deliveries: Deliveries,
}

impl<'a> DemoSteps<'a> {
    pub(crate) fn new(client: Client, service: &'a Service, deliveries: Deliveries) -> Self {
        Self { client, service, deliveries }
    }

    pub(crate) async fn run(&mut self, report: &mut DemoReport) -> Result<(), DemoError> {
        let user = self.sign_in(report).await?;
        let calendars = self.calendars(report, &user).await?;
        let events = self.events(report, &user).await?;
        self.create_and_delete(report, &user, &calendars).await?;
        self.change_one_occurrence(report, &user, &events).await?;
        self.expire(report, &user).await?;
        self.rate_limit(report, &user).await?;
        self.receive_delivery(report, &user).await?;
        self.sign_out(report, &user).await
    }

    async fn sign_in(&self, report: &mut DemoReport) -> Result<User, DemoError> {
        let sign_in = self.client.auth().sign_in(SignIn::new("demo-user").scope(Scope::ReadWrite))?;
        let callback = self.service.consent(sign_in.url()).await?;
        self.done(report, "authorize", "the user consents; the callback has a state and a code".to_owned())
            .await?;
        let user = self.client.auth().finish(sign_in, &callback).await?;
        self.done(
            report,
            "exchange",
            "the code is exchanged for tokens, which are checked and saved".to_owned(),
        )
        .await?;
        Ok(user)
    }

    async fn calendars(&self, report: &mut DemoReport, user: &User) -> Result<Vec<Calendar>, DemoError> {
        let calendars = user.calendars().list().await?;
        let providers: BTreeSet<_> =
            calendars.iter().filter_map(|calendar| calendar.provider.as_ref()).collect();
        let detail = format!("{} calendars of {} providers", calendars.len(), providers.len());
        self.done(report, "calendars", detail).await?;
        Ok(calendars)
    }

    async fn events(&self, report: &mut DemoReport, user: &User) -> Result<Vec<Event>, DemoError> {
        let now = Timestamp::now();
        let month = SignedDuration::from_hours(30 * 24);
        let mut items =
            user.events().list(ListEvents::between(now - month, now + month).page_size(50)).items();
        let mut events = Vec::new();
        while let Some(event) = items.next().await {
            events.push(event?);
        }
        self.done(report, "events", format!("{} events in two months, page by page", events.len())).await?;
        Ok(events)
    }

    async fn create_and_delete(
        &self,
        report: &mut DemoReport,
        user: &User,
        calendars: &[Calendar],
    ) -> Result<(), DemoError> {
        let calendar = calendars.first().ok_or("the user has no calendar")?;
        let start = Timestamp::now() + SignedDuration::from_hours(24);
        let end = start + SignedDuration::from_mins(30);
        let new = NewEvent::new(calendar, "Stand-up", start, end).attendee("ann@example.org");
        let event = user.events().create(new).await?;
        self.done(report, "create", format!("{:?} in {:?}", event.title, calendar.title)).await?;
        user.events().delete(event.delete()?).await?;
        self.done(report, "delete", format!("{:?}", event.title)).await
    }

    async fn change_one_occurrence(
        &self,
        report: &mut DemoReport,
        user: &User,
        events: &[Event],
    ) -> Result<(), DemoError> {
        let occurrence = events.iter().find(|event| event.recurring_event_id.is_some());
        let occurrence = occurrence.ok_or("the user has no series")?;
        let changed = user.events().update(occurrence.change()?.location("Room 5")).await?;
        let room = changed.location.as_deref().unwrap_or_default();
        self.done(report, "update", format!("one occurrence of {:?} moves to {room}", changed.title)).await
    }

    async fn expire(&self, report: &mut DemoReport, user: &User) -> Result<(), DemoError> {
        self.service.expire().await?;
        let before = self.service.stats().await?.refreshes();
        let calls: Vec<_> = (0..CALLERS)
            .map(|_| {
                let user = user.clone();
                tokio::spawn(async move { user.calendars().list().await })
            })
            .collect();
        for call in calls {
            call.await??;
        }
        let refreshes = self.service.stats().await?.refreshes() - before;
        if refreshes != 1 {
            return Err(format!("the client refreshed {refreshes} times (expected 1)").into());
        }
        self.done(report, "expiry", format!("{CALLERS} concurrent calls, 1 refresh, no failed call")).await
    }

    async fn rate_limit(&self, report: &mut DemoReport, user: &User) -> Result<(), DemoError> {
        let busy = json!({ "endpoint": "GET /calendars", "status": 429, "headers": { "retry-after": "1" } });
        self.service.fault(&busy).await?;
        let calendars = user.calendars().list().await?;
        let detail = format!("waited as long as Retry-After says, then got {} calendars", calendars.len());
        self.done(report, "rate limit", detail).await
    }

    async fn receive_delivery(&mut self, report: &mut DemoReport, user: &User) -> Result<(), DemoError> {
        let change = json!({ "user": user.id(), "provider": "google", "title": "Moved to Friday" });
        let id = self.service.trigger(&change).await?;
        let verified = self.deliveries.outcome(&id).await??;
        let change = verified.delivery.events.first().ok_or("the delivery contains no event")?;
        let detail = format!("received, verified and handled the change of {:?}", change.event.title);
        self.done(report, "delivery", detail).await?;

        self.service.resend(&id).await?;
        match self.deliveries.outcome(&id).await? {
            Err(Declined::Handled) => {}
            other => return Err(format!("the repeated delivery was not recognized: {other:?}").into()),
        }
        self.done(report, "duplicate", "the same delivery, sent again, is recognized as handled".to_owned())
            .await
    }

    async fn sign_out(&self, report: &mut DemoReport, user: &User) -> Result<(), DemoError> {
        user.sign_out().await?;
        match user.calendars().list().await {
            Err(error) if matches!(error.kind(), ErrorKind::Authentication) => {}
            other => {
                return Err(format!(
                    "a call after sign-out did not fail with an authentication error: {other:?}"
                )
                .into());
            }
        }
        self.done(report, "sign-out", "tokens revoked at the service and deleted here".to_owned()).await
    }

    /// Reports a finished step with the requests that the sandbox counted since the previous step.
    async fn done(
        &self,
        report: &mut DemoReport,
        name: &'static str,
        detail: String,
    ) -> Result<(), DemoError> {
        let stats = self.service.stats().await?;
        report.step(name, detail, &stats)
    }
}
