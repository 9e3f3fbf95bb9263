//! Push: Google and Outlook notify the application of changes, so that feeds need not poll.
//!
//! ```text
//!   keep(): create, renew, stop ──────▶ service ──▶ POST to the application ──▶ PushKey::receive()
//!      ▲                                                                               │
//!   Watch ◀── notified(): a round of the feed is due ◀── Notification (names the watch)┘
//!      │
//!      └── follow(): the round, if one is due ──▶ Changes
//! ```
//!
//! * A [`Watch`] is the subscription to one calendar. It is a state machine without I/O, and it is saved
//!   next to the cursor of the feed. [`keep`] and [`follow`] drive it with a blocking client,
//!   [`keep_async`] and [`follow_async`] with an async client.
//! * A notification names no event. It only means that a round of the feed is due.
//! * **Notifications get lost**, so a round is also due once a day ([`Watch::sweep_every`]). While there is
//!   no subscription, a round is due every ten minutes ([`Watch::poll_every`]).
//! * **Some calendars cannot be subscribed**: holidays at Google, mailboxes outside of Exchange Online.
//!   Such a watch is not broken: it polls, and tries to subscribe again after a week.
//! * Notifications may also come twice, late, or after the end of a subscription. That does no harm.
//! * The services send no signature. A [`PushKey`] marks each subscription with a token that nobody else
//!   can create, and [`PushKey::receive`] verifies the token that each notification repeats. The receiver
//!   needs no database.
//!
//! ```no_run
//! use connect_calendars::{google, push::{PushKey, Watch, follow, keep}, sync::EventCopy};
//! use jiff::Timestamp;
//! # fn update(user: &connect_blocking::User) -> Result<(), Box<dyn std::error::Error>> {
//!
//! let key = PushKey::new(std::env::var("PUSH_KEY")?)?;
//! let (mut feed, mut copy) = (google::EventFeed::new("primary"), EventCopy::new());
//! let mut watch = Watch::new(google::Channels::new("primary"), "ada", "https://app.example/push")?;
//!
//! // A background task: the receiver tells it the notifications of this watch.
//! loop {
//!     if let Some(changes) = follow(user, &mut watch, &mut feed, Timestamp::now())? {
//!         copy.apply(changes);
//!         // save the copy, feed.cursor() and the watch
//!     }
//!     let next = keep(user, &mut watch, &key, Timestamp::now())?;
//!     // save the watch; wait until `next`, or for a notification: watch.notified(&notification)
//!     # let _ = next;
//!     # break;
//! }
//! # Ok(())
//! # }
//! ```

mod key;
mod receive;
mod watch;

pub use key::PushKey;
pub use receive::{Notification, NotificationKind, PushError, Received};
pub use watch::{Channel, PushService, Watch, follow, follow_async, keep, keep_async};
