// SPDX-License-Identifier: Apache-2.0
//! What a request is addressed to, read once from what the owner wrote.

use berth_doors::names::Host;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

pub(crate) struct Target {
    pub secure: bool,
    pub host: Host,
    pub port: u16,
    pub path: PathAndQuery,
    pub headers: HeaderMap,
}

impl Target {
    pub fn new(url: &str, headers: &[(String, String)]) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| "it is no URL: write http://127.0.0.1:4318".to_owned())?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err("it begins with neither http:// nor https://".into()),
        };
        let authority = uri.authority().ok_or("it names no host")?;
        if authority.as_str().contains('@') {
            return Err("it holds a name or a password, which belong into a header".into());
        }
        let host = Host::parse(authority.host()).ok_or("its host is neither a name nor an address")?;
        let port = match (authority.port_u16(), secure) {
            (Some(port), _) => port,
            (None, _) if authority.as_str() != authority.host() => {
                return Err("its port is no number up to 65535".into());
            }
            (None, true) => 443,
            (None, false) => 80,
        };
        let path = uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let mut all = read(headers)?;
        let named = HeaderValue::from_str(authority.as_str()).map_err(|_| "its host is no text for a header")?;
        all.insert(header::HOST, named);
        Ok(Target { secure, host, port, path, headers: all })
    }

    /// The host and the port, in normal form.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host.in_url(), self.port)
    }
}

/// What is wrong with a value isn't said: it may be a secret.
fn read(headers: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let key: HeaderName = name.parse().map_err(|_| format!("'{name}' is no name of a header"))?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the header '{name}' can't have the value it is given"))?;
        value.set_sensitive(true);
        all.append(key, value);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{Host, Target};

    #[test]
    fn a_url_says_how_and_where() {
        let one = Target::new("https://collector.example:4318/v1/logs?a", &[]).expect("a URL");
        assert_eq!((one.secure, one.port, one.path.as_str()), (true, 4318, "/v1/logs?a"));
        assert_eq!(one.host, Host::Name("collector.example".into()));
        assert_eq!(one.headers["host"], "collector.example:4318");
        let other = Target::new("http://[::1]", &[]).expect("a URL");
        assert_eq!((other.secure, other.port, other.path.as_str()), (false, 80, "/"));
    }

    #[test]
    fn what_is_none_is_refused_without_its_secrets() {
        for url in [
            "",
            "/v1",
            "localhost:4318",
            "ftp://a/",
            "http://",
            "http://u:secret@a/",
            "http://a:99999/",
            "http://0x7f.1/",
        ] {
            let error = Target::new(url, &[]).err().unwrap_or_else(|| panic!("{url} is taken"));
            assert!(!error.contains("secret"), "{error}");
        }
        let broken = vec![("authorization".to_owned(), "sec\nret".to_owned())];
        let error = Target::new("http://a/", &broken).err().expect("a refusal");
        assert!(error.contains("'authorization'") && !error.contains("ret'"), "{error}");
    }
}
