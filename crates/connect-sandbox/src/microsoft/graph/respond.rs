//! Replies to invitations: `accept`, `decline` and `tentativelyAccept`. The parameter `proposedNewTime` is
//! ignored.

use super::Graph;
use super::access::Principal;
use super::error::ApiError;
use super::write::{check_editable, json_object};
use crate::call::Call;
use crate::reply::{Reply, empty};
use crate::settings::Declined;
use crate::world::calendar::Patch;
use crate::world::invitations::{GuestReply, Guests, SendUpdates};
use crate::world::provider::Provider;
use http::StatusCode;
use serde_json::{Map, Value, json};

impl Graph<'_> {
    /// Sets the caller's reply to an invitation. The response has no body.
    ///
    /// Graph documents that a decline is sent to the organizer, but not whether the event stays in the
    /// calendar: see the switch `graph_declined`.
    pub(super) fn reply_to_invitation(
        &mut self,
        principal: &Principal,
        call: &Call,
        status: &'static str,
    ) -> Result<Reply, ApiError> {
        let sent = if call.body().is_empty() { Map::new() } else { json_object(call)? };
        let (place, target) = self.event_place(principal, call)?;
        let sends = match sent.get("sendResponse") {
            None | Some(Value::Null) => true,
            Some(sends) => {
                sends.as_bool().ok_or_else(|| ApiError::body("sendResponse: expected a boolean"))?
            }
        };
        let comment = match sent.get("comment") {
            None | Some(Value::Null) => None,
            Some(Value::String(comment)) => Some(comment.clone()).filter(|comment| !comment.is_empty()),
            Some(_) => return Err(ApiError::body("comment: expected a text")),
        };
        let removes = status == "declined" && self.world.settings.microsoft.declined == Declined::Removed;
        let mut random = self.world.stream();
        let (changes, reply) = self.at(&place, call.now, |calendar, _| {
            check_editable(calendar)?;
            let shown = calendar.show(&target, |one| {
                let asked = one.fields.own.get("responseRequested") != Some(&json!(false));
                (asked, calendar.reply_of(&one.fields, status), GuestReply::of(calendar, one, status, comment.clone()))
            });
            let (asked, attendees, reply) = shown.ok_or_else(ApiError::not_found)?;
            let Some(reply) = reply else {
                let message = "Your request can't be completed. You can't respond to this meeting because you're the meeting organizer.";
                return Err(ApiError::invalid(message));
            };
            if sends && !asked {
                let message = "Your request can't be completed. The meeting organizer hasn't requested a response.";
                return Err(ApiError::invalid(message));
            }
            if removes {
                return Ok((calendar.withdraw(&target, call.now), reply));
            }
            let mut patch = Patch::default();
            patch.set("attendees", attendees);
            let written = calendar.rewrite(&target, patch, None, call.now, &mut random);
            written.map(|(_, changes)| (changes, reply)).map_err(|_| ApiError::not_found())
        })??;
        let nobody = Guests::default();
        self.world.notify_of_write(&place, changes, &nobody, &nobody, SendUpdates::Nobody);
        if sends {
            self.world.record_reply(Provider::Microsoft, reply);
        }
        Ok(empty(StatusCode::ACCEPTED))
    }
}
