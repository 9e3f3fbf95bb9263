let app = server.credentials();
let (client_id, client_secret, redirect_uri) = (app.client_id, app.client_secret, app.redirect_uri);
// snippet
let sign_in = connect.auth().sign_in(connect_blocking::SignIn::new("user-123"))?;
let callback = server.consent(sign_in.url())?;
let user = connect.auth().finish(sign_in, &callback)?;
let row = || database.lock().unwrap().get("user-123").cloned();
let first = row().expect("a row after the sign-in");
server.expire_all();
user.calendars().list()?;
assert_ne!(row(), Some(first), "the refreshed pair is in the table");
user.sign_out()?;
assert_eq!(row(), None);
