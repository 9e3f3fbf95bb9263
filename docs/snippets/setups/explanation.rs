// snippet
assert!(explanation(&Error::new(ErrorKind::SignIn(SignInFault::Expired))).contains("too long"));
