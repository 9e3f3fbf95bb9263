//! `connect sandbox`: runs the sandbox as a server until Ctrl-C or SIGTERM.
//!
//! ```text
//! connect sandbox --port 8080 --set rotation=strict --set token_ttl=30
//! connect sandbox --seed-file team.json
//! connect sandbox --listen 0.0.0.0:8080 --host sandbox
//! connect sandbox --json          one line of JSON once it listens
//! connect sandbox --list-switches explains all switches
//! ```

use crate::{
    input, settings,
    text::{brief, escape_json},
};
use clap::Args;
use connect_sandbox::{AuthorizationServer, Builder, ClientType, Server, Settings, StartError};
use serde_json::json;
use std::fmt::Display;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The arguments of `connect sandbox`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Listen on this port; 0 chooses a free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Listen on this address and port instead of a loopback port, such as 0.0.0.0:8080.
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with = "port")]
    listen: Option<SocketAddr>,
    /// Accept /sandbox requests for this host, in addition to loopback; may be given more than once.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Set a switch; may be given more than once.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    switches: Vec<String>,
    /// Load a seed or the state of another sandbox from a JSON file; may be given more than once.
    #[arg(long = "seed-file", value_name = "FILE")]
    seed_files: Vec<PathBuf>,
    /// List the switches and exit.
    #[arg(long)]
    list_switches: bool,
    /// Serve https with this certificate chain (PEM); the certificate must be for localhost.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

/// The message and the exit code.
struct StartFailure(String, u8);

pub(crate) fn run(settings: &settings::Settings, arguments: &Arguments) -> ExitCode {
    let json = settings.json.is_some();
    let result = if arguments.list_switches { print(&switches(json)) } else { serve(arguments, json) };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(StartFailure(message, code)) => {
            eprintln!("connect sandbox: {}", brief(&message));
            ExitCode::from(code)
        }
    }
}

fn serve(arguments: &Arguments, json: bool) -> Result<(), StartFailure> {
    let settings = settings(&arguments.switches)?;
    let server = Server::builder().settings(settings).port(arguments.port);
    let server = arguments.listen.into_iter().fold(server, Builder::listen);
    let server = arguments.hosts.iter().fold(server, Builder::allow_host);
    let server = with_tls(with_seeds(server, &arguments.seed_files)?, arguments)?;
    let server = server.start().map_err(|error| match error {
        StartError::Seed(_) | StartError::Host(_) => StartFailure(error.to_string(), 2),
        other => failed(&other),
    })?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
    runtime.block_on(async {
        // A parent process may send a signal as soon as it reads that the sandbox is ready.
        let interrupted = interruption()?;
        arguments.listen.iter().for_each(|address| warn_of_reach(*address));
        print(&ready(&server, json))?;
        interrupted.await;
        Ok(())
    })?;
    server.stop();
    Ok(())
}

/// Reads the value of `--listen`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let expected =
        "expected an IP address and a port, such as 0.0.0.0:8080 or [::]:8080; port 0 is a free port";
    text.parse().map_err(|_| format!("not an address ({expected})"))
}

/// Warns if other machines can reach the address.
fn warn_of_reach(address: SocketAddr) {
    if !address.ip().to_canonical().is_loopback() {
        eprintln!(
            "connect sandbox: warning: other machines can reach {address}, and read and change everything in the \
             sandbox: use no real data. Pass --host NAME to use /sandbox by a name other than localhost."
        );
    }
}

fn settings(switches: &[String]) -> Result<Settings, StartFailure> {
    let mut settings = Settings::default();
    for switch in switches {
        let (name, value) = switch.split_once('=').ok_or_else(|| {
            StartFailure(format!("--set: {switch:?} is not a switch (expected NAME=VALUE)"), 2)
        })?;
        settings.set(name, value).map_err(|error| StartFailure(error.to_string(), 2))?;
    }
    Ok(settings)
}

fn with_seeds(server: Builder, files: &[PathBuf]) -> Result<Builder, StartFailure> {
    files.iter().try_fold(server, |server, file| Ok(server.seed(read(file)?)))
}

fn with_tls(server: Builder, arguments: &Arguments) -> Result<Builder, StartFailure> {
    match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(cert), Some(key)) => Ok(server.tls(read(cert)?, read(key)?)),
        _ => Ok(server),
    }
}

fn read(path: &Path) -> Result<String, StartFailure> {
    input::read(Some(path))
        .map_err(|error| StartFailure(format!("cannot read {}: {error}", path.display()), 2))
}

fn ready(server: &Server, as_json: bool) -> String {
    let (base_url, application) = (server.base_url(), server.credentials());
    let (id, secret, redirect_uri) =
        (application.client_id, application.client_secret, application.redirect_uri);
    if as_json {
        let line = json!({
            "base_url": base_url, "client_id": id, "client_secret": secret, "redirect_uri": redirect_uri,
        });
        return format!("{}\n", escape_json(&line.to_string()));
    }
    let clients = [
        ("GOOGLE", AuthorizationServer::Google),
        ("MICROSOFT", AuthorizationServer::Microsoft),
        ("APPTOTO", AuthorizationServer::Apptoto),
    ];
    let clients = clients.into_iter().filter_map(|(name, server_of)| {
        let client = server.with(|sandbox| sandbox.provider_credentials(server_of, ClientType::Public))?;
        let variable = format!("{}{name}_CLIENT_ID", settings::PREFIX);
        Some(format!("  --via {:<10} {variable}={}\n", name.to_lowercase(), client.client_id))
    });
    let clients: String = clients.collect();
    format!(
        "The sandbox is ready; press Ctrl-C to stop it.\n\n  base URL       {base_url}\n  client id      {id}\n  \
         client secret  {secret}\n  redirect URI   {redirect_uri}\n  \
         debug page     {}/sandbox\n\n\
         Clients of the other services, each with a separate account:\n\n{clients}",
        server.origin()
    )
}

fn switches(as_json: bool) -> String {
    if as_json {
        let list = connect_sandbox::switches().map(|switch| {
            json!({ "name": switch.name, "values": switch.values, "default": switch.default, "about": switch.about })
        });
        return format!("{}\n", json!(list.collect::<Vec<_>>()));
    }
    let lines = connect_sandbox::switches().map(|switch| {
        format!("{}={}  (default {})\n    {}\n", switch.name, switch.values, switch.default, switch.about)
    });
    lines.collect()
}

/// Prints the text and flushes stdout, because a parent process may wait for the text.
fn print(text: &str) -> Result<(), StartFailure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| failed(&error))
}

fn failed(error: &dyn Display) -> StartFailure {
    StartFailure(error.to_string(), 1)
}

/// Returns a future that ends on Ctrl-C or SIGTERM.
#[cfg(unix)]
fn interruption() -> Result<impl Future<Output = ()>, StartFailure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| failed(&error))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(&error))?;
    Ok(std::future::poll_fn(move |context| {
        let ended = interrupt.poll_recv(context).is_ready() || terminate.poll_recv(context).is_ready();
        if ended { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }))
}

#[cfg(not(unix))]
fn interruption() -> Result<impl Future<Output = ()>, StartFailure> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
