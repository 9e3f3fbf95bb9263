//! The rules that keep the tokens of different keys separate.

use connect_core::{TokenKey, Tokens};

use super::{RuleResult, StoreRule, StoreTest, check, lock, violated};

pub(super) const RULES: &[StoreRule] = &[
    ("keys that differ in one part have separate tokens", parts),
    ("an id may contain any text", any_text),
    (
        "keys with different parts have separate tokens, even if the joined parts are the same text",
        separators,
    ),
];

fn parts(test: &StoreTest<'_>) -> RuleResult {
    let other_issuer = TokenKey { issuer: format!("{}.other", test.issuer).into(), ..test.key("a", "u") };
    check_separate(test, vec![test.key("a", "u"), test.key("b", "u"), test.key("a", "v"), other_issuer])
}

fn any_text(test: &StoreTest<'_>) -> RuleResult {
    let mut ids: Vec<String> = [
        "",
        " ",
        "  ",
        "u",
        "U",
        "u ",
        " u",
        "u\0",
        "u\0v",
        "u\n",
        "u\r\n",
        "u'",
        "u\"",
        "u\\",
        "u\\0",
        "u%",
        "u_",
        "u*",
        "u?",
        "u:v",
        "u/v",
        "../u",
        ".",
        "..",
        "u{v}",
        "{u}",
        "$1",
        "u;--",
        "u, v",
        "[u]",
        "ü",
        "u\u{308}",
        "ж",
        "\u{1f511}",
        "\u{200f}u",
        "null",
        "0",
        "00",
        "1e0",
        "\u{feff}u",
    ]
    .map(String::from)
    .to_vec();
    ids.extend(["long".repeat(2500), format!("{}x", "long".repeat(2500))]);
    check_separate(test, ids.iter().map(|id| test.key("any text", id)).collect())
}

fn separators(test: &StoreTest<'_>) -> RuleResult {
    let mut keys = Vec::new();
    for separator in ["", ":", "/", "\0", "|", "\n", ",", "\u{1f}", "\", \""] {
        keys.extend(
            [("a", format!("b{separator}c")), (&*format!("a{separator}b"), "c".to_owned())]
                .map(|(client_id, user)| test.key(client_id, &user)),
        );
        let issuer = format!("{}{separator}a{separator}b", test.issuer);
        keys.push(TokenKey { issuer: issuer.into(), client_id: "".into(), user: "c".into() });
        keys.push(test.key("", &format!("a{separator}b{separator}c")));
    }
    // Some separators produce equal keys.
    keys.sort();
    keys.dedup();
    check_separate(test, keys)
}

/// Saves different tokens under each key, and checks that each key still loads its tokens.
fn check_separate(test: &StoreTest<'_>, keys: Vec<TokenKey>) -> RuleResult {
    let store = test.open()?;
    let pair = |number: usize| Tokens::new(format!("access {number}"), format!("refresh {number}"));
    for (number, key) in keys.iter().enumerate() {
        let mut held = lock(&store, key)?;
        check(held.load()?.is_none(), &format!("{key:?} has the tokens of another key"))?;
        held.save(&pair(number))?;
        held.release()?;
    }
    for (number, key) in keys.iter().enumerate() {
        if store.load(key)?.as_ref() != Some(&pair(number)) {
            return violated(format!("the tokens of {key:?} were changed by a save for another key"));
        }
    }
    for key in &keys {
        let mut held = lock(&store, key)?;
        check(
            held.load()?.is_some(),
            &format!("the tokens of {key:?} were removed by the delete of another key"),
        )?;
        held.delete()?;
        held.release()?;
    }
    Ok(())
}
