let calendar = user.calendars().list()?.remove(0);
// snippet
