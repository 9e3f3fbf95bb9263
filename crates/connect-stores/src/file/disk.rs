//! The file operations of the file store.
//!
//! Tests replace the operations, to record their order and to make each operation fail.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Seek, Write},
    path::Path,
};

pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Opens the lock file, and creates it if needed. Opening an existing file needs no disk space.
    fn open_lock(&self, path: &Path) -> io::Result<File>;

    /// Creates a file that only its owner can read. Fails if a file or a symbolic link has this path.
    fn create(&self, path: &Path) -> io::Result<File>;

    /// Replaces the content of the file with `bytes`.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()>;

    /// Writes the content of the file to the disk, so that the content survives a crash of the machine.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Renames a file, and replaces any file at the new path.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Writes renames and removals in the folder to the disk, so that they survive a crash of the machine.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The file system of the operating system.
#[derive(Debug)]
pub(super) struct System;

impl Disk for System {
    fn open_lock(&self, path: &Path) -> io::Result<File> {
        private().create(true).truncate(false).open(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        private().create_new(true).open(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.rewind()?;
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
