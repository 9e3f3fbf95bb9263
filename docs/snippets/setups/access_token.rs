// snippet
assert_eq!(access_token.split('.').count(), 3);
