// snippet
let connect = connect_hyper::Client::builder("id", "secret").redirect_uri("https://app.example/callback").build()?;
let (first, second) = (connect.auth().sign_in(connect_hyper::SignIn::new("a"))?, connect.auth().sign_in(connect_hyper::SignIn::new("a"))?);
let (query, url) = (format!("code=x&state={}", first.state()), first.url().to_owned());
let mut pending = Pending::default();
pending.insert(first);
pending.insert(second);
assert_eq!(pending.remove(&query).ok_or("no sign-in")?.url(), url);
assert!(pending.remove(&query).is_none());
Ok::<(), Box<dyn std::error::Error>>(())
