//! `connect events export` and `connect events import`, through Connect, Google and Outlook.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

mod common;

use common::{Outcome, World, browse, start_login};
use connect_sandbox::Fault;
use serde_json::json;

/// Single, all-day and recurring events in three time zones, with changed and cancelled occurrences.
const FILE: &str = "\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:single@example.com
DTSTART;TZID=America/New_York:20270302T100000
DTEND;TZID=America/New_York:20270302T113000
SUMMARY:Review\\, first
DESCRIPTION:One\\nTwo\\; three
LOCATION:Room 5
CLASS:CONFIDENTIAL
STATUS:TENTATIVE
X-MOBISCROLL-CUSTOM:{\"order\":4711}
ATTENDEE;CN=Grace:mailto:grace@example.com
ORGANIZER:mailto:ann@example.com
END:VEVENT
BEGIN:VEVENT
UID:days@example.com
DTSTART;VALUE=DATE:20270305
DTEND;VALUE=DATE:20270308
SUMMARY:Trip
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:weekly@example.com
DTSTART;TZID=Europe/Berlin:20270308T180000
DTEND;TZID=Europe/Berlin:20270308T190000
RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=MO
EXDATE;TZID=Europe/Berlin:20270315T180000
SUMMARY:Choir
LOCATION:Hall
END:VEVENT
BEGIN:VEVENT
UID:weekly@example.com
RECURRENCE-ID;TZID=Europe/Berlin:20270322T180000
DTSTART;TZID=Europe/Berlin:20270323T193000
DTEND;TZID=Europe/Berlin:20270323T210000
SUMMARY:Choir\\, dress rehearsal
END:VEVENT
BEGIN:VEVENT
UID:weekly@example.com
RECURRENCE-ID;TZID=Europe/Berlin:20270412T180000
DTSTART;TZID=Europe/Berlin:20270412T180000
DTEND;TZID=Europe/Berlin:20270412T190000
SUMMARY:Choir
STATUS:CANCELLED
END:VEVENT
BEGIN:VEVENT
UID:tokyo@example.com
DTSTART;TZID=Asia/Tokyo:20270309T080000
DURATION:PT30M
RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270601T000000Z
SUMMARY:朝会
END:VEVENT
BEGIN:VEVENT
UID:yearly@example.com
DTSTART;VALUE=DATE:20270310
RRULE:FREQ=YEARLY
SUMMARY:Birthday
END:VEVENT
BEGIN:VEVENT
UID:yearly@example.com
RECURRENCE-ID;VALUE=DATE:20280310
DTSTART;VALUE=DATE:20280311
SUMMARY:Birthday party
END:VEVENT
BEGIN:VEVENT
UID:relative@example.com
DTSTART;TZID=America/New_York:20270309T150000
DTEND;TZID=America/New_York:20270309T160000
RRULE:FREQ=MONTHLY;COUNT=4;BYDAY=2TU
EXDATE;TZID=America/New_York:20270413T150000
SUMMARY:Board
END:VEVENT
END:VCALENDAR
";

/// A signed-in user with empty calendars `c0` to `c39`.
struct Account {
    world: World,
    via: &'static str,
}

impl Account {
    fn new(via: &'static str) -> Self {
        let world = World::new();
        let provider = if via == "connect" { "google" } else { via };
        let calendars: Vec<_> = (0..40)
            .map(|n| json!({ "id": format!("c{n}"), "title": format!("Calendar {n}"), "timeZone": "Europe/Berlin", "events": [] }))
            .collect();
        let seed = json!({ "users": { "me": { provider: { "account": "user@example.com", "calendars": calendars } } } });
        world.server.with(|sandbox| sandbox.seed(&seed.to_string())).unwrap();
        let account = Self { world, via };
        if via == "connect" {
            account.world.login(&[]).ok();
        } else {
            let (child, url) = start_login(&mut account.command(&["login", "--no-browser"]));
            browse(&url);
            Outcome::of(child.wait_with_output().unwrap()).ok();
        }
        std::fs::write(account.world.folder.path().join("in.ics"), FILE.replace('\n', "\r\n")).unwrap();
        account
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        if self.via == "connect" {
            return self.world.command(arguments);
        }
        let mut command = self.world.command(&[arguments, &["--via", self.via]].concat());
        let id = format!("MOBISCROLL_CONNECT_{}_CLIENT_ID", self.via.to_uppercase());
        command.env(id, format!("{}-public-client", self.via));
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).output().unwrap())
    }

    fn import(&self, file: &str, calendar: &str, more: &[&str]) -> Outcome {
        self.run(&[&["events", "import", file, "--calendar", calendar][..], more].concat())
    }

    /// Exports a calendar to a file, and returns the file without UIDs and stamps.
    fn export(&self, calendar: &str) -> String {
        let name = format!("{calendar}.ics");
        let range = ["--from", "2027-03-01", "--to", "2028-06-01"];
        let arguments = ["events", "export", "--calendar", calendar, "--output", &name];
        self.run(&[&arguments[..], &range].concat()).ok();
        let text = std::fs::read_to_string(self.world.folder.path().join(name)).unwrap();
        let kept = text.lines().filter(|line| !line.starts_with("UID:") && !line.starts_with("DTSTAMP:"));
        kept.map(|line| format!("{line}\n")).collect()
    }

    fn requests(&self) -> usize {
        self.world.server.requests().len()
    }
}

