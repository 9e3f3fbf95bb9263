//! Lists this week's events on smol: `smol-client USER ACCESS_TOKEN`.
//!
//! See `Client::builder_from_env` for the settings.

use smol_client::builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let user = std::env::args().nth(1).ok_or("usage: smol-client USER ACCESS_TOKEN")?;
    let token = std::env::args().nth(2).ok_or("usage: smol-client USER ACCESS_TOKEN")?;
    smol::block_on(async {
        let connect = builder()?.build()?;
        let user = connect.user(&user);
        user.import(connect_hyper::Tokens::access_only(token)).await?;
        let week = connect_hyper::types::ListEvents::week_of(&jiff::ZonedDateTime::now());
        let mut events = user.events().list(week).items();
        while let Some(event) = events.next().await {
            println!("{}", event?.title);
        }
        Ok(())
    })
}
