//! Which host key a server must have.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_ssh2_tokio::ServerCheckMethod;
use russh::Preferred;
use russh::keys::{Algorithm, HashAlg, PublicKey, PublicKeyBase64 as _};
use tokio::time::timeout;

use super::algorithms::{kinds_of_key, offered, same_kind};
use super::guard::Guard;
use super::{Route, SshTarget};
use crate::error::{Error, Phase};

/// What the server's host key is checked against. There is no "any".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostKeyCheck {
    /// A file in the format of OpenSSH's known_hosts; host names may be hashed. If it has several keys for the host, any of
    /// them is good; where two are of one kind, or one is revoked, the connection is made twice. A key in a line marked
    /// `@revoked` is refused, whatever hosts that line is for. Patterns and certificate authorities (`@cert-authority`) are not
    /// supported: such lines match nothing, nor do lines with tabs between their fields. A line for the host with a key of
    /// a kind that is not known (ssh-dss) is an [`Error::KnownHosts`].
    KnownHosts(PathBuf),
    /// The SHA-256 fingerprint of any of the server's keys, as `ssh-keygen -l` prints it: `SHA256:…`. The connection is
    /// made at least twice: to see the key, for each kind of key until it is found, and pinned to it.
    Fingerprint(String),
    /// The key itself, as in a `.pub` file: `ssh-ed25519 AAAA…`, with or without the type and a comment.
    PinnedKey(String),
}

/// A check made ready for one connection.
pub(super) struct Expected {
    pub(super) method: ServerCheckMethod,
    /// The kinds of key that are known, to be asked for first.
    pub(super) algorithms: Vec<Algorithm>,
}

impl Expected {
    fn key(key: &PublicKey) -> Self {
        let method = ServerCheckMethod::PublicKey(key.public_key_base64());
        Expected { method, algorithms: vec![key.algorithm()] }
    }

    /// Whether this is how the SSH library says that the host key was not accepted.
    pub(super) fn refuses(&self, error: &async_ssh2_tokio::Error) -> bool {
        use async_ssh2_tokio::Error as Ssh;
        matches!(error, Ssh::ServerCheckFailed | Ssh::SshError(russh::Error::UnknownKey))
    }
}

impl HostKeyCheck {
    pub(super) async fn expected(
        &self,
        target: &SshTarget,
        route: &Route,
        limit: Duration,
    ) -> Result<Expected, Error> {
        match self {
            HostKeyCheck::KnownHosts(path) => known_host(path, target, route, limit).await,
            HostKeyCheck::PinnedKey(text) => Ok(Expected::key(&parse_pinned(text)?)),
            HostKeyCheck::Fingerprint(wanted) => {
                let wanted = normal_fingerprint(wanted)?;
                let shown = Box::pin(scan_at(route, limit, offered(true, &[]))).await?;
                if fingerprint(&shown) == wanted {
                    return Ok(Expected::key(&shown));
                }
                let other = timeout(limit, Box::pin(another_key(route, limit, &shown, &wanted))).await;
                let other = other.ok().flatten();
                other.map(|key| Expected::key(&key)).ok_or_else(|| mismatch(target, Some(shown)))
            }
        }
    }
}

/// What a known_hosts file says about a host.
struct Known {
    /// The keys of its lines.
    keys: Vec<PublicKey>,
    /// The keys, in base64, of all lines marked `@revoked`: whoever has a stolen key may show it under any name.
    revoked: HashSet<String>,
}

impl Known {
    fn is_revoked(&self, key: &PublicKey) -> bool {
        self.revoked.contains(key.public_key_base64().trim_end_matches('='))
    }
}

