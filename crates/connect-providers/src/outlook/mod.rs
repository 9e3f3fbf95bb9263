//! Outlook: calendars and events of Microsoft Graph v1.0.
