//! TLS to the broker: the system's certificates, or one authority's file.

use std::path::Path;
use std::sync::Arc;

use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read or holds no certificate.
    #[error("no certificate in `{path}`: {reason}")]
    CaFile {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The system's certificates cannot be used.
    #[error("the system's certificates cannot be used: {0}")]
    System(#[from] rustls::Error),
}

pub(super) fn transport(ca_file: Option<&Path>) -> Result<Transport, TlsError> {
    let config = match ca_file {
        Some(path) => {
            ClientConfig::builder().with_root_certificates(authorities(path)?).with_no_client_auth()
        }
        None => {
            use rustls_platform_verifier::BuilderVerifierExt;
            ClientConfig::builder().with_platform_verifier()?.with_no_client_auth()
        }
    };
    Ok(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(config))))
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let failed = |reason: String| TlsError::CaFile { path: path.display().to_string(), reason };
    let mut store = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        store.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if store.is_empty() { Err(failed("the file is empty".to_owned())) } else { Ok(store) }
}
