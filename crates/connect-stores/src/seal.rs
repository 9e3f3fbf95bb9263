//! Encrypts tokens with the caller's keys: XChaCha20-Poly1305, with a random nonce for every save.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use connect_core::{StoreError, TokenKey, Tokens};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The keys of a store: one key seals (encrypts) tokens, and any number of keys open (decrypt) tokens.
///
/// A key is 32 random bytes and a name that you choose, such as the month of its creation. The name is stored
/// with the tokens, unencrypted. Sealed tokens are bound to their user, application and issuer, and
/// cannot be opened in the record of another user.
///
/// To change the key, first pass the new key to [`also_open`](Self::also_open) in all processes. Then pass
/// the new key to [`new`](Self::new), and the old key to `also_open`. The next save of each record uses the
/// new key.
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
    /// Creates a `Seal` that seals and opens tokens with this key.
    pub fn new(name: impl Into<String>, key: [u8; 32]) -> Self {
        Self { seals: Key::new(name, key), opens: Vec::new(), plain: false }
    }

    /// Also opens tokens that were sealed with this key.
    #[must_use]
    pub fn also_open(mut self, name: impl Into<String>, key: [u8; 32]) -> Self {
        self.opens.push(Key::new(name, key));
        self
    }

    /// Also reads tokens that are not sealed.
    ///
    /// Use this method to add encryption to an existing store. Remove the call when every record has been
    /// saved again. A store that reads unsealed tokens also reads forged tokens, which anyone with write
    /// access to the store can insert.
    #[must_use]
    pub fn also_plain(mut self) -> Self {
        self.plain = true;
        self
    }

    pub(crate) fn allows_plain(&self) -> bool {
        self.plain
    }

    pub(crate) fn seal(&self, key: &TokenKey, tokens: &Tokens) -> Result<SealedTokens, StoreError> {
        let failed = || StoreError::new("cannot seal (encrypt) the tokens");
        let text = Zeroizing::new(serde_json::to_vec(tokens).map_err(|_| failed())?);
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| failed())?;
        let aad = associated_data(key, &self.seals.name);
        let sealed = self.seals.cipher().encrypt(&nonce.into(), Payload { msg: &text, aad: &aad });
        Ok(SealedTokens {
            key: self.seals.name.clone(),
            nonce: STANDARD_NO_PAD.encode(nonce),
            text: STANDARD_NO_PAD.encode(sealed.map_err(|_| failed())?),
        })
    }

    pub(crate) fn open(
        &self,
        key: &TokenKey,
        sealed: &SealedTokens,
        location: &str,
    ) -> Result<Tokens, StoreError> {
        let name = &sealed.key;
        let keys: Vec<_> =
            std::iter::once(&self.seals).chain(&self.opens).filter(|key| key.name == *name).collect();
        if keys.is_empty() {
            let text = format!(
                "the tokens in {location} are sealed with the key {name:?}, but the store has no key of that name"
            );
            return Err(StoreError::new(text));
        }
        let nonce =
            STANDARD_NO_PAD.decode(&sealed.nonce).ok().and_then(|nonce| <[u8; 24]>::try_from(nonce).ok());
        let text = STANDARD_NO_PAD.decode(&sealed.text).ok();
        let aad = associated_data(key, name);
        let opened = nonce.zip(text).and_then(|(nonce, text)| {
            let payload = || Payload { msg: &text, aad: &aad };
            keys.iter().find_map(|key| key.cipher().decrypt(&nonce.into(), payload()).ok())
        });
        let opened = opened.map(Zeroizing::new).ok_or_else(|| {
            StoreError::new(format!(
                "the tokens in {location} cannot be opened with the key {name:?}: they were sealed with another key of that \
                 name, or changed, or moved from another record"
            ))
        })?;
        serde_json::from_slice(&opened)
            .map_err(|_| StoreError::new(format!("the sealed content of {location} is not a token pair")))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opens: Vec<_> = self.opens.iter().map(|key| &key.name).collect();
        f.debug_struct("Seal").field("seals", &self.seals.name).field("opens", &opens).finish_non_exhaustive()
    }
}

/// Encrypted tokens, as a record contains them. `nonce` and `text` are Base64.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedTokens {
    key: String,
    nonce: String,
    text: String,
}

/// Returns the associated data that binds the ciphertext to its user and key name.
///
/// Each part is preceded by its length, so that different users and key names never give the same bytes.
fn associated_data(key: &TokenKey, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in ["connect-stores 1", name, &key.issuer, &key.client_id, &key.user] {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}
