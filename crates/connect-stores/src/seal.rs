//! Encryption of tokens with keys of the caller: XChaCha20-Poly1305, a random nonce for every save.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use connect_core::{StoreError, TokenKey, Tokens};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The keys that tokens are sealed with: one to seal, any number to open.
///
/// A key is 32 random bytes under a name of your own, such as the month it was made in; the name is kept beside the
/// tokens. The user, application and issuer are sealed in as well, so tokens that were moved to another user's place
/// do not open. To change the key, give the new one to all processes with [`also_open`](Self::also_open) first and then
/// seal with it; every save writes the record anew.
///
/// ```
/// use connect_stores::{FileStore, Seal};
/// # let folder = tempfile::tempdir()?;
/// # let (new, old) = ([7; 32], [6; 32]);
/// let store = FileStore::open(&folder)?.sealed(Seal::new("2026-11", new).also_open("2026-05", old));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Seal {
    seals: Key,
    opens: Vec<Key>,
    plain: bool,
}

#[derive(Clone)]
struct Key {
    name: String,
    bytes: Zeroizing<[u8; 32]>,
}

impl Key {
    fn new(name: impl Into<String>, bytes: [u8; 32]) -> Self {
        Self { name: name.into(), bytes: Zeroizing::new(bytes) }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.bytes).into())
    }
}

impl Seal {
    /// Seals and opens with this key.
    pub fn new(name: impl Into<String>, key: [u8; 32]) -> Self {
        Self { seals: Key::new(name, key), opens: Vec::new(), plain: false }
    }

    /// Opens what was sealed with this key as well.
    #[must_use]
    pub fn also_open(mut self, name: impl Into<String>, key: [u8; 32]) -> Self {
        self.opens.push(Key::new(name, key));
        self
    }

    /// Reads tokens that were never sealed as well: for a store that is to be sealed from now on, until each record was
    /// written anew. As long as this is allowed, who can write to the store can put tokens of their own in.
    #[must_use]
    pub fn also_plain(mut self) -> Self {
        self.plain = true;
        self
    }

    pub(crate) fn allows_plain(&self) -> bool {
        self.plain
    }

    pub(crate) fn seal(&self, key: &TokenKey, tokens: &Tokens) -> Result<Sealed, StoreError> {
        let failed = || StoreError::new("the tokens cannot be sealed");
        let text = Zeroizing::new(serde_json::to_vec(tokens).map_err(|_| failed())?);
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| failed())?;
        let aad = bound_to(key, &self.seals.name);
        let sealed = self.seals.cipher().encrypt(&nonce.into(), Payload { msg: &text, aad: &aad });
        Ok(Sealed {
            key: self.seals.name.clone(),
            nonce: STANDARD_NO_PAD.encode(nonce),
            text: STANDARD_NO_PAD.encode(sealed.map_err(|_| failed())?),
        })
    }

    pub(crate) fn open(&self, key: &TokenKey, sealed: &Sealed, place: &str) -> Result<Tokens, StoreError> {
        let name = &sealed.key;
        let keys: Vec<_> =
            std::iter::once(&self.seals).chain(&self.opens).filter(|key| key.name == *name).collect();
        if keys.is_empty() {
            let text = format!("the tokens in {place} are sealed with the key {name:?}, which was not given");
            return Err(StoreError::new(text));
        }
        let nonce =
            STANDARD_NO_PAD.decode(&sealed.nonce).ok().and_then(|nonce| <[u8; 24]>::try_from(nonce).ok());
        let text = STANDARD_NO_PAD.decode(&sealed.text).ok();
        let aad = bound_to(key, name);
        let opened = nonce.zip(text).and_then(|(nonce, text)| {
            let payload = || Payload { msg: &text, aad: &aad };
            keys.iter().find_map(|key| key.cipher().decrypt(&nonce.into(), payload()).ok())
        });
        let opened = opened.map(Zeroizing::new).ok_or_else(|| {
            StoreError::new(format!(
                "the tokens in {place} do not open with the key {name:?}: it is another key of that name, or they were \
                 changed or moved here"
            ))
        })?;
        serde_json::from_slice(&opened)
            .map_err(|_| StoreError::new(format!("what is sealed in {place} is no tokens")))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opens: Vec<_> = self.opens.iter().map(|key| &key.name).collect();
        f.debug_struct("Seal").field("seals", &self.seals.name).field("opens", &opens).finish_non_exhaustive()
    }
}

/// Tokens that were sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    key: String,
    nonce: String,
    text: String,
}

/// What is sealed in with the tokens. Each part is preceded by its length, so that parts never run together.
fn bound_to(key: &TokenKey, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in ["connect-stores 1", name, &key.issuer, &key.client_id, &key.user] {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}
