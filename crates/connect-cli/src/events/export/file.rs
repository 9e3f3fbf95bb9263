//! Replaces a file in one step.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::failure::{Exit, Failure};

/// Writes a file under a temporary name in the same folder, then renames it. A failure leaves the old file
/// unchanged.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let temporary = temporary_name(path);
    let written = write_new(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        let message = format!("cannot write the file {}", path.display());
        Failure::new(Exit::Failed, "FILE_ERROR", message).cause(error)
    })
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    name.into()
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_write_leaves_the_file_unchanged() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("events.ics");
        replace(&path, "first").unwrap();
        replace(&path, "second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        // The temporary file cannot be created.
        fs::create_dir(temporary_name(&path)).unwrap();
        assert!(replace(&path, "third").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        // A folder cannot be replaced, and no temporary file remains.
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("x")).unwrap();
        assert!(replace(&taken, "text").is_err());
        assert!(!temporary_name(&taken).exists());
    }
}
