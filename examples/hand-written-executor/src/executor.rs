//! An executor for one thread: polls the woken futures, and sleeps until the next timer is due.

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// The timers of one thread, and the futures that wait for them.
pub struct Executor {
    started: Instant,
    timers: RefCell<Vec<(Instant, Waker)>>,
}

/// Whether a future must be polled. The waker sets it, from any thread.
struct Woken(AtomicBool, Thread);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
        self.1.unpark();
    }
}

impl Default for Executor {
    fn default() -> Self {
        Self { started: Instant::now(), timers: RefCell::default() }
    }
}

impl Executor {
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Runs the futures at the same time, and returns their results in the order of the futures.
    pub fn run<F: Future>(&self, futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
        let mut tasks: Vec<Task<F>> = futures.into_iter().map(Task::new).collect();
        loop {
            tasks.iter_mut().for_each(Task::poll_if_woken);
            if tasks.iter().all(|task| task.result.is_some()) {
                return tasks.into_iter().filter_map(|task| task.result).collect();
            }
            self.wait();
        }
    }

    /// Waits for a duration. Only [`Self::run`] of this executor ends the wait.
    pub async fn sleep(&self, time: Duration) {
        let due = Instant::now() + time;
        poll_fn(|context| {
            if Instant::now() >= due {
                return Poll::Ready(());
            }
            self.timers.borrow_mut().push((due, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Wakes the futures whose timers are due, or sleeps until the next timer. A waker ends the sleep.
    fn wait(&self) {
        match self.timers.borrow().iter().map(|(due, _)| *due).min() {
            Some(next) => thread::park_timeout(next.saturating_duration_since(Instant::now())),
            None => thread::park(),
        }
        let now = Instant::now();
        self.timers.borrow_mut().retain(|(due, waker)| {
            let waits = *due > now;
            if !waits {
                waker.wake_by_ref();
            }
            waits
        });
    }
}

struct Task<F: Future> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
    result: Option<F::Output>,
}

impl<F: Future> Task<F> {
    fn new(future: F) -> Self {
        let woken = Arc::new(Woken(AtomicBool::new(true), thread::current()));
        Self { future: Box::pin(future), woken, result: None }
    }

    fn poll_if_woken(&mut self) {
        if self.result.is_none() && self.woken.0.swap(false, Ordering::Acquire) {
            let waker = Waker::from(self.woken.clone());
            if let Poll::Ready(result) = self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.result = Some(result);
            }
        }
    }
}
