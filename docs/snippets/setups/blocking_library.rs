fn main() -> Result<(), Box<dyn std::error::Error>> {
    use connect_sandbox::{Outcome, Sandbox, Settings};
    let sandbox = std::sync::Mutex::new(Sandbox::new(Settings::default()));
    let my_http_library = move |request: Request| -> std::io::Result<Response> {
        let mut sandbox = sandbox.lock().map_err(|_| std::io::Error::other("poisoned"))?;
        match sandbox.handle(request, jiff::Timestamp::now()).outcome {
            Outcome::Reply(response) => Ok(response),
            Outcome::Cut => Err(std::io::ErrorKind::ConnectionReset.into()),
        }
    };
    // snippet
    Ok(())
}
