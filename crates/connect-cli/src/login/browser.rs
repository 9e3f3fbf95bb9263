//! Opening the user's browser, as far as that goes: the URL is printed as well.

use std::process::{Command, Stdio};

use crate::settings::PREFIX;

/// Starts the browser and does not wait for it. Where there is none, the printed URL has to do.
pub(super) fn open(url: &str) {
    let mut command = opener(url);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with("_SECRET")) {
            command.env_remove(name);
        }
    }
    // Ctrl-C here is not meant for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}

/// No shell stands between: the URL is one argument, whatever is in it.
fn opener(url: &str) -> Command {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(url);
    command
}
