// snippet
assert!(!user.calendars().list()?.iter().any(|calendar| calendar.provider == Some(connect_blocking::types::Provider::Apple)));
