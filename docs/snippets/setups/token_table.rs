fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[derive(Clone)]
    struct Database;
    impl Database {
        async fn select(&self, _: &str) -> Result<Option<Tokens>, StoreError> { Ok(None) }
        async fn take_lock(&self, _: &str, _: Duration) -> Result<Option<i64>, StoreError> { Ok(Some(1)) }
        async fn write(&self, _: &str, _: i64, _: Option<&Tokens>) -> Result<u64, StoreError> { Ok(1) }
        async fn touch(&self, _: &str, _: i64) -> Result<u64, StoreError> { Ok(1) }
        async fn unlock(&self, _: &str, _: i64) -> Result<(), StoreError> { Ok(()) }
    }
    // snippet
    connect_hyper::Client::builder("id", "secret").async_store(UsersTable(Database)).build()?;
    Ok(())
}
