//! Opens a URL in the user's browser. The caller also prints the URL, in case no browser opens.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use crate::settings::PREFIX;

/// Browsers that need the terminal, which `connect login` uses itself.
const TEXT_BROWSERS: [&str; 6] = ["elinks", "links", "links2", "lynx", "w3m", "www-browser"];

/// Starts a browser in the background; calls `on_failure` if none can be started.
pub(super) fn open(url: &str, on_failure: impl FnOnce() + Send + 'static) {
    let candidates = candidates(url, std::env::var_os("BROWSER").as_deref());
    // A browser may run as long as its window is open, and its exit code says whether it could open the URL.
    std::thread::spawn(move || {
        if !candidates.into_iter().any(opens) {
            on_failure();
        }
    });
}

/// Returns the commands to try: those of `$BROWSER`, then those of the system.
fn candidates(url: &str, browsers: Option<&OsStr>) -> Vec<Command> {
    let named = browsers.map(|list| std::env::split_paths(list).filter_map(|entry| browser(&entry, url)));
    named.into_iter().flatten().chain(open::commands(url)).collect()
}

/// Returns the command of one entry of `$BROWSER`. Without a shell, the URL is always one argument.
fn browser(entry: &Path, url: &str) -> Option<Command> {
    let mut words = entry.to_str()?.trim_end_matches(['&', ' ']).split_whitespace();
    let program = words.next()?;
    let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or(program);
    if TEXT_BROWSERS.contains(&name) {
        return None;
    }
    let mut command = Command::new(program);
    let mut is_placed = false;
    for word in words {
        is_placed |= word.contains("%s");
        command.arg(word.replace("%s", url));
    }
    if !is_placed {
        command.arg(url);
    }
    Some(command)
}

/// Runs the command and returns whether it succeeded.
fn opens(mut command: Command) -> bool {
    // These variables contain the client secret and the API keys.
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            command.env_remove(name);
        }
    }
    // Ctrl-C in this terminal must not end the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success() || cfg!(windows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browser_variable_is_a_list_of_commands() {
        let url = "https://a.example/?b=c&d=%s";
        let system = candidates(url, None).len();
        for (list, expected) in [
            ("firefox", &["firefox https://a.example/?b=c&d=%s"][..]),
            (
                "x --app=%s -n:y %s",
                &["x --app=https://a.example/?b=c&d=%s -n", "y https://a.example/?b=c&d=%s"],
            ),
            ("::lynx:/usr/bin/w3m %s:firefox &", &["firefox https://a.example/?b=c&d=%s"]),
            ("", &[]),
        ] {
            // Windows separates the entries with another character.
            let list = std::env::join_paths(list.split(':')).unwrap();
            let found = candidates(url, Some(&list));
            let shown = |command: &Command| {
                let words = std::iter::once(command.get_program()).chain(command.get_args());
                words.map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
            };
            let named: Vec<_> = found[..found.len() - system].iter().map(shown).collect();
            assert_eq!(named, expected, "{list:?}");
        }
    }
}
