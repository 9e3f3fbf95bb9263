//! Making a connection: what fails here failed before anything of the request was sent.

use std::{fmt, io};

use http::Uri;
use ureq::{
    Error,
    config::Config,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport},
    },
};

/// TCP, the proxy's tunnel and TLS.
#[derive(Debug, Default)]
pub(crate) struct Dial(DefaultConnector);

impl Connector<()> for Dial {
    type Out = Connection<<DefaultConnector as Connector<()>>::Out>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        let connection = self.0.connect(details, chained).map_err(NotConnected::because)?;
        Ok(connection.map(Connection))
    }
}

/// A connection on which only an orderly end is one. ureq takes a reset, and TLS that is cut off, for the end of a body
/// that has no length; what is on the way could shorten an answer like that.
#[derive(Debug)]
pub(crate) struct Connection<T>(T);

impl<T: Transport> Transport for Connection<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(timeout).map_err(|error| match error {
            Error::Io(io) if is_cut(&io) => Error::Io(io::Error::other(io)), // ureq goes by the kind
            error => error,
        })
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

fn is_cut(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::UnexpectedEof | E::ConnectionAborted | E::ConnectionReset)
}

/// The look-up of names.
#[derive(Debug, Default)]
pub(crate) struct LookUp(DefaultResolver);

impl Resolver for LookUp {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(NotConnected::because)
    }
}

/// There is no connection, for this reason.
#[derive(Debug)]
pub(crate) struct NotConnected(Error);

impl NotConnected {
    fn because(error: Error) -> Error {
        match Self::of(error) {
            Ok(reason) | Err(reason) => Error::Other(Box::new(Self(reason))),
        }
    }

    /// The reason, if this is such an error; else the error itself.
    pub(crate) fn of(error: Error) -> Result<Error, Error> {
        match error {
            Error::Other(other) => match other.downcast::<Self>() {
                Ok(this) => Ok(this.0),
                Err(other) => Err(Error::Other(other)),
            },
            error => Err(error),
        }
    }
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotConnected {}
