// snippet
let wrong = connect.auth().sign_in(connect_blocking::SignIn::new("user-123"))?;
let callback = server.consent(wrong.url())?.replace("code=", "code=wrong");
let error = connect.auth().finish(wrong, &callback).unwrap_err();
assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
server.with(|sandbox| sandbox.set("withheld", "google"))?;
let sign_in = connect.auth().sign_in(connect_blocking::SignIn::new("user-789").providers([connect_blocking::types::Provider::Google]))?;
let callback = server.consent(sign_in.url())?;
let error = connect.auth().finish(sign_in, &callback)?.calendars().list().unwrap_err();
assert!(matches!(error.kind(), ErrorKind::Permission { accounts, .. } if accounts.len() == 1), "{error:?}");
assert_eq!((error.code(), error.server_code()), ("CALENDAR_PERMISSION_REQUIRED", Some("calendar_permission_required")));
