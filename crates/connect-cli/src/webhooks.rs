//! `connect webhooks`: one module per subcommand.
//!
//! ```text
//!   subscribe, unsubscribe   manage the webhooks of a user's calendars; need a sign-in
//!   listen                   receives and forwards deliveries; needs no credentials
//!   trigger, resend          have a sandbox send a delivery; need no credentials
//!   verify                   checks the signature of a delivery; needs neither credentials nor network
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
    action: WebhooksAction,
}

#[derive(Debug, Subcommand)]
enum WebhooksAction {
    /// Subscribe one calendar or all calendars to webhooks.
    #[command(after_help = "Examples:
  connect webhooks subscribe google th20eap9 --expires +30d
  connect webhooks subscribe --all")]
    Subscribe(subscribe::Arguments),
    /// End a subscription.
    #[command(after_help = "Example: connect webhooks unsubscribe google mine --resource-id o3hgv1538sdjfh")]
    Unsubscribe(unsubscribe::Arguments),
    /// Receive deliveries on this machine, verify and show them.
    #[command(after_help = "Examples:
  connect webhooks listen --port 9000 --forward-to http://127.0.0.1:3000/hooks
  connect webhooks listen --once --json")]
    Listen(listen::Arguments),
    /// Change an event in a sandbox, so that the sandbox sends a delivery.
    #[command(after_help = "Example: connect webhooks trigger --change created --title Dentist")]
    Trigger(trigger::Trigger),
    /// Let a sandbox send a delivery again.
    #[command(after_help = "Example: connect webhooks resend")]
    Resend(trigger::Resend),
    /// Verify the signature of a saved delivery.
    #[command(
        after_help = "Example: connect webhooks verify --body delivery.json --header 'webhook-id: msg_1' --key whpk_..."
    )]
    Verify(verify::Arguments),
}

pub(crate) fn run(settings: &Settings, arguments: &Arguments) -> ExitCode {
    match &arguments.action {
        WebhooksAction::Subscribe(arguments) => context::run(settings, arguments),
        WebhooksAction::Unsubscribe(arguments) => context::run(settings, arguments),
        WebhooksAction::Listen(arguments) => {
            context::serve(settings, async |resolved, out| arguments.run(&resolved, out).await)
        }
        WebhooksAction::Trigger(arguments) => {
            context::run_alone(settings, context::Effect::Writes, async |resolved, out| {
                arguments.run(&resolved, &out).await
            })
        }
        WebhooksAction::Resend(arguments) => {
            context::run_alone(settings, context::Effect::Writes, async |resolved, out| {
                arguments.run(&resolved, &out).await
            })
        }
        WebhooksAction::Verify(arguments) => arguments.run(settings),
    }
}
