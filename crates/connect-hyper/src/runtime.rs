//! Tasks, timers and blocking work of a client: on tokio, or on another runtime.

use std::{
    error::Error as StdError,
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    thread,
    time::Duration,
};

use connect_core::Error;
use tokio::sync::oneshot;

/// A future that a [`Runtime`] runs.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An async runtime other than tokio. [`Builder::runtime`](crate::Builder::runtime) sets it.
///
/// ```
/// use std::time::Duration;
///
/// use connect_hyper::{BoxFuture, Runtime};
///
/// struct Smol;
///
/// impl Runtime for Smol {
///     fn spawn(&self, task: BoxFuture) {
///         smol::spawn(task).detach();
///     }
///
///     fn sleep(&self, time: Duration) -> BoxFuture {
///         Box::pin(async move { _ = smol::Timer::after(time).await })
///     }
/// }
/// ```
pub trait Runtime: Send + Sync + 'static {
    /// Runs a task to its end, even if nobody waits for the task.
    ///
    /// Refreshes and saves run as such tasks, so that a cancelled call loses no tokens. A runtime that ends
    /// can drop them: call [`Client::close`](crate::Client::close) first.
    fn spawn(&self, task: BoxFuture);

    /// Returns a future that is ready after `time`, which may be years.
    fn sleep(&self, time: Duration) -> BoxFuture;

    /// Runs blocking work of a token store or replay guard. Default: on a new thread.
    ///
    /// At most eight calls of a blocking token store run at the same time.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        thread::spawn(work);
    }
}

/// The runtime of a client.
#[derive(Clone)]
pub(crate) enum Executor {
    /// The tokio runtime in whose context the client is called.
    #[cfg(feature = "hyper")]
    Tokio,
    /// This tokio runtime.
    #[cfg(feature = "hyper")]
    Handle(tokio::runtime::Handle),
    Other(Arc<dyn Runtime>),
}

impl Executor {
    /// Returns the runtime of the caller, for tasks that are started outside of it.
    ///
    /// # Errors
    /// If the client runs on tokio and the caller is outside a tokio runtime.
    pub(crate) fn current(&self) -> Result<Self, Error> {
        #[cfg(feature = "hyper")]
        if let Self::Tokio = self {
            return tokio::runtime::Handle::try_current().map(Self::Handle).map_err(|error| {
                Error::configuration("the async client was called outside a tokio runtime (use the blocking client, `connect_blocking`, or set `Builder::runtime`)")
                    .with_source(error)
            });
        }
        Ok(self.clone())
    }

    /// Starts a task. Dropping the returned [`Task`] does not cancel it.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        let (sender, result) = oneshot::channel();
        let outcome = Outcome(Some(sender));
        let task: BoxFuture = Box::pin(async move { outcome.send(future.await) });
        match self {
            #[cfg(feature = "hyper")]
            Self::Tokio => drop(tokio::spawn(task)),
            #[cfg(feature = "hyper")]
            Self::Handle(runtime) => drop(runtime.spawn(task)),
            Self::Other(runtime) => runtime.spawn(task),
        }
        Task(result)
    }

    /// Starts a task that is cancelled when the returned value is dropped.
    pub(crate) fn spawn_cancelled_on_drop<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> CancelOnDrop<T> {
        let (owner, mut dropped) = oneshot::channel::<()>();
        let task = self.spawn(async move {
            let mut future = pin!(future);
            poll_fn(|cx| {
                if Pin::new(&mut dropped).poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                future.as_mut().poll(cx).map(Some)
            })
            .await
        });
        CancelOnDrop { task, _owner: owner }
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        match self {
            #[cfg(feature = "hyper")]
            Self::Tokio | Self::Handle(_) => tokio::time::sleep(time).await,
            Self::Other(runtime) => runtime.sleep(time).await,
        }
    }

    /// Lets the other tasks of the runtime run once.
    pub(crate) async fn yield_now(&self) {
        #[cfg(feature = "hyper")]
        if !matches!(self, Self::Other(_)) {
            // Also lets tokio look for readable sockets.
            return tokio::task::yield_now().await;
        }
        let mut is_second_poll = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut is_second_poll, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Returns the output of the future, or `None` if the future is not ready after `time`.
    pub(crate) async fn timeout<T>(&self, time: Duration, future: impl Future<Output = T>) -> Option<T> {
        let (mut future, mut sleep) = (pin!(future), pin!(self.sleep(time)));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => sleep.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    /// Runs blocking work on a thread, even if nobody waits for it.
    pub(crate) fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Task<T> {
        let (sender, result) = oneshot::channel();
        let outcome = Outcome(Some(sender));
        let work = Box::new(move || outcome.send(work()));
        match self {
            #[cfg(feature = "hyper")]
            Self::Tokio => drop(tokio::task::spawn_blocking(work)),
            #[cfg(feature = "hyper")]
            Self::Handle(runtime) => drop(runtime.spawn_blocking(work)),
            Self::Other(runtime) => runtime.spawn_blocking(work),
        }
        Task(result)
    }

    /// Polls a future once, in the context of the runtime.
    #[cfg(feature = "webhooks")]
    pub(crate) fn poll_once(&self, future: &mut BoxFuture) -> Poll<()> {
        #[cfg(feature = "hyper")]
        let _inside = if let Self::Handle(runtime) = self { Some(runtime.enter()) } else { None };
        future.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()))
    }
}

/// Sends the output of a task. If the task panics, the drop of this value reports the panic.
struct Outcome<T>(Option<oneshot::Sender<Result<T, TaskEnded>>>);

impl<T> Outcome<T> {
    fn send(mut self, output: T) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(Ok(output)); // the caller may have gone
        }
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let ended = if thread::panicking() { TaskEnded::Panicked } else { TaskEnded::Dropped };
            let _ = sender.send(Err(ended));
        }
    }
}

/// A running task. The output of this future is the output of the task.
pub(crate) struct Task<T>(oneshot::Receiver<Result<T, TaskEnded>>);

impl<T> Future for Task<T> {
    type Output = Result<T, TaskEnded>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|sent| sent.unwrap_or(Err(TaskEnded::Dropped)))
    }
}

/// A running task that is cancelled when this value is dropped.
pub(crate) struct CancelOnDrop<T> {
    task: Task<Option<T>>,
    _owner: oneshot::Sender<()>,
}

impl<T> Future for CancelOnDrop<T> {
    type Output = Result<T, TaskEnded>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(cx).map(|output| output?.ok_or(TaskEnded::Dropped))
    }
}

/// The error of a task that has no output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskEnded {
    Panicked,
    /// The runtime ended, or dropped the task.
    Dropped,
}

impl fmt::Display for TaskEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panicked => "the task panicked",
            Self::Dropped => "the runtime ended before the task",
        })
    }
}

impl StdError for TaskEnded {}
