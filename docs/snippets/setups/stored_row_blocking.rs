let tokens = user.tokens(std::time::Duration::MAX)?;
let (access, refresh) = (&tokens.access_token, tokens.refresh_token.as_ref().ok_or("no refresh token")?);
let row = serde_json::json!({ "access_token": access.expose(), "token_type": "Bearer", "expires_in": 3600, "refresh_token": refresh.expose() }).to_string();
let app = server.credentials();
let connect = connect_blocking::Client::builder(app.client_id, app.client_secret).base_url(server.base_url()).build()?;
// snippet
assert!(connect.user("user-456").import(user.tokens(std::time::Duration::MAX)?).is_err());
