fn main() -> Result<(), Box<dyn std::error::Error>> {
    // snippet
    Ok(())
}
