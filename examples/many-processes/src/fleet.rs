//! Starts, kills and ends the worker processes, and reads their output.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use crate::Failure;

pub(crate) struct Fleet {
    arguments: Vec<String>,
    processes: Vec<Option<Child>>,
    lines: Receiver<(usize, String)>,
    sender: Sender<(usize, String)>,
    checks: usize,
    /// Failed calls of signed-in users.
    pub(crate) failed: u64,
    /// Failed calls of users who were signed out.
    pub(crate) signed_out: u64,
    pub(crate) kills: u64,
    /// The output lines of the first five failures.
    pub(crate) examples: Vec<String>,
}

impl Fleet {
    pub(crate) fn start(size: usize, arguments: Vec<String>) -> Result<Self, Failure> {
        let (sender, lines) = channel();
        let mut fleet = Self {
            arguments,
            processes: (0..size).map(|_| None).collect(),
            lines,
            sender,
            checks: 0,
            failed: 0,
            signed_out: 0,
            kills: 0,
            examples: Vec::new(),
        };
        (0..size).try_for_each(|number| fleet.spawn(number))?;
        Ok(fleet)
    }

    fn spawn(&mut self, number: usize) -> Result<(), Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("worker")
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let sender = self.sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send((number, line));
            }
        });
        self.processes[number] = Some(process);
        Ok(())
    }

    /// Waits until each process has made, for each user, a successful call that began after this check.
    pub(crate) fn check(&mut self, within: Duration) -> Result<(), Failure> {
        self.checks += 1;
        for process in self.processes.iter_mut().flatten() {
            let input = process.stdin.as_mut().ok_or("no input")?;
            writeln!(input, "check {}", self.checks)?;
        }
        let (until, expected) = (Instant::now() + within, format!("seen {}", self.checks));
        let mut missing: Vec<_> = (0..self.processes.len()).collect();
        while !missing.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok((number, line)) if line == expected => missing.retain(|other| *other != number),
                Ok((_, line)) => self.count(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(format!(
                        "processes {missing:?} made no successful call within {within:?}; {} calls failed: {:?}",
                        self.failed, self.examples
                    )
                    .into());
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, line: String) {
        if line.starts_with("failed signed-out") {
            self.signed_out += 1;
        } else if line.starts_with("failed") {
            self.failed += 1;
            if self.examples.len() < 5 {
                self.examples.push(line);
            }
        }
    }

    /// Kills a random process and waits for its end.
    pub(crate) fn kill(&mut self) -> Result<usize, Failure> {
        let number = fastrand::usize(..self.processes.len());
        let mut process = self.processes[number].take().ok_or("no process")?;
        process.kill()?; // SIGKILL
        process.wait()?;
        self.kills += 1;
        Ok(number)
    }

    pub(crate) fn restart(&mut self, number: usize) -> Result<(), Failure> {
        self.spawn(number)
    }

    /// Ends all processes in an orderly way, by closing their input.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        let mut processes: Vec<_> = self.processes.iter_mut().filter_map(Option::take).collect();
        processes.iter_mut().for_each(|process| drop(process.stdin.take()));
        for process in &mut processes {
            if !process.wait()?.success() {
                self.count("failed to exit with code 0".to_owned());
            }
        }
        while let Ok((_, line)) = self.lines.try_recv() {
            self.count(line);
        }
        Ok(())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().flatten() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
