//! A caller must wait for the lock of a user's tokens, but not longer than the caller's timeout.

use std::{sync::Arc, thread, time::Duration};

use connect_core::{ErrorKind, MemoryStore, SignIn, TokenStore};
use connect_stores::FileStore;
use connect_tests::world::{Place, World};

const LEASE: Duration = Duration::from_secs(60);

macro_rules! client {
    ($client:ident, $world:expr, $store:expr, $timeout:expr, $transport:expr) => {{
        let app = $world.sandbox(|sandbox| sandbox.credentials());
        $client::Client::builder(app.client_id, app.client_secret)
            .redirect_uri(app.redirect_uri)
            .base_url($world.base_url())
            .timeout($timeout)
            .store($store)
            .transport($transport)
            .build()
            .unwrap()
    }};
}

/// Creates a world with the user ann, whose access token has expired.
fn expired(store: &Arc<dyn TokenStore>) -> World {
    let world = World::new(Place::Memory).unwrap();
    let client = client!(connect_blocking, world, store.clone(), LEASE, world.in_memory());
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    client.auth().finish(sign_in, &callback).unwrap();
    world.expire();
    world
}

fn stores() -> (tempfile::TempDir, [Arc<dyn TokenStore>; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let file = Arc::new(FileStore::open(folder.path()).unwrap());
    (folder, [Arc::new(MemoryStore::new()), file])
}

#[test]
fn blocking_call_waits_for_the_lock_within_its_timeout() {
    let (_folder, stores) = stores();
    for store in stores {
        let world = expired(&store);
        let user =
            |timeout| client!(connect_blocking, world, store.clone(), timeout, world.in_memory()).user("ann");
        let (impatient, patient) = (user(Duration::from_millis(200)), user(LEASE));
        let lock = store.try_lock(patient.session().key(), LEASE).unwrap().unwrap();
        let error = impatient.calendars().list().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert_eq!(world.refreshes(), 0);
        let waiting = thread::spawn(move || patient.calendars().list());
        thread::sleep(Duration::from_millis(50));
        lock.release().unwrap();
        waiting.join().unwrap().unwrap();
        assert_eq!(world.refreshes(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn async_call_waits_for_the_lock_within_its_timeout() {
    let (_folder, stores) = stores();
    for store in stores {
        let shared = store.clone();
        let world = tokio::task::spawn_blocking(move || expired(&shared)).await.unwrap();
        let user = |timeout| {
            let transport = Arc::new(world.in_memory());
            let client = client!(connect_hyper, world, store.clone(), timeout, move |request| {
                let outcome = transport(request);
                async move { outcome }
            });
            client.user("ann")
        };
        let (impatient, patient) = (user(Duration::from_millis(200)), user(LEASE));
        let lock = store.try_lock(patient.session().key(), LEASE).unwrap().unwrap();
        let error = impatient.calendars().list().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert_eq!(world.refreshes(), 0);
        let waiting = tokio::spawn(async move { patient.calendars().list().await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        lock.release().unwrap();
        waiting.await.unwrap().unwrap();
        assert_eq!(world.refreshes(), 1);
    }
}
