// snippet
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use connect_calendars::token_endpoint::{TokenEndpoint, Visitor};
    let relay = Relay::new("https://app.example/auth", "https://app.example/refresh");
    program(relay)?.auth().sign_in(connect_hyper::SignIn::new("ada"))?;
    let server = connect_sandbox::Sandbox::start()?;
    let app = server.credentials();
    let connect = Client::builder(app.client_id, app.client_secret).redirect_uri(app.redirect_uri).base_url(server.base_url()).build()?;
    let endpoint = TokenEndpoint::new("https://app.example")?.allow_missing_origin().pass_through();
    for (visitor, status) in [("ada", 200), ("eve", 400)] {
        let redirect = server.consent(connect.auth().sign_in(connect_hyper::SignIn::new("ada"))?.url())?;
        let code = redirect.split(['?', '&']).find(|parameter| parameter.starts_with("code=")).ok_or("no code")?;
        let request = http::Request::post("/auth")
            .header("x-requested-with", "XmlHttpRequest")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(bytes::Bytes::from(code.to_owned()))?;
        let accepted = endpoint.accept(&request, Some(&Visitor::new(visitor))).map_err(|refused| format!("{refused:?}"))?;
        let tokens = tokens(&connect, &accepted).await;
        let response = accepted.reply(tokens);
        assert_eq!(response.status(), status, "{response:?}");
    }
    Ok(())
}
