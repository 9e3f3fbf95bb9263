//! Lists that the service returns page by page.

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
        Items { pages: self, page: Vec::new().into_iter(), failed: false }
    }

    /// Returns the pages. The iterator ends after an error.
    pub fn pages(mut self) -> impl Iterator<Item = Result<E::Answer, Error>> {
        let mut failed = false;
        std::iter::from_fn(move || {
            let page = if failed { None } else { self.next_page().transpose() };
            failed = matches!(page, Some(Err(_)));
            page
        })
    }

    /// Returns the page token of the next page. `None` before the first page and after the last page.
    ///
    /// Save the token to continue the list later.
    pub fn token(&self) -> Option<&str> {
        self.pager.token()
    }
}

/// The items of a list, over all pages: see [`Pages::items`].
#[derive(Debug)]
pub struct Items<E: Paged> {
    pages: Pages<E>,
    page: std::vec::IntoIter<E::Item>,
    failed: bool,
}

impl<E: Paged + Sync> Iterator for Items<E> {
    type Item = Result<E::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            if self.failed {
                return None;
            }
            match self.pages.next_page() {
                Ok(Some(page)) => self.page = E::into_items(page).into_iter(),
                Ok(None) => return None,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
