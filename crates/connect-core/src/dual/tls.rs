//! The TLS settings and trusted certificates, as one macro for the transports of both clients.

/// Expands to `extra_roots` and `client_config`.
#[doc(hidden)]
#[macro_export]
macro_rules! tls {
    () => {
        /// Returns the additional trusted certificates.
        pub(crate) fn extra_roots(
            network: &$crate::Network,
        ) -> Result<Vec<rustls_pki_types::CertificateDer<'static>>, $crate::Error> {
            use rustls_pki_types::{CertificateDer, pem::PemObject};

            let invalid = |number: usize, problem: &str| {
                $crate::Error::configuration(format!("root certificate input {} {problem}", number + 1))
            };
            let mut all = Vec::new();
            for (number, pem) in network.root_certificates.iter().enumerate() {
                // A byte order mark or bytes that are not UTF-8 would hide the certificate that follows.
                let pem = String::from_utf8_lossy(pem).replace(['\u{feff}', '\u{fffd}'], "");
                let labels = pem.split("-----BEGIN ").skip(1).filter_map(|block| block.split("-----").next());
                let expected = labels.filter(|label| label.ends_with("CERTIFICATE")).count();
                let before = all.len();
                for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                    all.push(certificate.map_err(|_| invalid(number, "is not valid PEM"))?);
                }
                match all.len() - before {
                    0 => return Err(invalid(number, "has no PEM block `-----BEGIN CERTIFICATE-----`")),
                    found if found < expected => {
                        let problem =
                            format!("has {expected} certificates, but only {found} of them are valid PEM");
                        return Err(invalid(number, &problem));
                    }
                    _ => {}
                }
            }
            Ok(all)
        }

        /// Returns the settings for TLS 1.2 and 1.3.
        ///
        /// The trusted certificates depend on `network`, not on cargo features.
        pub(crate) fn client_config(
            network: &$crate::Network,
            extra: &[rustls_pki_types::CertificateDer<'static>],
        ) -> Result<rustls::ClientConfig, rustls::Error> {
            let provider = crypto_provider(network.crypto)?;
            let versions = rustls::ClientConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()?;
            #[cfg(feature = "platform-verifier")]
            if network.trust == $crate::Trust::Platform {
                let extra = extra.iter().cloned();
                let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)?;
                let versions = versions.dangerous(); // rustls calls every custom verifier dangerous
                return Ok(versions
                    .with_custom_certificate_verifier(std::sync::Arc::new(verifier))
                    .with_no_client_auth());
            }
            let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            for certificate in extra {
                roots.add(certificate.clone())?;
            }
            Ok(versions.with_root_certificates(roots).with_no_client_auth())
        }

        /// Returns the chosen cryptography library, or the default library of this crate.
        ///
        /// If two libraries are compiled in and none is passed to rustls, rustls panics.
        fn crypto_provider(
            crypto: Option<$crate::Crypto>,
        ) -> Result<std::sync::Arc<rustls::crypto::CryptoProvider>, rustls::Error> {
            #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
            compile_error!("choose the feature `ring` (the default) or `aws-lc-rs`");
            let provider = match crypto {
                #[cfg(feature = "ring")]
                None | Some($crate::Crypto::Ring) => rustls::crypto::ring::default_provider(),
                #[cfg(feature = "aws-lc-rs")]
                None | Some($crate::Crypto::AwsLcRs) => rustls::crypto::aws_lc_rs::default_provider(),
                _ => {
                    return Err(rustls::Error::General(format!(
                        "the cryptography library {crypto:?} is not compiled in (enable its cargo feature)"
                    )))
                }
            };
            Ok(std::sync::Arc::new(provider))
        }
    };
}
