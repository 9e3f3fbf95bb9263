use std::{io::ErrorKind::*, sync::Mutex};

use super::*;

const LEASE: Duration = Duration::from_secs(1);

/// The errors of a write without space, without quota, without permission, or to a read-only disk.
const REFUSALS: [ErrorKind; 4] = [StorageFull, QuotaExceeded, ReadOnlyFilesystem, PermissionDenied];

/// A file system that records the operations, and can make one of them fail.
#[derive(Debug, Default)]
struct Recorder {
    operations: Mutex<Vec<&'static str>>,
    failing: Mutex<Option<(&'static str, ErrorKind)>>,
}

impl Recorder {
    fn record(&self, operation: &'static str) -> io::Result<()> {
        self.operations.lock().unwrap().push(operation);
        match *self.failing.lock().unwrap() {
            Some((failing, kind)) if failing == operation => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn fail(&self, operation: &'static str, kind: ErrorKind) {
        *self.failing.lock().unwrap() = Some((operation, kind));
    }

    fn recover(&self) {
        *self.failing.lock().unwrap() = None;
    }

    /// Returns the operations recorded since the previous call of `take`.
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.operations.lock().unwrap())
    }
}

impl Disk for Recorder {
    fn open_lock(&self, path: &Path) -> io::Result<File> {
        // A full disk can open an existing file, but cannot create one.
        self.record(if path.exists() { "open lock" } else { "create" })?;
        System.open_lock(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        self.record("create")?;
        System.create(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let outcome = self.record("write");
        let written = if outcome.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        System.write(file, written).and(outcome)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.record("sync")?;
        System.sync(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.record("rename")?;
        System.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.record(if path.extension() == Some("new".as_ref()) { "remove new" } else { "remove record" })?;
        System.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.record("sync folder")?;
        System.sync_folder(folder)
    }
}

fn key(user: &str) -> TokenKey {
    TokenKey { issuer: "https://connect.example".into(), client_id: "app".into(), user: user.into() }
}

fn pair(number: usize) -> Tokens {
    Tokens::new(format!("hunter{number}"), "r")
}

struct Fixture {
    store: FileStore,
    disk: Arc<Recorder>,
    _folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Recorder::default());
        let mut store = FileStore::open(folder.path().join("tokens")).unwrap();
        store.disk = disk.clone();
        Self { store, disk, _folder: folder }
    }

    /// Creates a store with a saved pair.
    fn with_pair(number: usize) -> Self {
        let fixture = Self::new();
        assert!(matches!(fixture.lock().save(&pair(number)), Ok(Written::Durable)));
        fixture.disk.take();
        fixture
    }

    fn lock(&self) -> Box<dyn StoreLock> {
        self.store.try_lock(&key("a"), LEASE).unwrap().expect("a free lock")
    }

    fn load(&self) -> Option<Tokens> {
        self.store.load(&key("a")).unwrap()
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.store.path(&key("a"), extension)
    }

    /// Returns the files that contain part of a token.
    fn files_with_tokens(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.store.folder()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| fs::read(path).unwrap().windows(6).any(|bytes| bytes == b"hunter")).collect()
    }
}

#[test]
fn save_writes_and_syncs_before_it_renames() {
    let fixture = Fixture::new();
    fixture.lock().save(&pair(1)).unwrap();
    let create = ["create", "remove new", "create"]; // creates the lock file and `<name>.new`
    let save = ["write", "sync", "rename", "sync folder"];
    assert_eq!(fixture.disk.take(), [&create[..], &save].concat());

    let mut lock = fixture.lock();
    lock.prepare().unwrap();
    assert_eq!(fixture.disk.take(), ["open lock", "remove new", "create", "write", "sync"]);
    lock.save(&pair(2)).unwrap();
    assert_eq!(fixture.disk.take(), save);
    lock.delete().unwrap();
    assert_eq!(fixture.disk.take(), ["remove new", "remove record", "sync folder"]);
}

/// Linux cannot sync a device or `/proc`, so an error proves that the sync reached Linux.
#[test]
#[cfg(target_os = "linux")]
fn sync_reaches_the_operating_system() {
    let null = fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
    assert_eq!(System.sync(&null).unwrap_err().kind(), InvalidInput);
    assert_eq!(System.sync_folder(Path::new("/proc")).unwrap_err().kind(), InvalidInput);
}

#[test]
fn prepare_without_space_fails_and_changes_nothing() {
    for operation in ["create", "write", "sync", "remove new"] {
        for kind in REFUSALS {
            let fixture = Fixture::with_pair(1);
            let mut lock = fixture.lock();
            fixture.disk.fail(operation, kind);
            let error = lock.prepare().expect_err(operation);
            assert!(error.to_string().contains(".new"), "{error}");
            assert_eq!(fixture.load(), Some(pair(1)));
            if operation != "remove new" {
                assert!(!fixture.path("new").exists(), "{operation}: {kind}");
            }
            fixture.disk.recover();
            lock.prepare().unwrap();
            lock.save(&pair(2)).unwrap();
            assert_eq!(
                (fixture.load(), fixture.files_with_tokens()),
                (Some(pair(2)), vec![fixture.path("json")])
            );
        }
    }
}

#[test]
fn prepare_sets_aside_twice_the_record_and_at_least_16_kib() {
    for (length, at_least) in [(10, 16 * 1024), (50_000, 100_000)] {
        let fixture = Fixture::new();
        let mut lock = fixture.lock();
        lock.save(&Tokens::new("x".repeat(length), "r")).unwrap();
        lock.prepare().unwrap();
        let zeros = fs::read(fixture.path("new")).unwrap();
        assert!(zeros.len() >= at_least && zeros.iter().all(|byte| *byte == 0), "{}", zeros.len());
        drop(lock);
        assert!(!fixture.path("new").exists(), "a lock dropped without a save leaves no file");
    }
}

#[test]
fn failed_save_keeps_the_record_and_leaves_no_other_tokens() {
    for prepared in [false, true] {
        for operation in ["create", "write", "sync", "rename"] {
            if prepared && operation == "create" {
                continue; // `prepare` created the file
            }
            for kind in REFUSALS {
                let fixture = Fixture::with_pair(1);
                let mut lock = fixture.lock();
                if prepared {
                    lock.prepare().unwrap();
                }
                fixture.disk.fail(operation, kind);
                lock.save(&pair(2)).expect_err(operation);
                assert_eq!(fixture.load(), Some(pair(1)), "{operation}: {kind}");
                assert_eq!(fixture.files_with_tokens(), [fixture.path("json")], "{operation}: {kind}");
                fixture.disk.recover();
                lock.save(&pair(2)).unwrap();
                assert_eq!(fixture.load(), Some(pair(2)));
            }
        }
    }
}

#[test]
fn write_to_a_folder_that_cannot_be_synced_happens() {
    for kind in [InvalidInput, Unsupported, PermissionDenied] {
        let fixture = Fixture::with_pair(1);
        fixture.disk.fail("sync folder", kind);
        let mut lock = fixture.lock();
        for prepared in [false, true] {
            if prepared {
                lock.prepare().unwrap();
            }
            let Ok(Written::NotSynced(error)) = lock.save(&pair(2)) else { panic!("{kind}") };
            assert!(error.to_string().starts_with("cannot sync the folder /"), "{error}");
            assert_eq!(fixture.load(), Some(pair(2)));
            assert!(matches!(lock.delete(), Ok(Written::NotSynced(_))), "{kind}");
            assert_eq!(fixture.load(), None);
        }
    }
}

/// Root can open and sync the folder even without read permission.
#[test]
#[cfg(unix)]
fn folder_without_read_permission_takes_saves_and_deletes() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    fs::set_permissions(fixture.store.folder(), fs::Permissions::from_mode(0o300)).unwrap();
    let can_be_synced = File::open(fixture.store.folder()).is_ok();
    let mut lock = fixture.lock();
    lock.prepare().unwrap();
    assert_eq!(matches!(lock.save(&pair(1)).unwrap(), Written::Durable), can_be_synced);
    assert_eq!(fixture.load(), Some(pair(1)));
    assert_eq!(matches!(lock.delete().unwrap(), Written::Durable), can_be_synced);
    assert_eq!(fixture.load(), None);
    fs::set_permissions(fixture.store.folder(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn sign_out_needs_no_space() {
    for operation in ["create", "write", "sync"] {
        let fixture = Fixture::with_pair(1);
        fixture.disk.fail(operation, StorageFull);
        assert!(matches!(fixture.lock().delete(), Ok(Written::Durable)), "{operation}");
        assert_eq!((fixture.load(), fixture.files_with_tokens()), (None, vec![]));
    }
}

#[test]
fn failed_delete_keeps_the_record() {
    for operation in ["remove new", "remove record"] {
        let fixture = Fixture::with_pair(1);
        fixture.disk.fail(operation, ReadOnlyFilesystem);
        fixture.lock().delete().expect_err(operation);
        assert_eq!(fixture.load(), Some(pair(1)));
    }
}

#[test]
fn save_and_delete_remove_the_file_of_a_killed_process() {
    let writes: [fn(&mut dyn StoreLock); 3] = [
        |lock| drop(lock.save(&Tokens::new("safe", "r")).unwrap()),
        |lock| drop(lock.delete().unwrap()),
        |lock| {
            lock.prepare().unwrap();
            lock.save(&Tokens::new("safe", "r")).unwrap();
        },
    ];
    for write in writes {
        let fixture = Fixture::new();
        fs::write(fixture.path("new"), "hunter2 and a rest that is longer than a record".repeat(10_000))
            .unwrap();
        write(&mut *fixture.lock());
        assert!(fixture.files_with_tokens().is_empty());
        assert!(!fixture.path("new").exists());
    }
}

#[test]
#[cfg(unix)]
fn symbolic_link_in_place_of_the_new_file_is_not_followed() {
    for prepares in [false, true] {
        let fixture = Fixture::new();
        let target = fixture.store.folder().join("target");
        fs::write(&target, "untouched").unwrap();
        std::os::unix::fs::symlink(&target, fixture.path("new")).unwrap();
        let mut lock = fixture.lock();
        if prepares {
            lock.prepare().unwrap();
        }
        lock.save(&pair(1)).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
        assert!(fixture.path("json").symlink_metadata().unwrap().is_file());
    }
    let (_folder, path) = (tempfile::tempdir().unwrap(), std::env::temp_dir().join("no such file"));
    let link = _folder.path().join("link");
    std::os::unix::fs::symlink(path, &link).unwrap();
    assert_eq!(System.create(&link).unwrap_err().kind(), AlreadyExists);
}

#[test]
#[cfg(unix)]
fn record_that_is_a_symbolic_link_is_refused() {
    let fixture = Fixture::new();
    fixture.lock().save(&pair(1)).unwrap();
    let elsewhere = fixture.store.folder().join("elsewhere");
    fs::rename(fixture.path("json"), &elsewhere).unwrap();
    for target in [elsewhere.clone(), fixture.store.folder().join("nowhere")] {
        std::os::unix::fs::symlink(&target, fixture.path("json")).unwrap();
        let before = fs::read(&elsewhere).unwrap();
        let mut lock = fixture.lock();
        for refused in [
            lock.load().map(drop).unwrap_err(),
            lock.prepare().unwrap_err(),
            lock.save(&pair(2)).map(drop).unwrap_err(),
            lock.delete().map(drop).unwrap_err(),
        ] {
            let text = refused.to_string();
            assert!(text.contains(&fixture.path("json").display().to_string()), "{text}");
            assert!(text.contains("symbolic link"), "{text}");
        }
        assert_eq!(fs::read_link(fixture.path("json")).unwrap(), target);
        assert_eq!(fs::read(&elsewhere).unwrap(), before);
        fs::remove_file(fixture.path("json")).unwrap();
    }
}

#[test]
fn record_with_a_byte_order_mark_is_read() {
    let fixture = Fixture::new();
    fixture.lock().save(&pair(1)).unwrap();
    let record = fs::read(fixture.path("json")).unwrap();
    fs::write(fixture.path("json"), [b"\xef\xbb\xbf", &record[..]].concat()).unwrap();
    let read = fixture.lock().load().unwrap().unwrap();
    assert_eq!(read.access_token, pair(1).access_token);
}

#[test]
#[cfg(unix)]
fn only_the_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let fixture = Fixture::new();
    let mut lock = fixture.lock();
    lock.prepare().unwrap();
    assert_eq!(mode(fixture.store.folder()), 0o700);
    assert_eq!((mode(&fixture.path("new")), mode(&fixture.path("lock"))), (0o600, 0o600));
    lock.save(&pair(1)).unwrap();
    assert_eq!(mode(&fixture.path("json")), 0o600);
}

#[test]
fn saved_pair_is_loaded_by_another_handle() {
    let fixture = Fixture::new();
    let tokens = pair(1).with_expires_at("2026-11-21T10:00:00Z".parse().unwrap());
    let user = "../é/\0 and a very long name".repeat(50);
    fixture.store.try_lock(&key(&user), LEASE).unwrap().unwrap().save(&tokens).unwrap();
    let other = FileStore::open(fixture.store.folder()).unwrap();
    assert_eq!(other.load(&key(&user)).unwrap(), Some(tokens));
    assert_eq!(other.load(&key("somebody else")).unwrap(), None);
}

#[test]
fn lock_excludes_other_handles_until_released() {
    let fixture = Fixture::new();
    let held = fixture.lock();
    let other = FileStore::open(fixture.store.folder()).unwrap();
    assert!(other.try_lock(&key("a"), LEASE).unwrap().is_none());
    assert!(other.try_lock(&key("b"), LEASE).unwrap().is_some());
    held.release().unwrap();
    assert!(other.try_lock(&key("a"), LEASE).unwrap().is_some());
}

#[test]
fn folder_path_is_absolute() {
    assert!(FileStore::open("src").unwrap().folder().is_absolute());
}

#[test]
fn record_of_another_user_is_refused() {
    let fixture = Fixture::with_pair(1);
    fs::rename(fixture.path("json"), fixture.store.path(&key("b"), "json")).unwrap();
    let error = format!("{:?}", fixture.store.load(&key("b")).unwrap_err());
    assert!(error.contains("another user") && !error.contains("hunter"), "{error}");
}

#[test]
fn broken_record_error_shows_no_token() {
    let fixture = Fixture::new();
    fs::write(fixture.path("json"), "{\"tokens\":\"hunter2\"").unwrap();
    let error = format!("{:?}", fixture.store.load(&key("a")).unwrap_err());
    assert!(!error.contains("hunter2"), "{error}");
}