async fn known_host(
    path: &Path,
    target: &SshTarget,
    route: &Route,
    limit: Duration,
) -> Result<Expected, Error> {
    let known = known_keys(target, path.to_owned(), limit).await?;
    let good: Vec<&PublicKey> = known.keys.iter().filter(|key| !known.is_revoked(key)).collect();
    if good.is_empty() {
        let shown = Box::pin(scan_at(route, limit, offered(true, &[]))).await.ok();
        if !known.keys.is_empty() || shown.as_ref().is_some_and(|key| known.is_revoked(key)) {
            return Err(mismatch(target, shown));
        }
        let fingerprint = shown.map(|key| fingerprint(&key));
        return Err(Error::HostKeyUnknown { host: target.host.clone(), port: target.port, fingerprint });
    }
    let algorithms: Vec<_> = good.iter().map(|key| key.algorithm()).collect();
    let doubled = algorithms.iter().enumerate().any(|(at, one)| algorithms[..at].contains(one));
    if doubled || good.len() < known.keys.len() {
        // The SSH library refuses both of two keys of one kind, and takes those that are revoked: see which key it is, and
        // pin that.
        let shown = Box::pin(scan_at(route, limit, offered(true, &algorithms))).await?;
        if good.iter().any(|key| key.key_data() == shown.key_data()) {
            return Ok(Expected::key(&shown));
        }
        return Err(mismatch(target, Some(shown)));
    }
    let unusable = || Error::KnownHosts { path: path.to_owned(), reason: "its name is not UTF-8".to_owned() };
    let file = path.to_str().ok_or_else(unusable)?.to_owned();
    Ok(Expected { method: ServerCheckMethod::KnownHostsFile(file), algorithms })
}

/// Asks a server for its host key without logging in, as `ssh-keyscan` does. What it shows is not proof of who it
/// is: show the fingerprint to a person, or compare it with one from elsewhere.
///
/// # Errors
/// [`Error::Connect`], [`Error::Timeout`], [`Error::Ssh`].
pub async fn scan_host_key(target: &SshTarget, limit: Duration) -> Result<HostKey, Error> {
    let late = |_| Error::Timeout { phase: Phase::Connect, after: limit, safe_to_repeat: true };
    let route = timeout(limit, Route::find(target)).await.map_err(late)??;
    let key = scan_at(&route, limit, offered(true, &[])).await?;
    let line = format!("{} {}", key.algorithm().as_str(), key.public_key_base64());
    Ok(HostKey { fingerprint: fingerprint(&key), public_key: line })
}

/// A server's host key as [`scan_host_key`] saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostKey {
    /// `SHA256:` and base64 without padding.
    pub fingerprint: String,
    /// Type and key in base64, as in a `.pub` file and after the host's name in known_hosts.
    pub public_key: String,
}

/// The server's key that has this fingerprint, if it is of another kind than the one it has shown: a server shows only
/// the first that is asked for.
async fn another_key(route: &Route, limit: Duration, shown: &PublicKey, wanted: &str) -> Option<PublicKey> {
    let others = kinds_of_key().into_iter().filter(|kind| !same_kind(&kind[0], &shown.algorithm()));
    for kind in others {
        let only = Preferred { key: kind.into(), ..offered(true, &[]) };
        if let Ok(key) = scan_at(route, limit, only).await
            && fingerprint(&key) == wanted
        {
            return Some(key);
        }
    }
    None
}

/// Sees a host key. Nothing that is secret is sent, so algorithms that are no longer good enough for that may be
/// `offered`.
pub(super) async fn scan_at(route: &Route, limit: Duration, offered: Preferred) -> Result<PublicKey, Error> {
    let seen = Arc::new(Mutex::new(None));
    let config = russh::client::Config { preferred: offered, ..russh::client::Config::default() };
    let config = Arc::new(config);
    let handler = Scan(Arc::clone(&seen));
    let looking = async {
        let (stream, _guard) = Guard::connect(&route.addresses).await?;
        russh::client::connect_stream(config, stream, handler).await
    };
    let attempt = timeout(limit, looking).await;
    if let Some(key) = seen.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Ok(key);
    }
    match attempt {
        Err(_) => Err(Error::Timeout { phase: Phase::Connect, after: limit, safe_to_repeat: true }),
        Ok(Err(error)) => {
            let port = route.addresses.first().map_or(0, std::net::SocketAddr::port);
            Err(super::auth::handshake_error(error, &route.host, port))
        }
        Ok(Ok(_)) => Err(Error::Ssh("the handshake ended without a host key".into())),
    }
}

