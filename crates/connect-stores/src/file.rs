//! Stores tokens in files.
//!
//! A user's record is `<name>.json`. The name is the SHA-256 of the key, so any user id gives a valid file
//! name.
//!
//! A save writes `<name>.new`, syncs it, renames it over the record and syncs the folder. After a crash, the
//! record contains the whole old pair or the whole new pair.
//!
//! A record that is a symbolic link is refused, because a save would replace the link, and a delete would
//! not remove the link's target. The folder itself may be a link.
//!
//! Writers lock `<name>.lock` (advisory; the kernel frees the lock when the process ends). Only the holder of
//! that lock changes `<name>.new`. The lock file is never removed. If it were removed, a second writer could
//! lock a new file of that name while the first writer still has its lock.

mod disk;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use connect_core::{StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written};

use self::disk::{Disk, System};
use crate::record::{self, Codec};

/// The minimum space reserved for a new record, in bytes: several times the size of most records.
const MIN_PREPARED: u64 = 16 * 1024;

/// A token store in a folder, with one file per user. Clones and other processes may use the same folder.
///
/// ```
/// use connect_stores::FileStore;
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let store = FileStore::open(folder)?; // pass it to `store` of a client's builder
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: Arc<Path>,
    codec: Codec,
    disk: Arc<dyn Disk>,
}

impl FileStore {
    /// Opens a folder. If the folder does not exist, creates it, readable by its owner only.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let folder = folder.as_ref();
        // The process may change its working directory later.
        let absolute =
            std::path::absolute(folder).map_err(|error| failed("find the folder", folder, error))?;
        let folder = &*absolute;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| failed("create the folder", folder, error))?;
        Ok(Self { folder: folder.into(), codec: Codec::default(), disk: Arc::new(System) })
    }

    /// Opens `mobiscroll-connect/tokens` in the user's state folder.
    ///
    /// The state folder is `XDG_STATE_HOME` if set to an absolute path, else `LOCALAPPDATA` on Windows, else
    /// `~/.local/state`.
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
                "cannot find a folder for the tokens: the user has no home folder; pass a path to `FileStore::open`",
            ));
        };
        Self::open(state.join("mobiscroll-connect").join("tokens"))
    }

    /// Encrypts tokens in later saves, and decrypts tokens in loads, with the keys of `seal`.
    #[cfg(feature = "seal")]
    #[must_use]
    pub fn sealed(mut self, seal: crate::Seal) -> Self {
        self.codec = Codec::sealed(seal);
        self
    }

    /// Returns the absolute path of the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of the record. Fails if the record is a symbolic link.
    fn record_path(&self, key: &TokenKey) -> Result<PathBuf, StoreError> {
        let path = self.path(key, "json");
        if path.is_symlink() {
            let text =
                format!("{} is a symbolic link (expected a file; the folder may be a link)", path.display());
            return Err(StoreError::new(text));
        }
        Ok(path)
    }

    fn path(&self, key: &TokenKey, extension: &str) -> PathBuf {
        self.folder.join(record::record_name(key)).with_extension(extension)
    }
}

impl TokenStore for FileStore {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        let path = self.record_path(key)?;
        let record = match fs::read(&path) {
            Ok(record) => record,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path, error)),
        };
        self.codec.read(key, &record, &path.display().to_string()).map(Some)
    }

    /// Takes the lock. Ignores the lease, because the lock lasts until its release or the end of the process.
    fn try_lock(&self, key: &TokenKey, _lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let path = self.path(key, "lock");
        let file = self.disk.open_lock(&path).map_err(|error| failed("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(FileLock {
                store: self.clone(),
                key: key.clone(),
                prepared: None,
                _lock: file,
            }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path, error)),
        }
    }
}

struct FileLock {
    store: FileStore,
    key: TokenKey,
    /// The file `<name>.new`, from a `prepare` to the next save or delete.
    prepared: Option<File>,
    /// The lock ends when this file is closed.
    _lock: File,
}

impl StoreLock for FileLock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.store.load(&self.key)
    }

    /// Reserves space by writing zeros to `<name>.new`. The save overwrites the zeros.
    fn prepare(&mut self) -> Result<(), StoreError> {
        let record = self.store.record_path(&self.key)?;
        let record_length = fs::metadata(record).map_or(0, |metadata| metadata.len());
        let zeros = vec![0; record_length.saturating_mul(2).max(MIN_PREPARED) as usize];
        self.prepared = None;
        let created = self.create().and_then(|mut file| {
            self.write_and_sync(&mut file, &zeros)?; // on a full disk, the write may succeed and the sync fail
            Ok(file)
        });
        self.prepared = Some(created.map_err(|error| {
            self.discard();
            failed("reserve space in", &self.path("new"), error)
        })?);
        Ok(())
    }

    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let path = self.store.record_path(&self.key)?;
        let record = self.store.codec.write(&self.key, tokens)?;
        self.replace(&record).map_err(|error| {
            self.discard();
            failed("write", &path, error)
        })?;
        Ok(self.sync_folder())
    }

    fn delete(&mut self) -> Result<Written, StoreError> {
        self.store.record_path(&self.key)?;
        self.prepared = None;
        // The record is removed last, so that an earlier error leaves the user signed in.
        for extension in ["new", "json"] {
            self.remove(extension).map_err(|error| failed("delete", &self.path(extension), error))?;
        }
        Ok(self.sync_folder())
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl FileLock {
    fn path(&self, extension: &str) -> PathBuf {
        self.store.path(&self.key, extension)
    }

    /// Creates `<name>.new`. First removes any `<name>.new` that a killed process left.
    fn create(&self) -> io::Result<File> {
        self.remove("new")?;
        self.store.disk.create(&self.path("new"))
    }

    fn replace(&mut self, record: &[u8]) -> io::Result<()> {
        let mut file = match self.prepared.take() {
            Some(file) => file,
            None => self.create()?,
        };
        self.write_and_sync(&mut file, record)?;
        drop(file);
        self.store.disk.rename(&self.path("new"), &self.path("json"))
    }

    fn write_and_sync(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.store.disk.write(file, bytes)?;
        self.store.disk.sync(file)
    }

    fn remove(&self, extension: &str) -> io::Result<()> {
        match self.store.disk.remove(&self.path(extension)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Tries to remove `<name>.new`. If the removal fails, the next save or delete tries again.
    fn discard(&self) {
        let _ = self.remove("new");
    }

    /// Syncs the folder. The record is already replaced or removed, so an error here does not fail the write.
    fn sync_folder(&self) -> Written {
        let folder = &self.store.folder;
        match self.store.disk.sync_folder(folder) {
            Ok(()) => Written::Durable,
            Err(error) => Written::NotSynced(failed("sync the folder", folder, error)),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if self.prepared.take().is_some() {
            self.discard(); // the lock is still held here
        }
    }
}

fn failed(what: &str, path: &Path, error: io::Error) -> StoreError {
    StoreError::new(format!("cannot {what} {}: {error}", path.display())).with_source(error)
}
