//! Tokens in files.
//!
//! A user's tokens are in `<name>.json`, where the name is the SHA-256 of the key, so that any user id makes a
//! file name. They are replaced by writing a new file, syncing it, renaming it over the old one and syncing the
//! folder: after a crash there is the old pair or the new one, never half of one. `<name>.lock` is what writers
//! lock (advisory, ended by the kernel with its holder); it stays, since removing it would let two in.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use connect_core::{StoreError, StoreLock, TokenKey, TokenStore, Tokens};

use crate::record::{self, Codec};

/// A folder with one file a user. Clones and other processes may use the same folder.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: Arc<Path>,
    codec: Codec,
}

impl FileStore {
    /// Uses this folder; makes it, readable by its owner only, if it is not there.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let folder = folder.as_ref();
        let found = std::path::absolute(folder).map_err(|error| failed("find the folder", folder, error))?;
        let folder = &*found; // wherever the process goes later
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| failed("make the folder", folder, error))?;
        Ok(Self { folder: folder.into(), codec: Codec::default() })
    }

    /// Uses `mobiscroll-connect/tokens` in the user's state folder: `XDG_STATE_HOME`, else `~/.local/state`, or
    /// `LOCALAPPDATA` on Windows.
    pub fn open_default() -> Result<Self, StoreError> {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let state = var("XDG_STATE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| var("LOCALAPPDATA").filter(|_| cfg!(windows)))
            .or_else(|| {
                std::env::home_dir()
                    .filter(|home| !home.as_os_str().is_empty())
                    .map(|home| home.join(".local/state"))
            });
        let Some(state) = state else {
            return Err(StoreError::new(
                "there is no home folder to keep tokens in: open a folder by its path",
            ));
        };
        Self::open(state.join("mobiscroll-connect").join("tokens"))
    }

    /// Seals what is saved from now on with keys of the caller.
    #[cfg(feature = "seal")]
    #[must_use]
    pub fn sealed(mut self, seal: crate::Seal) -> Self {
        self.codec = Codec::sealed(seal);
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, key: &TokenKey, extension: &str) -> PathBuf {
        self.folder.join(record::name(key)).with_extension(extension)
    }
}

impl TokenStore for FileStore {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        let path = self.path(key, "json");
        let record = match fs::read(&path) {
            Ok(record) => record,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path, error)),
        };
        self.codec.read(key, &record, &path.display().to_string()).map(Some)
    }

    /// Waits for at most `lease`; the kernel ends the lock with the process.
    fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        let path = self.path(key, "lock");
        let file = private().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| failed("open", &path, error))?;
        let started = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Box::new(FileLock { store: self.clone(), key: key.clone(), _lock: file }));
                }
                Err(TryLockError::Error(error)) => return Err(failed("lock", &path, error)),
                Err(TryLockError::WouldBlock) if started.elapsed() >= lease => {
                    return Err(StoreError::new(format!(
                        "{} stays locked by another process",
                        path.display()
                    )));
                }
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(25));
                }
            }
        }
    }
}

/// The lock ends when its file is closed.
struct FileLock {
    store: FileStore,
    key: TokenKey,
    _lock: File,
}

impl StoreLock for FileLock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.store.load(&self.key)
    }

    fn save(&mut self, tokens: &Tokens) -> Result<(), StoreError> {
        let path = self.store.path(&self.key, "json");
        let record = self.store.codec.write(&self.key, tokens)?;
        replace(&self.store.folder, &path, &record).map_err(|error| failed("write", &path, error))
    }

    fn delete(&mut self) -> Result<(), StoreError> {
        let path = self.store.path(&self.key, "json");
        match fs::remove_file(&path).and_then(|()| sync(&self.store.folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("delete", &path, error)),
            _ => Ok(()),
        }
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

fn replace(folder: &Path, path: &Path, record: &[u8]) -> io::Result<()> {
    let mut new = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?; // mode 0600 on Unix
    new.write_all(record)?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    sync(folder)
}

/// Makes a rename or a removal last.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn failed(what: &str, path: &Path, error: io::Error) -> StoreError {
    StoreError::new(format!("cannot {what} {}: {error}", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user: &str) -> TokenKey {
        TokenKey { issuer: "https://connect.example".into(), client_id: "app".into(), user: user.into() }
    }

    fn store() -> (tempfile::TempDir, FileStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path().join("tokens")).unwrap();
        (folder, store)
    }

    #[test]
    fn what_is_saved_is_there_for_another_handle() {
        let (_folder, store) = store();
        let tokens =
            Tokens::new("access", "refresh").with_expires_at("2026-11-21T10:00:00Z".parse().unwrap());
        let user = "../é/\0 and a very long name".repeat(50);
        store.lock(&key(&user), Duration::ZERO).unwrap().save(&tokens).unwrap();
        let other = FileStore::open(store.folder()).unwrap();
        assert_eq!(other.load(&key(&user)).unwrap(), Some(tokens));
        assert_eq!(other.load(&key("somebody else")).unwrap(), None);
    }

    #[test]
    fn a_deleted_record_is_gone_and_may_be_deleted_again() {
        let (_folder, store) = store();
        let mut lock = store.lock(&key("a"), Duration::ZERO).unwrap();
        lock.save(&Tokens::new("a", "r")).unwrap();
        lock.delete().unwrap();
        lock.delete().unwrap();
        assert_eq!(store.load(&key("a")).unwrap(), None);
    }

    #[test]
    fn the_lock_keeps_others_out_until_it_is_released() {
        let (_folder, store) = store();
        let held = store.lock(&key("a"), Duration::ZERO).unwrap();
        assert!(FileStore::open(store.folder()).unwrap().lock(&key("a"), Duration::from_millis(20)).is_err());
        assert!(store.lock(&key("b"), Duration::ZERO).is_ok());
        held.release().unwrap();
        assert!(store.lock(&key("a"), Duration::ZERO).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn only_the_owner_can_read() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, store) = store();
        store.lock(&key("a"), Duration::ZERO).unwrap().save(&Tokens::new("a", "r")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(store.folder()), 0o700);
        for extension in ["json", "lock"] {
            assert_eq!(mode(&store.path(&key("a"), extension)), 0o600, "{extension}");
        }
    }

    #[test]
    fn a_folder_stays_where_it_was_opened() {
        assert!(FileStore::open("src").unwrap().folder().is_absolute());
    }

    #[test]
    fn the_file_of_one_user_is_not_taken_for_that_of_another() {
        let (_folder, store) = store();
        store.lock(&key("a"), Duration::ZERO).unwrap().save(&Tokens::new("hunter2", "r")).unwrap();
        fs::rename(store.path(&key("a"), "json"), store.path(&key("b"), "json")).unwrap();
        let error = format!("{:?}", store.load(&key("b")).unwrap_err());
        assert!(error.contains("another user") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_broken_file_is_an_error_that_shows_nothing_of_it() {
        let (_folder, store) = store();
        fs::write(store.path(&key("a"), "json"), "{\"tokens\":\"hunter2\"").unwrap();
        let error = format!("{:?}", store.load(&key("a")).unwrap_err());
        assert!(!error.contains("hunter2"), "{error}");
    }
}
