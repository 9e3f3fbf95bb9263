//! iCalendar files: the shapes of other programs, refusals, and files with random changes.
#![cfg(all(feature = "ics", feature = "google", feature = "outlook"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

use connect_calendars::ics::{self, ExceptionChange, Import, Plan, PlannedEvent};
use connect_core::types::{CalendarRef, Event, EventFields, EventStatus, EventTime, Patch, Provider, Raw};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

const FILES: [(&str, &[u8]); 3] = [
    ("google", include_bytes!("ics_files/google.ics")),
    ("outlook", include_bytes!("ics_files/outlook.ics")),
    ("apple", include_bytes!("ics_files/apple.ics")),
];

fn google() -> Import {
    Import::new(CalendarRef::new(Provider::Google, "primary"))
}

fn outlook() -> Import {
    Import::new(CalendarRef::new(Provider::Microsoft, "primary"))
}

fn connect() -> Import {
    google().through_connect()
}

fn calendar(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\n{}\r\nEND:VCALENDAR\r\n", lines.trim().replace('\n', "\r\n"))
}

fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\nUID:1\n{lines}\nEND:VEVENT"))
}

fn read(import: &Import, text: &str) -> Plan {
    import.read(text.as_bytes()).unwrap()
}

#[track_caller]
fn refused(import: &Import, text: &str, reason: &str) {
    let plan = read(import, text);
    assert!(plan.events.is_empty(), "{text}\n{:?}", plan.events);
    assert!(plan.refused.iter().any(|refused| refused.reason.contains(reason)), "{text}\n{:?}", plan.refused);
}

fn shape(event: &PlannedEvent) -> String {
    let exceptions: Vec<_> = event
        .exceptions
        .iter()
        .map(|exception| match &exception.change {
            ExceptionChange::Cancelled => format!("-{}", exception.original_start),
            ExceptionChange::Changed(fields) => {
                format!("{}>{} {}", exception.original_start, fields.start(), fields.title())
            }
        })
        .collect();
    let rule = event.rule.as_deref().unwrap_or("-");
    format!("{} | {} | {rule} | {}", event.title, event.start, exceptions.join(" "))
}

fn shapes(plan: &Plan) -> Vec<String> {
    plan.events.iter().map(shape).collect()
}

#[test]
fn google_file_is_imported() {
    let plan = google().read(FILES[0].1).unwrap();
    assert_eq!(plan.refused, []);
    assert_eq!(
        shapes(&plan),
        [
            "Chorprobe | 2027-01-11T18:00:00.000Z | RRULE:FREQ=WEEKLY;UNTIL=20270628T215959Z;BYDAY=MO | \
             -2027-02-15T18:00:00.000Z 2027-02-22T18:00:00.000Z>2027-02-23T18:00:00.000Z Generalprobe \
             -2027-03-29T17:00:00.000Z",
            "Chorfahrt | 2027-05-01 | - | ",
            "Vorstand | 2027-03-01T17:00:00.000Z | - | ",
        ]
    );
    let choir = &plan.events[0];
    assert_eq!(
        (choir.key.as_str(), choir.guests.as_slice()),
        ("3kq0probe@google.com", &["lea@example.com".to_owned()][..])
    );
    assert_eq!(choir.left_out, ["VALARM", "ATTENDEE"]);
    let fields = choir.request.fields().unwrap();
    assert_eq!(fields.location, Patch::Set("Aula, Hauptstraße 5, Köln".to_owned()));
    assert_eq!(fields.conference, Patch::Set("https://meet.google.com/abc-defg-hij".to_owned()));
    assert_eq!(fields.attendees, Patch::Keep);
    assert_eq!(fields.start_zone.unwrap().iana_name(), Some("Europe/Berlin"));
    let Patch::Set(custom) = fields.custom else { panic!() };
    assert_eq!(custom.field::<String>(ics::UID_FIELD).as_deref(), Some("3kq0probe@google.com"));
    let invited = google().invite().read(FILES[0].1).unwrap();
    assert_eq!(
        invited.events[0].request.fields().unwrap().attendees,
        Patch::Set(vec!["lea@example.com".into()])
    );
}

