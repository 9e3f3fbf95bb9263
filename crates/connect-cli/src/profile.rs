//! Profiles: files with settings, in the user's configuration folder.
//!
//! A profile `NAME` is the file `mobiscroll-connect/NAME.env`, in the format of `.env`. Without `--profile`,
//! the profile `default` is used, if it exists.

use std::{
    fs::DirBuilder,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    dot_env::{self, DotEnv},
    failure::{Exit, Failure},
    input,
};

/// The name of the profile that is used without `--profile`.
pub(crate) const DEFAULT: &str = "default";

/// Returns the path of a profile, which may not exist.
pub(crate) fn path(name: &str) -> Result<PathBuf, Failure> {
    let is_name = |name: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        !name.is_empty() && name.len() <= 64 && name.chars().all(is_part)
    };
    if !is_name(name) {
        return Err(Failure::usage(format!(
            "{name:?} is not a profile name (expected letters, digits, hyphens and underscores)"
        )));
    }
    Ok(folder()?.join(format!("{name}.env")))
}

/// Returns the path of a profile, or an error if the profile does not exist.
pub(crate) fn existing(name: &str) -> Result<PathBuf, Failure> {
    let path = path(name)?;
    if path.is_file() {
        return Ok(path);
    }
    let known = names()?.join(", ");
    let known = if known.is_empty() { "no profile exists".to_owned() } else { format!("profiles: {known}") };
    let message = format!("profile {name:?} does not exist");
    Err(Failure::new(Exit::Usage, "CONFIGURATION_ERROR", message)
        .cause(known)
        .next("create the profile: connect config set client-id ID"))
}

/// Returns the names of the profiles, sorted.
pub(crate) fn names() -> Result<Vec<String>, Failure> {
    let folder = folder()?;
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read", &folder, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed("read", &folder, error))?.path();
        let is_profile = path.extension().is_some_and(|extension| extension == "env") && path.is_file();
        names.extend(path.file_stem().filter(|_| is_profile).map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Sets a variable in a profile, or removes the variable. Creates the profile if it does not exist.
pub(crate) fn edit(path: &Path, variable: &str, value: Option<&str>) -> Result<(), Failure> {
    // A profile that cannot be read must not be replaced.
    DotEnv::read(path)?;
    let text = match std::fs::read(path).and_then(input::text) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("read", path, error)),
    };
    write(path, &dot_env::edited(&text, variable, value)).map_err(|error| failed("write", path, error))
}

/// Replaces the file. Only its owner can read it, because it may contain the client secret.
fn write(path: &Path, text: &str) -> io::Result<()> {
    // A save through a link replaces the file that the link names, not the link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// Returns the folder of the profiles: `XDG_CONFIG_HOME`, else `APPDATA` on Windows, else `~/.config`.
fn folder() -> Result<PathBuf, Failure> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = var("XDG_CONFIG_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| var("APPDATA").filter(|_| cfg!(windows)))
        .or_else(|| {
            std::env::home_dir().filter(|home| !home.as_os_str().is_empty()).map(|home| home.join(".config"))
        });
    let folder = folder.ok_or_else(|| {
        Failure::new(Exit::Usage, "CONFIGURATION_ERROR", "cannot find a folder for profiles")
            .cause("the user has no home folder")
            .next("set XDG_CONFIG_HOME to an absolute path")
    })?;
    Ok(folder.join("mobiscroll-connect"))
}

fn failed(action: &str, path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, "FILE_ERROR", format!("cannot {action} {}", path.display())).cause(error)
}
