//! Lists that come page by page.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
};

use connect_core::{Error, Paged, Pager};
use tokio::task::JoinHandle;

use crate::{User, client::runtime};

/// A list that is read as it is consumed: nothing is sent before the first item or page is asked for.
#[derive(Clone, Debug)]
#[must_use = "a list is read only as it is consumed"]
pub struct Pages<E> {
    user: User,
    pager: Pager<E>,
}

impl<E: Paged + Sync> Pages<E> {
    pub(crate) fn new(user: User, request: E) -> Self {
        Self { user, pager: Pager::new(request) }
    }

    /// The next page, or `None` after the last. After an error the same page can be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<E::Answer>, Error> {
        let Some(request) = self.pager.request() else { return Ok(None) };
        let page = self.user.send(&request).await?;
        self.pager.answered(&page)?;
        Ok(Some(page))
    }

    /// The first page alone.
    pub async fn first(mut self) -> Result<Option<E::Answer>, Error> {
        self.next_page().await
    }

    /// The items one by one, over all pages. While a page is consumed the one after it is fetched. An error is
    /// the last item.
    pub fn items(self) -> Items<E> {
        Items { pages: self.pages(), page: Vec::new().into_iter() }
    }

    /// The pages one by one, read one ahead. An error is the last item.
    pub fn pages(self) -> PageStream<E> {
        PageStream { state: State::Idle(Box::new(self)), ahead: true }
    }

    /// The token of the page that comes next, to go on from there another time.
    pub fn token(&self) -> Option<&str> {
        self.pager.token()
    }
}

/// The pages of a list: see [`Pages::pages`].
pub struct PageStream<E: Paged> {
    state: State<E>,
    ahead: bool,
}

impl<E: Paged> fmt::Debug for PageStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream").field("read_ahead", &self.ahead).finish_non_exhaustive()
    }
}

enum State<E: Paged> {
    Idle(Box<Pages<E>>),
    Fetching(Fetch<E>),
    End,
}

type Fetched<E> = (Box<Pages<E>>, Result<Option<<E as connect_core::Endpoint>::Answer>, Error>);

/// The fetch of a page, given up when nobody wants it any more (a refresh it may be waiting for goes on).
struct Fetch<E: Paged>(JoinHandle<Fetched<E>>);

impl<E: Paged> Drop for Fetch<E> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<E> PageStream<E>
where
    E: Paged + Send + Sync + Unpin + 'static,
    E::Answer: Send + 'static,
{
    /// Fetches a page only when it is asked for.
    #[must_use]
    pub fn without_read_ahead(mut self) -> Self {
        self.ahead = false;
        self
    }

    /// The next page.
    pub async fn next(&mut self) -> Option<Result<E::Answer, Error>> {
        poll_fn(|cx| self.poll_page(cx)).await
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<E::Answer, Error>>> {
        if let Err(error) = self.fetch() {
            self.state = State::End;
            return Poll::Ready(Some(Err(error)));
        }
        let State::Fetching(fetch) = &mut self.state else { return Poll::Ready(None) };
        let outcome = ready!(Pin::new(&mut fetch.0).poll(cx));
        self.state = State::End;
        Poll::Ready(match outcome {
            Ok((pages, Ok(Some(page)))) => {
                self.state = State::Idle(pages);
                if self.ahead {
                    let _ = self.fetch(); // tried again, and told, when the page is asked for
                }
                Some(Ok(page))
            }
            Ok((_, Ok(None))) => None,
            Ok((_, Err(error))) => Some(Err(error)),
            Err(error) => {
                Some(Err(Error::configuration("the runtime ended while a page was read").with_source(error)))
            }
        })
    }

    /// Starts to fetch the next page, unless that is under way or there is none.
    fn fetch(&mut self) -> Result<(), Error> {
        let State::Idle(pages) = &self.state else { return Ok(()) };
        if pages.pager.request().is_none() {
            self.state = State::End;
            return Ok(());
        }
        let runtime = runtime()?;
        if let State::Idle(mut pages) = std::mem::replace(&mut self.state, State::End) {
            self.state = State::Fetching(Fetch(runtime.spawn(async move {
                let page = pages.next_page().await;
                (pages, page)
            })));
        }
        Ok(())
    }
}

/// The items of a list, over all pages: see [`Pages::items`].
pub struct Items<E: Paged> {
    pages: PageStream<E>,
    page: std::vec::IntoIter<E::Item>,
}

impl<E: Paged> fmt::Debug for Items<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).finish_non_exhaustive()
    }
}

impl<E> Items<E>
where
    E: Paged + Send + Sync + Unpin + 'static,
    E::Answer: Send + 'static,
{
    /// Fetches a page only when the one before it is used up.
    #[must_use]
    pub fn without_read_ahead(mut self) -> Self {
        self.pages.ahead = false;
        self
    }

    /// The next item.
    pub async fn next(&mut self) -> Option<Result<E::Item, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<E::Item, Error>>> {
        loop {
            if let Some(item) = self.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.poll_page(cx)) {
                Some(Ok(page)) => self.page = E::into_items(page).into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

#[cfg(feature = "stream")]
mod stream {
    use futures_core::Stream;

    use super::*;

    impl<E> Stream for PageStream<E>
    where
        E: Paged + Send + Sync + Unpin + 'static,
        E::Answer: Send + 'static,
    {
        type Item = Result<E::Answer, Error>;

        fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.get_mut().poll_page(cx)
        }
    }

    impl<E> Stream for Items<E>
    where
        E: Paged + Send + Sync + Unpin + 'static,
        E::Answer: Send + 'static,
        E::Item: Unpin,
    {
        type Item = Result<E::Item, Error>;

        fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.get_mut().poll_item(cx)
        }
    }
}
