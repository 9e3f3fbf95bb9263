//! Tests `close` of a client that has unsaved tokens of several users, and imports after `close`.

use std::time::Duration;

use connect_core::{ErrorKind, MemoryStore, Tokens};
use connect_tests::stores::Flaky;

const USERS: [&str; 3] = ["ann", "bob", "eve"];
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

macro_rules! client {
    ($client:ident, $store:expr) => {
        $client::Client::builder("id", "secret").store($store).build().unwrap()
    };
}

#[tokio::test]
async fn failed_save_does_not_stop_the_others() {
    let store = Flaky::new(MemoryStore::new());
    let client = client!(connect_hyper, store.clone());
    store.fail_saves(USERS.len());
    for user in USERS {
        assert!(client.user(user).import(Tokens::new("access", "refresh")).await.is_err());
    }
    store.fail_saves(1);
    let error = client.close(CLOSE_TIMEOUT).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
    assert_eq!(store.saves(), 2);
    client.close(CLOSE_TIMEOUT).await.unwrap();
    assert_eq!(store.saves(), 3);
}

#[test]
fn failed_save_does_not_stop_the_others_in_the_blocking_client() {
    let store = Flaky::new(MemoryStore::new());
    let client = client!(connect_blocking, store.clone());
    store.fail_saves(USERS.len());
    for user in USERS {
        assert!(client.user(user).import(Tokens::new("access", "refresh")).is_err());
    }
    store.fail_saves(1);
    let error = client.close(CLOSE_TIMEOUT).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
    assert_eq!(store.saves(), 2);
    client.close(CLOSE_TIMEOUT).unwrap();
    assert_eq!(store.saves(), 3);
}

#[tokio::test]
async fn import_on_a_closed_client_has_no_effect() {
    let store = Flaky::new(MemoryStore::new());
    let hyper = client!(connect_hyper, store.clone());
    hyper.close(CLOSE_TIMEOUT).await.unwrap();
    let user = hyper.user("ann");
    let error = user.import(Tokens::new("access", "refresh")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
    assert!(!user.session().has_pending());
    let blocking = client!(connect_blocking, store.clone());
    blocking.close(CLOSE_TIMEOUT).unwrap();
    let user = blocking.user("ann");
    let error = user.import(Tokens::new("access", "refresh")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
    assert!(!user.session().has_pending());
    assert_eq!(store.saves(), 0);
}
