//! How the transports of this workspace reach the server: plain data, so that both take the same.

use std::{fmt, time::Duration};

use crate::base::{Error, ProxyRule};

/// What a transport is told about the network.
#[derive(Clone)]
#[non_exhaustive]
pub struct Network {
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept for the next request. Default 15 s.
    pub pool_idle_timeout: Duration,
    /// Whose certificates are trusted. Default: Mozilla's list.
    pub trust: Trust,
    /// PEM texts with certificates to trust as well.
    pub root_certificates: Vec<Vec<u8>>,
    /// The cryptography under TLS. Default: ring where it is built in, else aws-lc-rs.
    pub crypto: Option<Crypto>,
    /// The URL of the HTTP proxy for https, in the form that [`ProxyRule::new`] takes.
    pub proxy: Option<String>,
    /// The hosts that are reached without it, in the form of `NO_PROXY`.
    pub no_proxy: Option<String>,
}

impl fmt::Debug for Network {
    /// Without the proxy, whose URL may hold a password.
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

/// Whose certificates are trusted, besides those that were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// The authorities in Mozilla's list.
    Mozilla,
    /// What the operating system trusts, as its own verifier judges.
    Platform,
}

/// The cryptography under TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crypto {
    /// [ring](https://docs.rs/ring).
    Ring,
    /// [aws-lc-rs](https://docs.rs/aws-lc-rs).
    AwsLcRs,
}

impl Network {
    /// Returns the defaults, with the proxy of `HTTPS_PROXY` and `NO_PROXY` (in capitals or not) as `var` has them.
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

    /// Returns the rule of the proxy, if there is one.
    ///
    /// # Errors
    /// A configuration error when the proxy's URL has another form.
    pub fn proxy_rule(&self) -> Result<Option<ProxyRule>, Error> {
        let rule = |url| ProxyRule::new(url, self.no_proxy.as_deref().unwrap_or_default());
        self.proxy.as_deref().map(rule).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_comes_from_the_environment_in_either_case() {
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
