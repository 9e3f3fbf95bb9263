//! From page to page.

use std::collections::BTreeSet;

use connect_types::{Calendar, Event, EventPage, ListCalendars, ListEvents};

use crate::{
    base::{Error, ErrorKind},
    endpoint::Endpoint,
};

/// An endpoint whose answer is one page of many.
pub trait Paged: Endpoint + Clone {
    /// What the pages hold.
    type Item;

    /// The same request for the page of this token.
    #[must_use]
    fn at(&self, token: &str) -> Self;

    /// The token of the page after this one; absent or empty on the last.
    fn next_token(page: &Self::Answer) -> Option<&str>;

    /// The items of a page.
    fn into_items(page: Self::Answer) -> Vec<Self::Item>;
}

impl Paged for ListEvents {
    type Item = Event;

    fn at(&self, token: &str) -> Self {
        self.with_page_token(token)
    }

    fn next_token(page: &EventPage) -> Option<&str> {
        page.next_page_token.as_deref()
    }

    fn into_items(page: EventPage) -> Vec<Event> {
        page.events
    }
}

/// All calendars come on one page.
impl Paged for ListCalendars {
    type Item = Calendar;

    fn at(&self, _token: &str) -> Self {
        self.clone()
    }

    fn next_token(_: &Vec<Calendar>) -> Option<&str> {
        None
    }

    fn into_items(calendars: Vec<Calendar>) -> Vec<Calendar> {
        calendars
    }
}

/// Says which page comes next: an empty page goes on, an absent or empty token ends, and a token that was
/// there before is an error, since paging would never end.
///
/// ```
/// # use connect_core::{Pager, types::{EventPage, ListEvents}};
/// # let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH);
/// let mut pager = Pager::new(ListEvents::between(start, end));
/// while let Some(request) = pager.request() {
///     let page = EventPage::default(); // the answer to `request`
///     pager.answered(&page)?;
/// }
/// # Ok::<(), connect_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pager<E> {
    endpoint: E,
    next: NextPage,
    seen: BTreeSet<[u8; 32]>,
}

#[derive(Clone, Debug)]
enum NextPage {
    First,
    Token(Box<str>),
    End,
}

impl<E: Paged> Pager<E> {
    /// From the first page on.
    pub fn new(endpoint: E) -> Self {
        Self { endpoint, next: NextPage::First, seen: BTreeSet::new() }
    }

    /// The request for the next page; the same one until [`answered`](Self::answered) is told of its answer.
    pub fn request(&self) -> Option<E> {
        match &self.next {
            NextPage::First => Some(self.endpoint.clone()),
            NextPage::Token(token) => Some(self.endpoint.at(token)),
            NextPage::End => None,
        }
    }

    /// Goes on to the page after this one.
    pub fn answered(&mut self, page: &E::Answer) -> Result<(), Error> {
        let Some(token) = E::next_token(page).filter(|token| !token.is_empty()) else {
            self.next = NextPage::End;
            return Ok(());
        };
        if !self.seen.insert(hmac_sha256::Hash::hash(token.as_bytes())) {
            self.next = NextPage::End;
            return Err(
                Error::new(ErrorKind::PageLoop).with_message("the server gave the same page token twice")
            );
        }
        self.next = NextPage::Token(token.into());
        Ok(())
    }

    /// The token of the page that comes next, to go on from there another time.
    pub fn token(&self) -> Option<&str> {
        match &self.next {
            NextPage::Token(token) => Some(token),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(token: Option<&str>) -> EventPage {
        let mut page = EventPage::default();
        page.next_page_token = token.map(Into::into);
        page
    }

    fn pager() -> Pager<ListEvents> {
        Pager::new(ListEvents::between(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn the_items_of_a_page_are_its_events() {
        let page: EventPage = connect_types::decode(br#"{"events":[{"id":"e1"},{"id":"e2"}]}"#).unwrap();
        let ids: Vec<_> = ListEvents::into_items(page).into_iter().map(|event| event.id).collect();
        assert_eq!(ids, ["e1", "e2"]);
    }

    #[test]
    fn an_empty_page_with_a_token_goes_on() {
        let mut pager = pager();
        pager.answered(&page(Some("a"))).unwrap();
        assert_eq!(pager.token(), Some("a"));
        assert!(pager.request().is_some());
        pager.answered(&page(None)).unwrap();
        assert!(pager.request().is_none());
    }

    #[test]
    fn an_empty_token_ends() {
        let mut pager = pager();
        pager.answered(&page(Some(""))).unwrap();
        assert!(pager.request().is_none());
    }

    #[test]
    fn a_token_that_comes_back_later_is_an_error() {
        let mut pager = pager();
        pager.answered(&page(Some("a"))).unwrap();
        pager.answered(&page(Some("b"))).unwrap();
        let error = pager.answered(&page(Some("a"))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::PageLoop));
        assert!(pager.request().is_none(), "it must not go round again");
    }
}
