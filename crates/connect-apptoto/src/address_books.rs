use super::{endpoint::endpoint, raw_call::Anything};

/// Lists the account's address books and the phone types of each (`GET /v1/address_books`).
///
/// The response is returned as JSON, because its format is not documented. Needs
/// [`Scope::AddressBooksRead`](super::Scope).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ListAddressBooks;

impl ListAddressBooks {
    /// Creates the call.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

endpoint!(ListAddressBooks: GET "/v1/address_books" -> Anything, AddressBooksRead {});
