let calendar = user.calendars().list().await?.remove(0);
// snippet
assert!(first.is_some_and(|page| page.next_page_token.is_some()) && second.is_some());
