//! The scopes of Apptoto.

use super::open::open_enum;

open_enum!(
    /// A permission that a user grants. An application can only request the scopes that were chosen at its
    /// registration. Apptoto does not document that a write scope includes the read scope, so request both.
    /// The descriptions of the scopes are from Apptoto's manual and address the user.
    ///
    /// ```
    /// use connect_core::SignIn;
    /// use connect_apptoto::Scope;
    ///
    /// let scopes = [Scope::EventsRead, Scope::EventsWrite, Scope::from("new:scope")];
    /// let sign_in = SignIn::new("user-123").scopes(scopes);
    /// ```
    Scope {
        /// View your calendars.
        CalendarsRead = "calendars:read",
        /// View your address books.
        AddressBooksRead = "address_books:read",
        /// View your contacts.
        ContactsRead = "contacts:read",
        /// Create, update, and delete your contacts.
        ContactsWrite = "contacts:write",
        /// View your calendar events.
        EventsRead = "events:read",
        /// Create, update, and delete events; mark event statuses.
        EventsWrite = "events:write",
        /// View booking page availability and existing bookings.
        BookingsRead = "bookings:read",
        /// Create bookings on your booking pages.
        BookingsWrite = "bookings:write",
        /// Check the status of imports.
        ImportsRead = "imports:read",
        /// Upload imports (CSV, ICS, XML) that bulk-create data.
        ImportsWrite = "imports:write",
        /// View your opt-in and opt-out lists.
        ListsRead = "lists:read",
        /// Modify your opt-in and opt-out lists.
        ListsWrite = "lists:write",
        /// View your conversations and message history.
        MessagingRead = "messaging:read",
        /// Send SMS or email messages on your behalf.
        MessagingSend = "messaging:send",
        /// A broad, older scope from an example on Apptoto's API page. Apptoto's manual does not list this
        /// scope.
        Api = "api",
    }
);

impl Scope {
    /// The scopes that Apptoto's manual lists.
    pub const ALL: [Self; 14] = [
        Self::CalendarsRead,
        Self::AddressBooksRead,
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::EventsRead,
        Self::EventsWrite,
        Self::BookingsRead,
        Self::BookingsWrite,
        Self::ImportsRead,
        Self::ImportsWrite,
        Self::ListsRead,
        Self::ListsWrite,
        Self::MessagingRead,
        Self::MessagingSend,
    ];
}

impl From<Scope> for connect_core::types::Scope {
    fn from(scope: Scope) -> Self {
        Self::from(scope.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_round_trips_through_its_text() {
        let known = [Scope::ALL.as_slice(), &[Scope::Api]].concat();
        for scope in known {
            assert_eq!(Scope::from(scope.as_str()), scope);
            assert!(!matches!(scope, Scope::Other(_)));
        }
        let newer = Scope::from("calendars:write");
        assert!(matches!(&newer, Scope::Other(unknown) if unknown.as_str() == "calendars:write"));
        assert_eq!(connect_core::types::Scope::from(newer).as_str(), "calendars:write");
    }
}
