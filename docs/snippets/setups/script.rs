fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let (app, base) = (server.credentials(), server.base_url());
    let folder = std::env::temp_dir().join(format!("guide-script-{}", std::process::id()));
    let vars = format!(
        "MOBISCROLL_CONNECT_CLIENT_ID={}\nMOBISCROLL_CONNECT_CLIENT_SECRET={}\nMOBISCROLL_CONNECT_REDIRECT_URI={}\nMOBISCROLL_CONNECT_BASE_URL={base}\nXDG_STATE_HOME={}\n",
        app.client_id, app.client_secret, app.redirect_uri, folder.display()
    );
    dotenvy::from_read(vars.as_bytes())?;
    let connect = connect_blocking::Client::builder_from_env()?.store(connect_stores::FileStore::open_default()?).build()?;
    let sign_in = connect.auth().sign_in(connect_blocking::SignIn::new("me"))?;
    let callback = server.consent(sign_in.url())?;
    let user = connect.auth().finish(sign_in, &callback)?;
    // snippet
    main()
}
