fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = connect_hyper::Client::builder("id", "secret");
    let connect = builder.redirect_uri("https://app.example/callback").build()?;
    // snippet
    Ok(())
}
