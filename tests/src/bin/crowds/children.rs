//! Starts this program as client processes that call the sandbox.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use connect_tests::world::Failure;

/// The open file limit of a client process.
const OPEN_FILES: u32 = 20_000;
/// The timeout for the start of a client process.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Client processes that wait for a start signal; killed when dropped.
pub(crate) struct Children {
    processes: Vec<Child>,
    pub(crate) lines: Receiver<String>,
}

impl Children {
    pub(crate) fn start(count: usize, arguments: &[String]) -> Result<Self, Failure> {
        let (said, lines) = channel();
        let mut children = Self { processes: Vec::new(), lines };
        for _ in 0..count {
            let mut process = Command::new("sh")
                .args(["-c", &format!("ulimit -Sn {OPEN_FILES} && exec \"$0\" client \"$@\"")])
                .arg(std::env::current_exe()?)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let output = process.stdout.take().ok_or("no output")?;
            children.processes.push(process);
            let said = said.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = said.send(line);
                }
            });
        }
        for _ in 0..count {
            let line = children.lines.recv_timeout(START_TIMEOUT)?;
            if line != "ready" {
                return Err(format!("a client printed {line:?} (expected \"ready\")").into());
            }
        }
        Ok(children)
    }

    pub(crate) fn go(&mut self) -> Result<(), Failure> {
        for process in &mut self.processes {
            writeln!(process.stdin.as_mut().ok_or("no input")?, "go")?;
        }
        Ok(())
    }

    /// Counts the files that each client process has open now, and returns the highest count.
    pub(crate) fn open_files(&self) -> usize {
        let count =
            |process: &Child| fs::read_dir(format!("/proc/{}/fd", process.id())).map_or(0, Iterator::count);
        self.processes.iter().map(count).max().unwrap_or_default()
    }

    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        for process in &mut self.processes {
            let status = process.wait()?;
            if !status.success() {
                return Err(format!("a client ended with {status}").into());
            }
        }
        Ok(())
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
