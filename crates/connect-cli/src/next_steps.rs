//! Adds options of the current command, such as `--user`, to the commands that a next step suggests.

use crate::settings::Settings;

/// The commands that accept the added options, and whether a subcommand follows the command.
const COMMANDS: [(&str, bool); 13] = [
    ("agenda", false),
    ("book", false),
    ("free", false),
    ("doctor", false),
    ("login", false),
    ("logout", false),
    ("status", false),
    ("disconnect", false),
    ("calendars", false),
    ("config", true),
    ("events", true),
    ("token", true),
    ("webhooks", true),
];

#[derive(Clone, Debug)]
pub(crate) struct NextSteps {
    options: String,
}

impl NextSteps {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self { options: settings.repeated() }
    }

    /// Adds the options of the current command to each command in the text, if that command accepts them.
    pub(crate) fn complete(&self, text: &str) -> String {
        let mut parts = text.split("connect ");
        let mut completed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (command, rest) = part.split_at(command_length(part));
            completed.push_str(&format!("connect {command}"));
            completed.push_str(if command.is_empty() { "" } else { &self.options });
            completed.push_str(rest);
        }
        completed
    }
}

/// Returns the length of the command at the start of the text, or 0.
fn command_length(text: &str) -> usize {
    let word = |text: &str| text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
    let first = word(text);
    match COMMANDS.iter().find(|(command, _)| *command == &text[..first]) {
        Some((_, true)) if text[first..].starts_with(' ') => first + 1 + word(&text[first + 1..]),
        Some(_) => first,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_added_only_to_commands() {
        let steps = |options: &str| NextSteps { options: options.to_owned() };
        let carol = steps(" --user carol");
        for (text, completed) in [
            ("sign in: connect login", "sign in: connect login --user carol"),
            (
                "connect calendars, connect events list",
                "connect calendars --user carol, connect events list --user carol",
            ),
            ("connect one with: connect login", "connect one with: connect login --user carol"),
            ("start one, connect sandbox --port 8080", "start one, connect sandbox --port 8080"),
            ("connect login --scope read-write", "connect login --user carol --scope read-write"),
            ("(connect calendars)", "(connect calendars --user carol)"),
            ("Mobiscroll Connect alone", "Mobiscroll Connect alone"),
        ] {
            assert_eq!(carol.complete(text), completed);
            assert_eq!(steps("").complete(text), text);
        }
    }
}
