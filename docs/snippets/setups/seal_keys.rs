fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("guide-seal-{}", std::process::id()));
    let (new, old) = ([7; 32], [6; 32]);
    // snippet
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
