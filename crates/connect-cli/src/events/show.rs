//! `connect events show`: shows one event.

use clap::Args;

use super::{find::EventSelector, print};
use crate::{
    context::{Command, Context, Effect},
    failure::Failure,
};

/// The arguments of `connect events show`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: EventSelector,
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let found = self.which.find(context).await?;
        context.out.print(&found.event, || print::details(&found.event, &context.out))
    }
}