#[test]
fn outlook_file_is_imported() {
    for import in [google(), outlook()] {
        let plan = import.read(FILES[1].1).unwrap();
        assert_eq!(plan.refused, []);
        assert_eq!(
            shapes(&plan),
            [
                "Sales review | 2027-01-12T15:00:00.000Z | RRULE:FREQ=MONTHLY;COUNT=6;BYDAY=2TU | \
                 -2027-02-09T15:00:00.000Z 2027-03-09T15:00:00.000Z>2027-03-10T19:00:00.000Z Sales review (moved) \
                 -2027-05-11T14:00:00.000Z",
                "Presidents' Day | 2027-02-15 | - | ",
            ]
        );
        assert_eq!(plan.events[0].guests, ["jane@example.com", "room12@example.com"]);
    }
    let plan = connect().read(FILES[1].1).unwrap();
    assert!(plan.refused[0].reason.contains("the clocks change"), "{:?}", plan.refused);
    assert_eq!(plan.events.len(), 1);
}

#[test]
fn relative_day_through_connect_is_a_range_of_days() {
    for (rule, sent) in [
        (
            "FREQ=MONTHLY;COUNT=6;BYDAY=2TU",
            "RRULE:FREQ=MONTHLY;COUNT=6;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=TU",
        ),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "RRULE:FREQ=MONTHLY;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=TU"),
        (
            "FREQ=YEARLY;BYMONTH=1;BYDAY=2TU;UNTIL=20300101T000000Z",
            "RRULE:FREQ=YEARLY;UNTIL=20291231T090000Z;BYMONTH=1;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=TU",
        ),
    ] {
        let plan = read(&connect(), &event(&format!("DTSTART:20270112T090000Z\nRRULE:{rule}")));
        assert_eq!(plan.events[0].rule.as_deref().unwrap_or_default(), sent, "{:?}", plan.refused);
    }
    let last = read(&connect(), &event("DTSTART:20270129T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1FR"));
    let rule = last.events[0].rule.as_deref();
    assert_eq!(rule, Some("RRULE:FREQ=MONTHLY;BYMONTHDAY=-7,-6,-5,-4,-3,-2,-1;BYDAY=FR"));
    let weekdays = event("DTSTART:20270101T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1");
    refused(&connect(), &weekdays, "Mobiscroll Connect has no such rule");
    assert!(read(&outlook(), &weekdays).refused.is_empty());
}

#[test]
fn guests_and_left_out_parts_of_occurrences_are_named() {
    let text = event(
        "DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\n\
         RECURRENCE-ID:20270105T090000Z\nDTSTART:20270105T100000Z\nATTENDEE:MAILTO:ann@example.com\n\
         STATUS:TENTATIVE\nTRANSP:TRANSPARENT\nGEO:1;2",
    );
    let plan = read(&outlook().invite(), &text);
    assert_eq!(plan.events[0].guests, ["ann@example.com"]);
    let left_out = &plan.events[0].left_out;
    assert!(left_out[0] == "GEO" && left_out[1].starts_with("STATUS:TENTATIVE"), "{left_out:?}");
}

#[test]
fn apple_file_is_imported() {
    let plan = google().read(FILES[2].1).unwrap();
    assert_eq!(plan.refused, []);
    assert_eq!(
        shapes(&plan),
        [
            "ピアノのレッスン | 2027-01-04T22:00:00.000Z | RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270630T145959Z | \
             -2027-02-01T22:00:00.000Z",
            "誕生日 | 2027-04-29 | RRULE:FREQ=YEARLY | 2028-04-29>2028-04-30 誕生日会",
            "昼食 | 2027-01-10T03:00:00.000Z | - | ",
        ]
    );
    assert_eq!(plan.floating_zone.as_deref(), Some("Asia/Tokyo"));
    assert_eq!(plan.events[0].left_out.first().map(String::as_str), Some("URL"));
    // In Tokyo the clocks never change, but the days of the series differ in UTC.
    let plan = connect().read(FILES[2].1).unwrap();
    assert_eq!(plan.events.len(), 3, "the rule names no days: {:?}", plan.refused);
}

