//! Lists that the service returns page by page.

use std::{
    collections::VecDeque,
    fmt,
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use connect_core::{Error, EventWindows, Paged, Pager, types::ListEvents};

use crate::User;

/// A list that the client fetches page by page during iteration.
///
/// ```no_run
/// # fn example(user: connect_blocking::User) -> Result<(), connect_blocking::Error> {
/// use connect_blocking::types::ListEvents;
///
/// let mut pages = user.events().list(ListEvents::new().start("2027-01-01"));
/// if let Some(first) = pages.next_page()? {
///     println!("{} events, the next page is {:?}", first.events.len(), pages.token());
/// }
/// # Ok(()) }
/// ```
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
    pub fn next_page(&mut self) -> Result<Option<E::Output>, Error> {
        let Some(request) = self.pager.request() else { return Ok(None) };
        let page = self.user.send(&request)?;
        self.pager.advance(&page)?;
        Ok(Some(page))
    }

    /// Returns the first page.
    pub fn first(mut self) -> Result<Option<E::Output>, Error> {
        self.next_page()
    }

    /// Returns the items of all pages. The iterator ends after an error.
    pub fn items(self) -> Items<E> {
        Items::new(VecDeque::from([self.pages()]), None)
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
///
/// ```no_run
/// # fn example(user: connect_blocking::User) -> Result<(), connect_blocking::Error> {
/// use connect_blocking::types::ListEvents;
///
/// let pages = user.events().list(ListEvents::between("2027-01-01", "2028-01-01")).pages();
/// for page in pages {
///     println!("{} events", page?.events.len());
/// }
/// # Ok(()) }
/// ```
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

type FetchedPage<E> = Result<<E as connect_core::Endpoint>::Output, Error>;

impl<E> PageIterator<E>
where
    E: Paged + Send + Sync + 'static,
    E::Output: Send + 'static,
{
    /// Turns on reading ahead: another thread fetches the next page while the caller uses the current page.
    ///
    /// The thread ends after the last page, or after its current request if the iterator is dropped.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn read_ahead(self) -> Result<Self, Error> {
        self.in_thread(0)
    }

    /// Fetches the pages in another thread, until `waiting` pages and the current page of the thread wait.
    fn in_thread(mut self, waiting: usize) -> Result<Self, Error> {
        if let Source::Caller(mut pages) = std::mem::replace(&mut self.source, Source::End) {
            let (sender, receiver) = sync_channel(waiting);
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

impl Pages<ListEvents> {
    /// Returns the events of all pages, and lists `count` windows of the date range at the same time.
    ///
    /// Each window is listed in its own thread. The events and their order are the same as in
    /// [`Self::items`]. Up to eight pages of each window are kept in memory until they are returned. There
    /// are at most 16 windows. The threads end after the last page, or after their current request if the
    /// iterator is dropped.
    ///
    /// A list that continues from a page token, lists masters, or has no start or no end has one window.
    ///
    /// # Errors
    /// If a thread cannot be started.
    ///
    /// ```no_run
    /// # fn example(user: connect_blocking::User) -> Result<(), connect_blocking::Error> {
    /// use connect_blocking::types::ListEvents;
    ///
    /// let year = ListEvents::between("2027-01-01", "2028-01-01");
    /// for event in user.events().list(year).items_in_windows(4)? {
    ///     println!("{}", event?.title);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn items_in_windows(self, count: u8) -> Result<Items<ListEvents>, Error> {
        let Some(request) = self.pager.request() else { return Ok(self.items()) };
        let mut windows = EventWindows::new(&request, count);
        if windows.requests().len() == 1 {
            return Ok(self.items());
        }
        let pages = |request: &ListEvents| {
            // One more page waits in the thread.
            Self::new(self.user.clone(), request.clone()).pages().in_thread(PAGES_IN_MEMORY - 1)
        };
        let pages = windows.requests().iter().map(pages).collect::<Result<_, _>>()?;
        Ok(Items::new(pages, Some(Box::new(move |window, events| windows.remove_repeated(window, events)))))
    }
}

/// The largest number of pages of a window that are fetched before the window is returned.
const PAGES_IN_MEMORY: usize = 8;

/// The items of a list, over all pages: see [`Pages::items`].
///
/// ```no_run
/// # fn example(user: connect_blocking::User) -> Result<(), connect_blocking::Error> {
/// use connect_blocking::types::ListEvents;
///
/// let events = user.events().list(ListEvents::between("2027-01-01", "2028-01-01")).items();
/// for event in events {
///     println!("{}", event?.title);
/// }
/// # Ok(()) }
/// ```
pub struct Items<E: Paged> {
    /// The pages of each window that was not returned completely.
    windows: VecDeque<PageIterator<E>>,
    /// The index of the first window.
    index: usize,
    filter: Option<ItemFilter<E>>,
    page: std::vec::IntoIter<E::Item>,
}

/// Removes items of a page that an earlier window has returned.
type ItemFilter<E> = Box<dyn FnMut(usize, &mut Vec<<E as Paged>::Item>) + Send + Sync>;

impl<E: Paged> Items<E> {
    fn new(windows: VecDeque<PageIterator<E>>, filter: Option<ItemFilter<E>>) -> Self {
        Self { windows, index: 0, filter, page: Vec::new().into_iter() }
    }
}

impl<E> Items<E>
where
    E: Paged + Send + Sync + 'static,
    E::Output: Send + 'static,
{
    /// Turns on reading ahead: see [`PageIterator::read_ahead`].
    pub fn read_ahead(mut self) -> Result<Self, Error> {
        self.windows = self.windows.into_iter().map(PageIterator::read_ahead).collect::<Result<_, _>>()?;
        Ok(self)
    }
}

impl<E: Paged + Sync> Iterator for Items<E> {
    type Item = Result<E::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            match self.windows.front_mut()?.next() {
                Some(Ok(page)) => {
                    let mut items = E::into_items(page);
                    if let Some(filter) = &mut self.filter {
                        filter(self.index, &mut items);
                    }
                    self.page = items.into_iter();
                }
                Some(Err(error)) => {
                    self.windows.clear();
                    return Some(Err(error));
                }
                None => {
                    self.windows.pop_front();
                    self.index += 1;
                }
            }
        }
    }
}

impl<E: Paged> fmt::Debug for Items<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("windows", &self.windows).finish_non_exhaustive()
    }
}
