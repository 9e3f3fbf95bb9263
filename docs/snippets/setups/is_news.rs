// snippet
let mut late = EventChange::default();
late.event.id = "e1".into();
late.event.last_modified = Some("2026-11-21T09:59:59Z".parse()?);
let mut stored = late.event.clone();
assert!(is_news(&late, None, &Origin::new("planner")));
stored.last_modified = Some("2026-11-21T10:00:00Z".parse()?);
assert!(!is_news(&late, Some(&stored), &Origin::new("planner")));
Ok::<(), jiff::Error>(())
