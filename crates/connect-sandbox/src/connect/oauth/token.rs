//! The token endpoint (`POST /oauth/token`) and the revocation endpoint (`POST /oauth/revoke`).

use super::grants::CodeExchange;
use super::rotation::{RefreshError, Successor};
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::{Problem, Reply, no_store, ok};
use crate::world::apps::Registered;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

type TokenForm = BTreeMap<String, String>;

impl Connect<'_> {
    pub(crate) fn token(&mut self, call: &Call) -> Result<Reply, Problem> {
        let form = read_form(call)?;
        let kind = form.get("grant_type").map(String::as_str);
        let result = self.exchange(call, &form, kind);
        let counts = match kind {
            Some("authorization_code") => &mut self.world.stats.exchanges.code,
            Some("refresh_token") => &mut self.world.stats.exchanges.refresh,
            _ => return result,
        };
        match &result {
            Ok(_) => counts.granted += 1,
            Err(_) => counts.refused += 1,
        }
        result
    }

    /// Revokes a token. Succeeds even if the token is unknown.
    pub(crate) fn revoke(&mut self, call: &Call) -> Result<Reply, Problem> {
        let body = call.object()?;
        let token = body.get("token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Problem::bad_request("token is required and must be a string"))?;
        if self.own.grants.revoke(token) {
            self.world.stats.revocations += 1;
        }
        Ok(ok(&json!({ "success": true })))
    }

    fn exchange(&mut self, call: &Call, form: &TokenForm, kind: Option<&str>) -> Result<Reply, Problem> {
        if call.request.headers().contains_key(AUTHORIZATION) && form.contains_key("client_secret") {
            return Err(oauth_error("invalid_request", "More than one method of client authentication"));
        }
        let client = self.authenticate_client(call, form)?;
        match kind {
            Some("authorization_code") => self.exchange_code(call, form, &client),
            Some("refresh_token") => self.exchange_refresh(call, form, &client),
            Some(_) => Err(oauth_error("unsupported_grant_type", "Unsupported grant type")),
            None => Err(oauth_error("invalid_request", "Missing grant_type")),
        }
    }

    fn exchange_code(&mut self, call: &Call, form: &TokenForm, client: &str) -> Result<Reply, Problem> {
        let code = form.get("code").ok_or_else(|| oauth_error("invalid_request", "Missing code"))?;
        let redirect_uri = form.get("redirect_uri").map(String::as_str);
        let exchange = CodeExchange { client, redirect_uri, now: call.now };
        let grant =
            self.own.grants.take_code(code, &exchange).map_err(|text| oauth_error("invalid_grant", text))?;
        let successor = self.own.grants.start_family(grant.user, grant.client, grant.scope);
        Ok(self.issue_pair(call.now, &successor))
    }

    fn exchange_refresh(&mut self, call: &Call, form: &TokenForm, client: &str) -> Result<Reply, Problem> {
        let token = form
            .get("refresh_token")
            .ok_or_else(|| oauth_error("invalid_request", "Missing refresh_token"))?;
        let rotated = self.own.grants.rotate(token, client, self.world.settings.connect.rotation);
        let successor = rotated.map_err(|refused| {
            self.world.stats.family_revocations += u64::from(refused == RefreshError::Revoked);
            oauth_error("invalid_grant", "Invalid refresh token")
        })?;
        Ok(self.issue_pair(call.now, &successor))
    }

    /// Issues a new token pair. Each token has a unique `jti`.
    fn issue_pair(&mut self, now: Timestamp, successor: &Successor) -> Reply {
        let ttl = self.world.settings.connect.token_ttl.0;
        let life = SignedDuration::from_secs(i64::try_from(ttl).unwrap_or(i64::MAX));
        let expires = now.checked_add(life).unwrap_or(Timestamp::MAX);
        let (user, client, ids) =
            (&successor.user, &successor.client, [self.world.random.uuid(), self.world.random.uuid()]);
        let access = self.jwt(json!({
            "sub": user, "aud": client, "projectId": client, "exp": expires.as_second(), "jti": ids[0],
        }));
        let refresh = self.jwt(json!({
            "sub": user, "aud": client, "projectId": client, "type": "refresh", "jti": ids[1],
        }));
        self.own.grants.add_access(access.clone(), successor.family, expires);
        self.own.grants.add_refresh(refresh.clone(), successor);
        no_store(ok(&json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": ttl,
            "refresh_token": refresh,
        })))
    }

    /// Returns a token in the form of an HS256 JWT with a random signature.
    ///
    /// The signature is never verified: the sandbox looks tokens up in its store.
    fn jwt(&mut self, claims: Value) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        format!("{}.{}.{}", part(header), part(claims), self.world.random.token(32))
    }

    /// Authenticates the application by the `Authorization` header; without the header, by the body.
    fn authenticate_client(&self, call: &Call, form: &TokenForm) -> Result<String, Problem> {
        let presents = |app: &Registered| match call.header(AUTHORIZATION) {
            Some(header) => basic_matches(header, &app.id, &app.secret),
            None => form.get("client_id") == Some(&app.id) && form.get("client_secret") == Some(&app.secret),
        };
        let known = self.world.all_apps().into_iter().find(presents);
        known.map(|app| app.id).ok_or_else(|| {
            Problem::oauth(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed")
        })
    }
}

