//! TLS to the broker: the system's certificates, or one authority's file; and our own certificate
//! where the broker asks for one.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::config::Tls;

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
    /// The file cannot be read or holds no key.
    #[error("no private key in `{path}`: {reason}")]
    KeyFile {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Our certificate and its key do not belong together.
    #[error("the certificate `{path}` and its key cannot be used: {reason}")]
    Client {
        /// The certificate.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The socket to the library cannot be made.
    #[error("no socket in the folder for temporary files")]
    Socket(#[from] std::io::Error),
    /// The system's certificates cannot be used.
    #[error("the system's certificates cannot be used: {0}")]
    System(#[from] rustls::Error),
}

/// What is trusted, and what is shown.
///
/// # Errors
/// [`TlsError`].
pub fn client(tls: &Tls) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = with_authorities(ClientConfig::builder(), tls.ca_file.as_deref())?;
    let config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some((cert_file, key_file)) => {
            let wrong = |reason: rustls::Error| TlsError::Client {
                path: cert_file.display().to_string(),
                reason: reason.to_string(),
            };
            let chain = certificates(cert_file)?;
            builder.with_client_auth_cert(chain, key(key_file)?).map_err(wrong)?
        }
    };
    Ok(Arc::new(config))
}

type Verified = ConfigBuilder<ClientConfig, WantsClientCert>;

fn with_authorities(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    ca_file: Option<&Path>,
) -> Result<Verified, TlsError> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let Some(path) = ca_file else { return Ok(builder.with_platform_verifier()?) };
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|error| no_certificate(path, &error.to_string()))?;
    }
    Ok(builder.with_root_certificates(store))
}

fn no_certificate(path: &Path, reason: &str) -> TlsError {
    TlsError::CaFile { path: path.display().to_string(), reason: reason.to_owned() }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error: &dyn std::fmt::Display| no_certificate(path, &error.to_string());
    let found = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| failed(&error))?;
    if found.is_empty() { Err(failed(&"the file is empty")) } else { Ok(found) }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| TlsError::KeyFile {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}
