//! `connect logout`: the service first, then the tokens here, whatever the service said.

use connect_hyper::ErrorKind;
use serde_json::json;

use crate::{
    context::{Command, Context},
    failure::Failure,
    text::clean,
    via::Via,
};

pub(crate) struct Logout;

impl Command for Logout {
    const SERVICES: &[Via] = Via::ALL;

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        if let Err(error) = context.user.sign_out().await {
            let what = match error.kind() {
                ErrorKind::TokenStore => "the tokens are still here",
                _ => "the tokens are deleted here, but the service did not confirm that they are revoked",
            };
            return Err(Failure::from(error).while_doing(what));
        }
        let id = context.user.id();
        context
            .out
            .print(&json!({ "user": id, "signedIn": false }), || format!("{} is signed out.\n", clean(id)))
    }
}
