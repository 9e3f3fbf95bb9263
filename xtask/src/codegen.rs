//! The generator of the types, and of the named operations of both clients: schema in, Rust out.
//!
//! ```text
//! connect.openapi.json -> node (JSON with pointers) -> read -> model -> emit_* -> prettyplease -> files
//! ```
//!
//! A construct that is not understood is an error that names its JSON pointer: nothing of the schema
//! is dropped silently. The output depends on the schema and this code alone, byte for byte.

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

/// Compares the committed files with what would be written.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let stale: Vec<String> = generate(root)?
        .into_iter()
        .filter(|(name, text)| fs::read(root.join(name)).ok().as_deref() != Some(text.as_bytes()))
        .map(|(name, _)| format!("{name} differs from the schema: run `cargo xtask codegen`"))
        .collect();
    if stale.is_empty() { Ok(()) } else { Err(stale.join("\n")) }
}

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
