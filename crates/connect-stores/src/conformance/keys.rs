//! One key is never taken for another.

use connect_core::{TokenKey, Tokens};

use super::{Bench, Rule, Tried, broken, holds, lock};

pub(super) const RULES: &[Rule] = &[
    ("keys that differ in one part only are different", parts),
    ("an id may hold anything", any_text),
    ("the parts of a key do not run together", seams),
];

fn parts(bench: &Bench<'_>) -> Tried {
    let other_issuer = TokenKey { issuer: format!("{}.other", bench.issuer).into(), ..bench.key("a", "u") };
    apart(bench, vec![bench.key("a", "u"), bench.key("b", "u"), bench.key("a", "v"), other_issuer])
}

fn any_text(bench: &Bench<'_>) -> Tried {
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
    apart(bench, ids.iter().map(|id| bench.key("any text", id)).collect())
}

fn seams(bench: &Bench<'_>) -> Tried {
    let mut keys = Vec::new();
    for seam in ["", ":", "/", "\0", "|", "\n", ",", "\u{1f}", "\", \""] {
        keys.extend(
            [("a", format!("b{seam}c")), (&*format!("a{seam}b"), "c".to_owned())]
                .map(|(client_id, user)| bench.key(client_id, &user)),
        );
        let issuer = format!("{}{seam}a{seam}b", bench.issuer);
        keys.push(TokenKey { issuer: issuer.into(), client_id: "".into(), user: "c".into() });
        keys.push(bench.key("", &format!("a{seam}b{seam}c")));
    }
    // Some seams make the same key twice.
    keys.sort();
    keys.dedup();
    apart(bench, keys)
}

/// Saves something else under each key, and looks whether each still has its own.
fn apart(bench: &Bench<'_>, keys: Vec<TokenKey>) -> Tried {
    let store = bench.open()?;
    let pair = |number: usize| Tokens::new(format!("access {number}"), format!("refresh {number}"));
    for (number, key) in keys.iter().enumerate() {
        let mut held = lock(&store, key)?;
        holds(held.load()?.is_none(), &format!("{key:?} has the tokens of another key"))?;
        held.save(&pair(number))?;
        held.release()?;
    }
    for (number, key) in keys.iter().enumerate() {
        if store.load(key)?.as_ref() != Some(&pair(number)) {
            return broken(format!("{key:?} lost its tokens to another key"));
        }
    }
    for key in &keys {
        let mut held = lock(&store, key)?;
        holds(held.load()?.is_some(), &format!("{key:?} was deleted with another key"))?;
        held.delete()?;
        held.release()?;
    }
    Ok(())
}
