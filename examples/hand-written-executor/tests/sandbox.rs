//! Runs calls on the executor, against a sandbox and against a socket.

use std::{
    cell::Cell,
    io::{Read, Write},
    net::TcpListener,
    process::Command,
    rc::Rc,
    sync::mpsc,
    thread,
    time::Duration,
};

use async_driver::User;
use connect_core::{App, Config, MemoryStore, TransportErrorKind, types::ListCalendars};
use connect_sandbox::Sandbox;
use hand_written_executor::{Executor, send};

#[test]
fn program_lists_the_calendars_of_three_users() {
    let server = Sandbox::start().unwrap();
    let program = env!("CARGO_BIN_EXE_hand-written-executor");
    let output = Command::new(program).arg(server.base_url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().matches(" calendars").count(), 3);
    assert_eq!(server.stats().exchanges.code.granted, 3);
}

#[test]
fn twenty_calls_wait_for_one_refresh() {
    let server = Sandbox::start().unwrap();
    let credentials = server.credentials();
    let mut config = Config::new(&*credentials.client_id, &*credentials.client_secret, [7; 32]);
    config.base_url = Some(server.base_url());
    config.redirect_uri = Some(credentials.redirect_uri);
    let app = App::new(config).unwrap();
    let executor = Executor::default();
    let user = User::new(&executor, &app, MemoryStore::new(), "ada");
    let sign_in = user.sign_in().unwrap();
    let redirect = server.consent(sign_in.url()).unwrap();
    executor.run([user.finish(sign_in, &redirect)]).remove(0).unwrap();

    server.expire_all();
    let endpoint = ListCalendars::new();
    let lists = executor.run((0..20).map(|_| user.call(&endpoint)));
    assert!(lists.into_iter().all(|list| !list.unwrap().is_empty()));
    assert_eq!(server.stats().exchanges.refresh.granted, 1);
}

#[test]
fn requests_of_one_thread_are_sent_at_the_same_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // The server responds after it has accepted all connections.
    let server = thread::spawn(move || {
        let mut sockets: Vec<_> = (0..8).map(|_| listener.accept().unwrap().0).collect();
        for socket in &mut sockets {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                socket.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            socket
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
                .unwrap();
        }
    });
    let executor = Executor::default();
    let request = || http::Request::get(&url).body(Default::default()).unwrap();
    let responses = executor.run((0..8).map(|_| send(&executor, request())));
    assert!(responses.into_iter().all(|response| response.unwrap().body() == "{}"));
    server.join().unwrap();
}

#[test]
fn request_without_a_response_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut request = http::Request::get(&url).body(Default::default()).unwrap();
    request.extensions_mut().insert(connect_core::Timeout(Duration::from_millis(20)));
    let executor = Executor::default();
    let error = executor.run([send(&executor, request)]).remove(0).unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
}

#[test]
fn future_without_a_timer_is_woken_by_another_thread() {
    let (sender, receiver) = mpsc::channel::<std::task::Waker>();
    let waker = thread::spawn(move || receiver.recv().unwrap().wake());
    let woken = Rc::new(Cell::new(false));
    let future = std::future::poll_fn(|context| {
        if woken.replace(true) {
            return std::task::Poll::Ready(7);
        }
        sender.send(context.waker().clone()).unwrap();
        std::task::Poll::Pending
    });
    assert_eq!(Executor::default().run([future]), [7]);
    waker.join().unwrap();
}