#[test]
fn component_that_no_request_can_express_is_refused_by_name() {
    let start = "DTSTART;TZID=Europe/Berlin:20270104T090000";
    for (lines, reason) in [
        ("SUMMARY:x", "DTSTART is missing"),
        ("DTSTART:soon", "DTSTART"),
        ("DTSTART;TZID=Mars/Olympus:20270104T090000", "Mars/Olympus"),
        ("DTSTART:20270104T090000", "has no time zone"),
        ("DTSTART:20270104T090000Z\nDTEND:20270104", "DTEND"),
        ("DTSTART:20270104T090000Z\nDTEND:20270104T080000Z", "DTEND is before DTSTART"),
        ("DTSTART:20270104T090000Z\nDTEND:20270104T100000Z\nDURATION:PT1H", "DURATION"),
        ("DTSTART:20270104T090000Z\nDURATION:P1M", "DURATION"),
        ("DTSTART:20270104T090000Z\nDTSTART:20270105T090000Z", "DTSTART occurs twice"),
        ("DTSTART:20270104T090000Z\nRDATE:20270106T090000Z", "RDATE"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "EXRULE"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "2 RRULE"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=HOURLY", "FREQ=HOURLY"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY;BYHOUR=9,10", "BYHOUR"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY;COUNT=0", "COUNT"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY;COUNT=3;UNTIL=20280101T000000Z", "COUNT and UNTIL"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY;COUNT=1\nEXDATE:20270104T090000Z", "all occurrences"),
        ("DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY\nEXDATE:20990104T090000Z", "20 years"),
        ("DTSTART:20270104T090000Z\nSTATUS:CANCELLED", "CANCELLED"),
        ("DTSTART:20270104T090000Z\nX-MOBISCROLL-CUSTOM:[1]", "JSON object"),
        ("DTSTART:20270104T090000Z\nRECURRENCE-ID;RANGE=THISANDFUTURE:20270104T090000Z", "THISANDFUTURE"),
    ] {
        refused(&google(), &event(lines), reason);
    }
    for (text, reason) in [
        (calendar("BEGIN:VTODO\nUID:1\nEND:VTODO"), "VTODO"),
        (calendar("BEGIN:VJOURNAL\nUID:1\nEND:VJOURNAL"), "VJOURNAL"),
        (calendar("METHOD:CANCEL\nBEGIN:VEVENT\nUID:1\nDTSTART:20270104\nEND:VEVENT"), "METHOD:CANCEL"),
        (event(&format!("{start}\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\n{start}")), "the UID occurs 2 times"),
        (
            event(&format!(
                "{start}\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20270104T080000Z\n{start}"
            )),
            "no RRULE",
        ),
        (
            event(&format!(
                "{start}\nRRULE:FREQ=WEEKLY\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20270105T080000Z\n{start}"
            )),
            "RECURRENCE-ID: 2027-01-05T08:00:00.000Z is not an occurrence",
        ),
    ] {
        refused(&google(), &text, reason);
    }
    // Outlook has no pattern with two days of a month.
    let twice = event("DTSTART:20270101T090000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1,15");
    assert!(read(&google(), &twice).refused.is_empty());
    refused(&outlook(), &twice, "RRULE: no recurrence pattern can express more than one day");
    // Without a VTIMEZONE that can be used.
    let custom = "BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0130\n\
        END:STANDARD\nEND:VTIMEZONE";
    let own = |rule: &str| {
        calendar(&format!(
            "{custom}\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=Own:20270104T090000\n{rule}END:VEVENT"
        ))
    };
    assert_eq!(shapes(&read(&google(), &own(""))), [" | 2027-01-04T07:30:00.000Z | - | "]);
    refused(&google(), &own("RRULE:FREQ=DAILY\n"), "no IANA name");
}

#[test]
fn series_through_connect_is_split_at_clock_changes() {
    let series = |more: &str| {
        event(&format!("SUMMARY:Choir\nDTSTART;TZID=Europe/Berlin:20270308T180000\nDURATION:PT1H\n{more}"))
    };
    let text = series("RRULE:FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=Europe/Berlin:20270329T180000");
    refused(&connect(), &text, "the clocks change");
    refused(
        &connect(),
        &event("DTSTART;TZID=Asia/Tokyo:20270308T080000\nRRULE:FREQ=WEEKLY;BYDAY=MO"),
        "differ in UTC",
    );
    assert_eq!(
        shapes(&read(&connect().split(), &text)),
        [
            "Choir | 2027-03-08T17:00:00.000Z | RRULE:FREQ=WEEKLY;UNTIL=20270322T170000Z | ",
            "Choir | 2027-03-29T16:00:00.000Z | RRULE:FREQ=WEEKLY;UNTIL=20270405T160000Z | -2027-03-29T16:00:00.000Z",
        ]
    );
    let keys: Vec<_> = read(&connect().split(), &text).events.into_iter().map(|event| event.key).collect();
    assert_eq!(keys, ["1#20270308T170000Z", "1#20270329T160000Z"]);
    let endless = read(&connect().split(), &series("RRULE:FREQ=WEEKLY"));
    assert_eq!(endless.events.len(), 5);
    let ends: Vec<_> = endless.events.iter().map(|event| event.ends).collect();
    assert_eq!(ends, [None, None, None, None, Some(jiff::civil::date(2029, 3, 5))]);
    // Without a change of the clocks, the series is not split.
    assert_eq!(read(&connect(), &series("RRULE:FREQ=WEEKLY;COUNT=3")).events.len(), 1);
    assert_eq!(read(&connect(), &event("DTSTART;VALUE=DATE:20270308\nRRULE:FREQ=WEEKLY")).events.len(), 1);
}

/// Returns the events that Google would list after the import of a plan.
fn stored(plan: &Plan) -> Vec<Event> {
    let mut events = Vec::new();
    for (index, planned) in plan.events.iter().enumerate() {
        let fields = planned.request.fields().unwrap();
        let mut event = Event::new(Provider::Google, "primary", format!("e{index}"));
        apply(&mut event, &fields);
        let zone = fields.start_zone.as_ref().and_then(|zone| zone.iana_name()).unwrap_or("UTC");
        if let Some(rule) = &planned.rule {
            let start = match event.start {
                Some(EventTime::Date(_)) => json!({ "date": event.start }),
                _ => json!({ "dateTime": event.start, "timeZone": zone }),
            };
            let original = json!({ "recurrence": [rule], "start": start });
            event.original = Some(original.to_string().parse().unwrap());
        }
        let master = event.clone();
        events.push(event);
        for (number, exception) in planned.exceptions.iter().enumerate() {
            let mut occurrence = master.clone();
            occurrence.id = format!("e{index}_{number}");
            occurrence.recurring_event_id = Some(master.id.clone());
            let original = match &exception.original_start {
                EventTime::Date(day) => json!({ "originalStartTime": { "date": day.to_string() } }),
                other => json!({ "originalStartTime": { "dateTime": other.to_string() } }),
            };
            occurrence.original = Some(original.to_string().parse().unwrap());
            match &exception.change {
                ExceptionChange::Cancelled => occurrence.status = Some(EventStatus::Cancelled),
                ExceptionChange::Changed(fields) => {
                    if let Some(update) = fields.update(&occurrence).unwrap() {
                        apply(&mut occurrence, &update.fields().unwrap());
                    }
                }
            }
            events.push(occurrence);
        }
    }
    events
}

fn apply(event: &mut Event, fields: &EventFields) {
    fn patch<T: Clone>(field: &mut Option<T>, patch: &Patch<T>) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => *field = None,
            Patch::Set(value) => *field = Some(value.clone()),
        }
    }
    fields.title.iter().for_each(|title| event.title.clone_from(title));
    event.start = fields.start.clone().or(event.start.take());
    event.end = fields.end.clone().or(event.end.take());
    event.all_day = Some(matches!(event.start, Some(EventTime::Date(_))));
    patch(&mut event.description, &fields.description);
    patch(&mut event.location, &fields.location);
    patch(&mut event.custom, &fields.custom);
    let mut conference = event.conference.clone().and_then(|conference| conference.url);
    patch(&mut conference, &fields.conference);
    event.conference = conference.map(|url| {
        let mut conference = connect_core::types::Conference::default();
        conference.url = Some(url);
        conference
    });
    event.availability = fields.availability.clone().or(event.availability.take());
    event.privacy = fields.privacy.clone().or(event.privacy.take());
    event.status = fields.status.clone().or(event.status.take());
}

