//! Making a connection: what fails here failed before anything of the request was sent.

use std::fmt;

use http::Uri;
use ureq::{
    Error,
    config::Config,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout},
    },
};

/// TCP, the proxy's tunnel and TLS.
#[derive(Debug, Default)]
pub(crate) struct Dial(DefaultConnector);

impl Connector<()> for Dial {
    type Out = <DefaultConnector as Connector<()>>::Out;

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(NotConnected::because)
    }
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
