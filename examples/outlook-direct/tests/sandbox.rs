//! Runs the program against a sandbox. The test plays the browser.

use std::{
    error::Error,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use connect_sandbox::{AuthorizationServer, ClientType, Sandbox};

#[test]
fn program_signs_in_lists_and_creates() -> Result<(), Box<dyn Error>> {
    let server = Sandbox::start()?;
    let app = server
        .with(|sandbox| sandbox.provider_credentials(AuthorizationServer::Microsoft, ClientType::Public))
        .ok_or("no application")?;
    let program = Command::new(env!("CARGO_BIN_EXE_outlook-direct"))
        .env("MICROSOFT_CLIENT_ID", app.client_id)
        .env("SANDBOX", server.origin())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut program = Running(program);
    let mut lines = BufReader::new(program.0.stdout.take().ok_or("no output")?).lines();
    let page = lines.nth(1).ok_or("no URL")??;

    let callback: http::Uri = server.consent(&page)?.parse()?;
    let address = callback.authority().ok_or("no address")?.as_str();
    let mut browser = TcpStream::connect(address)?;
    write!(
        browser,
        "GET {} HTTP/1.1\r\nhost: {address}\r\n\r\n",
        callback.path_and_query().ok_or("no path")?
    )?;
    let mut answer = String::new();
    browser.read_to_string(&mut answer)?;
    assert!(answer.contains("You are signed in"), "{answer}");

    let output = lines.collect::<Result<Vec<_>, _>>()?;
    assert!(program.0.wait()?.success());
    assert!(output.len() > 1, "no events: {output:?}");
    assert!(output.last().is_some_and(|line| line.starts_with("created Review at")), "{output:?}");
    Ok(())
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
