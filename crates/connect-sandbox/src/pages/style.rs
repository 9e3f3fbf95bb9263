//! The style sheets of the pages. Text has a contrast ratio of at least 4.5.

pub(super) const STYLE: &str = "
:root { color-scheme: light; --paper: #ffffff; --ink: #1f1f1f; --line: #6b6b6b; --accent: #0b57d0; --on: #ffffff;
  --warn: #b3261e }
[data-theme=dark] { color-scheme: dark; --paper: #131314; --ink: #e8e8e8; --line: #a0a0a0; --accent: #a8c7fa;
  --on: #062e6f; --warn: #f2b8b5 }
@media (prefers-color-scheme: dark) { [data-theme=auto] { color-scheme: dark; --paper: #131314; --ink: #e8e8e8;
  --line: #a0a0a0; --accent: #a8c7fa; --on: #062e6f; --warn: #f2b8b5 } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem } h3 { font-size: 1rem; margin: 0 }
ul { list-style: none; padding: 0 } li, fieldset { border: 1px solid var(--line); border-radius: .5rem;
  padding: .75rem 1rem; margin: .75rem 0 } li p { margin: .5rem 0 0 }
button, .button { display: inline-block; font: inherit; padding: .5rem 1rem; border: 1px solid var(--accent);
  border-radius: .5rem; background: var(--paper); color: var(--accent); text-decoration: none; cursor: pointer }
.main { background: var(--accent); color: var(--on) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
[role=alert] { border: 2px solid var(--warn); color: var(--warn); padding: .5rem 1rem; border-radius: .5rem }
";

/// Additional styles for the page of tables: full width, with scrollable tables.
pub(super) const TABLES: &str = "
main { max-width: none } a { color: var(--accent) }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem } nav li { border: 0; padding: 0; margin: 0 }
[role=region] { overflow-x: auto } table { border-collapse: collapse; width: 100% } caption { text-align: start }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: start; vertical-align: top; min-width: 7rem;
  overflow-wrap: anywhere }
";
