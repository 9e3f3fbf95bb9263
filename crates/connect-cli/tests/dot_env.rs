//! The program must read settings that the environment lacks from `.env` in the current folder.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Outcome, SECRET, World, bare};

fn write(world: &World, text: impl AsRef<[u8]>) {
    std::fs::write(world.folder.path().join(".env"), text).unwrap();
}

/// Runs the program with only these variables.
fn run(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let variables = variables.iter().map(|(name, value)| (format!("MOBISCROLL_CONNECT_{name}"), value));
    Outcome::of(bare(&world.folder).args(arguments).envs(variables).output().unwrap())
}

/// Returns a `.env` with all settings of the sandbox's application.
fn complete(world: &World) -> String {
    format!(
        "MOBISCROLL_CONNECT_BASE_URL={}\nMOBISCROLL_CONNECT_CLIENT_ID=sandbox-client\n\
               export MOBISCROLL_CONNECT_CLIENT_SECRET='{SECRET}' # a comment\n\
         MOBISCROLL_CONNECT_REDIRECT_URI=\"{}\"\n",
        world.server.base_url(),
        world.redirect_uri,
    )
}

#[test]
fn environment_overrides_dot_env_and_other_names_are_ignored() {
    let world = World::new();
    let others = "XDG_STATE_HOME=/nowhere\nTZ=Nowhere\nHTTPS_PROXY=http://127.0.0.1:1\nHTTP_PROXY=http://127.0.0.1:1\n\
                  ALL_PROXY=http://127.0.0.1:1\nSSL_CERT_FILE=/nowhere\nMOBISCROLL_CONNECT_ROOT_CERTIFICATE=/nowhere\n\
                  MOBISCROLL_CONNECT_PROXY=http://127.0.0.1:1\nMOBISCROLL_CONNECT_TOKENS=/nowhere\n";
    write(&world, complete(&world) + others);
    run(&world, &["doctor"], &[]).ok();
    let base_url = world.server.base_url();
    let wrong = run(&world, &["doctor"], &[("CLIENT_SECRET", "wrong"), ("BASE_URL", &base_url)]);
    assert!(wrong.code == Some(2) && wrong.out.contains("secret is wrong"), "{}{}", wrong.out, wrong.err);
    write(&world, "somebody else's: {\nKEY='\n");
    assert!(run(&world, &["doctor"], &[]).out.contains("not set"), "third-party lines are ignored");
}

#[test]
fn base_url_in_dot_env_gets_no_outside_credentials() {
    let world = World::new();
    let base_url = format!("# a comment\nMOBISCROLL_CONNECT_BASE_URL={}\n", world.server.base_url());
    let id = ("CLIENT_ID", "sandbox-client");
    let secret = ("CLIENT_SECRET", SECRET);
    let id_line = "MOBISCROLL_CONNECT_CLIENT_ID=sandbox-client\n";
    let secret_line = format!("MOBISCROLL_CONNECT_CLIENT_SECRET={SECRET}\n");
    let list = ["events", "list", "--via", "google", "--public-calendar", "x"];
    let with_key = [&list[..], &["--api-key", "sandbox-key"]].concat();
    for (file, arguments, variables, credential) in [
        ("", &["doctor"][..], &[id, secret][..], "CLIENT_SECRET (environment)"),
        ("", &["doctor", "--json"], &[id, secret], "CLIENT_SECRET (environment)"),
        ("", &["status"], &[id, secret], "CLIENT_SECRET (environment)"),
        ("", &["login", "--no-browser"], &[id, secret], "CLIENT_SECRET (environment)"),
        (id_line, &["calendars"], &[secret], "CLIENT_SECRET (environment)"),
        (&secret_line, &["calendars"], &[id], "CLIENT_ID (environment)"),
        (&secret_line, &["calendars", "--client-id", "sandbox-client"], &[], "--client-id (argument)"),
        (
            "",
            &["login", "--via", "google"],
            &[("GOOGLE_CLIENT_ID", "google-client"), ("GOOGLE_CLIENT_SECRET", "google-secret")],
            "MOBISCROLL_CONNECT_GOOGLE_CLIENT_SECRET (environment)",
        ),
        (
            "MOBISCROLL_CONNECT_MICROSOFT_CLIENT_ID=microsoft-client\n",
            &["token", "refresh", "--via", "outlook"],
            &[("MICROSOFT_CLIENT_SECRET", "microsoft-secret")],
            "MICROSOFT_CLIENT_SECRET (environment)",
        ),
        (
            "",
            &["logout", "--via", "apptoto"],
            &[("APPTOTO_CLIENT_ID", "apptoto-public-client")],
            "APPTOTO_CLIENT_ID (environment)",
        ),
        ("", &list, &[("GOOGLE_API_KEY", "sandbox-key")], "GOOGLE_API_KEY (environment)"),
        ("", &with_key, &[], "--api-key (argument)"),
    ] {
        write(&world, format!("{base_url}{file}"));
        let refused = run(&world, arguments, variables);
        assert_eq!(refused.code, Some(2), "{arguments:?} {}{}", refused.out, refused.err);
        for says in [credential, "MOBISCROLL_CONNECT_BASE_URL (.env, line 2)"] {
            assert!(refused.err.contains(says), "{says}: {}", refused.err);
        }
        assert!(!refused.err.contains(SECRET) && !refused.err.contains("google-secret"), "{}", refused.err);
    }
    assert!(world.server.with(|sandbox| sandbox.requests().is_empty()), "nothing was sent");

    // Credentials from the environment are sent to a base URL that an argument or the environment sets.
    let at = world.server.base_url();
    assert_eq!(run(&world, &["status", "--base-url", &at], &[id, secret]).code, Some(3));
    assert_eq!(run(&world, &["status"], &[id, secret, ("BASE_URL", &at)]).code, Some(3));
    run(&world, &["health"], &[id, secret]).ok();
    let triggered = run(&world, &["webhooks", "trigger", "--user", "nobody"], &[id, secret]);
    assert!(!triggered.err.contains(".env"), "control requests have no secret: {}", triggered.err);
    write(&world, "MOBISCROLL_CONNECT_BASE_URL=https://elsewhere.example/api\n");
    let elsewhere = run(&world, &["health"], &[]);
    assert!(elsewhere.code == Some(2) && elsewhere.err.contains("line 1"), "{}", elsewhere.err);
    assert!(elsewhere.err.contains("--base-url"), "{}", elsewhere.err);
}

