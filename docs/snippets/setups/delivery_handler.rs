// snippet
use connect_hyper::webhooks::testing;
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
let now = jiff::Timestamp::now();
let server = connect_sandbox::Sandbox::start()?;
let connect = Client::builder("id", "secret").base_url(server.base_url()).webhook_keys(testing::keys(now)).build()?;
let delivery = testing::sign("msg_1", r#"{"userId": "user-123", "events": [{"id": "e1", "title": "Lunch", "changeType": "created"}]}"#, now);
assert_eq!(webhook(&connect, delivery.headers(), delivery.body()).await, StatusCode::NO_CONTENT);
assert_eq!(webhook(&connect, delivery.headers(), delivery.body()).await, StatusCode::OK, "handled before");
assert_eq!(webhook(&connect, delivery.headers(), b"{}").await, StatusCode::UNAUTHORIZED);
Ok(())
}
