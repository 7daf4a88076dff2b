// SPDX-License-Identifier: Apache-2.0
//! TLS towards servers: the system's roots (or SSL_CERT_FILE and SSL_CERT_DIR of berth's own environment), read
//! once, when a guest first needs them.

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio_rustls::client::TlsStream;
use wasmtime_wasi_http::Error;

use crate::names::Host;

/// What a connection holds of unsent bytes.
const BUFFER: usize = 32 << 10;
/// Sessions to go on with, of one guest: another guest's would tell a server that they share a host.
const SESSIONS: usize = 32;

/// The certificates that this machine trusts.
#[derive(Default)]
pub struct Roots(OnceCell<Arc<RootCertStore>>);

impl Roots {
    async fn get(&self) -> Arc<RootCertStore> {
        let read = || async {
            // Reads some hundred files.
            let read = tokio::task::spawn_blocking(|| {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                Arc::new(roots)
            });
            read.await.unwrap_or_else(|_| Arc::new(RootCertStore::empty()))
        };
        self.0.get_or_init(read).await.clone()
    }
}

/// One guest's side of TLS.
#[derive(Default)]
pub struct Tls(OnceCell<Arc<ClientConfig>>);

impl Tls {
    pub async fn connect<S>(&self, roots: &Roots, host: &Host, stream: S) -> Result<TlsStream<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.0.get_or_try_init(|| config(roots)).await?.clone();
        let name = match host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Error::TlsCertificateError)?,
        };
        let connecting = tokio_rustls::TlsConnector::from(config)
            .connect_with(name, stream, |connection| connection.set_buffer_limit(Some(BUFFER)));
        connecting.await.map_err(|e| tls_error(&e))
    }
}

async fn config(roots: &Roots) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| Error::ConfigurationError)?;
    let mut config = builder.with_root_certificates(roots.get().await).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(Arc::new(config))
}

/// What TLS made of a connection, if it was TLS.
pub fn alert_in(error: &io::Error) -> Option<Error> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(_)
        | rustls::Error::NoCertificatesPresented
        | rustls::Error::UnsupportedNameType
        | rustls::Error::InvalidCertRevocationList(_) => Error::TlsCertificateError,
        rustls::Error::AlertReceived(alert) => {
            Error::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(alert_name(*alert)) }
        }
        _ => Error::TlsProtocolError,
    })
}

fn tls_error(error: &io::Error) -> Error {
    let broken = matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    );
    alert_in(error).unwrap_or(if broken { Error::ConnectionTerminated } else { Error::TlsProtocolError })
}

/// "HandshakeFailure" as the standard writes it: "handshake_failure".
fn alert_name(alert: AlertDescription) -> String {
    let mut name = String::new();
    for letter in format!("{alert:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
