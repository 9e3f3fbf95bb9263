//! Tests of stores that encrypt tokens with the caller's keys.

#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf, time::Duration};

use connect_core::{StoreError, TokenKey, TokenStore, Tokens};
use connect_stores::{FileStore, Seal};

fn key(user: &str) -> TokenKey {
    TokenKey { issuer: "https://connect.example".into(), client_id: "app".into(), user: user.into() }
}

fn save(store: &FileStore, user: &str) {
    let mut held = store.try_lock(&key(user), Duration::from_secs(1)).unwrap().unwrap();
    held.save(&Tokens::new("hunter2", "hunter3")).unwrap();
    held.release().unwrap();
}

fn records(store: &FileStore) -> Vec<PathBuf> {
    let entries = fs::read_dir(store.folder()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

fn shows_nothing(error: &StoreError) -> String {
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter"), "{text}");
    text
}

#[test]
fn sealed_record_shows_no_token_and_changes_with_each_save() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path()).unwrap().sealed(Seal::new("one", [1; 32]));
    save(&store, "a");
    let first = fs::read_to_string(&records(&store)[0]).unwrap();
    save(&store, "a");
    let second = fs::read_to_string(&records(&store)[0]).unwrap();
    assert!(!first.contains("hunter") && first.contains("\"one\""), "{first}");
    assert_ne!(first, second);
    assert_eq!(store.load(&key("a")).unwrap(), Some(Tokens::new("hunter2", "hunter3")));
}

#[test]
fn seal_with_the_old_key_opens_old_records_after_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let plain = FileStore::open(folder.path()).unwrap();
    let old = plain.clone().sealed(Seal::new("old", [1; 32]));
    let new = plain.clone().sealed(Seal::new("new", [2; 32]).also_open("old", [1; 32]));
    save(&old, "a");
    assert!(new.load(&key("a")).unwrap().is_some());
    save(&new, "a");
    let text = shows_nothing(&old.load(&key("a")).unwrap_err());
    assert!(text.contains("\"new\"") && text.contains("no key of that name"), "{text}");
}

#[test]
fn sealed_record_with_wrong_key_edited_or_moved_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let plain = FileStore::open(folder.path()).unwrap();
    let store = plain.clone().sealed(Seal::new("one", [1; 32]));
    save(&store, "a");
    let wrong = plain.clone().sealed(Seal::new("one", [2; 32])).load(&key("a")).unwrap_err();
    assert!(shows_nothing(&wrong).contains("another key of that name"));
    assert!(shows_nothing(&plain.load(&key("a")).unwrap_err()).contains("has no key"));

    // Only the seal detects a moved record whose user field was edited to match.
    let path = records(&store).remove(0);
    let text = fs::read_to_string(&path).unwrap();
    save(&store, "b");
    let other = records(&store).into_iter().find(|other| *other != path).unwrap();
    fs::write(&other, text.replace("\"user\":\"a\"", "\"user\":\"b\"")).unwrap();
    assert!(shows_nothing(&store.load(&key("b")).unwrap_err()).contains("moved from another record"));

    let start = text.find("\"text\":\"").unwrap() + 12;
    let flipped = if &text[start..=start] == "A" { "B" } else { "A" };
    fs::write(&path, format!("{}{flipped}{}", &text[..start], &text[start + 1..])).unwrap();
    shows_nothing(&store.load(&key("a")).unwrap_err());
}

#[test]
fn plain_record_is_read_with_also_plain_and_sealed_by_a_save() {
    let folder = tempfile::tempdir().unwrap();
    let plain = FileStore::open(folder.path()).unwrap();
    save(&plain, "a");
    let strict = plain.clone().sealed(Seal::new("one", [1; 32]));
    assert!(shows_nothing(&strict.load(&key("a")).unwrap_err()).contains("not sealed"));
    let lenient = plain.sealed(Seal::new("one", [1; 32]).also_plain());
    assert!(lenient.load(&key("a")).unwrap().is_some());
    save(&lenient, "a");
    assert!(strict.load(&key("a")).unwrap().is_some());
}

#[test]
fn seal_debug_output_shows_only_key_names() {
    let text = format!("{:?}", Seal::new("one", [0xab; 32]).also_open("two", [0xcd; 32]));
    assert_eq!(text, "Seal { seals: \"one\", opens: [\"two\"], .. }");
}
