//! `cargo xtask licences`: checks the licence and the source of every dependency.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, Licensee, ParseMode};

const ALLOWED: [&str; 9] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "ISC",
    "Unlicense",
];

/// Licences that are allowed only for some packages: licence, note, prefixes of package names.
///
/// Crates of the workspace depend on these packages. The licences in this table are not stricter than the
/// licences in `ALLOWED`.
const EXCEPTIONS: [(&str, &str, &[&str]); 4] = [
    (
        "Unicode-3.0",
        "tables of the Unicode Consortium",
        &[
            "icu_",
            "unicode-",
            "litemap",
            "potential_utf",
            "tinystr",
            "writeable",
            "yoke",
            "zerofrom",
            "zerotrie",
            "zerovec",
        ],
    ),
    ("CDLA-Permissive-2.0", "the root certificates", &["webpki-root"]),
    ("Zlib", "foldhash: hash maps in serde_json; zlib-rs: gzip", &["foldhash", "zlib-rs"]),
    ("BSL-1.0", "a hash function that the Redis driver uses", &["xxhash-rust"]),
];

/// Returns an error that lists all packages with a forbidden licence or source, if there are any.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut wrong = Vec::new();
    for package in packages {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        if !is_allowed(name, licence).map_err(|error| format!("{name}: {licence:?}: {error}"))? {
            wrong.push(format!("{name}: {licence:?}"));
        }
        if !text(package, "source").starts_with("registry+") && !package["source"].is_null() {
            wrong.push(format!("{name}: source {} (expected a registry)", text(package, "source")));
        }
    }
    if wrong.is_empty() {
        println!("{} packages, all with an allowed licence and source", packages.len());
        return Ok(());
    }
    Err(format!("packages with a forbidden licence or source:\n{}", wrong.join("\n")))
}

fn text<'a>(package: &'a Value, field: &str) -> &'a str {
    package[field].as_str().unwrap_or_default()
}

/// Returns whether allowed licences satisfy the licence expression of a package.
fn is_allowed(name: &str, licence: &str) -> Result<bool, String> {
    let expression =
        Expression::parse_mode(licence, ParseMode::LAX).map_err(|error| error.reason.to_string())?;
    let exceptions = EXCEPTIONS
        .iter()
        .filter(|(_, _, packages)| packages.iter().any(|package| name.starts_with(package)))
        .map(|(licence, _, _)| *licence);
    let known: Vec<Licensee> =
        ALLOWED.into_iter().chain(exceptions).filter_map(|licence| Licensee::parse(licence).ok()).collect();
    Ok(expression.evaluate(|wanted| known.iter().any(|licensee| licensee.satisfies(wanted))))
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn expression_is_allowed_only_if_allowed_licences_satisfy_it() {
        assert!(is_allowed("a", "MIT OR LGPL-2.1-or-later").unwrap());
        assert!(is_allowed("a", "MIT/Apache-2.0").unwrap());
        assert!(!is_allowed("a", "MIT AND LGPL-2.1-or-later").unwrap());
        assert!(!is_allowed("a", "GPL-3.0").unwrap());
        assert!(is_allowed("a", "").is_err());
    }

    #[test]
    fn exception_applies_only_to_its_packages() {
        assert!(is_allowed("unicode-ident", "(MIT OR Apache-2.0) AND Unicode-3.0").unwrap());
        assert!(!is_allowed("a", "(MIT OR Apache-2.0) AND Unicode-3.0").unwrap());
    }
}
