//! Chooses the language of a page.
//!
//! If the query has the parameter `lng`, `Accept-Language` is ignored. A tag is looked up in full, and then
//! again and again without its last part: first `de-AT`, then `de`. `pt` means European Portuguese, alone or
//! with any region except Brazil. If no language matches, the page is in English.

use super::words::{ENGLISH, LANGUAGES, Words};

pub(crate) fn words_for(lng: Option<&str>, accepted: Option<&str>) -> &'static Words {
    match lng {
        Some(tag) => lookup(tag).unwrap_or(&ENGLISH),
        None => accepted.and_then(best).unwrap_or(&ENGLISH),
    }
}

/// Finds the language of a tag. Ignores case; `_` means `-`.
fn lookup(tag: &str) -> Option<&'static Words> {
    let tag = tag.trim().to_ascii_lowercase().replace('_', "-");
    let exact = |tag: &str| LANGUAGES.iter().copied().find(|words| words.tag.eq_ignore_ascii_case(tag));
    let mut rest = tag.as_str();
    loop {
        if let Some(words) = exact(rest) {
            return Some(words);
        }
        match rest.rsplit_once('-') {
            Some((shorter, _)) => rest = shorter,
            None => return if rest == "pt" { exact("pt-PT") } else { None },
        }
    }
}

/// Returns the supported language with the highest quality; of several, the first.
fn best(accepted: &str) -> Option<&'static Words> {
    let mut best: Option<(f32, &'static Words)> = None;
    for part in accepted.split(',') {
        let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
        let quality = match parameters.trim().strip_prefix("q=") {
            Some(quality) => quality.trim().parse().unwrap_or(0.0),
            None => 1.0,
        };
        let Some(words) = lookup(tag).filter(|_| quality > 0.0) else { continue };
        if best.is_none_or(|(other, _)| quality > other) {
            best = Some((quality, words));
        }
    }
    best.map(|(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lng_falls_back_to_language_then_english() {
        for (lng, tag) in [
            ("es", "es"),
            ("ES_mx", "es"),
            ("pt-BR", "pt-BR"),
            ("PT_br", "pt-BR"),
            ("pt", "pt-PT"),
            ("pt-AO", "pt-PT"),
            ("ar-EG", "ar"),
            ("de-Latn-AT", "de"),
            ("zh", "en"),
            ("", "en"),
            ("x", "en"),
        ] {
            assert_eq!(words_for(Some(lng), Some("fr")).tag, tag, "{lng}");
        }
    }

    #[test]
    fn without_lng_accept_language_is_used() {
        for (accepted, tag) in [
            (Some("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"), "fr"),
            (Some("ja, en;q=0.2, it;q=0.9"), "it"),
            (Some("de;q=0, es;q=0.1"), "es"),
            (Some("pt"), "pt-PT"),
            (Some("ja,zh"), "en"),
            (Some(";;,=,q=1"), "en"),
            (None, "en"),
        ] {
            assert_eq!(words_for(None, accepted).tag, tag, "{accepted:?}");
        }
    }
}
