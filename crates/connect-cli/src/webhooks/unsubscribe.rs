//! `connect webhooks unsubscribe`.

use clap::Args;
use connect_hyper::types::{Provider, UnsubscribeWebhook};
use serde_json::json;

use crate::{
    context::{Command, Context},
    failure::Failure,
    provider,
    text::clean,
};

/// The arguments of `connect webhooks unsubscribe`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The provider: google, microsoft, apple or caldav.
    #[arg(value_parser = provider::known)]
    provider: Provider,
    /// The channel, as `connect webhooks subscribe` or a delivery names it.
    channel_id: String,
    /// The provider's id of what is watched; Google needs it to stop at its side as well.
    #[arg(long, value_name = "ID")]
    resource_id: Option<String>,
}

impl Command for Arguments {
    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut request = UnsubscribeWebhook::new(&self.provider, &self.channel_id);
        if let Some(id) = &self.resource_id {
            request = request.resource_id(id);
        }
        context.user.webhooks().unsubscribe(request).await?;
        let value = json!({ "success": true, "provider": self.provider, "channelId": self.channel_id });
        context.out.print(&value, || format!("The channel {} is unsubscribed.\n", clean(&self.channel_id)))
    }
}
