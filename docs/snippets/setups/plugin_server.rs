fn main() -> Result<(), Box<dyn std::error::Error>> {
    // snippet
    let request = http::Request::post("/auth").header("origin", "https://evil.example").body(bytes::Bytes::new())?;
    assert_eq!(serve(&endpoint, &client, &request, Some(&Visitor::new("ada"))).status(), 403);
    Ok(())
}
