//! Generates the request and response types, and the operations of both clients, from the schema.
//!
//! ```text
//! connect.openapi.json -> node (JSON with pointers) -> read -> model -> emit_* -> prettyplease -> files
//! ```
//!
//! An unsupported construct causes an error that contains the construct's JSON pointer, so no part
//! of the schema is silently ignored. The output is deterministic.

mod emit;
mod emit_answers;
mod emit_enums;
mod emit_facade;
mod emit_fields;
mod emit_requests;
mod model;
mod node;
mod read;

use std::fs;
use std::path::Path;

use emit_facade::Flavour;
use proc_macro2::TokenStream;

const SCHEMA: &str = "schema/connect.openapi.json";
const FOLDER: &str = "crates/connect-types/src/generated";
const FACADES: [(&str, Flavour); 2] = [
    ("crates/connect-hyper/src/generated.rs", Flavour::Async),
    ("crates/connect-blocking/src/generated.rs", Flavour::Blocking),
];

/// Writes the generated files.
pub(crate) fn write(root: &Path) -> Result<(), String> {
    for (name, text) in generate(root)? {
        let path = root.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Returns an error if a committed file differs from the generated file.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let stale: Vec<String> = generate(root)?
        .into_iter()
        .filter(|(name, text)| fs::read(root.join(name)).ok().as_deref() != Some(text.as_bytes()))
        .map(|(name, _)| format!("{name} does not match the schema: run `cargo xtask codegen`"))
        .collect();
    if stale.is_empty() { Ok(()) } else { Err(stale.join("\n")) }
}

/// Returns the path and content of each generated file.
fn generate(root: &Path) -> Result<Vec<(String, String)>, String> {
    let path = root.join(SCHEMA);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let document = serde_json::from_str(&text).map_err(|error| format!("{SCHEMA}: {error}"))?;
    let model = read::model(&document)?;
    let types = [
        ("enums.rs", emit_enums::emit(&model)),
        ("answers.rs", emit_answers::emit(&model)),
        ("requests.rs", emit_requests::emit(&model)?),
    ];
    let types = types.into_iter().map(|(name, tokens)| (format!("{FOLDER}/{name}"), tokens));
    let facades =
        FACADES.iter().map(|(path, flavour)| ((*path).to_owned(), emit_facade::emit(&model, *flavour)));
    types.chain(facades).map(|(path, tokens)| Ok((path, print(tokens)?))).collect()
}

fn print(tokens: TokenStream) -> Result<String, String> {
    let file = syn::parse2(tokens).map_err(|error| format!("the generated code does not parse: {error}"))?;
    Ok(prettyplease::unparse(&file))
}

#[cfg(test)]
mod tests;
