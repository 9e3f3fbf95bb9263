//! Lists that the service returns page by page.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use crate::{
    Items, User,
    runtime::{CancelOnDrop, TaskEnded},
};
use connect_core::{Error, Paged, Pager, Reply, Response};

/// A list that the client fetches page by page during iteration.
///
/// ```no_run
/// # async fn example(user: connect_hyper::User) -> Result<(), connect_hyper::Error> {
/// use connect_hyper::types::ListEvents;
///
/// let mut pages = user.events().list(ListEvents::new().start("2027-01-01"));
/// if let Some(first) = pages.next_page().await? {
///     println!("{} events, the next page is {:?}", first.events.len(), pages.token());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "pages are fetched only when they are consumed"]
pub struct Pages<E> {
    pub(crate) user: User,
    pub(crate) pager: Pager<E>,
}

impl<E: Paged + Sync> Pages<E> {
    pub(crate) fn new(user: User, request: E) -> Self {
        Self { user, pager: Pager::new(request) }
    }

    /// Returns the next page, or `None` after the last page.
    ///
    /// After an error, call `next_page` again to retry the page.
    pub async fn next_page(&mut self) -> Result<Option<E::Output>, Error> {
        let Some(request) = self.pager.request() else { return Ok(None) };
        let response = self.user.respond(&request).await?;
        self.read_page(&request, response).map(Some)
    }

    fn read_page(&mut self, request: &E, response: Response) -> Result<E::Output, Error> {
        let page = Reply::read(request, response)?.value;
        self.pager.advance(&page)?;
        Ok(page)
    }

    /// Returns the first page.
    pub async fn first(mut self) -> Result<Option<E::Output>, Error> {
        self.next_page().await
    }

    /// Returns the items of all pages, and fetches one page ahead. The stream ends after an error.
    pub fn items(self) -> Items<E> {
        Items::new([self.pages()], None)
    }

    /// Returns the pages, and fetches one page ahead. The stream ends after an error.
    pub fn pages(self) -> PageStream<E> {
        PageStream { state: PageState::Idle(Box::new(self), None), read_ahead: true }
    }

    /// Returns the page token of the next page. `None` before the first page and after the last page.
    ///
    /// Save the token to continue the list later.
    pub fn token(&self) -> Option<&str> {
        self.pager.token()
    }
}

/// The pages of a list: see [`Pages::pages`].
///
/// ```no_run
/// # async fn example(user: connect_hyper::User) -> Result<(), connect_hyper::Error> {
/// use connect_hyper::types::ListEvents;
///
/// let mut pages = user.events().list(ListEvents::between("2027-01-01", "2028-01-01")).pages();
/// while let Some(page) = pages.next().await {
///     println!("{} events", page?.events.len());
/// }
/// # Ok(()) }
/// ```
pub struct PageStream<E: Paged> {
    state: PageState<E>,
    pub(crate) read_ahead: bool,
}

impl<E: Paged> fmt::Debug for PageStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream").field("read_ahead", &self.read_ahead).finish_non_exhaustive()
    }
}

enum PageState<E: Paged> {
    Idle(Box<Pages<E>>, Option<EarlyRequest>),
    Fetching(PageFetch<E>),
    End,
}

/// A running fetch of a page. Dropping this value cancels the fetch, but not a refresh that the fetch waits
/// for.
struct PageFetch<E: Paged> {
    task: CancelOnDrop<FetchedPage<E>>,
    /// Whether the caller is waiting for the page. The request for the page behind it may then be sent before
    /// the page is decoded, because the caller has the page before that.
    wanted: Arc<AtomicBool>,
}

struct FetchedPage<E: Paged> {
    pages: Box<Pages<E>>,
    page: Result<Option<E::Output>, Error>,
    next: Option<EarlyRequest>,
}

/// A request for the page with a token that was read from a page that was not decoded yet.
struct EarlyRequest {
    token: String,
    response: CancelOnDrop<Result<Response, Error>>,
}

