//! `connect events`: one file an action.

mod create;
mod delete;
mod drift;
mod fields;
mod find;
mod guests;
mod list;
mod print;
mod read;
mod show;
mod update;

use clap::{Args, Subcommand};

use crate::{
    context::{Command, Context},
    failure::Failure,
    output::note,
    via::Via,
};

/// The arguments of `connect events`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the events of a time, sorted by start.
    List(list::Arguments),
    /// Show one event with all its fields.
    Show(show::Arguments),
    /// Create an event.
    Create(Box<create::Arguments>),
    /// Change fields of an event: of an occurrence this one, unless told otherwise.
    Update(Box<update::Arguments>),
    /// Delete an event: of an occurrence this one, unless told otherwise.
    Delete(delete::Arguments),
}

/// Where there are events.
pub(crate) const SERVICES: &[Via] = &[Via::Connect, Via::Google, Via::Microsoft];

impl Command for Arguments {
    const SERVICES: &[Via] = SERVICES;

    fn is_public(&self) -> bool {
        matches!(&self.action, Action::List(arguments) if arguments.is_public())
    }

    fn api_key(&self) -> Option<&str> {
        match &self.action {
            Action::List(arguments) => arguments.api_key(),
            _ => None,
        }
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        if context.out.zone.is_unknown() && !context.out.json {
            note("Your time zone is not known, so times are in UTC; TZ names one.");
        }
        match &self.action {
            Action::List(arguments) => arguments.run(context).await,
            Action::Show(arguments) => arguments.run(context).await,
            Action::Create(arguments) => arguments.run(context).await,
            Action::Update(arguments) => arguments.run(context).await,
            Action::Delete(arguments) => arguments.run(context).await,
        }
    }
}
