//! `connect disconnect`: disconnects one account, or all accounts of a provider.

use clap::Args;
use connect_hyper::types::{Disconnect, Provider};
use serde_json::json;

use crate::{
    context::{Command, Context, DryRunOption, Effect},
    failure::Failure,
    provider,
    text::clean,
};

/// The arguments of `connect disconnect`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The provider: google, microsoft, apple or caldav.
    #[arg(value_parser = provider::known)]
    provider: Provider,
    /// Disconnect only this account, by its id in `connect status` [default: all accounts of the provider].
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    #[command(flatten)]
    sending: DryRunOption,
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        self.sending.effect()
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut request = Disconnect::new(&self.provider);
        if let Some(account) = &self.account {
            request = request.account(account);
        }
        let accounts = match &self.account {
            Some(account) => format!("{account} ({})", self.provider),
            None => format!("all {} accounts", self.provider),
        };
        let connections = context.user.connections();
        let sending = connections.disconnect(request);
        if context.perform(format!("Disconnect {accounts}."), sending).await?.is_none() {
            return Ok(());
        }
        let value = json!({ "success": true, "provider": self.provider, "account": self.account });
        context.out.print(&value, || format!("Disconnected {}.\n", clean(&accounts)))
    }
}
