//! The file with a user's tokens. The store must return the user's tokens, or an error that does not quote
//! the file.

#![no_main]

use std::{cell::OnceCell, fs, path::PathBuf, time::Duration};

use connect_core::{StoreError, TokenKey, TokenStore};
use connect_fuzz::{SECRET, tokens};
use connect_stores::{FileStore, Seal};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tempfile::TempDir;

/// A file store in a temporary folder, and the file of one user.
struct TokenFile {
    store: FileStore,
    file: PathBuf,
    /// A store in the same folder, with an encryption key.
    sealed: FileStore,
    /// All possible errors of `store`.
    errors: [String; 3],
    _folder: TempDir,
}

thread_local!(static TOKEN_FILE: OnceCell<TokenFile> = const { OnceCell::new() });

fuzz_target!(|bytes: &[u8]| {
    TOKEN_FILE.with(|token_file| run(token_file.get_or_init(TokenFile::new), bytes));
});

fn run(token_file: &TokenFile, bytes: &[u8]) {
    fs::write(&token_file.file, bytes).expect("a file");
    match token_file.store.load(&key("ada")) {
        Ok(None) => panic!("the store ignores the file"),
        Ok(Some(tokens)) => {
            assert!(
                bytes.trim_ascii_start().starts_with(b"{"),
                "tokens were loaded from a file that is not JSON"
            );
            // `Value` refuses some records that the store accepts, such as those with bytes that are not
            // UTF-8.
            if let Ok(record) = serde_json::from_slice::<Value>(bytes) {
                assert_eq!(record["user"], "ada", "the tokens are another user's");
                let told = record["tokens"]["access_token"].as_str().expect("an access token");
                assert_eq!(tokens.access_token.expose(), told);
            }
        }
        Err(error) => assert!(token_file.errors.contains(&text_of(&error)), "{error:?}"),
    }
    let error = token_file.sealed.load(&key("ada")).expect_err("no record was sealed with the key");
    assert!(!text_of(&error).contains(SECRET) || holds_name(bytes), "{error:?}");
}

impl TokenFile {
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
            text_of(&store.load(&key("ada")).expect_err("the file has no tokens of this user"))
        });
        let sealed = store.clone().sealed(Seal::new("k", [7; 32]));
        Self { store, sealed, file, errors, _folder: folder }
    }
}

/// Returns whether the name of the encryption key contains `SECRET`. Errors quote this name.
fn holds_name(bytes: &[u8]) -> bool {
    let record: Value = serde_json::from_slice(bytes).unwrap_or_default();
    record["sealed"]["key"].as_str().is_some_and(|name| name.contains(SECRET))
}

fn key(user: &str) -> TokenKey {
    TokenKey { issuer: "https://connect.example".into(), client_id: "app".into(), user: user.into() }
}

fn text_of(error: &StoreError) -> String {
    format!("{error} {error:?}")
}
