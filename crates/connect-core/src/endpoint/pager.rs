//! Paging: the sequence of requests for all pages of a list.

use std::collections::BTreeSet;

use connect_types::{Calendar, Event, EventPage, ListCalendars, ListEvents};

use crate::{
    base::{Error, ErrorKind},
    endpoint::Endpoint,
};

/// An endpoint whose response is one page of a list.
pub trait Paged: Endpoint + Clone {
    /// The type of the items of the list.
    type Item;

    /// Returns the request for the page with the page token `token`.
    #[must_use]
    fn at(&self, token: &str) -> Self;

    /// Returns the token of the next page, or `None` or an empty token on the last page.
    fn next_token(page: &Self::Output) -> Option<&str>;

    /// Returns the items of a page.
    fn into_items(page: Self::Output) -> Vec<Self::Item>;

    /// Returns the token of the next page if it can be read without decoding the whole body.
    ///
    /// Clients that read ahead then request the next page before they decode this page. If
    /// [`next_token`](Self::next_token) later returns another token, they discard the response. Default:
    /// `None`.
    fn peek_token(_body: &[u8]) -> Option<String> {
        None
    }
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

    /// Reads the token from the members after the list of events.
    fn peek_token(body: &[u8]) -> Option<String> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct LastMembers {
            next_page_token: String,
        }

        let end = body.iter().rposition(|byte| *byte == b']')?;
        let members = body.get(end + 1..)?.trim_ascii_start().strip_prefix(b",")?;
        let LastMembers { next_page_token } = serde_json::from_slice(&[b"{", members].concat()).ok()?;
        Some(next_page_token)
    }
}

/// Calendars are listed on a single page.
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

/// The requests for the pages of a list, one after the other.
///
/// Paging ends at a page without a page token, or with an empty page token. A page without items
/// does not end paging. If the server returns a page token twice, paging fails, because it would
/// otherwise never end.
///
/// ```
/// # use connect_core::{Pager, types::{EventPage, ListEvents}};
/// # let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH);
/// let mut pager = Pager::new(ListEvents::between(start, end));
/// while let Some(request) = pager.request() {
///     let page = EventPage::default(); // the response to `request`
///     pager.advance(&page)?;
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
    /// Creates a pager that starts with the first page.
    pub fn new(endpoint: E) -> Self {
        Self { endpoint, next: NextPage::First, seen: BTreeSet::new() }
    }

    /// Returns the request for the next page, or `None` after the last page.
    ///
    /// Repeated calls return the same request, until the page of this request is passed to
    /// [`Self::advance`].
    pub fn request(&self) -> Option<E> {
        match &self.next {
            NextPage::First => Some(self.endpoint.clone()),
            NextPage::Token(token) => Some(self.endpoint.at(token)),
            NextPage::End => None,
        }
    }

    /// Reads the page token from `page`, the response to [`Self::request`], and advances to the next page.
    ///
    /// # Errors
    /// [`ErrorKind::PageLoop`] if an earlier page had the same page token.
    pub fn advance(&mut self, page: &E::Output) -> Result<(), Error> {
        let Some(token) = E::next_token(page).filter(|token| !token.is_empty()) else {
            self.next = NextPage::End;
            return Ok(());
        };
        if !self.seen.insert(digest(token)) {
            self.next = NextPage::End;
            return Err(Error::new(ErrorKind::PageLoop).with_message("paging would never end"));
        }
        self.next = NextPage::Token(token.into());
        Ok(())
    }

    /// Returns the page token in `body`, and the request for the page with this token.
    ///
    /// `body` is the body of the response to [`Self::request`]. Returns `None` if the token cannot be read
    /// before the page is decoded: see [`Paged::peek_token`].
    pub fn peek(&self, body: &[u8]) -> Option<(String, E)> {
        let token =
            E::peek_token(body).filter(|token| !token.is_empty() && !self.seen.contains(&digest(token)))?;
        let request = self.endpoint.at(&token);
        Some((token, request))
    }

    /// Returns the token of the next page, for example to save it and continue later.
    pub fn token(&self) -> Option<&str> {
        match &self.next {
            NextPage::Token(token) => Some(token),
            _ => None,
        }
    }
}

/// Returns a hash of a page token, because tokens may be long.
fn digest(token: &str) -> [u8; 32] {
    hmac_sha256::Hash::hash(token.as_bytes())
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
    fn items_of_an_event_page_are_its_events() {
        let page: EventPage = connect_types::decode(br#"{"events":[{"id":"e1"},{"id":"e2"}]}"#).unwrap();
        let ids: Vec<_> = ListEvents::into_items(page).into_iter().map(|event| event.id).collect();
        assert_eq!(ids, ["e1", "e2"]);
    }

    #[test]
    fn empty_page_with_a_token_does_not_end_paging() {
        let mut pager = pager();
        pager.advance(&page(Some("a"))).unwrap();
        assert_eq!(pager.token(), Some("a"));
        assert!(pager.request().is_some());
        pager.advance(&page(None)).unwrap();
        assert!(pager.request().is_none());
    }

    #[test]
    fn empty_token_ends_paging() {
        let mut pager = pager();
        pager.advance(&page(Some(""))).unwrap();
        assert!(pager.request().is_none());
    }

    #[test]
    fn repeated_token_is_a_page_loop_error() {
        let mut pager = pager();
        pager.advance(&page(Some("a"))).unwrap();
        pager.advance(&page(Some("b"))).unwrap();
        let error = pager.advance(&page(Some("a"))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::PageLoop));
        assert!(pager.request().is_none(), "paging must end");
    }

    #[test]
    fn token_is_peeked_only_from_members_behind_the_events() {
        for (body, token) in [
            (r#"{"events":[{"a":[1]}],"pageSize":1,"nextPageToken":"t\u0041"}"#, Some("tA")),
            (" {\"events\" : [ ] , \"nextPageToken\" : \"t\" } \n", Some("t")),
            (r#"{"nextPageToken":"t","events":[]}"#, None),
            (r#"{"events":[],"nextPageToken":"a]b"}"#, None),
            (r#"{"events":[],"nextPageToken":null}"#, None),
            (r#"{"events":[],"nextPageToken":5}"#, None),
            (r#"{"x":{"events":[],"nextPageToken":"t"}}"#, None),
            (r#"{"events":[{"title":"],\"nextPageToken\":\"t\"}"}]}"#, None),
            (r#"{"events":[]}"#, None),
            (r#"["nextPageToken","t"]"#, None),
            ("", None),
        ] {
            assert_eq!(ListEvents::peek_token(body.as_bytes()).as_deref(), token, "{body}");
        }
    }

    #[test]
    fn peeked_request_is_the_next_request() {
        let mut pager = pager();
        let body = br#"{"events":[],"nextPageToken":"a"}"#;
        let (token, request) = pager.peek(body).unwrap();
        pager.advance(&connect_types::decode(body).unwrap()).unwrap();
        assert_eq!(pager.token(), Some(&*token));
        assert_eq!(Endpoint::query(&pager.request().unwrap()).unwrap(), Endpoint::query(&request).unwrap());
        assert!(pager.peek(body).is_none(), "paging would never end");
        assert!(pager.peek(br#"{"events":[],"nextPageToken":""}"#).is_none());
    }
}
