//! Client authentication at the token endpoint (RFC 6749 2.3): HTTP Basic or the body, but not both.

use super::AuthorizationServer;
use super::Servers;
use super::clients::Client;
use super::error::OAuthError;
use super::parameters::Parameters;
use crate::call::Call;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, ORIGIN};

impl Servers<'_> {
    pub(super) fn authenticate_at(
        &self,
        server: AuthorizationServer,
        call: &Call,
        form: &Parameters,
    ) -> Result<Client, OAuthError> {
        let (id, secret) = presented_credentials(call, form)?;
        let of_page = secret.is_some() && call.request.headers().contains_key(ORIGIN);
        if of_page && !server.rules().accepts_browser_secrets() {
            return Err(OAuthError::CrossOrigin);
        }
        let client = self.own.client(server, &id).ok_or(OAuthError::UnknownClient)?;
        match (client.is_public(), secret) {
            (true, None) => Ok(client),
            (true, Some(_)) if !client.may_have_secret() => Err(OAuthError::PublicSecret),
            (_, Some(secret)) if secret == client.secret => Ok(client),
            (_, Some(_)) => Err(OAuthError::Secret),
            (false, None) => Err(OAuthError::SecretMissing),
        }
    }
}

/// Returns the client id and secret in a request. An empty secret counts as absent.
fn presented_credentials(call: &Call, form: &Parameters) -> Result<(String, Option<String>), OAuthError> {
    let (id, secret) = (form.find("client_id"), form.find("client_secret"));
    if !call.request.headers().contains_key(AUTHORIZATION) {
        let id = id.ok_or(OAuthError::Missing("client_id"))?;
        return Ok((id.to_owned(), secret.map(str::to_owned)));
    }
    if secret.is_some() {
        return Err(OAuthError::TwoMethods);
    }
    let (basic_id, basic_secret) = call.header(AUTHORIZATION).and_then(basic).ok_or(OAuthError::Secret)?;
    if id.is_some_and(|id| id != basic_id) {
        return Err(OAuthError::Value("client_id"));
    }
    Ok((basic_id, Some(basic_secret).filter(|secret| !secret.is_empty())))
}

/// Decodes Basic credentials: a form-encoded client id and secret (RFC 6749 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_match_the_rfc_vectors() {
        let read = |encoded: &str| basic(&format!("Basic {encoded}"));
        assert_eq!(
            read("czZCaGRSa3F0MzpnWDFmQmF0M2JW"),
            Some(("s6BhdRkqt3".into(), "gX1fBat3bV".into())),
            "RFC 6749 2.3.1"
        );
        assert_eq!(read("YStiJTNBYzpzJTJCJTJGJTNEJTI1JUMyJUEz"), Some(("a b:c".into(), "s+/=%£".into())));
        for wrong in ["", "!!!", "bm9jb2xvbg==", "/w=="] {
            assert_eq!(read(wrong), None);
        }
    }
}
