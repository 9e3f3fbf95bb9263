//! A copy of calendars at Connect, which has no cursor of its own.
