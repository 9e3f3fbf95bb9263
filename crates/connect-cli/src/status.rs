//! `connect status`: the connected accounts, whether they still work, and whether more may be connected.

use connect_hyper::types::{Account, ConnectionStatus, SyncState};

use crate::{
    context::{Command, Context},
    failure::Failure,
    output::Output,
    table::{Room, Table},
    when,
};

pub(crate) struct Status;

impl Command for Status {
    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let status = context.user.connections().status().await?;
        context.out.print(&status, || text(&status, &context.out))
    }
}

fn text(status: &ConnectionStatus, out: &Output) -> String {
    let mut table = Table::new(&[
        ("PROVIDER", Room::Fixed),
        ("ACCOUNT", Room::Cut),
        ("STATE", Room::Fixed),
        ("CALENDARS", Room::Fixed),
        ("SINCE", Room::Fixed),
    ]);
    for (provider, accounts) in &status.connections {
        for account in accounts {
            let since = account.sync_state_updated_at.map(|at| when::instant(at, &out.zone));
            table.row([
                provider.as_str(),
                &name(account),
                state(account),
                permission(account),
                &since.unwrap_or_default(),
            ]);
        }
    }
    let mut text = if table.is_empty() {
        out.next_steps.complete("No account is connected; connect one with: connect login\n")
    } else {
        out.table(&table)
    };
    text.push_str(&limit(status));
    text
}

/// The id stands for itself where it is the name as well; `connect disconnect --account` takes the id.
fn name(account: &Account) -> String {
    match account.display.as_deref().filter(|name| !name.is_empty() && *name != account.id) {
        Some(name) => format!("{name} ({})", account.id),
        None => account.id.clone(),
    }
}

fn state(account: &Account) -> &str {
    match &account.sync_state {
        None | Some(SyncState::Active) => "active",
        Some(SyncState::ReauthRequired) => "sign in again",
        Some(other) => other.as_str(),
    }
}

/// Apple and CalDAV do not say.
fn permission(account: &Account) -> &'static str {
    match account.calendar_permission_granted {
        Some(true) => "granted",
        Some(false) => "withheld",
        None => "-",
    }
}

fn limit(status: &ConnectionStatus) -> String {
    match (status.limit_reached, status.limit) {
        (Some(true), Some(limit)) => format!("\nThe limit of {limit} accounts is reached.\n"),
        (Some(true), None) => "\nThe limit of accounts is reached.\n".to_owned(),
        (_, Some(limit)) => format!("\nUp to {limit} accounts may be connected.\n"),
        (_, None) => String::new(),
    }
}
