//! Every text of the pages has an Arabic translation, and no translation is left over.

use std::{collections::BTreeSet, fs, path::Path};

/// Texts that are names.
#[rustfmt::skip]
const UNTRANSLATED: [&str; 12] = [
    "Google", "Outlook", "Apple", "CalDAV", "UTC", "English", "Deutsch", "Español", "Français", "Italiano",
    "Português (Brasil)", "Português (Portugal)",
];

/// Returns the string literals of the sources that begin with a capital letter.
fn texts() -> BTreeSet<String> {
    let sources = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let sources = sources
        .map(|source| source.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"));
    let is_text = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_uppercase())
            && !text.contains(['_', '{', '%'])
            && !UNTRANSLATED.contains(&text)
    };
    let code = sources.flat_map(|source| {
        fs::read_to_string(source).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let code = code.filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .filter(|text| is_text(text))
        .collect()
}

#[test]
fn every_text_has_a_translation() {
    let arabic: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(include_str!("../src/arabic.json")).unwrap();
    let translated: BTreeSet<_> = arabic.keys().cloned().collect();
    let texts = texts();
    assert!(texts.len() > 90, "{}", texts.len());
    assert_eq!(texts.difference(&translated).collect::<Vec<_>>(), [""; 0], "not translated");
    assert_eq!(translated.difference(&texts).collect::<Vec<_>>(), [""; 0], "not used");
}
