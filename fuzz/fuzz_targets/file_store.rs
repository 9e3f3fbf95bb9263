//! The file of a user's tokens, whatever is in it: tokens, or an error that shows nothing of it.

#![no_main]

use std::{cell::OnceCell, fs, path::PathBuf, time::Duration};

use connect_core::{StoreError, TokenKey, TokenStore};
use connect_fuzz::{SECRET, tokens};
use connect_stores::{FileStore, Seal};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tempfile::TempDir;

/// A store in a folder that goes with the process, and the file of one user in it.
struct Place {
    store: FileStore,
    file: PathBuf,
    /// The same folder for who has a key.
    sealed: FileStore,
    /// Every error there can be, whatever the file holds.
    errors: [String; 3],
    _folder: TempDir,
}

thread_local!(static PLACE: OnceCell<Place> = const { OnceCell::new() });

fuzz_target!(|bytes: &[u8]| {
    PLACE.with(|place| run(place.get_or_init(Place::new), bytes));
});

fn run(place: &Place, bytes: &[u8]) {
    fs::write(&place.file, bytes).expect("a file");
    match place.store.load(&key("ada")) {
        Ok(None) => panic!("a file is there"),
        Ok(Some(tokens)) => {
            assert!(bytes.trim_ascii_start().starts_with(b"{"), "only JSON holds tokens");
            // Texts that this reader refuses, and the store reads as well as they can be.
            if let Ok(record) = serde_json::from_slice::<Value>(bytes) {
                assert_eq!(record["user"], "ada", "the tokens of another user");
                let told = record["tokens"]["access_token"].as_str().expect("an access token");
                assert_eq!(tokens.access_token.expose(), told);
            }
        }
        Err(error) => assert!(place.errors.contains(&said(&error)), "{error:?}"),
    }
    let error = place.sealed.load(&key("ada")).expect_err("nothing here was sealed with the key");
    assert!(!said(&error).contains(SECRET) || holds_name(bytes), "{error:?}");
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = FileStore::open(folder.path().join("tokens")).expect("a store");
        let lock = store.try_lock(&key("ada"), Duration::ZERO).expect("a folder to write to");
        lock.expect("a free lock").save(&tokens()).expect("saved");
        let mut files = fs::read_dir(store.folder()).expect("the folder").filter_map(Result::ok);
        let file = files.find(|file| file.path().extension().is_some_and(|kind| kind == "json"));
        let file = file.expect("the file of the user").path();
        let whole = fs::read_to_string(&file).expect("its text");
        let sealed = r#","sealed":{"key":"k","nonce":"","text":""}}"#;
        let others = ["", &whole.replace("ada", "bob"), &whole.replace("}}", &format!("}}{sealed}"))];
        let errors = others.map(|text| {
            fs::write(&file, text).expect("a file");
            said(&store.load(&key("ada")).expect_err("no tokens of this user"))
        });
        let sealed = store.clone().sealed(Seal::new("k", [7; 32]));
        Self { store, sealed, file, errors, _folder: folder }
    }
}

/// The name of a key is no secret, and is shown.
fn holds_name(bytes: &[u8]) -> bool {
    let record: Value = serde_json::from_slice(bytes).unwrap_or_default();
    record["sealed"]["key"].as_str().is_some_and(|name| name.contains(SECRET))
}

fn key(user: &str) -> TokenKey {
    TokenKey { issuer: "https://connect.example".into(), client_id: "app".into(), user: user.into() }
}

fn said(error: &StoreError) -> String {
    format!("{error} {error:?}")
}