/// Returns what the plan means: everything but the guests and the parts that are left out.
fn meaning(plan: &Plan) -> Vec<String> {
    let one = |event: &PlannedEvent| {
        let fields = EventFields {
            recurrence: Patch::Keep,
            provider_fields: Vec::new(),
            ..event.request.fields().unwrap()
        };
        let zone = event
            .rule
            .as_ref()
            .and(fields.start_zone.as_ref())
            .map(|zone| zone.iana_name().unwrap().to_owned());
        let zone = zone.filter(|zone| zone != "UTC");
        let fields = EventFields { start_zone: None, ..fields };
        let custom: Option<Raw> = event.request.fields().unwrap().custom.into_option();
        format!("{} {fields:?} {custom:?} {zone:?} {:?}", shape(event), changed(event))
    };
    // A file is written in the order of the starts.
    let mut all: Vec<_> = plan.events.iter().map(one).collect();
    all.sort();
    all
}

fn changed(event: &PlannedEvent) -> Vec<String> {
    let changes = event.exceptions.iter().filter_map(|exception| match &exception.change {
        ExceptionChange::Changed(fields) => {
            let mut blank = Event::new(Provider::Google, "primary", "occurrence");
            blank.recurring_event_id = Some("series".to_owned());
            Some(format!("{:?}", fields.update(&blank).unwrap().map(|update| update.fields().unwrap())))
        }
        ExceptionChange::Cancelled => None,
    });
    // The zone of a time has no effect on an occurrence.
    changes.map(|text| text.split("start_zone").next().unwrap().to_owned()).collect()
}

