fn main() -> Result<(), Box<dyn std::error::Error>> {
    // snippet
    events_are_listed_after_an_expiry_and_a_503()
}
