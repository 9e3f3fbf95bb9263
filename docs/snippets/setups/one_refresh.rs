server.expire_all();
// snippet
assert_eq!(server.stats().exchanges.refresh.granted, 1);
