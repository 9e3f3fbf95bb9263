let delivery = connect_hyper::webhooks::testing::sign(
    "msg_1",
    r#"{"userId": "ada", "provider": "google", "calendarId": "work",
        "events": [{"id": "review", "changeType": "deleted"}]}"#,
    jiff::Timestamp::now(),
);
let keys = connect_hyper::webhooks::testing::keys(jiff::Timestamp::now());
let connect = connect_hyper::Client::builder("id", "secret").webhook_keys(keys).build()?;
let (headers, body) = (delivery.headers(), delivery.body());
// snippet
