//! `connect status`: shows the connected accounts, their state, and the account limit.

use connect_hyper::types::{Account, ConnectionStatus, SyncState};

use crate::{
    context::{Command, Context, Effect},
    failure::Failure,
    output::Output,
    table::{ColumnFit, Table},
    when,
};

pub(crate) struct Status;

impl Command for Status {
    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let status = context.user.connections().status().await?;
        context.out.print(&status, || text(&status, &context.out))
    }
}

fn text(status: &ConnectionStatus, out: &Output) -> String {
    let mut table = Table::new(&[
        ("PROVIDER", ColumnFit::Fixed),
        ("ACCOUNT", ColumnFit::Cut),
        ("STATE", ColumnFit::Fixed),
        ("CALENDARS", ColumnFit::Fixed),
        ("SINCE", ColumnFit::Fixed),
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
        out.next_steps.complete("No account is connected. Connect an account: connect login\n")
    } else {
        out.table(&table)
    };
    text.push_str(&limit(status));
    text
}

/// Returns the display name and the id: `connect disconnect --account` needs the id.
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

/// Returns whether the account grants calendar access, which Apple and CalDAV do not report.
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
        (Some(true), None) => "\nThe account limit is reached.\n".to_owned(),
        (_, Some(limit)) => format!("\nUp to {limit} accounts can be connected.\n"),
        (_, None) => String::new(),
    }
}
