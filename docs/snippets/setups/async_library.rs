#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use connect_sandbox::{Outcome, Sandbox, Settings};
    #[derive(Clone)]
    struct MyHttpLibrary(std::sync::Arc<std::sync::Mutex<Sandbox>>);
    impl MyHttpLibrary {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            let mut sandbox = self.0.lock().map_err(|_| TransportError::broken("poisoned"))?;
            match sandbox.handle(request, jiff::Timestamp::now()).outcome {
                Outcome::Reply(response) => Ok(response),
                Outcome::Cut => Err(TransportError::broken("cut")),
            }
        }
    }
    let my_http = MyHttpLibrary(std::sync::Arc::new(std::sync::Mutex::new(Sandbox::new(Settings::default()))));
    // snippet
    Ok(())
}
