//! A pasted URL must be read whole, even if it is longer than a terminal's line limit.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Child, Stdio},
};

use common::{Outcome, World, await_url, callback_url, interrupt};
use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

/// A pseudo-terminal. Bytes written to `keyboard` reach the program as if a user typed them.
struct Terminal {
    keyboard: File,
    screen: OwnedFd,
}

impl Terminal {
    fn new() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let keyboard = openpt(flags).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let screen = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let keyboard = File::from(keyboard);
        let mut echo = keyboard.try_clone().unwrap();
        std::thread::spawn(move || while echo.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {});
        Self { keyboard, screen }
    }

    fn login(&self, world: &World) -> (Child, String) {
        let mut command = world.command(&["login", "--paste", "--no-browser"]);
        let command = command.stdin(Stdio::from(self.screen.try_clone().unwrap()));
        await_url(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn cuts_lines(&self) -> bool {
        tcgetattr(&self.screen).unwrap().local_modes.contains(LocalModes::ICANON)
    }
}

#[test]
fn pasted_url_of_any_length_is_read_whole() {
    for length in [10, 4_095, 4_096, 9_000, 100_000] {
        let (world, mut terminal) = (World::new(), Terminal::new());
        let (child, url) = terminal.login(&world);
        let callback = callback_url(&url, &world.redirect_uri);
        let padded = callback.replacen('?', &format!("?padding={}&", "p".repeat(length)), 1);
        terminal.keyboard.write_all(format!("{padded}\n").as_bytes()).unwrap();
        assert!(Outcome::of(child.wait_with_output().unwrap()).ok().contains("Signed in as me"), "{length}");
        assert!(terminal.cuts_lines(), "the terminal mode is restored");
    }
}

#[test]
fn terminal_mode_is_restored_after_ctrl_c() {
    let (world, terminal) = (World::new(), Terminal::new());
    let (child, _) = terminal.login(&world);
    assert!(!terminal.cuts_lines());
    interrupt(&child);
    assert_eq!(Outcome::of(child.wait_with_output().unwrap()).code, Some(130));
    assert!(terminal.cuts_lines());
}
