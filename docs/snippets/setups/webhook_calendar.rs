server.with(|sandbox| sandbox.set("webhook_url", "http://127.0.0.1:9/hook"))?;
let calendar = user.calendars().list().await?.remove(0);
// snippet
