//! Repeatedly kills a process while it saves tokens to files.
//!
//! After each kill, checks that no sign-in is lost, and that after the next save or delete no other file than
//! the record contains tokens.
//!
//! ```sh
//! cargo run --release --example kill_saves -- 10000
//! ```

use std::{
    error::Error,
    fs,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use connect_core::{StoreLock, TokenKey, TokenStore, Tokens};
use connect_stores::FileStore;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The prefix of every access token.
const MARK: &str = "kill-saves-";

/// The parent kills the child after at most this many lines of output.
///
/// Before the kill, the parent waits at most `MAX_DELAY`. The number of lines and the delay are random.
const MAX_LINES: u64 = 12;
const MAX_DELAY: Duration = Duration::from_millis(3);

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["child", folder, first] => write_until_killed(Path::new(folder), first.parse()?),
        [] => kill_writers(10_000),
        [kills] => kill_writers(kills.parse()?),
        _ => Err("usage: kill_saves [KILLS]".into()),
    }
}

/// Runs the child: saves pairs with increasing numbers, with occasional sign-outs and new sign-ins.
fn write_until_killed(folder: &Path, first: u64) -> Outcome<ExitCode> {
    let store = FileStore::open(folder)?;
    for number in first.. {
        let mut held = lock(&store)?;
        match number % 8 {
            2 => delete(&mut *held)?,
            5 => {
                delete(&mut *held)?;
                held.release()?;
                held = lock(&store)?;
            }
            _ => held.prepare()?,
        }
        println!("begin {number}");
        held.save(&pair(number))?;
        println!("saved {number}");
        held.release()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn delete(held: &mut dyn StoreLock) -> Outcome<()> {
    println!("begin delete");
    held.delete()?;
    println!("deleted");
    Ok(())
}

#[derive(Default)]
struct Figures {
    kills: u64,
    during_save: u64,
    during_delete: u64,
    sign_ins_lost: u64,
    files_left: u64,
}

fn kill_writers(kills: u64) -> Outcome<ExitCode> {
    let started = Instant::now();
    let folder = tempfile::tempdir()?;
    let store = FileStore::open(folder.path())?;
    let mut figures = Figures::default();
    let mut state = State::default();
    while figures.kills < kills {
        write_and_kill(folder.path(), &mut state)?;
        figures.kills += 1;
        match state.under_way {
            Some(Some(_)) => figures.during_save += 1,
            Some(None) => figures.during_delete += 1,
            None => {}
        }
        let loaded = store.load(&key()).map(|tokens| tokens.as_ref().and_then(number_of));
        if !loaded.as_ref().is_ok_and(|number| state.allows(*number)) {
            figures.sign_ins_lost += 1;
            eprintln!("kill {}: loaded {loaded:?}, expected {state:?}", figures.kills);
        }

        let mut held = lock(&store)?;
        state = State { last_number: state.last_number + 1, ..State::default() };
        if figures.kills % 2 == 0 {
            held.delete()?;
        } else {
            held.save(&pair(state.last_number))?;
            state.stored = Some(state.last_number);
        }
        let left = files_beside_record(folder.path())?;
        figures.files_left += left.len() as u64;
        left.iter().for_each(|file| eprintln!("kill {}: {file} was not removed", figures.kills));
        held.release()?;
    }
    let Figures { kills, during_save, during_delete, sign_ins_lost, files_left } = figures;
    println!(
        "{kills} kills ({during_save} during a save, {during_delete} during a delete): {sign_ins_lost} sign-ins lost, \
         {files_left} files not removed; {:.1} s",
        started.elapsed().as_secs_f64()
    );
    Ok(if sign_ins_lost + files_left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The state of the store, according to the output of the child.
#[derive(Default, Debug)]
struct State {
    /// The number of the stored pair.
    stored: Option<u64>,
    /// The unfinished write. `Some(Some(number))` saves the pair `number`, and `Some(None)` deletes the pair.
    under_way: Option<Option<u64>>,
    /// The highest number used so far.
    last_number: u64,
}

impl State {
    fn read(&mut self, line: &str) -> Outcome<()> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("begin", "delete") => self.under_way = Some(None),
            ("begin", number) => {
                self.last_number = number.parse()?;
                self.under_way = Some(Some(self.last_number));
            }
            ("saved" | "deleted", _) => self.stored = self.under_way.take().ok_or("a write ended twice")?,
            _ => return Err(format!("the child printed {line:?}").into()),
        }
        Ok(())
    }

    fn allows(&self, loaded: Option<u64>) -> bool {
        loaded == self.stored || self.under_way == Some(loaded)
    }
}

fn write_and_kill(folder: &Path, state: &mut State) -> Outcome<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("child")
        .arg(folder)
        .arg((state.last_number + 1).to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or("the child has no output")?;
    let mut lines = BufReader::new(output).lines();
    for line in lines.by_ref().take(1 + random_below(MAX_LINES) as usize) {
        state.read(&line?)?;
    }
    if random_below(4) > 0 {
        thread::sleep(Duration::from_nanos(random_below(MAX_DELAY.as_nanos() as u64)));
    }
    child.kill()?; // SIGKILL
    if child.wait()?.code().is_some() {
        return Err("the child ended before it was killed".into());
    }
    lines.try_for_each(|line| state.read(&line?))
}

fn files_beside_record(folder: &Path) -> Outcome<Vec<String>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let has_tokens = fs::read(&path)?.windows(MARK.len()).any(|bytes| bytes == MARK.as_bytes());
        if path.extension() == Some("new".as_ref()) || has_tokens && path.extension() != Some("json".as_ref())
        {
            left.push(path.display().to_string());
        }
    }
    Ok(left)
}

fn lock(store: &FileStore) -> Outcome<Box<dyn StoreLock>> {
    let held = store.try_lock(&key(), Duration::from_secs(60))?;
    held.ok_or_else(|| "the lock of a killed process is still held".into())
}

fn key() -> TokenKey {
    TokenKey { issuer: "https://connect.example".into(), client_id: "app".into(), user: "user".into() }
}

/// Returns a pair whose length depends on its number. Some pairs need more space than `prepare` reserves.
fn pair(number: u64) -> Tokens {
    let length = (number * 7919 % 24_000) as usize;
    Tokens::new(format!("{MARK}{number}-{}", "x".repeat(length)), "refresh")
}

fn number_of(tokens: &Tokens) -> Option<u64> {
    tokens.access_token.expose().strip_prefix(MARK)?.split('-').next()?.parse().ok()
}

fn random_below(end: u64) -> u64 {
    RandomState::new().hash_one(0) % end
}
