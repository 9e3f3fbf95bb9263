//! The tokens that mark the subscriptions of an application.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use connect_core::{Error, Secret};
use hmac_sha256::HMAC;
use jiff::Timestamp;

/// The secret with which an application marks its subscriptions and recognizes their notifications.
///
/// All processes of the application use the same key. With another key, create all watches anew.
///
/// ```
/// use connect_calendars::push::PushKey;
///
/// assert!(PushKey::new("short").is_err());
/// let key = PushKey::new("a random text of 32 bytes or more")?; // from a secret store
/// # let _ = key;
/// # Ok::<(), connect_core::Error>(())
/// ```
#[derive(Clone)]
pub struct PushKey(Secret);

impl std::fmt::Debug for PushKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PushKey(..)")
    }
}

/// The minimum length of a key, in bytes.
const MIN_KEY: usize = 16;
/// The maximum length of the id of a watch. With it, a token has at most 124 bytes; Graph allows 128.
pub(super) const MAX_ID: usize = 80;

impl PushKey {
    /// Creates a key from a random text of at least 16 bytes.
    ///
    /// # Errors
    /// If the text is shorter.
    pub fn new(secret: impl Into<Secret>) -> Result<Self, Error> {
        let secret = secret.into();
        let length = secret.expose().len();
        if length < MIN_KEY {
            let text =
                format!("the push key has {length} bytes (expected a random text of at least {MIN_KEY})");
            return Err(Error::configuration(text));
        }
        Ok(Self(secret))
    }

    /// Returns the token of the subscriptions of a watch: its id and a code that proves the origin.
    pub(super) fn token(&self, watch: &str) -> String {
        format!("{watch}.{}", URL_SAFE_NO_PAD.encode(self.mac("token", watch)))
    }

    /// Returns the id of the watch of a token; `None` if the token was not created with this key.
    pub(super) fn watch_of<'a>(&self, token: &'a str) -> Option<&'a str> {
        let (watch, code) = token.rsplit_once('.')?;
        let code: [u8; 32] = URL_SAFE_NO_PAD.decode(code).ok()?.try_into().ok()?;
        let is_own = HMAC::verify(input("token", watch), self.0.expose(), &code);
        is_own.then_some(watch)
    }

    /// Returns the id of a new Google channel. Google accepts each id once, even after a lost response.
    pub(super) fn channel_id(&self, watch: &str, now: Timestamp) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("channel", &format!("{watch} {}", now.as_nanosecond())))
    }

    fn mac(&self, purpose: &str, text: &str) -> [u8; 32] {
        HMAC::mac(input(purpose, text), self.0.expose())
    }
}

fn input(purpose: &str, text: &str) -> String {
    format!("{purpose} {text}")
}
