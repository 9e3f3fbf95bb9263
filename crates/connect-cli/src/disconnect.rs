//! `connect disconnect`: disconnects one account, or all accounts of a provider.

use clap::Args;
use connect_hyper::types::{Disconnect, Provider};
use serde_json::json;

use crate::{
    context::{Command, Context},
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
}

impl Command for Arguments {
    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut request = Disconnect::new(&self.provider);
        if let Some(account) = &self.account {
            request = request.account(account);
        }
        context.user.connections().disconnect(request).await?;
        let value = json!({ "success": true, "provider": self.provider, "account": self.account });
        context.out.print(&value, || match &self.account {
            Some(account) => {
                format!("Disconnected {} ({}).\n", clean(account), clean(self.provider.as_str()))
            }
            None => format!("Disconnected all {} accounts.\n", clean(self.provider.as_str())),
        })
    }
}
