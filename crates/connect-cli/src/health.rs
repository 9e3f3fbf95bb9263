//! `connect health`: asks the service whether it is well.

use crate::{failure::Failure, output::Output, settings::Resolved, text::clean};

/// Nobody is signed in for this, so credentials that are not set do not matter.
pub(crate) async fn run(settings: Resolved, out: Output) -> Result<(), Failure> {
    let client = settings.anonymous(None)?;
    let health = client.health().await?;
    out.print(&health, || {
        format!("{}\n", clean(health.status.as_deref().unwrap_or("well, but it does not say how")))
    })
}
