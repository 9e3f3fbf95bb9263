//! A progress line on stderr, such as `Reading events: 3000`.
//!
//! The line is shown only while the program waits for the service, and only if stdout and stderr are
//! terminals. It is overwritten with blanks, because a terminal may not know escape sequences.

use std::{
    future::Future,
    io::{self, IsTerminal as _, Write as _},
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Shorter waits show no progress line, which would only flicker.
const DELAY: Duration = Duration::from_millis(300);

/// The width of the progress line on the terminal; 0 if no line is shown.
static SHOWN: AtomicUsize = AtomicUsize::new(0);

/// Shows progress lines, if the output is not piped and not JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new(json: bool) -> Self {
        Self { is_shown: !json && io::stdout().is_terminal() && io::stderr().is_terminal() }
    }

    /// Waits for `work`, and shows `text` while it waits.
    pub(crate) async fn while_waiting<T>(self, text: &str, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if !self.is_shown {
            return work.await;
        }
        if let Ok(done) = tokio::time::timeout(DELAY, work.as_mut()).await {
            return done;
        }
        show(text);
        let done = work.await;
        clear();
        done
    }
}

fn show(text: &str) {
    let _ = write!(io::stderr().lock(), "\r{text}");
    SHOWN.store(text.len(), Ordering::Relaxed);
}

/// Removes the progress line. Every function that prints calls this function first.
pub(crate) fn clear() {
    let columns = SHOWN.swap(0, Ordering::Relaxed);
    if columns > 0 {
        let _ = write!(io::stderr().lock(), "\r{:columns$}\r", "");
    }
}
