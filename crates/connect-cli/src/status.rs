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
        ("CALENDARS", ColumnFit::Drop),
        ("SINCE", ColumnFit::Drop),
    ]);
    for (provider, accounts) in &status.connections {
        for account in accounts {
            let since = account.sync_state_updated_at.map(|at| when::instant(at, &out.zone));
            table.row([
                provider.as_str().into(),
                (&*name(account)).into(),
                state(account).into(),
                permission(account).into(),
                (&*since.unwrap_or_default()).into(),
            ]);
        }
    }
    let mut text = if table.is_empty() {
        out.remark(&out.next_steps.complete("No account is connected. Connect an account: connect login"))
    } else {
        out.table(&table)
    };
    if let Some(limit) = limit(status) {
        let limit = out.remark(&limit);
        text.push_str(if limit.is_empty() { "" } else { "\n" });
        text.push_str(&limit);
    }
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

fn limit(status: &ConnectionStatus) -> Option<String> {
    match (status.limit_reached, status.limit) {
        (Some(true), Some(limit)) => Some(format!("The limit of {limit} accounts is reached.")),
        (Some(true), None) => Some("The account limit is reached.".to_owned()),
        (_, Some(limit)) => Some(format!("Up to {limit} accounts can be connected.")),
        (_, None) => None,
    }
}
