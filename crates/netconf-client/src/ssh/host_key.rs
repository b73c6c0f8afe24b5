//! Which host key a server must have.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::Preferred;
use russh::keys::{Algorithm, HashAlg, PublicKey, PublicKeyBase64 as _};

use super::connection::reach;
use super::{SshTarget, late};
use crate::error::{Error, Phase};

/// What the server's host key is checked against. There is no "any".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostKeyCheck {
    /// A file in the format of OpenSSH's known_hosts; host names may be hashed. Patterns, certificate authorities and
    /// markers (`@revoked`) are not supported: such lines match nothing.
    KnownHosts(PathBuf),
    /// The key's SHA-256 fingerprint, as `ssh-keygen -l` prints it: `SHA256:` and 43 characters of base64. It must be
    /// that of the key the server shows by itself, mostly its Ed25519 key.
    Fingerprint(String),
    /// The key itself, as in a `.pub` file: `ssh-ed25519 AAAA…`, with or without a comment.
    PinnedKey(String),
}

/// A check made ready.
#[derive(Debug, Clone)]
pub(super) enum Known {
    Fingerprint(String),
    /// Any of these; with none, no key is known.
    Keys(Vec<PublicKey>),
}

impl Known {
    pub(super) fn is(&self, key: &PublicKey) -> bool {
        match self {
            Known::Fingerprint(print) => *print == fingerprint(key),
            Known::Keys(keys) => keys.iter().any(|known| known.key_data() == key.key_data()),
        }
    }

    /// Asks for a key of the kind that is known before others, as ssh(1) does.
    pub(super) fn prefer(&self, preferred: &mut Preferred) {
        let Known::Keys(keys) = self else { return };
        let known = |algorithm: &Algorithm| keys.iter().any(|key| same_type(&key.algorithm(), algorithm));
        let (mut first, mut rest): (Vec<_>, Vec<_>) = preferred.key.iter().cloned().partition(known);
        first.append(&mut rest);
        preferred.key = first.into();
    }

    /// The error for a server that showed another key.
    pub(super) fn refusal(&self, target: &SshTarget, shown: &PublicKey) -> Error {
        let (host, port, fingerprint) = (target.host.clone(), target.port, Some(fingerprint(shown)));
        match self {
            Known::Keys(keys) if keys.is_empty() => Error::HostKeyUnknown { host, port, fingerprint },
            _ => Error::HostKeyMismatch { host, port, fingerprint },
        }
    }
}

fn same_type(one: &Algorithm, other: &Algorithm) -> bool {
    one == other || (one.clone().is_rsa() && other.clone().is_rsa())
}

impl HostKeyCheck {
    /// Reads and parses what a server's key is compared with.
    pub(super) async fn known(&self, target: &SshTarget) -> Result<Known, Error> {
        match self {
            HostKeyCheck::KnownHosts(path) => Ok(Known::Keys(known_keys(target, path.clone()).await?)),
            HostKeyCheck::PinnedKey(text) => Ok(Known::Keys(vec![parse_pinned(text)?])),
            HostKeyCheck::Fingerprint(text) => Ok(Known::Fingerprint(normal_fingerprint(text)?)),
        }
    }
}

/// Asks a server for its host key without logging in, as `ssh-keyscan` does, within `limit`. What it shows is not
/// proof of who it is: show the fingerprint to a person, or compare it with one from elsewhere.
///
/// # Errors
/// [`Error::Connect`], [`Error::Timeout`], [`Error::Ssh`].
pub async fn scan_host_key(target: &SshTarget, limit: Duration) -> Result<HostKey, Error> {
    let nothing: Arc<[Known]> = Arc::new([]);
    let config = russh::client::Config { nodelay: true, ..russh::client::Config::default() };
    let outcome = tokio::time::timeout(limit, reach(target, config, nothing)).await;
    match outcome.map_err(|_| late(Phase::Connect, limit))?? {
        Err(key) => {
            let line = format!("{} {}", key.algorithm().as_str(), key.public_key_base64());
            Ok(HostKey { fingerprint: fingerprint(&key), public_key: line })
        }
        Ok(_) => Err(Error::Ssh("the handshake went on with a key that is not known".into())),
    }
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

pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// `SHA256:` and base64 without padding; the prefix and padding may be missing or present.
fn normal_fingerprint(text: &str) -> Result<String, Error> {
    let digest = text.trim();
    let digest = digest.strip_prefix("SHA256:").unwrap_or(digest).trim_end_matches('=');
    let base64 = digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    // 32 bytes are 43 characters of base64 without padding.
    if digest.len() == 43 && base64 {
        return Ok(format!("SHA256:{digest}"));
    }
    Err(Error::BadCredentials("a host key fingerprint is SHA256: and 43 characters of base64".to_owned()))
}

fn parse_pinned(text: &str) -> Result<PublicKey, Error> {
    let bad = |_| Error::BadCredentials("the pinned host key is not an OpenSSH public key".to_owned());
    let mut words = text.split_whitespace();
    let (first, second) = (words.next().unwrap_or(""), words.next());
    russh::keys::parse_public_key_base64(second.unwrap_or(first)).map_err(bad)
}

async fn known_keys(target: &SshTarget, path: PathBuf) -> Result<Vec<PublicKey>, Error> {
    let (host, port, file) = (target.host.clone(), target.port, path.clone());
    let read = move || {
        // The SSH library takes a missing file for an empty one.
        std::fs::File::open(&file).map_err(|error| error.to_string())?;
        russh::keys::known_hosts::known_host_keys_path(&host, port, &file).map_err(|error| error.to_string())
    };
    let outcome = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string());
    let keys = outcome.and_then(|keys| keys).map_err(|reason| Error::KnownHosts { path, reason })?;
    Ok(keys.into_iter().map(|(_, key)| key).collect())
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
        assert!(parse_pinned("ssh-ed25519 xx").is_err());
    }
}
