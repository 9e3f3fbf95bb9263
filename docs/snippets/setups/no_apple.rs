// snippet
assert!(!user.calendars().list().await?.iter().any(|calendar| calendar.provider == Some(connect_hyper::types::Provider::Apple)));
