//! Certificates for Modbus/TCP Security, made for one test: an authority, a server of the name
//! `localhost`, a client, and a client whom nobody trusts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// PEM files of one party.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// All that a test needs, as files that go with it.
pub(crate) struct Certificates {
    /// PEM file of the authority.
    pub(crate) authority: PathBuf,
    pub(crate) server: Identity,
    pub(crate) client: Identity,
    /// Signed by an authority of its own.
    pub(crate) stranger: Identity,
    _folder: tempfile::TempDir,
}

impl Certificates {
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let issuer = issuer();
        let authority = folder.path().join("authority.pem");
        std::fs::write(&authority, issuer.pem()).expect("written");
        let server = sign(folder.path(), "server", ExtendedKeyUsagePurpose::ServerAuth, &issuer);
        let client = sign(folder.path(), "client", ExtendedKeyUsagePurpose::ClientAuth, &issuer);
        let stranger =
            sign(folder.path(), "stranger", ExtendedKeyUsagePurpose::ClientAuth, &self::issuer());
        Self { authority, server, client, stranger, _folder: folder }
    }

    /// What a server needs that lets in only clients of the authority.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(roots(&self.authority));
        let clients = WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .expect("a verifier");
        let (chain, key) = self.server.load();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .expect("a certificate");
        Arc::new(config)
    }
}

impl Identity {
    pub(crate) fn load(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = CertificateDer::from_pem_file(&self.certificate).expect("a certificate");
        (vec![chain], PrivateKeyDer::from_pem_file(&self.key).expect("a key"))
    }
}

/// Who trusts the authority in this file.
pub(crate) fn roots(authority: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).expect("PEM")).expect("an authority");
    roots
}

fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

fn sign(
    folder: &Path,
    name: &str,
    purpose: ExtendedKeyUsagePurpose,
    issuer: &CertifiedIssuer<'static, KeyPair>,
) -> Identity {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).expect("names");
    params.extended_key_usages = vec![purpose];
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("signed");
    let file = |kind: &str, text: String| {
        let path = folder.join(format!("{name}.{kind}.pem"));
        std::fs::write(&path, text).expect("written");
        path
    };
    Identity {
        certificate: file("certificate", certificate.pem()),
        key: file("key", key.serialize_pem()),
    }
}
