//! Commands must hide secrets, keep tokens, replace control characters, and return the right exit code.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Outcome, SECRET, World, start_login};
use connect_sandbox::Fault;
use std::time::Duration;

#[test]
fn no_command_shows_a_secret() {
    let world = World::new();
    world.login(&["--json"]).json();
    let secrets = world.secrets();
    assert_eq!(secrets.len(), 3);
    let commands: [&[&str]; 14] = [
        &["doctor"],
        &["doctor", "--json"],
        &["status"],
        &["status", "--json"],
        &["calendars", "--json"],
        &["events", "list", "--json"],
        &["events", "show", "nothing"],
        &["events", "create", "--calendar", "x", "--title", "t", "--start", "2027-01-01", "--all-day"],
        &["disconnect", "nobody", "--json"],
        &["health"],
        &["--help"],
        &["events", "update", "x", "--title", "y", "--json"],
        &["logout"],
        &["status", "--json"],
    ];
    for command in commands {
        let done = world.run(command);
        for secret in &secrets {
            assert!(
                !done.out.contains(secret) && !done.err.contains(secret),
                "{command:?}: {}{}",
                done.out,
                done.err
            );
        }
    }
}

#[test]
fn client_secret_is_not_an_option() {
    let world = World::new();
    let done = world.run(&["--client-secret", "x", "status"]);
    assert_eq!(done.code, Some(2), "{}", done.err);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_token_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.login(&[]).ok();
    let files = world.token_files();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0]), 0o600);
    assert_eq!(mode(files[0].parent().unwrap()), 0o700);
}