trait IntoOption<T> {
    fn into_option(self) -> Option<T>;
}

impl<T> IntoOption<T> for Patch<T> {
    fn into_option(self) -> Option<T> {
        if let Patch::Set(value) = self { Some(value) } else { None }
    }
}

#[track_caller]
fn assert_survives(import: &Import, name: &str, file: &[u8]) -> bool {
    let Ok(plan) = import.read(file) else { return false };
    let written = ics::write(&stored(&plan), Timestamp::UNIX_EPOCH);
    assert_eq!(written.refused, [], "{name}: {}", String::from_utf8_lossy(file));
    let again = import.read(written.text.as_bytes()).unwrap();
    assert_eq!(again.refused, [], "{name}: {}\n{}", String::from_utf8_lossy(file), written.text);
    assert_eq!(
        meaning(&again),
        meaning(&plan),
        "{name}: {}\n{}",
        String::from_utf8_lossy(file),
        written.text
    );
    !plan.events.is_empty()
}

#[test]
fn imported_file_is_written_with_the_same_meaning() {
    for (name, file) in FILES {
        assert!(assert_survives(&google().floating_zone(TimeZone::get("Asia/Tokyo").unwrap()), name, file));
        assert!(assert_survives(&connect().split(), name, file));
    }
    let texts =
        event("DTSTART:20270104T090000Z\nSUMMARY:a\\, b\\; \\\\n \\n c: \"d\"\nDESCRIPTION: lead\\n\\n");
    let plan = read(&google(), &texts);
    assert_eq!(plan.events[0].title, "a, b; \\n \n c: \"d\"");
    assert!(assert_survives(&google(), "texts", texts.as_bytes()));
}

