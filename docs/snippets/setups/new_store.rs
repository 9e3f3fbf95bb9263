let app = server.credentials();
let (client_id, client_secret, redirect_uri) = (app.client_id, app.client_secret, app.redirect_uri);
// snippet
let sign_in = connect.auth().sign_in(connect_hyper::SignIn::new("user-123"))?;
let callback = server.consent(sign_in.url())?;
let user = connect.auth().finish(sign_in, &callback).await?;
let first = database.lock().await.get("user-123").cloned().expect("a row after the sign-in");
server.expire_all();
user.calendars().list().await?;
assert_ne!(database.lock().await.get("user-123"), Some(&first), "the refreshed pair is in the table");
user.sign_out().await?;
assert!(database.lock().await.is_empty());
