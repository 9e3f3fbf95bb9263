//! Finds type names that occur more than once in a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::Item;

/// The types of each crate by name, with the files that define them.
#[derive(Default)]
pub(super) struct Types(BTreeMap<(PathBuf, String), Vec<PathBuf>>);

impl Types {
    /// Adds the types that the file defines, if the file is in the `src` folder of a crate.
    ///
    /// Each binary in `src/bin` is a separate crate.
    pub(super) fn read(&mut self, path: &Path, text: &str) -> Result<(), String> {
        let is_root = |folder: &&Path| {
            folder.ends_with("src") || folder.parent().is_some_and(|up| up.ends_with("src/bin"))
        };
        let Some(package) = path.ancestors().find(is_root) else { return Ok(()) };
        let file = syn::parse_file(text).map_err(|error| format!("{}: {error}", path.display()))?;
        for name in names(&file.items) {
            self.0.entry((package.to_owned(), name)).or_default().push(path.to_owned());
        }
        Ok(())
    }

    /// Returns an error for each name that occurs several times in a crate, except the names in `twins`.
    pub(super) fn repeated(&self, twins: &BTreeSet<String>) -> impl Iterator<Item = String> {
        let repeated = self.0.iter().filter(|((_, name), files)| files.len() > 1 && !twins.contains(name));
        repeated.map(|((_, name), files)| {
            let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
            format!("{}: the crate has several types `{name}`: {}", files[0], files.join(", "))
        })
    }
}

fn names(items: &[Item]) -> Vec<String> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Struct(item) => found.push(item.ident.to_string()),
            Item::Enum(item) => found.push(item.ident.to_string()),
            Item::Trait(item) => found.push(item.ident.to_string()),
            Item::Type(item) => found.push(item.ident.to_string()),
            Item::Union(item) => found.push(item.ident.to_string()),
            Item::Mod(item) => found.extend(names(item.content.as_ref().map_or(&[][..], |(_, items)| items))),
            _ => {}
        }
    }
    found
}