#[test]
fn start_that_the_rule_does_not_include_is_the_first_occurrence() {
    let start = "DTSTART;TZID=Europe/Berlin:20270107T090000\nRRULE:";
    let notes = |import: &Import, rule: &str| {
        let plan = read(import, &event(&format!("{start}{rule}")));
        assert_eq!(plan.refused, [], "{rule}");
        assert_eq!(plan.events[0].start.to_string(), "2027-01-07T08:00:00.000Z");
        plan.events.into_iter().map(|event| event.notes.join("")).collect::<Vec<_>>()
    };
    let relative = "FREQ=MONTHLY;COUNT=3;BYDAY=2TU";
    let yearly = "FREQ=YEARLY;BYMONTH=3;BYDAY=-1MO";
    for rule in ["FREQ=WEEKLY;BYDAY=MO,TU", "FREQ=MONTHLY;BYMONTHDAY=10", relative, yearly] {
        refused(&outlook(), &event(&format!("{start}{rule}")), "Outlook cannot begin the series");
        let note = notes(&google(), rule).concat();
        assert!(note.starts_with("the RRULE does not include the day of DTSTART"), "{rule}: {note:?}");
        assert_eq!(note.contains("COUNT"), rule.contains("COUNT"), "{rule}: {note}");
        assert!(assert_survives(&google(), rule, event(&format!("{start}{rule}")).as_bytes()));
        let connect = connect().split();
        assert!(assert_survives(&connect, rule, event(&format!("{start}{rule}")).as_bytes()));
        let notes = notes(&connect, rule);
        assert!(notes[1..].iter().all(String::is_empty), "{rule}: {notes:?}");
    }
    assert_eq!(notes(&google(), "FREQ=WEEKLY;BYDAY=MO,TH"), [""]);
    // The start counts: with the start, the third occurrence is that of February 9.
    for (rule, excluded, found) in [
        (relative, "20270107", true),
        (relative, "20270112", true),
        (relative, "20270209", true),
        (relative, "20270309", false),
        (yearly, "20270329", true),
        (yearly, "20280327", true),
        (yearly, "20280131", false),
    ] {
        let text = event(&format!("{start}{rule}\nEXDATE;VALUE=DATE:{excluded}"));
        assert_eq!(
            read(&google(), &text).events[0].exceptions.len(),
            usize::from(found),
            "{rule} {excluded}"
        );
    }
}

/// Changes a file in one to four random places.
fn mutated(file: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    const TOKENS: [&str; 24] = [
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VALARM",
        "END:VCALENDAR",
        "RRULE:FREQ=DAILY;COUNT=999999999",
        "RRULE:FREQ=MONTHLY;BYDAY=-1FR",
        "RRULE:FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2",
        "EXDATE:20270105T090000Z",
        "EXDATE;VALUE=DATE:20270118",
        "DTSTART;VALUE=DATE:20270104",
        "DTSTART:00000101T000000Z",
        "DTSTART:99991231T000000Z",
        "DTEND:99991231T235959Z",
        "DURATION:P99999999W",
        "TZOFFSETTO:-9999",
        "RECURRENCE-ID:20270118T180000Z",
        "STATUS:CANCELLED",
        "SUMMARY:\\",
        "UID:",
        ";=:",
        "X-A;B=\"c",
        "CLASS:X",
        "TRANSP:TRANSPARENT",
        "DTSTART;TZID=America/Sao_Paulo:20270104T000000",
    ];
    let mut bytes = file.to_vec();
    for _ in 0..random.u8(1..=4) {
        let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let (at, other) = (random.usize(..lines.len()), random.usize(..lines.len()));
        match random.u8(..10) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[other].clone()),
            2 => lines.swap(at, other),
            3 => lines.insert(at, TOKENS[random.usize(..TOKENS.len())].as_bytes().to_vec()),
            4 => lines[at] = TOKENS[random.usize(..TOKENS.len())].as_bytes().to_vec(),
            5 => {
                for byte in lines[at].iter_mut().filter(|byte| byte.is_ascii_digit()) {
                    if random.u8(..4) == 0 {
                        *byte = b'0' + random.u8(..10);
                    }
                }
            }
            6 => {
                let cut = random.usize(..=lines[at].len());
                lines[at].truncate(cut);
            }
            7 => {
                // The value of one property gets the value of another.
                let value = lines[other]
                    .iter()
                    .position(|byte| *byte == b':')
                    .map(|colon| lines[other][colon..].to_vec());
                if let (Some(value), Some(colon)) = (value, lines[at].iter().position(|byte| *byte == b':')) {
                    lines[at].splice(colon.., value);
                }
            }
            8 => {
                let place = random.usize(..=lines[at].len());
                lines[at].splice(place..place, *b"\r\n ");
            }
            _ => {
                if let Some(byte) = lines[at].get_mut(other % 80) {
                    *byte = random.u8(..);
                }
            }
        }
        bytes = lines.join(&b'\n');
    }
    bytes
}

