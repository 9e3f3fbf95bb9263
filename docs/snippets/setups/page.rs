// snippet
assert!(page.is_some());