fn without_guests(text: &str) -> String {
    let kept = text.lines().filter(|line| !line.starts_with("ATTENDEE") && !line.starts_with("ORGANIZER"));
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn exported_file_is_imported_and_exported_again() {
    for via in ["google", "microsoft"] {
        let account = Account::new(via);
        let done = account.import("in.ics", "c0", &["--apply", "--invite"]).ok();
        assert_eq!(done, "Created 6 events; changed 2 and deleted 3 occurrences.\n");
        let first = account.export("c0");
        for line in [
            "SUMMARY:Review\\, first",
            "DESCRIPTION:One\\nTwo\\; three",
            "CLASS:CONFIDENTIAL",
            "STATUS:TENTATIVE",
            "X-MOBISCROLL-CUSTOM:{\"order\":4711}",
            "DTSTART:20270302T150000Z",
            "DTSTART;VALUE=DATE:20270305",
            "DTEND;VALUE=DATE:20270308",
            "TRANSP:TRANSPARENT",
            "DTSTART;TZID=Europe/Berlin:20270308T180000",
            "RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=MO",
            "EXDATE;TZID=Europe/Berlin:20270315T180000",
            "EXDATE;TZID=Europe/Berlin:20270412T180000",
            "RECURRENCE-ID;TZID=Europe/Berlin:20270322T180000",
            "DTSTART;TZID=Europe/Berlin:20270323T193000",
            "DTSTART;TZID=Asia/Tokyo:20270309T080000",
            "RECURRENCE-ID;VALUE=DATE:20280310",
            "DTSTART;VALUE=DATE:20280311",
            "RRULE:FREQ=MONTHLY;COUNT=4;BYDAY=2TU",
            "TZID:America/New_York",
        ] {
            assert!(first.contains(&format!("\n{line}\n")), "{via}: {line}\n{first}");
        }
        assert_eq!(first.matches("BEGIN:VEVENT").count(), 8, "{first}");
        assert!(first.contains("mailto:grace@example.com"), "{first}");
        account.import("c0.ics", "c1", &["--apply"]).ok();
        assert_eq!(account.export("c1"), without_guests(&first), "{via}");
        account.import("c0.ics", "c2", &["--apply", "--invite"]).ok();
        assert_eq!(account.export("c2"), first, "{via}");
    }
}

#[test]
fn file_is_imported_into_the_calendar_that_it_came_from() {
    for via in ["google", "microsoft", "connect"] {
        let account = Account::new(via);
        let create = |title: &str, more: &[&str]| {
            let arguments = ["events", "create", "--calendar", "c0", "--title", title, "--tz", "UTC"];
            account.run(&[&arguments[..], more].concat()).ok();
        };
        create("Lunch", &["--start", "2027-03-02T12:00", "--duration", "1h"]);
        create("Fair", &["--all-day", "--start", "2027-03-05", "--end", "2027-03-07"]);
        create(
            "Choir",
            &["--start", "2027-03-08T18:00", "--duration", "1h", "--recurrence", "RRULE:FREQ=WEEKLY;COUNT=4"],
        );
        let events = account
            .run(&[
                "events",
                "list",
                "--calendar",
                "c0",
                "--from",
                "2027-03-15",
                "--to",
                "2027-03-15",
                "--json",
            ])
            .json();
        let id = events["events"][0]["id"].as_str().unwrap().to_owned();
        account
            .run(&[
                "events",
                "update",
                &id,
                "--calendar",
                "c0",
                "--from",
                "2027-03-01",
                "--to",
                "2027-04-01",
                "--title",
                "Concert",
            ])
            .ok();
        let first = account.export("c0");
        assert!(first.contains("SUMMARY:Concert"), "{via}: {first}");
        let range = ["--from", "2027-03-01", "--to", "2027-04-01"];
        let written =
            account.run(&[&["events", "export", "--calendar", "c0", "-o", "x.ics"][..], &range].concat());
        assert_eq!(written.ok(), "3 events written to x.ics.\n", "{via}");
        let plan = account.import("c0.ics", "c0", &[]).ok();
        assert!(
            plan.ends_with("\nNothing to do: 3 events of the file are already in the calendar.\n"),
            "{via}: {plan}"
        );
        let done = account.import("c0.ics", "c0", &["--apply"]).ok();
        assert!(done.contains("3 existed already"), "{via}: {done}");
        assert_eq!(account.export("c0"), first, "{via}");
    }
}

#[test]
fn series_is_split_and_exported_through_connect() {
    let account = Account::new("connect");
    let refused = account.import("in.ics", "c0", &["--apply"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("the clocks change"), "{}", refused.err);
    account.import("in.ics", "c0", &["--apply", "--split"]).ok();
    let first = account.export("c0");
    assert!(
        first.contains("\nEXDATE:20270315T170000Z\n") && first.contains("\nRECURRENCE-ID:20270322T170000Z\n"),
        "{first}"
    );
    account.import("c0.ics", "c1", &["--apply"]).ok();
    assert_eq!(account.export("c1"), first);
}

#[test]
fn plan_is_printed_and_nothing_is_written() {
    let account = Account::new("google");
    let before = account.requests();
    let plan = account.import("in.ics", "c0", &[]).ok();
    assert!(
        plan.contains(
            "create   2027-03-08 18:00  Choir (FREQ=WEEKLY;COUNT=8;BYDAY=MO; 1 changed, 2 cancelled)"
        ),
        "{plan}"
    );
    assert!(
        plan.contains("These guests are left out (to invite them, add --invite): grace@example.com."),
        "{plan}"
    );
    assert!(plan.ends_with("Nothing was sent. To create 6 events, add --apply.\n"), "{plan}");
    let invited = account.import("in.ics", "c0", &["--invite"]).ok();
    assert!(invited.contains("These guests are invited and notified: grace@example.com."), "{invited}");
    let json = account.import("in.ics", "c0", &["--json"]).json();
    assert_eq!((json["applied"].as_bool(), json["events"].as_array().unwrap().len()), (Some(false), 6));
    let requests = account.world.server.requests();
    assert!(requests[before..].iter().all(|request| request.method == "GET"), "{requests:?}");

    assert!(plan.contains("Left out: ATTENDEE (in 1 event)."), "{plan}");

    // A file with a refused component is not imported in part, unless the user allows it.
    let file = FILE.replace("END:VCALENDAR", "BEGIN:VTODO\nUID:t\nSUMMARY:Task\nEND:VTODO\nEND:VCALENDAR");
    std::fs::write(account.world.folder.path().join("todo.ics"), file).unwrap();
    let refused = account.import("todo.ics", "c0", &["--apply"]);
    assert!(refused.code == Some(2) && refused.err.contains("VTODO"), "{}", refused.err);
    assert!(refused.err.contains("1 component of the file"), "{}", refused.err);
    for (given, missing) in [
        (&[][..], "add --skip-refused --apply"),
        (&["--apply"], "add --skip-refused"),
        (&["--skip-refused"], "add --apply"),
        (&["--dry-run"], "replace --dry-run by --skip-refused --apply"),
        (&["--dry-run", "--skip-refused"], "replace --dry-run by --apply"),
    ] {
        let done = account.import("todo.ics", "c0", given);
        let footer = format!("\nNothing was sent. To create 6 events, {missing}.\n");
        assert!(done.out.ends_with(&footer), "{given:?}: {}", done.out);
        let next = format!("to import the other events, {missing}\n");
        assert!(given.contains(&"--skip-refused") || done.err.contains(&next), "{given:?}: {}", done.err);
    }
    assert_eq!(account.export("c0").matches("BEGIN:VEVENT").count(), 0);
    let done = account.import("todo.ics", "c0", &["--apply", "--skip-refused"]).ok();
    assert!(done.ends_with("skipped 1 refused component.\n"), "{done}");
    let invalid = account.import("c0.ics.missing", "c0", &[]);
    assert!(invalid.code == Some(1) && invalid.err.contains("cannot read the file"), "{}", invalid.err);
    std::fs::write(account.world.folder.path().join("bad.ics"), "hello").unwrap();
    let invalid = account.import("bad.ics", "c0", &[]);
    assert!(invalid.code == Some(2) && invalid.err.contains("line 1"), "{}", invalid.err);
}

#[test]
fn plan_after_an_import_says_what_exists() {
    for (via, more) in [("google", &[][..]), ("microsoft", &[]), ("connect", &["--split"])] {
        let account = Account::new(via);
        let first = account.import("in.ics", "c0", more).ok();
        let total = first.matches("create   ").count();
        assert!(total >= 6 && !first.contains("exists   "), "{first}");
        account.import("in.ics", "c0", &[&["--apply"], more].concat()).ok();
        let before = account.requests();
        let plan = account.import("in.ics", "c0", more).ok();
        let requests = account.requests() - before;
        assert_eq!(plan.matches("exists   ").count(), total, "{via}: {plan}");
        let footer = format!("\nNothing to do: {total} events of the file are already in the calendar.\n");
        assert!(plan.ends_with(&footer), "{via}: {plan}");
        // One list of calendars, one of events, and one for each series with exceptions. Pages of Outlook are
        // short.
        assert!(requests <= 10, "{via}: {requests}");

        // Another calendar has none of the events, and a part of the file is not the whole file.
        let other = account.import("in.ics", "c1", more).ok();
        assert_eq!(other.matches("create   ").count(), total, "{via}: {other}");
        let begin = FILE.find("BEGIN:VEVENT\nUID:days").unwrap();
        let part = format!("{}END:VCALENDAR\n", &FILE[..begin]);
        std::fs::write(account.world.folder.path().join("part.ics"), part).unwrap();
        account.import("part.ics", "c1", &["--apply"]).ok();
        let plan = account.import("in.ics", "c1", more).ok();
        assert!(plan.starts_with("exists   2027-03-02"), "{via}: {plan}");
        let footer = format!("\nNothing was sent. To create {} events, add --apply.\n", total - 1);
        assert!(plan.ends_with(&footer), "{via}: {plan}");

        // The import stopped before it changed the occurrences of the weekly series.
        let whole: String = FILE.replace("EXDATE;TZID=Europe/Berlin:20270315T180000\n", "");
        std::fs::write(account.world.folder.path().join("whole.ics"), whole).unwrap();
        account.import("whole.ics", "c2", &[&["--apply"], more].concat()).ok();
        let plan = account.import("in.ics", "c2", &[more, &["--json"]].concat()).json();
        let states: Vec<_> =
            plan["events"].as_array().unwrap().iter().filter(|event| event["state"] == "change").collect();
        assert!(states.len() == 1 && states[0]["title"] == "Choir", "{via}: {plan}");
        let plan = account.import("in.ics", "c2", more).ok();
        assert!(plan.ends_with("\nNothing was sent. To complete 1 series, add --apply.\n"), "{via}: {plan}");
    }
}

#[test]
fn series_with_a_start_outside_its_rule_is_imported_as_exported() {
    let file = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:town-hall\nSUMMARY:Town hall\n\
        DTSTART:20270304T090000Z\nDTEND:20270304T100000Z\nRRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO\n\
        END:VEVENT\nEND:VCALENDAR\n";
    for via in ["google", "microsoft", "connect"] {
        let account = Account::new(via);
        std::fs::write(account.world.folder.path().join("town.ics"), file).unwrap();
        if via == "microsoft" {
            let refused = account.import("town.ics", "c0", &["--apply"]);
            let says = "line 2: \"Town hall\": RRULE: the rule does not include the day of DTSTART";
            assert!(refused.code == Some(2) && refused.err.contains(says), "{}", refused.err);
            assert!(refused.err.ends_with("next:  nothing was sent\n"), "{}", refused.err);
            continue;
        }
        let plan = account.import("town.ics", "c0", &[]).ok();
        assert!(
            plan.contains(
                "\n         note: the RRULE does not include the day of DTSTART; the provider decides"
            ) && plan.contains("(COUNT)"),
            "{plan}"
        );
        account.import("town.ics", "c0", &["--apply"]).ok();
        let first = account.export("c0");
        for line in ["RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO", "DTSTART:20270304T090000Z"] {
            assert!(first.contains(&format!("\n{line}\n")), "{via}: {first}");
        }
        assert!(!first.contains("EXDATE"), "{via}: {first}");
        account.import("c0.ics", "c1", &["--apply"]).ok();
        assert_eq!(account.export("c1"), first, "{via}");
    }
}

#[test]
fn interrupted_import_is_completed_by_a_second_run() {
    for (via, more) in [("google", &[][..]), ("microsoft", &[]), ("connect", &["--split"])] {
        let account = Account::new(via);
        let arguments = [&["--apply"][..], more].concat();
        let before = account.requests();
        account.import("in.ics", "c0", &arguments).ok();
        let count = account.requests() - before;
        let expected = account.export("c0");
        // A second run changes nothing.
        let again = account.import("in.ics", "c0", &arguments).ok();
        assert!(again.starts_with("Created 0 events; ") && !again.contains("changed"), "{via}: {again}");
        assert_eq!(account.export("c0"), expected, "{via}");
        assert!((10..40).contains(&count), "{via}: {count}");
        for n in 0..count {
            let calendar = format!("c{}", n + 1);
            account.world.server.with(|sandbox| {
                // The response to request n is lost, and every later request fails.
                sandbox.add_fault(Fault::on("*").skip(n as u64).cut_after());
                sandbox.add_fault(Fault::on("*").skip(n as u64 + 1).times(1_000).status(400));
            });
            let stopped = account.import("in.ics", &calendar, &arguments);
            account.world.server.with(connect_sandbox::Sandbox::clear_faults);
            // The fault may hit the first request, which finds the calendar.
            let says =
                stopped.err.contains("repeat the command") || !stopped.err.contains("the import stopped");
            assert!(stopped.code != Some(0) && says, "{via} {n}: {}", stopped.err);
            account.import("in.ics", &calendar, &arguments).ok();
            assert_eq!(account.export(&calendar), expected, "{via}: request {n}");
        }
    }
}

#[test]
fn occurrences_are_exported_as_csv_and_json() {
    let account = Account::new("google");
    account.import("in.ics", "c0", &["--apply"]).ok();
    let export = |format: &str| {
        let range = ["--from", "2027-03-01", "--to", "2027-03-31", "--calendar", "c0"];
        account.run(&[&["events", "export", "--format", format][..], &range].concat()).ok()
    };
    let csv = export("csv");
    assert_eq!(csv.matches("\r\n").count(), 1 + 9, "{csv}");
    assert!(
        csv.contains(
            "\r\n2027-03-02T16:00:00+01:00,2027-03-02T17:30:00+01:00,false,\"Review, first\",Room 5,"
        ),
        "{csv}"
    );
    let json: serde_json::Value = serde_json::from_str(&export("json")).unwrap();
    assert_eq!(json["events"].as_array().unwrap().len(), 9);
    let text = export("ics");
    assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.ends_with("END:VCALENDAR\r\n"));
}
