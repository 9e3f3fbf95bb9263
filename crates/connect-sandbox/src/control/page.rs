//! `GET /sandbox`: a page that shows the state of the sandbox, for debugging.
//!
//! Viewing the page changes nothing: the page is created from `&Sandbox`, and for this call
//! [`Sandbox::handle`] does not create the deliveries that are due.

use crate::connect::webhooks::{Delivery, DeliveryState, Tried};
use crate::faults::{Cut, Fault};
use crate::oauth_server::{AuthorizationServer, ClientType};
use crate::pages::{Section, report, secured};
use crate::recorded::Recorded;
use crate::reply::{Reply, html};
use crate::sandbox::Sandbox;
use crate::settings::switches;
use crate::world::time;
use crate::world::users::Connections;

/// The maximum number of deliveries, and of requests, on the page.
const SHOWN: usize = 50;

/// The switches that contain credentials. The page does not show their values.
const SECRETS: [&str; 2] = ["client_secret", "apptoto_api_key"];

impl Sandbox {
    pub(crate) fn page(&self) -> Reply {
        let sections = [
            self.apps_section(),
            self.users_section(),
            self.calendars_section(),
            self.provider_apps_section(),
            self.subscriptions_section(),
            self.deliveries_section(),
            self.faults_section(),
            self.switches_section(),
            self.requests_section(),
        ];
        let introduction = format!(
            "The state of the sandbox at {}. The sandbox's clock is {} s ahead of this machine's \
             clock. Viewing this page changes nothing; reload it to see the current state.",
            self.world.origin,
            self.ahead.as_secs(),
        );
        secured(html(report("Sandbox", &introduction, &sections)), "")
    }

    fn apps_section(&self) -> Section {
        let apps = self.world.all_apps().into_iter().map(|one| {
            let app = one.app;
            let optional = |text: Option<String>| text.unwrap_or_default();
            vec![one.id, app.name, optional(app.display_name), app.redirect_uri, optional(app.webhook_url)]
        });
        let columns = &["Client id", "Name", "Display name", "Redirect URI", "Webhook URL"];
        Section::new("apps", "Applications", "Applications of Connect", columns, apps)
    }

    fn users_section(&self) -> Section {
        let rows = self.users().flat_map(|(app, user, connections)| {
            let row = |texts: [&str; 4]| [user, app].into_iter().chain(texts).map(str::to_owned).collect();
            let accounts = connections.iter().map(|(provider, one)| {
                let state = self.world.sync_state(*provider, one);
                let calendars = one.calendars.as_ref().map(|all| all.len().to_string());
                let without = if one.shared { "shared with another user" } else { "not created yet" };
                let calendars = calendars.as_deref().unwrap_or(without);
                row([provider.name(), &one.account, state, calendars])
            });
            let nothing = connections.is_empty().then(|| row(["none", "", "", ""]));
            accounts.chain(nothing).collect::<Vec<_>>()
        });
        let columns = &["User", "Client id", "Provider", "Account", "Sync state", "Calendars"];
        Section::new(
            "users",
            "Users and accounts",
            "Users of Connect with their connected accounts",
            columns,
            rows,
        )
    }

    fn calendars_section(&self) -> Section {
        let rows = self.users().flat_map(|(app, user, connections)| {
            let calendars = connections.values().flat_map(|one| one.calendars.iter().flatten());
            calendars.map(move |calendar| {
                let title = calendar.info.get("title").and_then(serde_json::Value::as_str);
                let events = calendar.events.values().count().to_string();
                let provider = calendar.provider.name();
                let texts = [
                    title.unwrap_or_default(),
                    &calendar.id,
                    &events,
                    provider,
                    &calendar.account,
                    user,
                    app,
                ];
                texts.map(str::to_owned).to_vec()
            })
        });
        let columns = &["Title", "Id", "Events", "Provider", "Account", "User", "Client id"];
        let caption = "Calendars of the users, created on first use; a series counts as one event";
        Section::new("calendars", "Calendars", caption, columns, rows)
    }

    /// Returns the client id, the user id and the accounts of every user. A seeded user who has not signed in
    /// belongs to every application.
    fn users(&self) -> impl Iterator<Item = (&str, &str, &Connections)> {
        let known = |id: &str| self.world.users.keys().any(|key| key.id == id);
        let seeded = self.world.seeded.iter().filter(move |(id, _)| !known(id));
        let users = self.world.users.iter().map(|(key, all)| (key.client.as_str(), key.id.as_str(), all));
        users.chain(seeded.map(|(id, all)| ("any, from a seed", id.as_str(), all)))
    }

