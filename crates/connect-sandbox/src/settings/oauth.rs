//! The switches that apply to several authorization servers.

use super::switch::{Text, Within, switches};

switches! {
    OAuth {
        "auto_consent" auto_consent: bool = "on" of "on|off",
            "on: an authorization request is approved immediately; off: the user sees the consent pages";
        "oauth_user" user: Text = "user@example.com" of "TEXT",
            "the user who signs in when an authorization request has no login_hint";
        "callback_iss" callback_iss: CallbackIss { Off = "off", On = "on", Wrong = "wrong" },
            "the iss parameter of a callback (RFC 9207); Google, Microsoft and Apptoto are not known to send iss";
        "code_reuse" code_reuse: CodeReuse { Revoke = "revoke", Refuse = "refuse" },
            "a code used twice is refused; revoke: the tokens of the code are revoked too, as RFC 6749 4.1.2 recommends";
        "public_pkce" public_pkce: PublicPkce { Optional = "optional", Required = "required" },
            "whether public applications need PKCE at Google and Microsoft, which only recommend it";
        "device_interval" device_interval: Within<0, 600> = "5" of "SECONDS",
            "how many seconds a device waits between two token requests; 5 in the documentation of Google and Microsoft";
        "id_token_fault" id_token_fault: IdTokenFault { Off = "off", Signature = "signature", Key = "key", Issuer = "issuer", Audience = "audience", Nonce = "nonce", Expired = "expired" },
            "makes ID tokens invalid, to test that a client refuses them. key: the header names a key that the key set does not have; the other values name the part that is wrong";
    }
}
