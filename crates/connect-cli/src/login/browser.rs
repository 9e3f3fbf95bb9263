//! Opening the user's browser, as far as that goes: the URL is printed as well.

use std::process::{Command, Stdio};

use crate::settings::PREFIX;

/// Starts the browser and does not wait for it. Where there is none, the printed URL has to do.
pub(super) fn open(url: &str) {
    let mut command = opener(url);
    // The client secret and the API keys are among them.
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
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
