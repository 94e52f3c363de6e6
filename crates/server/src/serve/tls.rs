//! TLS: certificate and key from files.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use windlass_core::error::{ErrorCode, Failure};

use super::settings::TlsFiles;

/// What accepts connections with these files.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, Failure> {
    let refused = |name: &str, path: &Path, why: String| {
        let detail = format!("{name}: {} can't be used: {why}", path.display());
        Failure::new(ErrorCode::InvalidField, detail)
    };
    let cert = |why: String| refused("tls-cert", &files.cert, why);
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect)
        .map_err(|e| cert(e.to_string()))?;
    if chain.is_empty() {
        return Err(cert("there is no certificate in it".into()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|e| refused("tls-key", &files.key, e.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|b| b.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| cert(format!("{e} (is tls-key its key?)")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