/// Returns the grant type of a request to the token endpoint, if the body is valid and has one.
pub(crate) fn grant_type(call: &Call) -> Option<String> {
    read_form(call).ok()?.remove("grant_type")
}

fn oauth_error(error: &str, description: &str) -> Problem {
    Problem::oauth(StatusCode::BAD_REQUEST, error, description)
}

/// Reads a form or a JSON object. Ignores empty values. A parameter in both the body and the query is an
/// error.
fn read_form(call: &Call) -> Result<TokenForm, Problem> {
    let json = call
        .header(CONTENT_TYPE)
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("application/json"));
    let fields: Vec<(String, String)> = if json {
        let object: Map<String, Value> = serde_json::from_slice(call.body())
            .map_err(|_| oauth_error("invalid_request", "The body is not a JSON object"))?;
        object.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
    } else {
        form_urlencoded::parse(call.body()).into_owned().collect()
    };
    let sent = |name: &str| fields.iter().any(|(field, value)| field == name && !value.is_empty());
    reject_repeated(fields.iter().chain(call.query_pairs().iter().filter(|(name, _)| sent(name))))?;
    Ok(fields.into_iter().filter(|(_, value)| !value.is_empty()).collect())
}

/// Refuses repeated parameters. Ignores parameters without a value (RFC 6749 3.1 and 3.2).
pub(super) fn reject_repeated<'a>(pairs: impl Iterator<Item = &'a (String, String)>) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    let repeated = pairs.filter(|(_, value)| !value.is_empty()).find(|(name, _)| !seen.insert(name));
    repeated.map_or(Ok(()), |(name, _)| {
        Err(oauth_error("invalid_request", &format!("The parameter {name:?} is sent more than once")))
    })
}

/// Whether a header with HTTP Basic authentication has this id and secret.
///
/// The id and secret can be form-encoded (RFC 6749 2.3.1), or plain as the official SDKs send them.
fn basic_matches(header: &str, id: &str, secret: &str) -> bool {
    let Some((scheme, encoded)) = header.split_once(' ') else { return false };
    let Ok(decoded) = STANDARD.decode(encoded.trim()) else { return false };
    let Ok(pair) = String::from_utf8(decoded) else { return false };
    let Some((sent_id, sent_secret)) = pair.split_once(':') else { return false };
    let matches = |sent: &str, known: &str| sent == known || form_decoded(sent) == known;
    scheme.eq_ignore_ascii_case("basic") && matches(sent_id, id) && matches(sent_secret, secret)
}

fn form_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
