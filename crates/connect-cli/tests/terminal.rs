//! Output on a terminal: its width, colours, isolates of right-to-left text, and the progress line.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

mod common;

use std::{
    fs::File,
    io::Read as _,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::{World, interrupt};
use connect_sandbox::Fault;
use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// A pseudo-terminal that the program writes to.
struct Terminal {
    out: File,
    screen: OwnedFd,
}

impl Terminal {
    fn new(columns: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let out = openpt(flags).unwrap();
        grantpt(&out).unwrap();
        unlockpt(&out).unwrap();
        let name = ptsname(&out, Vec::new()).unwrap();
        let screen = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&screen, Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        Self { out: File::from(out), screen }
    }

    fn start(&self, command: &mut Command) -> Child {
        let screen = || Stdio::from(self.screen.try_clone().unwrap());
        let child = command.stdin(Stdio::null()).stdout(screen()).stderr(screen()).spawn().unwrap();
        // A command keeps its end of the terminal open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        child
    }

    /// Returns everything that is printed until no program has the terminal open.
    fn rest(mut self) -> String {
        drop(self.screen);
        let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
        // Reading from a terminal that no program has open is an error.
        while let Ok(read @ 1..) = self.out.read(&mut buffer) {
            text.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8(text).unwrap()
    }

    /// Reads until `text` was printed.
    fn wait_for(&mut self, text: &str) {
        let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
        while !String::from_utf8_lossy(&seen).contains(text) {
            let read = self.out.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..read]);
        }
    }

    fn run(self, command: &mut Command) -> String {
        let mut child = self.start(command);
        let text = self.rest();
        assert!(child.wait().unwrap().success(), "{text}");
        text
    }
}

const CALENDARS: &str = r##"[{"provider":"caldav","id":"c","title":"المواعيد","color":"#1a73e8"}]"##;
const EVENTS: &str = r#"{"pageSize":250,"events":[{"provider":"caldav","id":"e","calendarId":"c","title":"مراجعة",
    "start":"2027-03-01T08:00:00.000Z","end":"2027-03-01T08:15:00.000Z"}]}"#;
const AGENDA: [&str; 3] = ["agenda", "--from", "2027-03-01"];

fn world() -> World {
    let world = World::new();
    world.login(&[]).ok();
    world.server.with(|sandbox| {
        for (endpoint, body) in [("GET /calendars", CALENDARS), ("GET /events", EVENTS)] {
            sandbox.add_fault(Fault::on(endpoint).status(200).body(body).times(100));
        }
    });
    world
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn list_fits_the_width_of_the_terminal() {
    let world = world();
    let width = |columns: u16, variable: Option<&str>| {
        let mut command = world.command(&AGENDA);
        command.envs(variable.map(|columns| ("COLUMNS", columns)));
        let text = plain(&Terminal::new(columns).run(&mut command));
        let line = text.lines().find(|line| line.contains("09:00-09:15")).unwrap().trim_end().to_owned();
        let calendar = line.find("\u{2068}المواعيد").unwrap();
        unicode_width::UnicodeWidthStr::width(&line[..calendar])
    };
    // The last column starts further right on a wider terminal.
    assert!(width(60, None) < width(100, None));
    assert_eq!(width(100, Some("60")), width(60, None), "COLUMNS overrides the terminal");
    assert_eq!(width(0, None), width(80, None), "an unknown width is 80");
}

#[test]
fn right_to_left_text_is_isolated_only_on_a_terminal() {
    let world = world();
    let text = plain(&Terminal::new(80).run(&mut world.command(&AGENDA)));
    assert!(text.contains("\u{2068}مراجعة\u{2069}  ") && text.contains("\u{2068}المواعيد\u{2069}"), "{text}");
    for form in [&["--width", "80"][..], &["--json"], &[]] {
        let piped = world.run(&[&AGENDA[..], form].concat()).ok();
        assert!(piped.contains("مراجعة") && !piped.contains('\u{2068}'), "{piped}");
    }
}

#[test]
fn colors_can_be_turned_off() {
    let world = world();
    let shown = |options: &[&str], variables: &[(&str, &str)]| {
        let mut command = world.command(&[&AGENDA[..], options].concat());
        Terminal::new(80).run(command.env("TERM", "xterm-256color").envs(variables.iter().copied()))
    };
    let dot = "\u{1b}[38;5;26m● \u{1b}[0m";
    assert!(shown(&[], &[]).contains(dot));
    assert!(shown(&["--color", "always"], &[("NO_COLOR", "1")]).contains(dot));
    for (options, variables) in
        [(&["--color", "never"][..], &[][..]), (&[], &[("NO_COLOR", "1")]), (&[], &[("TERM", "dumb")])]
    {
        let text = shown(options, variables);
        assert!(!text.contains(['\u{1b}', '●']), "{options:?} {variables:?} {text}");
    }
    let forced =
        world.command(&[&AGENDA[..], &["--width", "80"]].concat()).env("CLICOLOR_FORCE", "1").output();
    assert!(String::from_utf8(forced.unwrap().stdout).unwrap().contains(dot));
}

#[test]
fn progress_line_is_removed_after_ctrl_c() {
    let world = World::new();
    // A service that never responds.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/api", silent.local_addr().unwrap());
    let at = ["--base-url", &base_url];
    let tokens = r#"{"access_token":"a","refresh_token":"r","expires_at":"2099-01-01T00:00:00Z"}"#;
    world.run_with(&[&["token", "import"], &at[..]].concat(), tokens).ok();
    let mut terminal = Terminal::new(80);
    let mut child = terminal.start(&mut world.command(&[&AGENDA[..], &at].concat()));
    terminal.wait_for("Reading events");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let rest = terminal.rest();
    assert!(rest.starts_with("\r              \r"), "{rest:?}");
    assert!(!rest.contains("Reading"), "{rest:?}");
}

#[test]
fn progress_is_not_shown_with_json_or_in_a_pipe() {
    let world = World::new();
    world.login(&[]).ok();
    world.server.with(|sandbox| {
        sandbox.add_fault(Fault::on("GET /events").delay(Duration::from_millis(600)).times(100));
    });
    let text = Terminal::new(80).run(&mut world.command(&[&AGENDA[..], &["--json"]].concat()));
    assert!(text.starts_with("{\r\n"), "{text:?}");
    let terminal = Terminal::new(80);
    let mut command = world.command(&AGENDA);
    let command = command.stderr(Stdio::from(terminal.screen.try_clone().unwrap()));
    assert!(command.output().unwrap().status.success());
    // A command keeps its end of the terminal open.
    command.stderr(Stdio::null());
    assert_eq!(terminal.rest(), "");
}
