//! `connect health`: shows the health status that the service reports.

use crate::{failure::Failure, output::Output, settings::Resolved, text::clean};

pub(crate) async fn run(settings: Resolved, out: Output) -> Result<(), Failure> {
    let client = settings.anonymous(None)?;
    let health = client.health().await?;
    out.print(&health, || {
        format!("{}\n", clean(health.status.as_deref().unwrap_or("the service is up, but reports no status")))
    })
}
