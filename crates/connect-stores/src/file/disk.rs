//! The file operations behind a record. Tests replace them, to see their order and to let each of them fail.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Seek, Write},
    path::Path,
};

pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Opens a file that writers lock. One that exists needs no space.
    fn open_lock(&self, path: &Path) -> io::Result<File>;

    /// Creates a file that only its owner can read. It fails where anything has that name, a symbolic link included.
    fn create(&self, path: &Path) -> io::Result<File>;

    /// Writes `bytes` in place of what the file holds.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()>;

    /// Returns when the content of the file survives a crash of the machine.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Renames a file over another one.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Returns when renames and removals in the folder survive a crash of the machine.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The operating system's files.
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
