let calendar = user.calendars().list().await?.remove(0);
// snippet
