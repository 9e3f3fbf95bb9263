//! Recurrence rules as text. A parsed rule must not change if it is written and parsed again. Upper and lower
//! case must be equivalent.

#![no_main]

use connect_core::types::{EventTime, Recurrence};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let time = EventTime::from(&*text);
    assert_eq!(EventTime::from(time.to_string().as_str()), time);

    let rule = text.parse::<Recurrence>();
    assert_eq!(text.to_ascii_lowercase().parse::<Recurrence>().ok(), rule.clone().ok());
    let Ok(rule) = rule else { return };
    let line = rule.rrule().expect("a parsed rule is valid");
    assert!(line.starts_with("RRULE:FREQ="), "{line}");
    assert_eq!(line.parse::<Recurrence>().as_ref(), Ok(&rule), "{line}");
    assert_eq!(rule.rrule().as_ref(), Ok(&line));
    serde_json::to_string(&rule).expect("a rule can be encoded");
});
