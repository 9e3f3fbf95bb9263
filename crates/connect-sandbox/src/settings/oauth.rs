//! The switches that authorization servers have in common.

use super::switch::{Text, switches};

switches! {
    /// The switches that authorization servers have in common.
    OAuth {
        "auto_consent" auto_consent: bool = "on" of "on|off",
            "on: authorize approves at once; off: it shows the provider page";
        "oauth_user" user: Text = "user@example.com" of "TEXT",
            "who is at the browser when an authorization request has no login_hint";
        "callback_iss" callback_iss: CallbackIss { Off = "off", On = "on", Wrong = "wrong" },
            "the iss of a callback (RFC 9207); none of the three is known to send one";
        "code_reuse" code_reuse: CodeReuse { Revoke = "revoke", Refuse = "refuse" },
            "a code used twice is refused; revoke: its tokens die as well, as RFC 6749 4.1.2 recommends";
        "public_pkce" public_pkce: PublicPkce { Optional = "optional", Required = "required" },
            "whether public applications need PKCE at Google and Microsoft, which only recommend it";
    }
}
