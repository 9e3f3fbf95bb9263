//! Profiles, `connect config`, and the order of the sources of settings.
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use common::{Outcome, World, bare};
use serde_json::Value;

struct Machine(World);

impl Machine {
    fn new() -> Self {
        Self(World::new())
    }

    /// Runs the program with only these variables.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let variables = variables.iter().map(|(name, value)| (format!("MOBISCROLL_CONNECT_{name}"), value));
        Outcome::of(bare(&self.0.folder).args(arguments).envs(variables).output().unwrap())
    }

    fn set(&self, profile: &str, name: &str, value: &str) {
        self.run(&["config", "set", name, value, "--profile", profile], &[]).ok();
    }

    fn dot_env(&self, text: &str) {
        std::fs::write(self.0.folder.path().join(".env"), text).unwrap();
    }

    /// Returns the value and the source of a setting.
    fn shown(&self, name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (Value, String) {
        let shown = self.run(&[&["config", "--json"], arguments].concat(), variables).json();
        let mut settings = shown["settings"].as_array().unwrap().iter();
        let setting = settings.find(|setting| setting["name"] == name).unwrap();
        (setting["value"].clone(), setting["source"].as_str().unwrap_or("default").to_owned())
    }
}

#[test]
fn source_with_higher_precedence_wins() {
    let machine = Machine::new();
    assert_eq!(machine.shown("user", &[], &[]).1, "default");
    machine.set("default", "user", "from-default");
    let (value, source) = machine.shown("user", &[], &[]);
    assert!(value == "from-default" && source.contains("(profile default, line 1)"), "{source}");
    machine.dot_env("MOBISCROLL_CONNECT_USER=from-dot-env\n");
    assert_eq!(machine.shown("user", &[], &[]).0, "from-dot-env");
    machine.set("work", "client-id", "id");
    assert_eq!(machine.shown("user", &["--profile", "work"], &[]).1, "default", ".env is not mixed in");
    machine.set("work", "user", "from-work");
    assert_eq!(machine.shown("user", &["--profile", "work"], &[]).0, "from-work");
    assert_eq!(machine.shown("user", &[], &[("PROFILE", "work")]).0, "from-work");
    let environment = [("USER", "from-environment"), ("PROFILE", "work")];
    assert_eq!(machine.shown("user", &[], &environment).0, "from-environment");
    assert_eq!(
        machine.shown("user", &["--user", "x"], &environment),
        ("x".into(), "--user (argument)".into())
    );
    assert_eq!(machine.shown("google-client-id", &["--via", "google", "--client-id", "g"], &[]).0, "g");
}

#[test]
fn dot_env_cannot_decide_about_tokens_trust_or_read_only() {
    let machine = Machine::new();
    machine.dot_env(
        "MOBISCROLL_CONNECT_TOKENS=/nowhere\nMOBISCROLL_CONNECT_ROOT_CERTIFICATE=/nowhere\n\
         MOBISCROLL_CONNECT_PROFILE=nobody\nMOBISCROLL_CONNECT_READ_ONLY=true\n",
    );
    for name in ["tokens", "root-certificate"] {
        assert_eq!(machine.shown(name, &[], &[]).1, "default");
    }
    let (is_on, source) = machine.shown("read-only", &[], &[]);
    assert!(is_on == "true" && source.contains(".env, line 4"), "{source}");
    machine.dot_env("MOBISCROLL_CONNECT_READ_ONLY=false\n");
    machine.set("default", "read-only", "true");
    assert_eq!(machine.shown("read-only", &[], &[]).0, "true");
    assert_eq!(machine.shown("read-only", &[], &[("READ_ONLY", "off")]).0, "off");
}

#[test]
fn profile_has_all_settings_of_a_sign_in() {
    let machine = Machine::new();
    let world = &machine.0;
    machine.set("work", "base-url", &world.server.base_url());
    machine.set("work", "client-id", "sandbox-client");
    machine.set("work", "tokens", world.folder.path().join("kept").to_str().unwrap());
    machine.set("work", "redirect-uri", &world.redirect_uri);
    let set = ["config", "set", "client-secret", "--profile", "work"];
    let argument = machine.run(&[&set[..], &["sandbox-secret"]].concat(), &[]);
    assert!(argument.code == Some(2) && argument.err.contains("stdin"), "{}", argument.err);
    assert!(!argument.err.contains("sandbox-secret"), "{}", argument.err);
    world.run_with(&set, "sandbox-secret\n").ok();

    machine.run(&["doctor", "--profile", "work"], &[]).ok();
    let next = machine.run(&["status", "--profile", "work"], &[]);
    assert!(next.code == Some(3) && next.err.contains("connect login --profile work"), "{}", next.err);
    let shown = machine.run(&["config", "--profile", "work"], &[]).ok();
    assert!(shown.contains("(hidden)") && !shown.contains("sandbox-secret"), "{shown}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = world.folder.path().join("config/mobiscroll-connect/work.env");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(machine.run(&["config", "profiles"], &[]).ok(), "work\n");
    machine.run(&["config", "unset", "client-secret", "--profile", "work"], &[]).ok();
    assert!(machine.run(&["doctor", "--profile", "work"], &[]).out.contains("not set"));
}

#[test]
fn invalid_setting_or_profile_is_refused() {
    let machine = Machine::new();
    for (arguments, says) in [
        (&["config", "set", "colour", "red"][..], "[possible values: base-url, "),
        (&["config", "unset", "readonly"], "a similar value exists: 'read-only'"),
        (&["config", "set", "read-only", "maybe"], "expected true or false"),
        (&["config", "set", "timeout", "0"], "expected 1 to 86400 seconds"),
        (&["config", "set", "via", "yahoo"], "expected connect, google, microsoft, apptoto"),
        (&["config", "set", "root-certificate", "/nowhere"], "/nowhere"),
        (&["config", "set", "user", ""], "unset user"),
        (&["config", "set", "user", "a\nb"], "control character"),
        (&["config", "set", "user"], "the value is missing"),
        (&["config", "set", "user", "a", "--profile", "../a"], "is not a profile name"),
        (&["config", "unset", "user"], "does not exist"),
        (&["status", "--profile", "nobody"], "profile \"nobody\" does not exist"),
    ] {
        let refused = machine.run(arguments, &[]);
        assert!(refused.code == Some(2) && refused.err.contains(says), "{arguments:?}: {}", refused.err);
    }
    assert_eq!(machine.run(&["config", "profiles"], &[]).ok(), "No profiles.\n");
    for (name, value) in [("READ_ONLY", "maybe"), ("TIMEOUT", "soon"), ("VIA", "yahoo")] {
        let refused = machine.run(&["status"], &[(name, value)]);
        let says = format!("MOBISCROLL_CONNECT_{name} (environment): \"{value}\"");
        assert!(refused.code == Some(2) && refused.err.contains(&says), "{}", refused.err);
    }
    // A profile that cannot be read is not replaced.
    let file = machine.0.folder.path().join("config/mobiscroll-connect/broken.env");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "MOBISCROLL_CONNECT_USER='a\n").unwrap();
    let refused = machine.run(&["config", "set", "via", "google", "--profile", "broken"], &[]);
    assert!(refused.code == Some(2) && refused.err.contains("broken.env, line 1"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "MOBISCROLL_CONNECT_USER='a\n");
}
