// SPDX-License-Identifier: Apache-2.0
//! TLS towards the server: with the certificates that it was told to trust, or this machine's, which are read when they
//! are first needed.

use berth_doors::names::Host;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Nothing until this machine's certificates are needed.
pub(crate) struct Tls(Option<Arc<ClientConfig>>);

impl Tls {
    /// `roots` are certificates in PEM; empty: this machine's.
    pub fn new(roots: &[u8]) -> Result<Self, String> {
        if roots.is_empty() {
            return Ok(Tls(None));
        }
        let mut named = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(roots) {
            let added = certificate.ok().and_then(|certificate| named.add(certificate).ok());
            added.ok_or("a certificate in it can't be read: it has to be PEM")?;
        }
        if named.is_empty() {
            return Err("there is no certificate in it: it has to be PEM".into());
        }
        Ok(Tls(Some(config(named)?)))
    }

    pub async fn connect(&mut self, host: &Host, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let config = match &self.0 {
            Some(made) => made.clone(),
            None => self.0.insert(config(of_this_machine())?).clone(),
        };
        let name = match host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|e| e.to_string())?,
        };
        TlsConnector::from(config).connect(name, stream).await.map_err(|e| format!("TLS: {e}"))
    }
}

fn of_this_machine() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| format!("TLS: {e}"))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::Tls;

    #[test]
    fn a_file_without_certificates_is_none_to_trust() {
        assert!(Tls::new(b"").is_ok());
        for text in ["words", "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"] {
            assert!(Tls::new(text.as_bytes()).is_err(), "{text}");
        }
    }
}
