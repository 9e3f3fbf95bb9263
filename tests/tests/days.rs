//! All-day events stay on their days, whatever zone the program runs in.

use std::process::Command;

#[test]
fn an_all_day_event_comes_back_on_its_days_in_every_zone() {
    for hours in -12..=14 {
        // POSIX counts westward; such a zone needs no database.
        let zone = format!("<zone>{}", -hours);
        let output = Command::new(env!("CARGO_BIN_EXE_days-process")).env("TZ", zone).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.trim(), format!("{hours} 2026-12-24 2026-12-27"));
    }
}
