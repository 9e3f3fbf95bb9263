//! Creates certificates for one test run.

use crate::world::Failure;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

/// A certificate authority that no client trusts by default.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// The certificate and key of a server, in PEM.
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The private key of the certificate.
    pub key: String,
}

impl Authority {
    /// Creates an authority with a new key.
    pub fn new() -> Result<Self, Failure> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Returns the root certificate in PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Creates a certificate for this host name.
    pub fn identity(&self, host: &str) -> Result<Identity, Failure> {
        self.sign(CertificateParams::new([host.to_owned()])?)
    }

    /// Creates a certificate for this host name. The certificate has expired.
    pub fn expired(&self, host: &str) -> Result<Identity, Failure> {
        let mut params = CertificateParams::new([host.to_owned()])?;
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Result<Identity, Failure> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }
}
