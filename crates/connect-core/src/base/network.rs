//! The network settings shared by the async and the blocking transport.

use std::{fmt, time::Duration};

use crate::base::{Error, ProxyRule};

/// The network settings of a transport: timeouts, TLS trust and proxy.
#[derive(Clone)]
#[non_exhaustive]
pub struct Network {
    /// The timeout for opening a connection. Default 10 s.
    pub connect_timeout: Duration,
    /// The time after which an idle connection is closed. Default 15 s.
    pub pool_idle_timeout: Duration,
    /// The trusted root certificates. Default: Mozilla's list.
    pub trust: Trust,
    /// Additional trusted root certificates, in PEM.
    pub root_certificates: Vec<Vec<u8>>,
    /// The cryptography library for TLS. Default: ring or, if ring is not compiled in, aws-lc-rs.
    pub crypto: Option<Crypto>,
    /// The URL of the HTTP proxy for https requests, in the form that [`ProxyRule::new`] accepts.
    pub proxy: Option<String>,
    /// The hosts that are reached without the proxy, in the form of `NO_PROXY`.
    pub no_proxy: Option<String>,
}

impl fmt::Debug for Network {
    /// Omits the proxy URL, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("connect_timeout", &self.connect_timeout)
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("trust", &self.trust)
            .field("crypto", &self.crypto)
            .field("no_proxy", &self.no_proxy)
            .finish_non_exhaustive()
    }
}

/// The trusted root certificates. [`Network::root_certificates`] are trusted as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// The certificate authorities in Mozilla's list.
    Mozilla,
    /// The root certificates that the operating system trusts.
    ///
    /// The verifier of the operating system checks the certificate of the server.
    Platform,
}

/// The cryptography library for TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crypto {
    /// [ring](https://docs.rs/ring).
    Ring,
    /// [aws-lc-rs](https://docs.rs/aws-lc-rs).
    AwsLcRs,
}

impl Network {
    /// Creates the default settings, with the proxy that the environment variables name.
    ///
    /// `var` returns the value of an environment variable. The variables are `HTTPS_PROXY` and `NO_PROXY`. If
    /// one of them is not set, the variable with the lower-case name (`https_proxy`, `no_proxy`) is read.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let either = |name: &str| {
            let value = var(name).or_else(|| var(&name.to_ascii_lowercase()));
            value.filter(|value| !value.is_empty())
        };
        Self {
            connect_timeout: Duration::from_secs(10),
            pool_idle_timeout: Duration::from_secs(15),
            trust: Trust::Mozilla,
            root_certificates: Vec::new(),
            crypto: None,
            proxy: either("HTTPS_PROXY"),
            no_proxy: either("NO_PROXY"),
        }
    }

    /// Returns the rule that decides which requests use the proxy, if a proxy is set.
    ///
    /// # Errors
    /// A configuration error if the proxy URL does not have the form that [`ProxyRule::new`] accepts.
    pub fn proxy_rule(&self) -> Result<Option<ProxyRule>, Error> {
        let rule = |url| ProxyRule::new(url, self.no_proxy.as_deref().unwrap_or_default());
        self.proxy.as_deref().map(rule).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_is_read_from_variables_in_either_case() {
        let vars = |list: &'static [(&str, &str)]| {
            Network::from_vars(move |name| {
                list.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
            })
        };
        assert_eq!(vars(&[("HTTPS_PROXY", "http://a:1")]).proxy.as_deref(), Some("http://a:1"));
        let both = vars(&[("https_proxy", "http://b:2"), ("no_proxy", "x.example")]);
        assert_eq!(
            (both.proxy.as_deref(), both.no_proxy.as_deref()),
            (Some("http://b:2"), Some("x.example"))
        );
        assert_eq!(vars(&[("HTTPS_PROXY", ""), ("HTTP_PROXY", "http://c:3")]).proxy, None);
    }
}
