//! Whom to trust.

use std::sync::Arc;

use connect_core::{Error, Network};
use rustls::{ClientConfig, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, pem::PemObject};

/// The certificates that are trusted in addition.
pub(crate) fn extra_roots(network: &Network) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = || Error::configuration("a root certificate is not PEM");
    let mut all = Vec::new();
    for pem in &network.root_certificates {
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            all.push(certificate.map_err(|_| wrong())?);
        }
        if all.len() == before {
            return Err(wrong());
        }
    }
    Ok(all)
}

/// TLS 1.2 and 1.3 with the usual roots and these.
pub(crate) fn client_config(extra: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
    let provider = crypto();
    let versions =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    #[cfg(feature = "platform-verifier")]
    {
        let verifier =
            rustls_platform_verifier::Verifier::new_with_extra_roots(extra.iter().cloned(), provider)?;
        Ok(versions.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
    }
    #[cfg(not(feature = "platform-verifier"))]
    {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for certificate in extra {
            roots.add(certificate.clone())?;
        }
        Ok(versions.with_root_certificates(roots).with_no_client_auth())
    }
}

/// Named, since rustls panics when it has to choose between two.
fn crypto() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Arc::new(rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    compile_error!("choose the feature `ring` (the default) or `aws-lc-rs`");
}
