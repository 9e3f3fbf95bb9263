//! Opens a URL in the user's browser. The caller also prints the URL, in case no browser opens.

use std::process::{Command, Stdio};

use crate::settings::PREFIX;

/// Starts the browser without waiting for it; ignores errors.
pub(super) fn open(url: &str) {
    let mut command = opener(url);
    // These variables contain the client secret and the API keys.
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            command.env_remove(name);
        }
    }
    // Ctrl-C in this terminal must not end the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}

/// Builds the command without a shell, so that the URL is always a single argument.
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
