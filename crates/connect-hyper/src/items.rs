//! The items of a list, over all its pages.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    task::{Context, Poll},
};

use connect_core::{Error, EventWindows, Paged, types::ListEvents};

use crate::{PageStream, Pages};

impl Pages<ListEvents> {
    /// Returns the events of all pages, and lists `count` windows of the date range at the same time.
    ///
    /// The events and their order are the same as in [`Self::items`]. Up to eight pages of each window are
    /// kept in memory until they are returned. There are at most 16 windows.
    ///
    /// A list that continues from a page token, lists masters, or has no start or no end has one window.
    ///
    /// ```no_run
    /// # async fn example(user: connect_hyper::User) -> Result<(), connect_hyper::Error> {
    /// use connect_hyper::types::ListEvents;
    ///
    /// let year = ListEvents::between("2027-01-01", "2028-01-01");
    /// let mut events = user.events().list(year).items_in_windows(4);
    /// while let Some(event) = events.next().await {
    ///     println!("{}", event?.title);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn items_in_windows(self, count: u8) -> Items<ListEvents> {
        let Some(request) = self.pager.request() else { return self.items() };
        let mut windows = EventWindows::new(&request, count);
        if windows.requests().len() == 1 {
            return self.items();
        }
        let pages = |request: &ListEvents| Self::new(self.user.clone(), request.clone()).pages();
        let pages: Vec<_> = windows.requests().iter().map(pages).collect();
        Items::new(pages, Some(Box::new(move |window, events| windows.remove_repeated(window, events))))
    }
}

/// The items of a list, over all pages: see [`Pages::items`].
///
/// ```no_run
/// # async fn example(user: connect_hyper::User) -> Result<(), connect_hyper::Error> {
/// use connect_hyper::types::ListEvents;
///
/// let mut events = user.events().list(ListEvents::between("2027-01-01", "2028-01-01")).items();
/// while let Some(event) = events.next().await {
///     println!("{}", event?.title);
/// }
/// # Ok(()) }
/// ```
pub struct Items<E: Paged> {
    /// The first window is returned; the windows behind it are fetched at the same time.
    windows: VecDeque<Window<E>>,
    /// The index of the first window.
    index: usize,
    filter: Option<ItemFilter<E>>,
    page: std::vec::IntoIter<E::Item>,
}

/// Removes items of a page that an earlier window has returned.
type ItemFilter<E> = Box<dyn FnMut(usize, &mut Vec<<E as Paged>::Item>) + Send + Sync>;

/// The pages of a list that were fetched but not returned.
struct Window<E: Paged> {
    pages: PageStream<E>,
    fetched: VecDeque<Result<E::Output, Error>>,
    is_complete: bool,
}

/// The largest number of pages of a window that are fetched before the window is returned.
const PAGES_IN_MEMORY: usize = 8;

impl<E> Window<E>
where
    E: Paged + Send + Sync + Unpin + 'static,
    E::Output: Send + 'static,
{
    /// Fetches pages until `count` pages are in memory.
    fn fetch(&mut self, count: usize, cx: &mut Context<'_>) {
        while !self.is_complete && self.fetched.len() < count {
            match self.pages.poll_page(cx) {
                Poll::Ready(Some(page)) => self.fetched.push_back(page),
                Poll::Ready(None) => self.is_complete = true,
                Poll::Pending => return,
            }
        }
    }
}

impl<E: Paged> Items<E> {
    pub(crate) fn new(
        windows: impl IntoIterator<Item = PageStream<E>>,
        filter: Option<ItemFilter<E>>,
    ) -> Self {
        let window = |pages| Window { pages, fetched: VecDeque::new(), is_complete: false };
        Self {
            windows: windows.into_iter().map(window).collect(),
            index: 0,
            filter,
            page: Vec::new().into_iter(),
        }
    }
}

impl<E: Paged> Unpin for Items<E> {}

impl<E: Paged> fmt::Debug for Items<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages: Vec<_> = self.windows.iter().map(|window| &window.pages).collect();
        f.debug_struct("Items").field("windows", &pages).finish_non_exhaustive()
    }
}

impl<E> Items<E>
where
    E: Paged + Send + Sync + Unpin + 'static,
    E::Output: Send + 'static,
{
    /// Turns off reading ahead: a page is fetched only after all items of the previous page were returned.
    #[must_use]
    pub fn without_read_ahead(mut self) -> Self {
        for window in &mut self.windows {
            window.pages.read_ahead = false;
        }
        self
    }

    /// Returns the next item.
    pub async fn next(&mut self) -> Option<Result<E::Item, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<E::Item, Error>>> {
        loop {
            if let Some(item) = self.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            let read_ahead = self.windows.front().is_some_and(|first| first.pages.read_ahead);
            let (windows, pages) =
                if read_ahead && self.filter.is_some() { (usize::MAX, PAGES_IN_MEMORY) } else { (1, 1) };
            for window in self.windows.iter_mut().take(windows) {
                window.fetch(pages, cx);
            }
            let Some(first) = self.windows.front_mut() else { return Poll::Ready(None) };
            match first.fetched.pop_front() {
                Some(Ok(page)) => {
                    let mut items = E::into_items(page);
                    if let Some(filter) = &mut self.filter {
                        filter(self.index, &mut items);
                    }
                    self.page = items.into_iter();
                }
                Some(Err(error)) => {
                    self.windows.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                None if first.is_complete => {
                    self.windows.pop_front();
                    self.index += 1;
                }
                None => return Poll::Pending,
            }
        }
    }
}

#[cfg(feature = "stream")]
impl<E> futures_core::Stream for Items<E>
where
    E: Paged + Send + Sync + Unpin + 'static,
    E::Output: Send + 'static,
{
    type Item = Result<E::Item, Error>;

    fn poll_next(self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(cx)
    }
}
