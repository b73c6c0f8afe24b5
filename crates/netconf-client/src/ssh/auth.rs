//! How to log in.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

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
