//! The client on smol, with the sandbox over a socket.

use connect_hyper::{Client, SignIn, types::ListEvents};
use connect_sandbox::{Server, Settings};
use smol_client::on_smol;

#[test]
fn user_signs_in_and_lists_events_without_tokio() {
    let server = Server::builder().settings(Settings::default()).start().unwrap();
    let app = server.with(|sandbox| sandbox.credentials());
    smol::block_on(async {
        let builder = Client::builder(app.client_id, app.client_secret).redirect_uri(app.redirect_uri);
        let connect = on_smol(builder.base_url(server.base_url())).build().unwrap();
        let sign_in = connect.auth().sign_in(SignIn::new("ann")).unwrap();
        let callback = server.consent(sign_in.url()).unwrap();
        let now = jiff::Timestamp::now();
        let user = connect.auth().finish(sign_in, &callback).await.unwrap();
        server.expire_all();
        let day = jiff::SignedDuration::from_hours(24);
        let mut events =
            user.events().list(ListEvents::between(now - 60 * day, now + 60 * day)).items_in_windows(4);
        let mut count = 0;
        while let Some(event) = events.next().await {
            event.unwrap();
            count += 1;
        }
        assert!(count > 100);
        connect.close(std::time::Duration::from_secs(5)).await.unwrap();
    });
    assert_eq!(server.stats().exchanges.refresh.granted, 1);
}
