// snippet
let sign_in = program("session")?.auth().sign_in(SignIn::new("me").scopes(google::SCOPES))?;
assert!(sign_in.url().contains("code_challenge="));
endpoint()?;
Ok::<(), Box<dyn std::error::Error>>(())
