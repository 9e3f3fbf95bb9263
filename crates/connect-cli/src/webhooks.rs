//! `connect webhooks`: one file an action.
//!
//! ```text
//!   subscribe, unsubscribe   which calendars the application hears of: in the name of a user
//!   listen                   takes deliveries, and may pass them on: needs no credentials
//!   trigger, resend          have a sandbox make a change and tell of it: needs no credentials
//!   verify                   whether one delivery is genuine: needs neither credentials nor a network
//! ```

mod forward;
mod listen;
mod report;
mod subscribe;
mod trigger;
mod unsubscribe;
mod verify;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::{context, settings::Settings};

/// The arguments of `connect webhooks`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Have the changes of a calendar, or of all calendars, sent to the application's webhook URL.
    Subscribe(subscribe::Arguments),
    /// End a subscription.
    Unsubscribe(unsubscribe::Arguments),
    /// Take deliveries on this machine, verify and show them.
    Listen(listen::Arguments),
    /// Have a sandbox change an event as the provider's user would, and deliver that.
    Trigger(trigger::Trigger),
    /// Have a sandbox send a delivery again.
    Resend(trigger::Resend),
    /// Say whether a delivery is genuine, and if not, why.
    Verify(verify::Arguments),
}

pub(crate) fn run(settings: &Settings, arguments: &Arguments) -> ExitCode {
    match &arguments.action {
        Action::Subscribe(arguments) => context::run(settings, arguments),
        Action::Unsubscribe(arguments) => context::run(settings, arguments),
        Action::Listen(arguments) => {
            context::serve(settings, async |resolved, out| arguments.run(&resolved, out).await)
        }
        Action::Trigger(arguments) => {
            context::run_alone(settings, async |resolved, out| arguments.run(&resolved, &out).await)
        }
        Action::Resend(arguments) => {
            context::run_alone(settings, async |resolved, out| arguments.run(&resolved, &out).await)
        }
        Action::Verify(arguments) => arguments.run(settings),
    }
}
