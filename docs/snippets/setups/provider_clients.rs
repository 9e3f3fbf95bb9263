// snippet
assert!(google("id", "secret").is_ok() && outlook("id", "secret").is_ok() && outlook_desktop("id").is_ok());
