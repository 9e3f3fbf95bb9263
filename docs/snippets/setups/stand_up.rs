// snippet
let range = connect_blocking::types::ListEvents::between("2027-01-01", "2027-04-01").masters();
let series = || Ok::<_, connect_blocking::Error>(user.events().list(range.clone()).items().collect::<Result<Vec<_>, _>>()?.len());
let before = series()?;
main()?;
main()?;
assert_eq!(series()?, before + 1);
