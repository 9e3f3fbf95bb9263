static SANDBOX: std::sync::OnceLock<connect_sandbox::Server> = std::sync::OnceLock::new();

fn sandbox() -> Result<(), Box<dyn std::error::Error>> {
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let redirect_uri = format!("http://{free}/callback");
    let settings = connect_sandbox::Settings::default().with("redirect_uri", &redirect_uri)?;
    let server = SANDBOX.get_or_init(|| connect_sandbox::Server::builder().settings(settings).start().expect("a sandbox"));
    let (app, base) = (server.credentials(), server.base_url());
    let folder = std::env::temp_dir().join(format!("guide-program-{}", std::process::id()));
    let vars = format!(
        "MOBISCROLL_CONNECT_CLIENT_ID={}\nMOBISCROLL_CONNECT_CLIENT_SECRET={}\nMOBISCROLL_CONNECT_REDIRECT_URI={redirect_uri}\nMOBISCROLL_CONNECT_BASE_URL={base}\nXDG_STATE_HOME={}\n",
        app.client_id, app.client_secret, folder.display()
    );
    dotenvy::from_read(vars.as_bytes())?;
    Ok(())
}

fn open_browser(url: &str) {
    use std::io::{Read as _, Write as _};
    let server = SANDBOX.get().expect("a sandbox");
    let location: http::Uri = server.consent(url).expect("a redirect").parse().expect("a URL");
    std::thread::spawn(move || {
        let address = location.authority().expect("an address").as_str();
        let mut stream = std::net::TcpStream::connect(address).expect("a listener");
        write!(stream, "GET {} HTTP/1.1\r\nhost: {address}\r\n\r\n", location.path_and_query().expect("a path")).expect("a write");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("a page");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    });
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    sandbox()?;
    // snippet
    main()?;
    let connect = Client::builder_from_env()?.store(FileStore::open_default()?).build()?;
    let user = connect.user("me");
    print_events(&user)?;
    user.sign_out()?;
    assert!(matches!(print_events(&user), Err(error) if matches!(error.kind(), ErrorKind::Authentication)));
    Ok(())
}
