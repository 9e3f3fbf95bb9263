//! The entries of `NO_PROXY`: hosts that are reached without the proxy.
//!
//! [`ProxyRule::new`] lists the forms of an entry.
//!
//! [`ProxyRule::new`]: crate::ProxyRule::new

use std::net::IpAddr;

/// An entry of `NO_PROXY`.
#[derive(Clone, Debug)]
pub(crate) struct Exclusion {
    pattern: Pattern,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Pattern {
    All,
    /// The domain itself and all its subdomains.
    Domain(String),
    /// All subdomains of the domain, but not the domain itself.
    Subdomains(String),
    /// A network: an address and the length of its prefix in bits.
    Network(IpAddr, u8),
}

/// The host of a request.
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    pub(crate) fn new(host: &str) -> Self {
        address(host).map_or_else(|| Self::Name(name(host)), Self::Address)
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn name(text: &str) -> String {
    text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()
}

impl Exclusion {
    pub(crate) fn parse(entry: &str) -> Option<Self> {
        if let Some(pattern) = Pattern::network(entry) {
            return Some(Self { pattern, port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let pattern = Pattern::network(host).or_else(|| Pattern::names(host))?;
        Some(Self { pattern, port })
    }

    pub(crate) fn covers(&self, host: &Host, port: u16) -> bool {
        self.port.is_none_or(|own| own == port) && self.pattern.covers(host)
    }
}

impl Pattern {
    /// Parses an address, or a network in CIDR notation (RFC 4632 3.1).
    fn network(text: &str) -> Option<Self> {
        let Some((network, length)) = text.split_once('/') else {
            return address(text).map(|address| Self::Network(address, bits(address)));
        };
        let bare = network.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(network);
        let (network, length) = (bare.parse().ok()?, length.parse().ok()?);
        (length <= bits(network)).then_some(Self::Network(network, length))
    }

    fn names(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        let text = name(text);
        Some(match text.strip_prefix('*') {
            Some(domain) => {
                Self::Subdomains(domain.strip_prefix('.').filter(|domain| !domain.is_empty())?.to_owned())
            }
            None => {
                Self::Domain(Some(text.trim_start_matches('.')).filter(|text| !text.is_empty())?.to_owned())
            }
        })
    }

    fn covers(&self, host: &Host) -> bool {
        let is_in =
            |name: &str, domain: &str| name.strip_suffix(domain).is_some_and(|before| before.ends_with('.'));
        match (self, host) {
            (Self::All, _) => true,
            (Self::Domain(domain), Host::Name(name)) => name == domain || is_in(name, domain),
            (Self::Subdomains(domain), Host::Name(name)) => is_in(name, domain),
            (Self::Network(network, length), Host::Address(address)) => {
                shares_prefix(*network, *address, *length)
            }
            _ => false,
        }
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Returns whether both addresses are of one family and have the first `length` bits in common.
fn shares_prefix(one: IpAddr, other: IpAddr, length: u8) -> bool {
    let differing = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return false,
    };
    differing >= u32::from(length)
}

#[cfg(test)]
mod tests {
    use crate::base::ProxyRule;

    fn goes_direct(no_proxy: &str, url: &str) -> bool {
        let rule = ProxyRule::new("proxy.example:3128", no_proxy).unwrap();
        rule.proxy_for(&url.parse().unwrap()).is_none()
    }

    #[test]
    fn no_proxy_entry_covers_the_hosts_it_names() {
        let table: [(&str, &[&str], &[&str]); 26] = [
            ("[2001:db8::]/32", &["[2001:db8:1::1]"], &["[2001:db9::1]"]),
            ("example.invalid:", &["api.example.invalid:8443"], &["other.invalid"]),
            ("", &[], &["api.example.invalid"]),
            ("*", &["api.example.invalid", "10.1.2.3", "[2001:db8::1]"], &[]),
            (
                "example.invalid",
                &["example.invalid", "api.example.invalid"],
                &["badexample.invalid", "example"],
            ),
            (".example.invalid", &["example.invalid", "a.b.example.invalid"], &["badexample.invalid"]),
            ("*.example.invalid", &["api.example.invalid", "a.b.example.invalid"], &["example.invalid"]),
            ("EXAMPLE.Invalid", &["api.Example.INVALID"], &[]),
            ("example.invalid.", &["api.example.invalid"], &[]),
            ("example.invalid", &["api.example.invalid."], &[]),
            (
                "example.invalid:8443",
                &["api.example.invalid:8443"],
                &["api.example.invalid", "example.invalid:443"],
            ),
            ("example.invalid:443", &["example.invalid"], &["example.invalid:8443"]),
            ("*:8443", &["api.example.invalid:8443"], &["api.example.invalid"]),
            ("a.invalid,b.invalid", &["a.invalid", "b.invalid"], &["c.invalid"]),
            (" a.invalid ,  b.invalid\tc.invalid ", &["a.invalid", "b.invalid", "c.invalid"], &["d.invalid"]),
            ("10.0.0.0/8", &["10.1.2.3", "10.255.0.1:8443"], &["11.0.0.1", "10.example.invalid"]),
            ("192.168.1.128/25", &["192.168.1.200"], &["192.168.1.100"]),
            ("0.0.0.0/0", &["10.1.2.3"], &["[2001:db8::1]", "api.example.invalid"]),
            ("10.1.2.3", &["10.1.2.3"], &["10.1.2.30", "10.1.2.4"]),
            ("10.1.2.3:8443", &["10.1.2.3:8443"], &["10.1.2.3"]),
            ("2001:db8::1", &["[2001:db8::1]", "[2001:DB8:0::1]:8443"], &["[2001:db8::2]"]),
            ("[2001:db8::1]", &["[2001:db8::1]"], &["[2001:db8::2]"]),
            ("[2001:db8::1]:8443", &["[2001:db8::1]:8443"], &["[2001:db8::1]"]),
            ("2001:db8::/32", &["[2001:db8:1::1]"], &["[2001:db9::1]", "10.1.2.3"]),
            ("10.0.0.0/8", &["[::ffff:10.1.2.3]"], &["[::ffff:11.1.2.3]"]),
            (
                "10.0.0.0/33 /8 x/8 *x . *. : :8443 a:b",
                &[],
                &["10.1.2.3", "x", "a", "api.example.invalid:8443"],
            ),
        ];
        for (list, direct, proxied) in table {
            for (hosts, expected) in [(direct, true), (proxied, false)] {
                for host in hosts {
                    assert_eq!(
                        goes_direct(list, &format!("https://{host}/x")),
                        expected,
                        "{list:?} and {host}"
                    );
                }
            }
        }
    }

    #[test]
    fn loopback_and_plain_http_go_direct() {
        for url in [
            "https://localhost/",
            "https://127.1.2.3:8443/",
            "https://[::1]/",
            "https://localhost./",
            "https://[::ffff:127.0.0.1]/",
            "http://example.invalid/",
        ] {
            assert!(goes_direct("", url), "{url}");
        }
    }
}
