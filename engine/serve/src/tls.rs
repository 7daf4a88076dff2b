// SPDX-License-Identifier: Apache-2.0
//! TLS from clients: the certificate that a server shows, which can be exchanged while it serves, and the handshake,
//! which takes no longer than a head may.

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerSessionMemoryCache;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What a connection holds of unsent bytes.
const BUFFER: usize = 64 << 10;
/// Sessions to go on with, of all clients.
const SESSIONS: usize = 4096;

/// A certificate and its key, for as many servers and as many changes as there are. Connections keep what they began with.
pub struct Tls(RwLock<Arc<ServerConfig>>);

impl Tls {
    /// Both in PEM, the server's own certificate first. The error says what is wrong with them, and nothing of what is in
    /// them: a file may have been taken for the other.
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Self, &'static str> {
        Ok(Tls(RwLock::new(config(chain, key)?)))
    }

    /// For the handshakes that begin from now on. After an error nothing has changed.
    pub fn change(&self, chain: &[u8], key: &[u8]) -> Result<(), &'static str> {
        let config = config(chain, key)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Nothing when the client isn't up to it, or not in time.
    pub(crate) async fn accept(&self, stream: TcpStream, most: Duration) -> Option<TlsStream<TcpStream>> {
        let config = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let accepting =
            TlsAcceptor::from(config).accept_with(stream, |connection| connection.set_buffer_limit(Some(BUFFER)));
        tokio::time::timeout(most, accepting).await.ok()?.ok()
    }
}

/// Which HTTP was agreed on.
pub(crate) fn speaks_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

fn config(chain: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, &'static str> {
    let (chain, key) = (certificates(chain)?, private_key(key)?);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| "this build has no TLS 1.2 and 1.3")?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(|e| wrong_with(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Ok(Arc::new(config))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err("the certificate's file has none in PEM: it takes a part that begins with BEGIN CERTIFICATE"),
        Err(_) => Err("the certificate's file is no PEM that can be read: it may have been cut off"),
    }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, &'static str> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound if locked(pem) => {
            "the key has a passphrase: write it without one, by openssl pkey"
        }
        rustls::pki_types::pem::Error::NoItemsFound => {
            "the key's file has none in PEM: it takes a part that begins with BEGIN PRIVATE KEY"
        }
        _ => "the key's file is no PEM that can be read: it may have been cut off",
    })
}

fn locked(pem: &[u8]) -> bool {
    const LABEL: &[u8] = b"BEGIN ENCRYPTED PRIVATE KEY";
    pem.windows(LABEL.len()).any(|part| part == LABEL)
}

fn wrong_with(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            "the key isn't that of the first certificate: give those that were made together, the server's own first"
        }
        rustls::Error::InvalidCertificate(_) => "the first certificate can't be read",
        _ => "the key is none that can be used: it takes one of RSA, ECDSA over P-256 or P-384, or Ed25519",
    }
}
