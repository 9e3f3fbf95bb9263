//! How the transports of this workspace reach the server: plain data, so that both take the same.

use std::time::Duration;

/// What a transport is told about the network.
#[derive(Clone)] // no Debug: a proxy's URL may hold a password
#[non_exhaustive]
pub struct Network {
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept for the next request. Default 15 s.
    pub pool_idle_timeout: Duration,
    /// PEM texts with certificates to trust as well.
    pub root_certificates: Vec<Vec<u8>>,
    /// The HTTP proxy for https, as a URL.
    pub proxy: Option<String>,
    /// The hosts that are reached without it, in the form of `NO_PROXY`.
    pub no_proxy: Option<String>,
}

impl Network {
    /// The defaults, with the proxy of `HTTPS_PROXY` and `NO_PROXY` (in capitals or not) as `var` has them.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let either = |name: &str| {
            let value = var(name).or_else(|| var(&name.to_ascii_lowercase()));
            value.filter(|value| !value.is_empty())
        };
        Self {
            connect_timeout: Duration::from_secs(10),
            pool_idle_timeout: Duration::from_secs(15),
            root_certificates: Vec::new(),
            proxy: either("HTTPS_PROXY"),
            no_proxy: either("NO_PROXY"),
        }
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