#[test]
fn file_with_random_changes_is_refused_or_keeps_its_meaning() {
    let mut random = fastrand::Rng::with_seed(21);
    let zone = TimeZone::get("America/New_York").unwrap();
    let mut imported = 0;
    for index in 0..1_000 {
        let (name, file) = FILES[index % 3];
        let file = mutated(file, &mut random);
        let name = format!("{name} {index}");
        imported += usize::from(assert_survives(&google().floating_zone(zone.clone()), &name, &file));
        assert_survives(&connect().split(), &name, &file);
        // The requests of a plan can be built.
        let _ = outlook().invite().floating_zone(zone.clone()).read(&file);
    }
    assert!(imported > 300, "only {imported} files were imported");
}

#[test]
fn hostile_file_is_read_within_bounds() {
    let long = "x".repeat(1 << 20);
    for lines in [
        format!("DTSTART:20270104T090000Z\nSUMMARY:{long}"),
        "DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY;COUNT=999999999".to_owned(),
        "DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY;COUNT=999999999\nEXDATE:20470103T090000Z".to_owned(),
        "DTSTART:20270104T090000Z\nRRULE:FREQ=YEARLY;INTERVAL=4294967295\nEXDATE:20280104T090000Z".to_owned(),
        "DTSTART:20270104T090000Z\nRRULE:FREQ=MONTHLY;INTERVAL=4294967295;BYDAY=1MO\nEXDATE:20280104T090000Z"
            .to_owned(),
        format!(
            "DTSTART:20270104T090000Z\nRRULE:FREQ=DAILY\n{}",
            "EXDATE:20270105T090000Z\n".repeat(20_000).trim_end()
        ),
        format!("DTSTART:20270104T090000Z\n{}", "ATTENDEE:mailto:a@b\n".repeat(5_000).trim_end()),
        format!("DTSTART:20270104T090000Z;{}", "A=\"b\";".repeat(100_000)),
    ] {
        for import in [google(), outlook(), connect().split()] {
            let plan = import.read(event(&lines).as_bytes()).unwrap();
            assert_eq!(plan.events.len() + plan.refused.len(), 1);
        }
    }
    let many = calendar(
        &(0..20_000)
            .map(|n| format!("BEGIN:VEVENT\nUID:{n}\nDTSTART:20270104\nEND:VEVENT\n"))
            .collect::<String>(),
    );
    assert_eq!(read(&google(), &many).events.len(), 20_000);
}

#[test]
fn event_that_cannot_be_written_is_named() {
    let mut unknown_zone = Event::new(Provider::Microsoft, "primary", "a");
    unknown_zone.start = Some("2027-01-04T09:00:00Z".into());
    unknown_zone.original = Some(
        json!({ "recurrence": {
            "pattern": { "type": "daily", "interval": 1 },
            "range": { "type": "noEnd", "startDate": "2027-01-04", "recurrenceTimeZone": "Customized Time Zone" },
        }})
        .to_string()
        .parse()
        .unwrap(),
    );
    let without_start = Event::new(Provider::Google, "primary", "b");
    let mut odd = Event::new(Provider::Google, "primary", "c");
    odd.start = Some("2027-01-04T09:00:00Z".into());
    odd.original = Some(r#"{"recurrence": {"every": "day"}}"#.parse().unwrap());
    let file = ics::write(&[unknown_zone, without_start, odd], Timestamp::UNIX_EPOCH);
    let reasons: Vec<_> = file.refused.iter().map(ToString::to_string).collect();
    assert_eq!(
        reasons,
        [
            "\"a\": the time zone \"Customized Time Zone\" of the series is unknown",
            "\"b\": the event has no start",
            "\"c\": the recurrence is in an unknown format",
        ]
    );
    assert!(!file.text.contains("VEVENT"));
}