#[test]
fn ambiguous_secret_is_refused_with_its_line() {
    for (line, secret) in [
        ("'a$b'", "a$b"),
        ("'$HOME ${HOME} \\ \" #'", "$HOME ${HOME} \\ \" #"),
        ("\"a\\$b'\"", "a$b'"),
        ("a#b==", "a#b=="),
        ("'a'   # comment", "a"),
    ] {
        let world = World::with(&[("client_secret", secret)]);
        write(&world, complete(&world).replace(&format!("'{SECRET}' # a comment"), line));
        run(&world, &["doctor"], &[]).ok();
    }
    let world = World::new();
    for value in [
        "hunter$2",
        "\"hunter$2\"",
        "${HOME}hunter",
        "hunter 2",
        "hunter\\2",
        "hun\"ter\"",
        "'hunter",
        "\"hunter",
    ] {
        write(
            &world,
            format!("\nA=b\n\nMOBISCROLL_CONNECT_CLIENT_SECRET={value}\nMOBISCROLL_CONNECT_USER=me\n"),
        );
        for arguments in [&["doctor"][..], &["status", "--json"]] {
            let refused = run(&world, arguments, &[]);
            assert_eq!(refused.code, Some(2), "{value}: {}", refused.out);
            assert!(refused.err.contains(".env, line 4: the value of MOBISCROLL_CONNECT_CLIENT_SECRET has"));
            assert!(refused.err.contains("single quotes"), "{}", refused.err);
            assert!(!refused.err.contains("hunter"), "{}", refused.err);
        }
    }
    for line in [
        "MOBISCROLL_CONNECT_CLIENT_SECRET hunter2",
        "MOBISCROLL_CONNECT_CLIENT_SECRET: hunter2=",
        "MOBISCROLL_CONNECT_A B=hunter2",
    ] {
        write(&world, format!("A=b\n{line}\n"));
        let refused = run(&world, &["doctor"], &[]);
        assert!(refused.code == Some(2) && refused.err.contains(".env, line 2: "), "{}", refused.err);
        assert!(!refused.err.contains("hunter"), "{}", refused.err);
    }
}

#[test]
fn dot_env_with_a_byte_order_mark_is_read() {
    let world = World::new();
    let text = complete(&world);
    let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{text}").replace('\n', "\r\n").encode_utf16().flat_map(unit).collect()
    };
    for bytes in [format!("\u{feff}{text}").into_bytes(), utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
        write(&world, bytes);
        run(&world, &["doctor"], &[]).ok();
    }
    write(&world, [b"# caf\xe9\n", text.as_bytes()].concat());
    run(&world, &["doctor"], &[]).ok();
    write(&world, b"A=\xe9\nMOBISCROLL_CONNECT_USER=\xe9\n");
    let refused = run(&world, &["doctor"], &[]);
    assert!(refused.code == Some(2) && refused.err.contains("line 2"), "{}", refused.err);
    assert!(refused.err.contains("UTF-8"), "{}", refused.err);
}

#[test]
fn folder_named_dot_env_is_ignored() {
    let world = World::new();
    std::fs::create_dir(world.folder.path().join(".env")).unwrap();
    world.run(&["doctor"]).ok();
}