#[test]
fn every_failure_has_its_exit_code() {
    let world = World::new();
    assert_eq!(world.run(&["status"]).code, Some(3));
    world.login(&["--scope", "read"]).ok();
    let calendar = world.run(&["calendars", "--json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let new = ["events", "create", "--title", "x", "--all-day", "--start", "2027-01-01", "--calendar"];
    assert_eq!(world.run(&[&new[..], &[&calendar]].concat()).code, Some(4));
    assert_eq!(world.run(&[&new[..], &["nowhere"]].concat()).code, Some(5));
    for usage in [
        &["events", "list", "--from", "soon"][..],
        &["events", "list", "--from", "2027-01-02", "--to", "2027-01-01"],
        &["events", "update", "x"],
        &["events", "update", "x", "--location", "a", "--clear", "location"],
        &["events", "update", "x", "--this", "--all"],
        &["events", "create", "--calendar", "x", "--title", "t", "--start", "2027-01-01T10:00"],
        &["events", "create", "--calendar", "x", "--title", "t"],
        &["--user", "", "status"],
        &["--timeout", "0", "status"],
        &["--base-url", "http://example.org/api", "status"],
        &["--root-certificate", "nowhere.pem", "status"],
        &["nonsense"],
    ] {
        assert_eq!(world.run(usage).code, Some(2), "{usage:?}");
    }
    world.server.with(|sandbox| sandbox.add_fault(Fault::on("GET /calendars").status(500).times(10)));
    assert_eq!(world.run(&["calendars"]).code, Some(6));
    let slow = Fault::on("GET /oauth/connection-status").delay(Duration::from_secs(3600)).times(10);
    world.server.with(|sandbox| sandbox.add_fault(slow));
    let late = world.run(&["status", "--timeout", "1", "--json"]);
    assert_eq!((late.code, &late.error()["exitCode"]), (Some(6), &6.into()), "{}", late.err);
    let away = world.run(&["--base-url", &common::nowhere(), "--json", "health"]);
    assert_eq!((away.code, &away.error()["code"]), (Some(6), &"NETWORK_ERROR".into()));
    std::fs::write(world.folder.path().join("file"), "").unwrap();
    assert_eq!(world.run(&["--tokens", "file/tokens", "status"]).code, Some(1));
}

#[test]
fn accounts_without_calendar_permission_are_named() {
    let world = World::new();
    world.login(&[]).ok();
    let body = r#"{"error":"Forbidden","code":"calendar_permission_required","message":"Calendar access withheld",
        "accounts":[{"provider":"google","account":"ann@example.org"}]}"#;
    world.server.with(|sandbox| sandbox.add_fault(Fault::on("GET /calendars").status(403).body(body)));
    let denied = world.run(&["calendars"]);
    assert!(denied.code == Some(4) && denied.err.contains("ann@example.org (google)"), "{}", denied.err);
}

#[test]
fn line_breaks_in_arguments_are_not_sent_raw() {
    let world = World::new();
    let user = "a\r\nauthorization: Bearer x";
    let signed_in = world.login(&["--user", user]).ok();
    assert!(!signed_in.trim_end().contains(['\r', '\n']), "{signed_in:?}");
    world.run(&["--user", user, "status"]).ok();
    assert_eq!(world.run(&["status"]).code, Some(3), "another user is not signed in");

    let new =
        ["--title", "x\r\ny", "--start", "2027-03-01T10:00", "--end", "2027-03-01T11:00", "--user", user];
    let calendar =
        world.run(&["calendars", "--json", "--user", user]).json()[0]["id"].as_str().unwrap().to_owned();
    let event =
        world.run(&[&["events", "create", "--json", "--calendar", &calendar], &new[..]].concat()).json();
    assert_eq!(event["title"], "x\r\ny");
    let days = ["--from", "2027-03-01", "--to", "2027-03-01", "--user", user, "--calendar", &calendar];
    let table = world.run(&[&["events", "list"], &days[..]].concat()).ok();
    assert!(table.lines().any(|line| line.contains("x  y")), "{table}");

    for (option, code) in [("--base-url", 2), ("--redirect-uri", 2)] {
        let done = world.run(&[option, "http://127.0.0.1:1/\r\nx: y", "status"]);
        assert_eq!(done.code, Some(code), "{option} {}", done.err);
    }
    assert_eq!(world.run(&["disconnect", "google\r\nx", "--user", user]).code, Some(2));
    world.server.with(|sandbox| {
        assert!(sandbox.requests().iter().all(|one| !one.path.contains(['\r', '\n'])));
    });
}

#[test]
fn escape_sequence_in_a_title_is_replaced() {
    let world = World::new();
    world.login(&[]).ok();
    let body = "[{\"id\":\"a\\u001b]0;b\\u0007\",\"provider\":\"google\",\"title\":\"\\u001b[2Jx\\u202ey\"}]";
    world.server.with(|sandbox| sandbox.add_fault(Fault::on("GET /calendars").status(200).body(body)));
    let table = world.run(&["calendars"]).ok();
    assert!(!table.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{table:?}");
    let message = "{\"message\":\"\\u001b[2J\"}";
    world.server.with(|sandbox| sandbox.add_fault(Fault::on("GET /calendars").status(403).body(message)));
    let denied = world.run(&["calendars"]);
    assert!(denied.code == Some(4) && !denied.err.contains('\u{1b}'), "{:?}", denied.err);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_waiting_command() {
    let world = World::new();
    for waiting in [&["login", "--no-browser"][..], &["login", "--paste", "--no-browser"]] {
        let (mut child, _) = start_login(&mut world.command(waiting));
        let _stays_open = child.stdin.take();
        common::interrupt(&child);
        assert_eq!(Outcome::of(child.wait_with_output().unwrap()).code, Some(130), "{waiting:?}");
    }
    let mut child = common::piped(&mut world.command(&["token", "import"]));
    let mut stays_open = child.stdin.take().unwrap();
    // Longer than a pipe's buffer, so the write returns only after the program reads.
    std::io::Write::write_all(&mut stays_open, &[b' '; 256 * 1024]).unwrap();
    common::interrupt(&child);
    assert_eq!(Outcome::of(child.wait_with_output().unwrap()).code, Some(130));
}

#[cfg(unix)]
#[test]
fn ctrl_c_loses_no_token() {
    let world = World::new();
    world.login(&[]).ok();
    world.server.expire_all();
    world.server.with(|sandbox| {
        sandbox.add_fault(Fault::on("POST /oauth/token").delay(Duration::from_secs(3)).times(1));
        // Keeps the command running until it is interrupted.
        sandbox.add_fault(Fault::on("GET /calendars").when_status(200).delay(Duration::from_secs(3600)));
    });
    let before = world.token_files().iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>();
    let child = common::piped(&mut world.command(&["calendars"]));
    while world.server.stats().exchanges.refresh.granted == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    common::interrupt(&child);
    assert_eq!(Outcome::of(child.wait_with_output().unwrap()).code, Some(130));
    let after = world.token_files().iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>();
    assert_ne!(before, after, "the new tokens are saved");
    world.run(&["status"]).ok();
    assert_eq!(world.server.stats().exchanges.refresh.granted, 1);
}

#[test]
fn failed_token_save_is_reported_first() {
    let world = World::new();
    world.login(&[]).ok();
    world.server.expire_all();
    world.server.with(|sandbox| {
        sandbox.add_fault(Fault::on("POST /oauth/token").delay(Duration::from_secs(3)).times(1));
    });
    let child = common::piped(&mut world.command(&["calendars", "--json"]));
    while world.server.stats().exchanges.refresh.granted == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::remove_dir_all(world.folder.path().join("state")).unwrap();
    let done = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!((done.code, &done.error()["code"]), (Some(1), &"TOKEN_STORE_ERROR".into()), "{}", done.err);
    assert!(done.err.contains("may not have been saved"), "{}", done.err);
}

#[test]
fn refused_code_suggests_the_redirect_uri() {
    let world = World::new();
    let other = ["login", "--paste", "--no-browser", "--redirect-uri", "http://127.0.0.1:1/other"];
    let (mut child, url) = start_login(&mut world.command(&other));
    let callback = common::callback_url(&url, &world.redirect_uri);
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{callback}\n").as_bytes()).unwrap();
    let refused = Outcome::of(child.wait_with_output().unwrap());
    assert!(
        refused.code == Some(3) && refused.err.contains("--redirect-uri"),
        "{:?} {}",
        refused.code,
        refused.err
    );
}

#[test]
fn login_without_a_listener_suggests_paste() {
    let world = World::new();
    for uri in ["https://app.example/callback", "https://127.0.0.1:1/callback", "com.example.app:/callback"] {
        let done = world.run(&["login", "--no-browser", "--redirect-uri", uri]);
        assert!(done.code == Some(2) && done.err.contains("--paste"), "{uri}: {}", done.err);
    }
    for port in ["87650", "65536", "0"] {
        let uri = format!("http://127.0.0.1:{port}/callback");
        let done = world.run(&["login", "--no-browser", "--redirect-uri", &uri]);
        assert!(done.code == Some(2) && done.err.contains("port"), "{uri}: {}", done.err);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/callback", taken.local_addr().unwrap());
    let done = world.run(&["login", "--no-browser", "--redirect-uri", &uri]);
    assert!(done.code == Some(1) && done.err.contains("--paste"), "{}", done.err);
}

#[test]
fn local_time_in_an_unknown_zone_is_refused() {
    let world = World::new();
    world.login(&[]).ok();
    let create = ["events", "create", "--calendar", "x", "--title", "t"];
    let times = ["--start", "2027-01-01T10:00", "--end", "2027-01-01T11:00"];
    let mut command = world.command(&[&create[..], &times].concat());
    let done = Outcome::of(command.env("TZ", "Nowhere/Land").output().unwrap());
    assert!(done.code == Some(2) && done.err.contains("TZ"), "{}", done.err);
}

#[test]
fn only_the_callback_of_the_sign_in_ends_a_login() {
    let world = World::new();
    let (child, url) = start_login(&mut world.command(&["login", "--no-browser", "--json"]));
    let uri = &world.redirect_uri;
    let at = uri.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let state = url.split(['?', '&']).find(|part| part.starts_with("state=")).unwrap();
    let _idle: Vec<_> = (0..40).map(|_| std::net::TcpStream::connect(&at).unwrap()).collect();
    for (target, headers, status) in [
        ("?code=x&state=y".to_owned(), "", 400),
        ("?error=access_denied&state=forged".to_owned(), "", 400),
        ("?error=access_denied".to_owned(), "", 400),
        (format!("?error=access_denied&{state}"), "sec-purpose: prefetch\r\n", 503),
        (format!("?error=access_denied&{state}"), "sec-fetch-mode: no-cors\r\n", 403),
    ] {
        let page = common::get_with(&format!("{uri}{target}"), headers);
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{target} {headers}: {page}");
    }
    let page = common::get(&format!("{uri}?error=access_denied&{state}"));
    assert!(page.starts_with("HTTP/1.1 400") && page.contains("The sign-in failed"), "{page}");
    let done = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(done.code, Some(3), "{}", done.err);
    assert!(done.err.contains("access_denied") && world.token_files().is_empty(), "{}", done.err);
}

#[test]
fn escape_sequence_in_json_is_escaped() {
    let world = World::new();
    world.login(&[]).ok();
    let title = "a\u{7f}\u{85}\u{9b}31m\u{200e}\u{61c}\u{202e}b\u{2066}\u{2028}\u{e9}";
    let body =
        format!(r#"[{{"id":"x","provider":"google","title":"{title}","original":{{"raw":"{title}"}}}}]"#);
    let on = || Fault::on("GET /calendars");
    world.server.with(|sandbox| sandbox.add_fault(on().status(200).body(&body)));
    let listed = world.run(&["calendars", "--json"]);
    assert!(listed.out.chars().all(|c| c.is_ascii() && c != '\u{7f}' || c == 'é'), "{:?}", listed.out);
    let read: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!((&read[0]["title"], &read[0]["original"]["raw"]), (&title.into(), &title.into()));

    let message = format!(r#"{{"message":"{title}"}}"#);
    world.server.with(|sandbox| sandbox.add_fault(on().status(403).body(&message)));
    let denied = world.run(&["calendars", "--json"]);
    assert!(denied.err.chars().all(|c| c.is_ascii() && c != '\u{7f}' || c == 'é'), "{:?}", denied.err);
    assert!(denied.error()["cause"].as_str().unwrap().contains(title), "{}", denied.err);
}

#[test]
fn long_error_response_is_cut() {
    let world = World::new();
    world.login(&[]).ok();
    let long = "x".repeat(500_000);
    for (header, body) in
        [("x-other", format!(r#"{{"message":"{long}"}}"#)), ("x-request-id", "{}".to_owned())]
    {
        for json in [&[][..], &["--json"]] {
            let fault = Fault::on("GET /calendars").status(403).header(header, &long[..50_000]).body(&body);
            world.server.with(|sandbox| sandbox.add_fault(fault));
            let denied = world.run(&[&["calendars"], json].concat());
            assert_eq!(denied.code, Some(4), "{}", denied.err.len());
            assert!(denied.err.len() < 10_000, "{}", denied.err.len());
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn browser_environment_has_no_settings() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let browser = world.folder.path().join("xdg-open");
    std::fs::write(
        &browser,
        "#!/bin/sh\nexport -p > seen.new\necho \"$1\" >> seen.new\n/bin/mv seen.new seen\n",
    )
    .unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = world.command(&["login"]);
    command.env("PATH", world.folder.path()).env("DISPLAY", ":7");
    for name in ["GOOGLE_API_KEY", "GOOGLE_CLIENT_SECRET", "MICROSOFT_CLIENT_SECRET", "APPTOTO_TOKEN"] {
        command.env(format!("MOBISCROLL_CONNECT_{name}"), "hunter2");
    }
    let (child, url) = start_login(&mut command);
    let seen = loop {
        match std::fs::read_to_string(world.folder.path().join("seen")) {
            Ok(seen) => break seen,
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    common::browse(&url);
    Outcome::of(child.wait_with_output().unwrap()).ok();
    assert!(seen.contains("DISPLAY") && seen.contains(&url), "{seen}");
    for secret in ["hunter2", SECRET, "MOBISCROLL_CONNECT"] {
        assert!(!seen.contains(secret), "{seen}");
    }
}

#[cfg(unix)]
#[test]
fn login_tries_the_browsers_in_order_and_says_if_none_starts() {
    use std::{
        io::{BufRead as _, BufReader},
        os::unix::fs::PermissionsExt as _,
    };
    let world = World::new();
    let script = |name: &str, text: &str| {
        let file = world.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    script("fails", "#!/bin/sh\nexit 3\n");
    let mut login = world.command(&["login", "--user", "ann"]);
    login.env("PATH", world.folder.path()).env("BROWSER", "missing:fails %s:lynx");
    let mut child = common::piped(&mut login);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let none = lines.find(|line| line.starts_with("No browser could be started")).unwrap();
    assert!(none.ends_with("connect login --user ann --paste"), "{none}");
    child.kill().unwrap();
    child.wait().unwrap();

    let seen = world.folder.path().join("seen");
    script("opens", &format!("#!/bin/sh\necho \"$*\" > '{}'\n", seen.display()));
    let mut login = world.command(&["login"]);
    login.env("PATH", world.folder.path()).env("BROWSER", "missing:fails:opens --new %s:fails");
    let (mut child, url) = start_login(&mut login);
    while std::fs::read_to_string(&seen).unwrap_or_default().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(std::fs::read_to_string(&seen).unwrap().trim(), format!("--new {url}"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn symbolic_link_as_token_file_is_refused() {
    let world = World::new();
    world.login(&[]).ok();
    let record = world.token_files().pop().unwrap();
    let elsewhere = world.folder.path().join("elsewhere.json");
    std::fs::rename(&record, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &record).unwrap();
    for arguments in [&["calendars", "--json"][..], &["token", "refresh", "--json"], &["logout", "--json"]] {
        let refused = world.run(arguments);
        assert_eq!((refused.code, &refused.error()["code"]), (Some(1), &"TOKEN_STORE_ERROR".into()));
        assert!(refused.err.contains("symbolic link"), "{}", refused.err);
    }
    assert!(elsewhere.exists() && record.is_symlink());
}

#[test]
fn closed_stdout_is_not_a_failure() {
    let world = World::new();
    world.login(&[]).ok();
    let mut child = common::piped(&mut world.command(&["events", "list", "--json"]));
    drop(child.stdout.take());
    assert_eq!(Outcome::of(child.wait_with_output().unwrap()).code, Some(0));
}
