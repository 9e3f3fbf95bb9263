//! `connect webhooks unsubscribe`: ends a webhook subscription.

use clap::Args;
use connect_hyper::types::{Provider, UnsubscribeWebhook};
use serde_json::json;

use crate::{
    context::{Command, Context, DryRunOption, Effect},
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
    /// The channel id, from `connect webhooks subscribe` or a delivery.
    channel_id: String,
    /// The provider's resource id; Google needs it to stop its notifications.
    #[arg(long, value_name = "ID")]
    resource_id: Option<String>,
    #[command(flatten)]
    sending: DryRunOption,
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        self.sending.effect()
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut request = UnsubscribeWebhook::new(&self.provider, &self.channel_id);
        if let Some(id) = &self.resource_id {
            request = request.resource_id(id);
        }
        let change = format!("Unsubscribe channel {} ({}).", self.channel_id, self.provider);
        let webhooks = context.user.webhooks();
        if context.perform(change, webhooks.unsubscribe(request)).await?.is_none() {
            return Ok(());
        }
        let value = json!({ "success": true, "provider": self.provider, "channelId": self.channel_id });
        context.out.print(&value, || format!("Unsubscribed channel {}.\n", clean(&self.channel_id)))
    }
}