impl<E> Pages<E>
where
    E: Paged + Send + Sync + Unpin + 'static,
    E::Output: Send + 'static,
{
    async fn fetch(
        mut self: Box<Self>,
        early: Option<EarlyRequest>,
        wanted: Arc<AtomicBool>,
    ) -> FetchedPage<E> {
        let (page, next) = match self.fetch_page(early, &wanted).await {
            Ok(Some((page, next))) => (Ok(Some(page)), next),
            Ok(None) => (Ok(None), None),
            Err(error) => (Err(error), None),
        };
        FetchedPage { pages: self, page, next }
    }

    async fn fetch_page(
        &mut self,
        early: Option<EarlyRequest>,
        wanted: &AtomicBool,
    ) -> Result<Option<(E::Output, Option<EarlyRequest>)>, Error> {
        let Some(request) = self.pager.request() else { return Ok(None) };
        let response = match early {
            Some(mut early) if self.pager.token() == Some(&*early.token) => {
                (&mut early.response).await.unwrap_or_else(|ended| Err(interrupted(ended)))?
            }
            _ => self.user.respond(&request).await?,
        };
        let peeked = self.pager.peek(response.body()).filter(|_| wanted.load(Relaxed));
        let next = peeked.map(|(token, request)| {
            let user = self.user.clone();
            let runtime = &self.user.client().0.runtime;
            let response = runtime.spawn_cancelled_on_drop(async move { user.respond(&request).await });
            EarlyRequest { token, response }
        });
        if next.is_some() {
            // On a runtime with one thread, the tasks that send the request run before the page is decoded.
            for _ in 0..SENDING_POLLS {
                self.user.client().0.runtime.yield_now().await;
            }
        }
        Ok(Some((self.read_page(&request, response)?, next)))
    }
}

/// How often the tasks of a request and of its connection run before the request is written.
const SENDING_POLLS: u32 = 3;

fn interrupted(ended: TaskEnded) -> Error {
    Error::configuration("a page could not be fetched").with_source(ended)
}

impl<E> PageStream<E>
where
    E: Paged + Send + Sync + Unpin + 'static,
    E::Output: Send + 'static,
{
    /// Turns off reading ahead: a page is fetched only when it is requested.
    #[must_use]
    pub fn without_read_ahead(mut self) -> Self {
        self.read_ahead = false;
        self
    }

    /// Returns the next page.
    pub async fn next(&mut self) -> Option<Result<E::Output, Error>> {
        poll_fn(|cx| self.poll_page(cx)).await
    }

    pub(crate) fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<E::Output, Error>>> {
        if let Err(error) = self.fetch() {
            self.state = PageState::End;
            return Poll::Ready(Some(Err(error)));
        }
        let PageState::Fetching(fetch) = &mut self.state else { return Poll::Ready(None) };
        fetch.wanted.store(self.read_ahead, Relaxed);
        let outcome = ready!(Pin::new(&mut fetch.task).poll(cx));
        self.state = PageState::End;
        Poll::Ready(match outcome {
            Ok(FetchedPage { pages, page: Ok(Some(page)), next }) => {
                self.state = PageState::Idle(pages, next);
                if self.read_ahead {
                    let _ = self.fetch(); // an error is returned when the next page is requested
                }
                Some(Ok(page))
            }
            Ok(FetchedPage { page: Ok(None), .. }) => None,
            Ok(FetchedPage { page: Err(error), .. }) => Some(Err(error)),
            Err(ended) => Some(Err(interrupted(ended))),
        })
    }

    /// Starts to fetch the next page, unless a fetch is running or the last page has been fetched.
    fn fetch(&mut self) -> Result<(), Error> {
        let PageState::Idle(pages, _) = &self.state else { return Ok(()) };
        if pages.pager.request().is_none() {
            self.state = PageState::End;
            return Ok(());
        }
        let runtime = pages.user.client().0.runtime.current()?;
        if let PageState::Idle(pages, early) = std::mem::replace(&mut self.state, PageState::End) {
            let wanted = Arc::new(AtomicBool::new(false));
            let task = runtime.spawn_cancelled_on_drop(pages.fetch(early, wanted.clone()));
            self.state = PageState::Fetching(PageFetch { task, wanted });
        }
        Ok(())
    }
}

#[cfg(feature = "stream")]
impl<E> futures_core::Stream for PageStream<E>
where
    E: Paged + Send + Sync + Unpin + 'static,
    E::Output: Send + 'static,
{
    type Item = Result<E::Output, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_page(cx)
    }
}
