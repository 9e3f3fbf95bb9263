let calendar = user.calendars().list()?.remove(0);
// snippet
assert!(first.is_some_and(|page| page.next_page_token.is_some()) && second.is_some());
