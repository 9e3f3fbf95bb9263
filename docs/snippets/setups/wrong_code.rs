// snippet
let wrong = connect.auth().sign_in(connect_hyper::SignIn::new("user-123"))?;
let callback = server.consent(wrong.url())?.replace("code=", "code=wrong");
let error = connect.auth().finish(wrong, &callback).await.unwrap_err();
assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
