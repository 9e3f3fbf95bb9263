#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = connect_sandbox::Server::builder().seed(r#"{ "users": { "ada": { "google": { "account": "ada@example.com", "calendars": [
        { "id": "work", "title": "Work", "timeZone": "Europe/Berlin", "events": [
            { "id": "standup", "title": "Stand-up", "start": "2027-01-04T08:00:00Z", "end": "2027-01-04T08:15:00Z",
              "timeZone": "Europe/Berlin", "recurrence": { "frequency": "DAILY", "count": 5 } },
            { "id": "review", "title": "Review", "start": "2027-01-14T13:00:00Z", "end": "2027-01-14T14:00:00Z" }
        ] },
        { "id": "home", "title": "Home", "timeZone": "Europe/Berlin", "events": [] }
    ] } } } }"#).start()?;
    let app = server.credentials();
    let connect = connect_hyper::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(server.base_url())
        .build()?;
    let sign_in = connect.auth().sign_in(connect_hyper::SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    let user = connect.auth().finish(sign_in, &callback).await?;
    // snippet
    Ok(())
}
