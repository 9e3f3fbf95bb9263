use connect_sandbox::{Outcome, Sandbox, Settings};

static SANDBOX: std::sync::Mutex<Option<Sandbox>> = std::sync::Mutex::new(None);

fn my_http_library(request: Request) -> Result<Response, TransportError> {
    let mut sandbox = SANDBOX.lock().map_err(|_| TransportError::broken("poisoned"))?;
    let sandbox = sandbox.get_or_insert_with(|| Sandbox::new(Settings::default()));
    match sandbox.handle(request, jiff::Timestamp::now()).outcome {
        Outcome::Reply(response) => Ok(response),
        Outcome::Cut => Err(TransportError::broken("cut")),
    }
}
// snippet