/// Keeps the key and accepts none, so that the handshake ends there.
struct Scan(Arc<Mutex<Option<PublicKey>>>);

impl russh::client::Handler for Scan {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKey) -> Result<bool, russh::Error> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(false)
    }
}

pub(super) fn mismatch(target: &SshTarget, shown: Option<PublicKey>) -> Error {
    let fingerprint = shown.map(|key| fingerprint(&key));
    Error::HostKeyMismatch { host: target.host.clone(), port: target.port, fingerprint }
}

pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// `SHA256:` and base64 without padding; the prefix and padding may be missing or present.
pub(super) fn normal_fingerprint(text: &str) -> Result<String, Error> {
    let digest = text.trim();
    let digest = digest.strip_prefix("SHA256:").unwrap_or(digest).trim_end_matches('=');
    let base64 = digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    // 32 bytes are 43 characters of base64 without padding.
    if digest.len() == 43 && base64 {
        return Ok(format!("SHA256:{digest}"));
    }
    Err(Error::BadCredentials("a host key fingerprint is SHA256: and 43 characters of base64".to_owned()))
}

pub(super) fn parse_pinned(text: &str) -> Result<PublicKey, Error> {
    let bad = |_| Error::BadCredentials("the pinned host key is not an OpenSSH public key".to_owned());
    // It begins with the length of its type, of which no type has more than 255 bytes.
    let key = text.split_whitespace().take(2).find(|word| word.starts_with("AAAA"));
    russh::keys::parse_public_key_base64(key.unwrap_or("")).map_err(bad)
}

/// Reads the file. One that does not come to an end (a pipe, a network file system that hangs) is given up.
async fn known_keys(target: &SshTarget, path: PathBuf, limit: Duration) -> Result<Known, Error> {
    let (host, port, file) = (target.host.clone(), target.port, path.clone());
    let read = move || {
        let text = std::fs::read(&file).map_err(|error| error.to_string())?;
        let found = russh::keys::known_hosts::known_host_keys_path(&host, port, &file);
        let keys = found.map_err(|error| error.to_string())?.into_iter().map(|(_, key)| key).collect();
        Ok(Known { keys, revoked: revoked(&String::from_utf8_lossy(&text)) })
    };
    let read = timeout(limit, tokio::task::spawn_blocking(read)).await;
    let outcome = read.map_err(|_| format!("reading it took longer than {} s", limit.as_secs_f32()));
    let known = outcome.and_then(|read| read.map_err(|error| error.to_string())).and_then(|known| known);
    known.map_err(|reason| Error::KnownHosts { path, reason })
}

/// The keys of the lines `@revoked HOSTS TYPE KEY`, in base64 without padding.
fn revoked(text: &str) -> HashSet<String> {
    let lines = text.lines().map(str::split_whitespace);
    let keys = lines.filter_map(|mut words| (words.next()? == "@revoked").then(|| words.nth(2)).flatten());
    keys.map(|key| key.trim_end_matches('=').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_accepted_in_the_forms_people_copy() {
        let digest = "a".repeat(43);
        for text in [format!("SHA256:{digest}"), format!("{digest}="), format!(" {digest}\n")] {
            assert_eq!(normal_fingerprint(&text).unwrap(), format!("SHA256:{digest}"));
        }
        for text in ["", "MD5:00:11", "SHA256:short", &"!".repeat(43)] {
            assert!(normal_fingerprint(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pinned_key_may_have_its_type_and_a_comment() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIGyHnOpGUQKmwgVw3z0kAi+EIZQTyzb5GCp+fWQdRnq1";
        let plain = parse_pinned(key).unwrap();
        assert_eq!(parse_pinned(&format!("ssh-ed25519 {key} admin@switch\n")).unwrap(), plain);
        assert_eq!(parse_pinned(&format!("{key} admin@switch")).unwrap(), plain);
        assert!(parse_pinned("ssh-ed25519 xx").is_err());
    }
}
