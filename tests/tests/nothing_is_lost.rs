//! A rotated token must survive a cancelled caller, a failed save, a lost response and another process.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use connect_core::{ErrorKind, MemoryStore, SignIn, TokenKey, TokenStore};
use connect_sandbox::Fault;
use connect_stores::FileStore;
use connect_tests::{
    stores::Flaky,
    world::{Place, World},
};

const EXCHANGE: &str = "POST /oauth/token";

fn a_while(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn slow_exchange(world: &World) {
    world.fault(Fault::on(EXCHANGE).delay(a_while(300)));
}

fn very_slow_exchange(world: &World) {
    world.fault(Fault::on(EXCHANGE).delay(a_while(3000)));
}

/// Waits until the service has granted the delayed exchange.
fn wait_for_exchange(world: &World) {
    while world.refreshes() == 0 {
        std::thread::sleep(a_while(1));
    }
}

mod asynchronous {
    use connect_hyper::{Client, User};

    use super::*;

    fn client(world: &World, store: impl TokenStore) -> Client {
        let app = world.sandbox(|sandbox| sandbox.credentials());
        Client::builder(app.client_id, app.client_secret)
            .redirect_uri(app.redirect_uri)
            .base_url(world.base_url())
            .store(store)
            .build()
            .unwrap()
    }

    async fn sign_in(world: &World, client: &Client) -> User {
        let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
        let callback = world.consent(sign_in.url()).unwrap();
        client.auth().finish(sign_in, &callback).await.unwrap()
    }

    /// Starts a call and cancels it after this time.
    async fn dropped_after(user: &User, millis: u64) {
        let call = tokio::time::timeout(a_while(millis), user.calendars().list()).await;
        assert!(call.is_err(), "the call ended before it was cancelled");
    }

    #[tokio::test]
    async fn caller_cancelled_during_the_exchange_loses_no_token() {
        let world = World::new(Place::Socket).unwrap();
        let user = sign_in(&world, &client(&world, world.store.clone())).await;
        world.expire();
        slow_exchange(&world);
        dropped_after(&user, 100).await;
        user.calendars().list().await.unwrap();
        assert_eq!(world.refreshes(), 1, "the exchange ends and the next call uses its tokens");
    }

    #[tokio::test]
    async fn caller_cancelled_during_the_save_loses_no_token() {
        let world = World::new(Place::Socket).unwrap();
        let store = Flaky::new(world.store.clone());
        let user = sign_in(&world, &client(&world, store.clone())).await;
        world.expire();
        store.slow_saves(a_while(300));
        let call = tokio::spawn({
            let user = user.clone();
            async move { user.calendars().list().await }
        });
        while world.refreshes() == 0 {
            tokio::time::sleep(a_while(1)).await;
        }
        call.abort(); // the exchange is granted, the save is running
        assert!(call.await.is_err_and(|error| error.is_cancelled()));
        user.calendars().list().await.unwrap();
        assert_eq!((world.refreshes(), store.saves()), (1, 2));
    }

    #[tokio::test]
    async fn sign_in_of_a_cancelled_caller_is_completed() {
        let world = World::new(Place::Socket).unwrap();
        let client = client(&world, world.store.clone());
        let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
        let callback = world.consent(sign_in.url()).unwrap();
        slow_exchange(&world);
        assert!(tokio::time::timeout(a_while(100), client.auth().finish(sign_in, &callback)).await.is_err());
        client.close(Duration::from_secs(5)).await.unwrap();
        client.user("ann").calendars().list().await.unwrap();
    }

    #[test]
    fn runtime_that_ends_after_close_loses_no_token() {
        let world = World::new(Place::Socket).unwrap();
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime().block_on(async {
            let client = client(&world, world.store.clone());
            let user = sign_in(&world, &client).await;
            world.expire();
            slow_exchange(&world);
            dropped_after(&user, 100).await;
            client.close(Duration::from_secs(5)).await.unwrap();
        });
        runtime().block_on(async {
            let user = client(&world, world.store.clone()).user("ann");
            user.calendars().list().await.unwrap();
        });
        assert_eq!(world.refreshes(), 1);
    }

    #[tokio::test]
    async fn close_with_too_little_time_times_out() {
        let world = World::new(Place::Socket).unwrap();
        let client = client(&world, world.store.clone());
        let user = sign_in(&world, &client).await;
        world.expire();
        very_slow_exchange(&world);
        dropped_after(&user, 100).await;
        while world.refreshes() == 0 {
            tokio::time::sleep(a_while(1)).await; // until the service has the request
        }
        let error = client.close(a_while(20)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        client.close(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn call_after_close_makes_no_exchange() {
        let world = World::new(Place::Socket).unwrap();
        let client = client(&world, world.store.clone());
        let user = sign_in(&world, &client).await;
        world.expire();
        let call = tokio::spawn({
            let user = user.clone();
            world.fault(Fault::on("GET /calendars").delay(a_while(1000)));
            async move { user.calendars().list().await }
        });
        while world.stats().faults.fired == 0 {
            tokio::time::sleep(a_while(1)).await;
        }
        client.close(Duration::from_secs(5)).await.unwrap(); // the call waits for its 401 meanwhile
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
        assert_eq!(world.refreshes(), 0);
        let sign_in = client.auth().sign_in(SignIn::new("bob")).unwrap();
        let callback = world.consent(sign_in.url()).unwrap();
        client.auth().finish(sign_in, &callback).await.unwrap_err();
        assert_eq!(world.stats().exchanges.code.granted, 1);
    }

    #[tokio::test]
    async fn close_saves_a_pending_pair() {
        let world = World::new(Place::Socket).unwrap();
        let store = Flaky::new(world.store.clone());
        let first = client(&world, store.clone());
        let user = sign_in(&world, &first).await;
        world.expire();
        store.fail_saves(1);
        user.calendars().list().await.unwrap_err();
        first.close(Duration::from_secs(5)).await.unwrap();
        client(&world, store).user("ann").calendars().list().await.unwrap();
        assert_eq!(world.refreshes(), 1);
    }

    #[tokio::test]
    async fn leader_and_waiter_end_at_their_own_timeout() {
        let world = World::new(Place::Socket).unwrap();
        let app = world.sandbox(|sandbox| sandbox.credentials());
        let client = Client::builder(app.client_id, app.client_secret)
            .redirect_uri(app.redirect_uri)
            .base_url(world.base_url())
            .timeout(a_while(200))
            .store(world.store.clone())
            .build()
            .unwrap();
        let user = sign_in(&world, &client).await;
        world.expire();
        world.fault(Fault::on(EXCHANGE).delay(a_while(8000)));
        let started = Instant::now();
        let (leader, waiter) = tokio::join!(user.calendars().list(), user.calendars().list());
        for error in [leader.unwrap_err(), waiter.unwrap_err()] {
            assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        }
        assert!(started.elapsed() < a_while(7000), "{:?}", started.elapsed());
        client.close(Duration::from_secs(60)).await.unwrap();
        user.calendars().list().await.unwrap();
        assert_eq!(world.refreshes(), 1);
    }

    #[test]
    fn call_without_a_runtime_is_an_error() {
        let world = World::new(Place::Socket).unwrap();
        let user = client(&world, world.store.clone()).user("ann");
        let mut call = std::pin::pin!(user.calendars().list());
        let outcome = call.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        let std::task::Poll::Ready(Err(error)) = outcome else { panic!("{outcome:?}") };
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
    }
}

mod blocking {
    use connect_blocking::{Client, User};

    use super::*;

    fn builder(world: &World) -> connect_blocking::Builder {
        let app = world.sandbox(|sandbox| sandbox.credentials());
        Client::builder(app.client_id, app.client_secret)
            .redirect_uri(app.redirect_uri)
            .base_url(world.base_url())
    }

    fn sign_in(world: &World, client: &Client) -> User {
        let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
        let callback = world.consent(sign_in.url()).unwrap();
        client.auth().finish(sign_in, &callback).unwrap()
    }

    #[test]
    fn leader_saves_after_its_own_timeout() {
        let world = World::new(Place::Socket).unwrap();
        let client = builder(&world).timeout(a_while(200)).store(world.store.clone()).build().unwrap();
        let user = sign_in(&world, &client);
        world.expire();
        world.fault(Fault::on(EXCHANGE).delay(a_while(600)));
        let error = user.calendars().list().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        user.calendars().list().unwrap();
        assert_eq!(world.refreshes(), 1);
    }

    #[test]
    fn lost_response_of_an_early_refresh_keeps_the_old_token() {
        let world = World::new(Place::Memory).unwrap();
        world.set("token_ttl", "4").unwrap();
        let client = builder(&world).store(world.store.clone()).transport(world.in_memory()).build().unwrap();
        let user = sign_in(&world, &client);
        std::thread::sleep(a_while(2200)); // past half of the lifetime, so the client refreshes early
        world.fault(Fault::on(EXCHANGE).cut_after());
        for _ in 0..3 {
            user.calendars().list().unwrap();
        }
        let stats = world.stats();
        assert_eq!(
            stats.exchanges.refresh.granted, 1,
            "the refresh token is not sent again while the old access token is valid"
        );
        assert_eq!(stats.faults.fired, 1);
        std::thread::sleep(a_while(2000)); // the access token has expired, so the 401 starts a refresh
        user.calendars().list().unwrap();
        let stats = world.stats();
        assert_eq!((stats.exchanges.refresh.granted, stats.family_revocations), (2, 0));
    }

    #[test]
    fn failed_early_refresh_is_not_repeated_immediately() {
        let world = World::new(Place::Memory).unwrap();
        world.set("token_ttl", "4").unwrap();
        let client = builder(&world).store(world.store.clone()).transport(world.in_memory()).build().unwrap();
        let user = sign_in(&world, &client);
        std::thread::sleep(a_while(2200));
        world.fault(Fault::on(EXCHANGE).status(400).body(r#"{"error":"invalid_request"}"#));
        for _ in 0..3 {
            user.calendars().list().unwrap();
        }
        assert_eq!(world.requests(EXCHANGE), 2, "the sign-in and one early refresh");
    }

    #[test]
    fn new_sign_in_replaces_a_pending_pair() {
        let world = World::new(Place::Memory).unwrap();
        let store = Flaky::new(MemoryStore::new());
        let client = builder(&world).store(store.clone()).transport(world.in_memory()).build().unwrap();
        let user = sign_in(&world, &client);
        world.expire();
        store.fail_saves(1);
        user.calendars().list().unwrap_err();
        sign_in(&world, &client);
        user.calendars().list().unwrap();
        assert_eq!(world.refreshes(), 1);
        assert_eq!(world.stats().exchanges.refresh.refused, 0);
    }

    #[test]
    fn next_call_saves_the_pair_of_a_sign_in() {
        let world = World::new(Place::Memory).unwrap();
        let store = Flaky::new(MemoryStore::new());
        let client = builder(&world).store(store.clone()).transport(world.in_memory()).build().unwrap();
        let pending = client.auth().sign_in(SignIn::new("ann")).unwrap();
        let callback = world.consent(pending.url()).unwrap();
        store.fail_saves(1);
        let error = client.auth().finish(pending, &callback).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
        client.user("ann").calendars().list().unwrap();
        assert_eq!((store.saves(), world.refreshes()), (1, 0));
    }

    #[test]
    fn close_waits_for_other_threads_and_saves_pending_pairs() {
        let world = World::new(Place::Socket).unwrap();
        let store = Flaky::new(world.store.clone());
        let client = builder(&world).store(store.clone()).build().unwrap();
        let user = sign_in(&world, &client);
        world.expire();
        very_slow_exchange(&world);
        store.fail_saves(1);
        let call = std::thread::spawn(move || user.calendars().list());
        wait_for_exchange(&world);
        let error = client.close(a_while(20)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        client.close(Duration::from_secs(5)).unwrap();
        call.join().unwrap().unwrap_err();
        builder(&world).store(store).build().unwrap().user("ann").calendars().list().unwrap();
        assert_eq!(world.refreshes(), 1);
    }

    #[test]
    fn call_after_close_makes_no_exchange() {
        let world = World::new(Place::Socket).unwrap();
        let client = builder(&world).store(world.store.clone()).build().unwrap();
        let user = sign_in(&world, &client);
        world.expire();
        world.fault(Fault::on("GET /calendars").delay(a_while(1000)));
        let call = std::thread::spawn(move || user.calendars().list());
        while world.stats().faults.fired == 0 {
            std::thread::sleep(a_while(1));
        }
        client.close(Duration::from_secs(5)).unwrap(); // the call waits for its 401 meanwhile
        let error = call.join().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
        let sign_in = client.auth().sign_in(SignIn::new("bob")).unwrap();
        let callback = world.consent(sign_in.url()).unwrap();
        client.auth().finish(sign_in, &callback).unwrap_err();
        assert_eq!((world.refreshes(), world.stats().exchanges.code.granted), (0, 1));
    }

    /// Starts another process that uses the same store and lists the calendars once.
    fn process(world: &World, folder: &FileStore) -> Child {
        let app = world.sandbox(|sandbox| sandbox.credentials());
        Command::new(env!("CARGO_BIN_EXE_second-process"))
            .args([&world.base_url(), &app.client_id, &app.client_secret, &app.redirect_uri])
            .arg(folder.folder())
            .arg("ann")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn succeeds(child: Child) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().trim().parse::<usize>().unwrap() > 0);
    }

    #[test]
    fn failed_save_in_one_process_keeps_the_newest_pair() {
        let world = World::new(Place::Socket).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = FileStore::open(folder.path()).unwrap();
        let store = Flaky::new(files.clone());
        let client = builder(&world).store(store.clone()).build().unwrap();
        let user = sign_in(&world, &client);
        let key: &TokenKey = user.session().key();
        let first = files.load(key).unwrap();
        world.expire();

        store.fail_saves(1);
        user.calendars().list().unwrap_err();
        assert_eq!(files.load(key).unwrap(), first, "only this process has the rotated pair");

        world.expire();
        succeeds(process(&world, &files));
        let second = files.load(key).unwrap();
        assert_ne!(second, first, "the other process made its own exchange");

        user.calendars().list().unwrap();
        assert_eq!(files.load(key).unwrap(), second, "the pending pair does not overwrite the newer one");
        let stats = world.stats();
        assert_eq!((stats.exchanges.refresh.granted, stats.exchanges.refresh.refused), (2, 0));
        assert_eq!(stats.family_revocations, 0);

        std::thread::sleep(Duration::from_secs(1));
        succeeds(process(&world, &files));
        assert_eq!(world.refreshes(), 2, "both processes use the same pair");
    }

    #[test]
    fn four_processes_with_one_expired_token_make_one_exchange() {
        let world = World::new(Place::Socket).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = FileStore::open(folder.path()).unwrap();
        sign_in(&world, &builder(&world).store(files.clone()).build().unwrap());
        world.expire();
        // Slow enough that all four start while the first holds the lock.
        world.fault(Fault::on(EXCHANGE).delay(a_while(500)));
        let children: Vec<_> = (0..4).map(|_| process(&world, &files)).collect();
        children.into_iter().for_each(succeeds);
        assert_eq!(world.refreshes(), 1);
    }
}