    fn provider_apps_section(&self) -> Section {
        let of = |server| self.provider_apps(server).into_iter().map(move |one| (server, one.client_id));
        let rows = AuthorizationServer::ALL.into_iter().flat_map(of).filter_map(|(server, id)| {
            let app = self.provider_app(server, &id)?;
            let public = if app.client_type == ClientType::Public { "public" } else { "confidential" };
            let server = server.name().to_owned();
            Some(vec![id, server, app.name, public.to_owned(), app.redirect_uris.join(", ")])
        });
        let columns = &["Client id", "Provider", "Name", "Type", "Redirect URIs"];
        let caption = "Applications registered at Google, Microsoft and Apptoto";
        Section::new("providers", "Applications at providers", caption, columns, rows)
    }

    fn subscriptions_section(&self) -> Section {
        let rows = self.subscriptions().iter().map(|one| {
            let by = if one.automatic { "the service" } else { "the application" };
            let (channel, calendar) = (&one.channel_id, &one.calendar_id);
            let texts = [channel, &one.user_id, &one.client_id, one.provider, calendar, by];
            let end = [time::wire(one.expiration), if one.renewed { "yes" } else { "no" }.to_owned()];
            texts.map(str::to_owned).into_iter().chain(end).collect()
        });
        let columns =
            &["Channel", "User", "Client id", "Provider", "Calendar", "Created by", "Expires", "Renewed"];
        Section::new("subscriptions", "Subscriptions", "Calendars whose changes are delivered", columns, rows)
    }

    fn deliveries_section(&self) -> Section {
        let deliveries: Vec<_> = self.delivery_log().collect();
        let columns = &["Id", "User", "Provider", "Calendar", "State", "Attempts"];
        let rows = deliveries.into_iter().rev().map(delivery);
        Section::new("deliveries", "Deliveries", "The last deliveries, the newest first", columns, rows)
            .first(SHOWN)
    }

    fn faults_section(&self) -> Section {
        let columns = &["Endpoint", "Requests", "Times left", "Effect"];
        let rows = self.faults.waiting().iter().map(fault);
        Section::new("faults", "Faults", "Faults that can still apply", columns, rows)
    }

    fn switches_section(&self) -> Section {
        let all = switches().map(|switch| {
            let value = self.world.settings.value(switch.name).unwrap_or_default();
            (value != switch.default, switch, value)
        });
        let (changed, others): (Vec<_>, Vec<_>) = all.partition(|(changed, ..)| *changed);
        let rows = changed.into_iter().chain(others).map(|(changed, switch, value)| {
            let shown = |value| if SECRETS.contains(&switch.name) { "***" } else { value };
            let mark = if changed { "changed" } else { "" };
            [switch.name, mark, shown(&value), shown(switch.default), switch.about]
                .map(str::to_owned)
                .to_vec()
        });
        let columns = &["Switch", "Changed", "Value", "Default", "Description"];
        let caption = "Switches, changed ones first";
        Section::new("switches", "Switches", caption, columns, rows)
    }

    fn requests_section(&self) -> Section {
        let columns = &["Method", "Path", "Endpoint", "Status"];
        let rows = self.requests().iter().rev().map(request);
        Section::new("requests", "Requests", "The last requests, the newest first", columns, rows)
            .first(SHOWN)
    }
}

fn delivery(one: &Delivery) -> Vec<String> {
    let state = match one.state {
        DeliveryState::Pending => "pending",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Failed => "failed",
    };
    let state = one.error.iter().fold(state.to_owned(), |state, error| format!("{state}: {error}"));
    let outcome = |tried: &Tried| {
        let error = tried.error.clone().unwrap_or_default();
        tried.status.map_or(error, |status| status.to_string())
    };
    let attempts: Vec<_> = one.attempts.iter().map(outcome).collect();
    let texts = [&one.id, &one.user_id, one.provider, &one.calendar_id, &state, &attempts.join(", ")];
    texts.map(str::to_owned).to_vec()
}

fn fault(one: &Fault) -> Vec<String> {
    let requests = [
        one.grant_type.as_ref().map(|grant_type| format!("grant type {grant_type}")),
        one.when_status.map(|status| format!("response status {status}")),
        (one.skip > 0).then(|| format!("after {} other requests", one.skip)),
    ];
    let effects = [
        one.status.map(|status| format!("status {status}")),
        (one.delay_ms > 0).then(|| format!("delayed by {} ms", one.delay_ms)),
        one.cut.map(|cut| format!("cut {}", if cut == Cut::Before { "before" } else { "after" })),
        one.garbage.then(|| "garbage".to_owned()),
        one.truncate.map(|bytes| format!("only {bytes} bytes of the body")),
    ];
    let headers = one.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let effects: Vec<_> = effects.into_iter().flatten().chain(headers).collect();
    let requests: Vec<_> = requests.into_iter().flatten().collect();
    vec![one.endpoint.clone(), requests.join(", "), one.times_left().to_string(), effects.join(", ")]
}

fn request(one: &Recorded) -> Vec<String> {
    let status = one.status.map_or_else(|| "cut".to_owned(), |status| status.to_string());
    vec![one.method.clone(), one.path_without_secrets(), one.endpoint.to_owned(), status]
}
