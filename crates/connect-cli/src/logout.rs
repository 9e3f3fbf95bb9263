//! `connect logout`: revokes the tokens at the service.
//!
//! The tokens are deleted locally even if the revocation fails.

use connect_hyper::ErrorKind;
use serde_json::json;

use crate::{
    context::{Command, Context, Effect},
    failure::Failure,
    text::clean,
    via::Via,
};

pub(crate) struct Logout;

impl Command for Logout {
    const SERVICES: &[Via] = Via::ALL;

    fn effect(&self) -> Effect {
        Effect::SignsIn
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        if let Err(error) = context.user.sign_out().await {
            let message = match error.kind() {
                ErrorKind::TokenStore => "the tokens could not be deleted",
                _ => "the tokens are deleted locally, but the service did not confirm that they are revoked",
            };
            return Err(Failure::from(error).while_doing(message));
        }
        let id = context.user.id();
        context
            .out
            .print(&json!({ "user": id, "signedIn": false }), || format!("Signed out {}.\n", clean(id)))
    }
}
