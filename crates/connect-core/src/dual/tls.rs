//! Whose certificates a transport trusts, written once for both transports, which bring rustls.

/// Expands to `extra_roots` and `client_config`.
#[doc(hidden)]
#[macro_export]
macro_rules! tls {
    () => {
        /// Returns the certificates that are trusted in addition.
        pub(crate) fn extra_roots(
            network: &$crate::Network,
        ) -> Result<Vec<rustls_pki_types::CertificateDer<'static>>, $crate::Error> {
            use rustls_pki_types::{CertificateDer, pem::PemObject};

            let wrong = |number: usize, what: &str| {
                $crate::Error::configuration(format!("root certificate {} {what}", number + 1))
            };
            let mut all = Vec::new();
            for (number, pem) in network.root_certificates.iter().enumerate() {
                // Byte order marks, and whatever else is not text, hide a certificate behind them.
                let pem = String::from_utf8_lossy(pem).replace(['\u{feff}', '\u{fffd}'], "");
                let labels = pem.split("-----BEGIN ").skip(1).filter_map(|block| block.split("-----").next());
                let expected = labels.filter(|label| label.ends_with("CERTIFICATE")).count();
                let before = all.len();
                for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                    all.push(certificate.map_err(|_| wrong(number, "is damaged PEM"))?);
                }
                match all.len() - before {
                    0 => return Err(wrong(number, "is not PEM (expected `-----BEGIN CERTIFICATE-----`)")),
                    found if found < expected => {
                        let what =
                            format!("holds {expected} certificates, of which only {found} can be read");
                        return Err(wrong(number, &what));
                    }
                    _ => {}
                }
            }
            Ok(all)
        }

        /// Returns the settings of TLS 1.2 and 1.3. No feature changes whom they trust: that is a builder's to say.
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
                let versions = versions.dangerous(); // so called, whatever verifier it is
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

        /// Names one, since rustls panics when it has to choose between two.
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
                _ => return Err(rustls::Error::General(format!("{crypto:?} is not built in"))),
            };
            Ok(std::sync::Arc::new(provider))
        }
    };
}
