//! Lists that the service returns page by page.

use std::{
    fmt,
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use connect_core::{Error, Paged, Pager};

use crate::User;

/// A list that the client fetches page by page during iteration.
#[derive(Clone, Debug)]
#[must_use = "pages are fetched only when they are consumed"]
pub struct Pages<E> {
    user: User,
    pager: Pager<E>,
}

impl<E: Paged + Sync> Pages<E> {
    pub(crate) fn new(user: User, request: E) -> Self {
        Self { user, pager: Pager::new(request) }
    }

    /// Returns the next page, or `None` after the last page.
    ///
    /// After an error, call `next_page` again to retry the page.
    pub fn next_page(&mut self) -> Result<Option<E::Answer>, Error> {
        let Some(request) = self.pager.request() else { return Ok(None) };
        let page = self.user.send(&request)?;
        self.pager.answered(&page)?;
        Ok(Some(page))
    }

    /// Returns the first page.
    pub fn first(mut self) -> Result<Option<E::Answer>, Error> {
        self.next_page()
    }

    /// Returns the items of all pages. The iterator ends after an error.
    pub fn items(self) -> Items<E> {
        Items { pages: self.pages(), page: Vec::new().into_iter() }
    }

    /// Returns the pages. The iterator ends after an error.
    pub fn pages(self) -> PageIterator<E> {
        PageIterator { source: Source::Caller(Box::new(self)) }
    }

    /// Save the token to continue the list later.
    pub fn token(&self) -> Option<&str> {
        self.pager.token()
    }
}

/// The pages of a list: see [`Pages::pages`].
pub struct PageIterator<E: Paged> {
    source: Source<E>,
}

enum Source<E: Paged> {
    /// The calling thread fetches the pages.
    Caller(Box<Pages<E>>),
    /// Another thread fetches the pages. It waits while a page waits here.
    ///
    /// The thread sends `None` after the last page. Without it, the end of a thread that panicked would look
    /// like the end of the list.
    Thread(Receiver<Option<FetchedPage<E>>>),
    End,
}

type FetchedPage<E> = Result<<E as connect_core::Endpoint>::Answer, Error>;

impl<E> PageIterator<E>
where
    E: Paged + Send + Sync + 'static,
    E::Answer: Send + 'static,
{
    /// Turns on reading ahead: another thread fetches the next page while the caller uses the current page.
    ///
    /// The thread ends after the last page, or after its current request if the iterator is dropped.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn read_ahead(mut self) -> Result<Self, Error> {
        if let Source::Caller(mut pages) = std::mem::replace(&mut self.source, Source::End) {
            let (sender, receiver) = sync_channel(0);
            let fetch = move || {
                loop {
                    let page = pages.next_page().transpose();
                    let is_last = !matches!(page, Some(Ok(_)));
                    if sender.send(page).is_err() || is_last {
                        break;
                    }
                }
            };
            thread::Builder::new().name("connect-read-ahead".to_owned()).spawn(fetch).map_err(|error| {
                Error::configuration("the thread that reads ahead could not be started").with_source(error)
            })?;
            self.source = Source::Thread(receiver);
        }
        Ok(self)
    }
}

impl<E: Paged + Sync> Iterator for PageIterator<E> {
    type Item = FetchedPage<E>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = match &mut self.source {
            Source::Caller(pages) => pages.next_page().transpose(),
            Source::Thread(pages) => pages.recv().unwrap_or_else(|_| {
                Some(Err(Error::configuration(
                    "the transport or the token store panicked while a page was fetched",
                )))
            }),
            Source::End => None,
        };
        if !matches!(page, Some(Ok(_))) {
            self.source = Source::End;
        }
        page
    }
}

impl<E: Paged> fmt::Debug for PageIterator<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageIterator").finish_non_exhaustive()
    }
}

/// The items of a list, over all pages: see [`Pages::items`].
pub struct Items<E: Paged> {
    pages: PageIterator<E>,
    page: std::vec::IntoIter<E::Item>,
}

impl<E> Items<E>
where
    E: Paged + Send + Sync + 'static,
    E::Answer: Send + 'static,
{
    /// Turns on reading ahead: see [`PageIterator::read_ahead`].
    pub fn read_ahead(self) -> Result<Self, Error> {
        Ok(Self { pages: self.pages.read_ahead()?, ..self })
    }
}

impl<E: Paged + Sync> Iterator for Items<E> {
    type Item = Result<E::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            match self.pages.next()? {
                Ok(page) => self.page = E::into_items(page).into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<E: Paged> fmt::Debug for Items<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).finish_non_exhaustive()
    }
}
