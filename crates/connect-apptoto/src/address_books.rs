//! Address books.

use super::{endpoint::endpoint, raw_call::Anything};

/// The account's address books, with the types of phone numbers each one knows (`GET /v1/address_books`).
///
/// The form of the answer is not documented: it is JSON as it came. Needs [`Scope::AddressBooksRead`](super::Scope).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ListAddressBooks;

impl ListAddressBooks {
    /// The call.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

endpoint!(ListAddressBooks: GET "/v1/address_books" -> Anything, AddressBooksRead {});
