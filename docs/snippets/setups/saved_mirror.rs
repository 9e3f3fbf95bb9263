let (start, end): (jiff::Timestamp, jiff::Timestamp) = ("2027-01-01T00:00:00Z".parse()?, "2027-02-01T00:00:00Z".parse()?);
let mut mirror = connect_calendars::sync::Mirror::new(start, end);
let mut copy = connect_calendars::sync::EventCopy::new();
copy.apply(connect_calendars::sync::round(&user, &mut mirror)?);
let saved = connect_calendars::sync::ChangeFeed::cursor(&mirror).ok_or("no cursor")?.as_str().to_owned();
// snippet
