//! `connect disconnect`: takes one account, or all of a provider, out of the user's connections.

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
    /// Only this account, by its id as `connect status` shows it; without it all of the provider.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
}

impl Command for Arguments {
    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut which = Disconnect::new(&self.provider);
        if let Some(account) = &self.account {
            which = which.account(account);
        }
        context.user.connections().disconnect(which).await?;
        let value = json!({ "success": true, "provider": self.provider, "account": self.account });
        context.out.print(&value, || match &self.account {
            Some(account) => {
                format!("{} of {} is disconnected.\n", clean(account), clean(self.provider.as_str()))
            }
            None => format!("All accounts of {} are disconnected.\n", clean(self.provider.as_str())),
        })
    }
}
