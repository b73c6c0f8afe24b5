//! How to log in.

use std::fmt;
use std::io;
use std::path::PathBuf;

use async_ssh2_tokio::AuthMethod;
use async_ssh2_tokio::client::AuthKeyboardInteractive;
use secrecy::{ExposeSecret as _, SecretString};

use super::SshTarget;
use crate::error::Error;

/// A way to log in. Secrets never show in `Debug`.
#[derive(Clone)]
#[non_exhaustive]
pub enum Auth {
    /// A password.
    Password(SecretString),
    /// A private key in a file, in OpenSSH or PEM form.
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What it is encrypted with.
        passphrase: Option<SecretString>,
    },
    /// A private key itself, in OpenSSH or PEM form.
    KeyText {
        /// The text of the key file.
        key: SecretString,
        /// What it is encrypted with.
        passphrase: Option<SecretString>,
    },
    /// Any key of the agent at `SSH_AUTH_SOCK`.
    Agent,
    /// Questions and answers: each prompt is answered by the first pair, not used yet, whose text it contains.
    KeyboardInteractive(Vec<(String, SecretString)>),
}

impl Auth {
    /// A password.
    pub fn password(password: impl Into<String>) -> Self {
        Auth::Password(SecretString::from(password.into()))
    }

    /// The answer to any prompt that contains "assword".
    pub fn keyboard_interactive(password: impl Into<String>) -> Self {
        Auth::KeyboardInteractive(vec![("assword".to_owned(), SecretString::from(password.into()))])
    }

    /// The method's name.
    pub(super) fn method_name(&self) -> &'static str {
        match self {
            Auth::Password(_) => "password",
            Auth::KeyFile { .. } | Auth::KeyText { .. } => "public key",
            Auth::Agent => "keys of the SSH agent",
            Auth::KeyboardInteractive(_) => "keyboard-interactive",
        }
    }

    /// What the SSH library wants.
    pub(super) async fn method(&self) -> Result<AuthMethod, Error> {
        let exposed =
            |secret: &Option<SecretString>| secret.as_ref().map(|text| text.expose_secret().to_owned());
        Ok(match self {
            Auth::Password(password) => AuthMethod::with_password(password.expose_secret()),
            Auth::KeyFile { path, passphrase } => {
                let text = tokio::fs::read_to_string(path).await;
                let text =
                    text.map_err(|error| Error::BadCredentials(format!("{}: {error}", path.display())))?;
                AuthMethod::with_key(&text, exposed(passphrase).as_deref())
            }
            Auth::KeyText { key, passphrase } => {
                AuthMethod::with_key(key.expose_secret(), exposed(passphrase).as_deref())
            }
            Auth::Agent => {
                let socket = std::env::var_os("SSH_AUTH_SOCK");
                let socket =
                    socket.ok_or_else(|| Error::BadCredentials("SSH_AUTH_SOCK is not set".to_owned()))?;
                let reachable = tokio::net::UnixStream::connect(&socket).await;
                reachable.map_err(|error| Error::BadCredentials(format!("the SSH agent: {error}")))?;
                AuthMethod::with_agent()
            }
            Auth::KeyboardInteractive(answers) => {
                let answers = answers.iter().fold(AuthKeyboardInteractive::new(), |all, (prompt, answer)| {
                    all.with_response(prompt.as_str(), answer.expose_secret())
                });
                answers.into()
            }
        })
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::Password(_) => "Password",
            Auth::KeyFile { .. } => "KeyFile",
            Auth::KeyText { .. } => "KeyText",
            Auth::Agent => "Agent",
            Auth::KeyboardInteractive(_) => "KeyboardInteractive",
        })
    }
}

/// Whether the SSH library says that the login was refused.
pub(super) fn is_refusal(error: &async_ssh2_tokio::Error) -> bool {
    use async_ssh2_tokio::Error as Ssh;
    matches!(
        error,
        Ssh::PasswordWrong
            | Ssh::KeyAuthFailed
            | Ssh::KeyboardInteractiveAuthFailed
            | Ssh::AgentAuthenticationFailed
    )
}

/// What the SSH library's error means.
pub(super) fn login_error(error: async_ssh2_tokio::Error, target: &SshTarget, username: &str) -> Error {
    use async_ssh2_tokio::Error as Ssh;
    let refused =
        |reason: &str| Error::LoginRefused { username: username.to_owned(), reason: reason.to_owned() };
    match error {
        Ssh::PasswordWrong => refused("password"),
        Ssh::KeyAuthFailed => refused("public key"),
        Ssh::KeyboardInteractiveAuthFailed => refused("keyboard-interactive"),
        Ssh::KeyboardInteractiveNoResponseForPrompt(_) => {
            refused("the server asked what there is no answer for")
        }
        Ssh::AgentAuthenticationFailed | Ssh::AgentAuthError(_) => refused("keys of the SSH agent"),
        Ssh::AgentConnectionFailed | Ssh::AgentRequestIdentitiesFailed | Ssh::AgentNoIdentities => {
            Error::BadCredentials("the SSH agent has no keys to offer".to_owned())
        }
        Ssh::KeyInvalid(error) => Error::BadCredentials(format!("the private key: {error}")),
        Ssh::IoError(source) | Ssh::AddressInvalid(source) => {
            Error::Connect { host: target.host.clone(), port: target.port, source }
        }
        Ssh::SshError(error) => handshake_error(error, &target.host, target.port),
        other => Error::Ssh(other.into()),
    }
}

/// Why there was no handshake: the connection ended, or the two sides do not agree.
pub(super) fn handshake_error(error: russh::Error, host: &str, port: u16) -> Error {
    use russh::Error as Ssh;
    let failed = |source| Error::Connect { host: host.to_owned(), port, source };
    match error {
        Ssh::IO(source) => failed(source),
        Ssh::HUP | Ssh::Disconnect | Ssh::SendError | Ssh::RecvError | Ssh::ConnectionTimeout => failed(
            io::Error::new(io::ErrorKind::ConnectionAborted, "the connection ended in the SSH handshake"),
        ),
        // Mostly an old device.
        Ssh::NoCommonAlgo { .. } => {
            Error::Ssh(format!("{error} (an old device may need legacy_algorithms)").into())
        }
        other => Error::Ssh(other.into()),
    }
}
