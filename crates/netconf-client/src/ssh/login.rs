//! Logging in over an SSH connection that was not made by `async-ssh2-tokio`, which cannot take a stream that is
//! there already: call home.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::client::{AuthResult, DisconnectReason, Handle, Handler, KeyboardInteractiveAuthResponse, Prompt};
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, decode_secret_key};
use secrecy::{ExposeSecret as _, SecretString};

use super::Auth;
use super::channel::{connection_error, lost};
use crate::error::Error;

/// What the server said when it ended the connection, if it said anything: it is a refusal then, while a connection that
/// was cut may be tried again.
#[derive(Clone, Default)]
pub(super) struct Farewell(Arc<Mutex<Option<String>>>);

impl Farewell {
    fn text(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be told by [`Handler::disconnected`].
    pub(super) fn note(&self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(said) => {
                *self.text() = Some(said.message);
                Ok(())
            }
            DisconnectReason::Error(error) => Err(error),
        }
    }

    /// Why there was no handshake with a host that was reached.
    pub(super) fn no_handshake(&self, error: russh::Error, host: &str, port: u16) -> Error {
        if let Some(said) = self.text().take() {
            return Error::Ssh(format!("the server ended the handshake: {said}").into());
        }
        super::auth::handshake_error(error, host, port)
    }
}

/// Whether the server has accepted. The SSH library takes a connection that has ended for a refusal with nothing to go on with.
fn accepted<H: Handler>(handle: &Handle<H>, answer: &AuthResult) -> Result<bool, Error> {
    match answer {
        AuthResult::Success => Ok(true),
        AuthResult::Failure { remaining_methods, .. }
            if remaining_methods.is_empty() && handle.is_closed() =>
        {
            Err(lost())
        }
        AuthResult::Failure { .. } => Ok(false),
    }
}

/// Logs in. Has no limit of its own.
pub(super) async fn log_in<H: Handler>(
    handle: &mut Handle<H>,
    username: &str,
    auth: &Auth,
    farewell: &Farewell,
) -> Result<(), Error> {
    let refused = |reason: String| Error::LoginRefused { username: username.to_owned(), reason };
    match is_let_in(handle, username, auth).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(refused(auth.method_name().to_owned())),
        Err(Error::SessionLost { .. }) => {
            // Once its task has ended, what the server said is known.
            let _ = handle.await;
            let said = farewell.text().take().ok_or_else(lost)?;
            Err(refused(format!("{}; the server ended the connection: {said}", auth.method_name())))
        }
        Err(error) => Err(error),
    }
}

async fn is_let_in<H: Handler>(handle: &mut Handle<H>, username: &str, auth: &Auth) -> Result<bool, Error> {
    match auth {
        Auth::Password(password) => {
            let answer = handle.authenticate_password(username, password.expose_secret()).await;
            accepted(handle, &answer.map_err(connection_error)?)
        }
        Auth::KeyFile { path, passphrase } => {
            let text = tokio::fs::read_to_string(path).await;
            let text = text.map_err(|error| Error::BadCredentials(format!("{}: {error}", path.display())))?;
            by_key(handle, username, &text, passphrase.as_ref()).await
        }
        Auth::KeyText { key, passphrase } => {
            by_key(handle, username, key.expose_secret(), passphrase.as_ref()).await
        }
        Auth::KeyboardInteractive(answers) => by_answers(handle, username, answers.clone()).await,
        Auth::Agent => by_agent(handle, username).await,
    }
}

async fn by_key<H: Handler>(
    handle: &mut Handle<H>,
    username: &str,
    text: &str,
    passphrase: Option<&SecretString>,
) -> Result<bool, Error> {
    let key = decode_secret_key(text, passphrase.map(|secret| secret.expose_secret()))
        .map_err(|error| Error::BadCredentials(format!("the private key: {error}")))?;
    let hash = rsa_hash(handle, key.algorithm().is_rsa()).await?;
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
    let answer = handle.authenticate_publickey(username, key).await.map_err(connection_error)?;
    accepted(handle, &answer)
}

/// Tries every key of the agent at `SSH_AUTH_SOCK` until the server takes one.
async fn by_agent<H: Handler>(handle: &mut Handle<H>, username: &str) -> Result<bool, Error> {
    let unusable = |error: russh::keys::Error| Error::BadCredentials(format!("the SSH agent: {error}"));
    let mut agent = AgentClient::connect_env().await.map_err(unusable)?;
    let identities = agent.request_identities().await.map_err(unusable)?;
    if identities.is_empty() {
        return Err(Error::BadCredentials("the SSH agent has no keys to offer".to_owned()));
    }
    for identity in identities {
        let key = identity.public_key().into_owned();
        let hash = rsa_hash(handle, key.algorithm().is_rsa()).await?;
        // An agent that does not sign with a key (it asks its user, who declines) may do so with the next.
        match handle.authenticate_publickey_with(username, key, hash, &mut agent).await {
            Ok(answer) if accepted(handle, &answer)? => return Ok(true),
            Ok(_) => {}
            Err(_) if handle.is_closed() => return Err(lost()),
            Err(error) => tracing::debug!(%error, "a key of the SSH agent could not be used"),
        }
    }
    Ok(false)
}

/// The hash an RSA key signs with, as the server takes it (RFC 8332); other kinds of key have none to choose.
async fn rsa_hash<H: Handler>(handle: &Handle<H>, is_rsa: bool) -> Result<Option<HashAlg>, Error> {
    if is_rsa {
        Ok(handle.best_supported_rsa_hash().await.map_err(connection_error)?.flatten())
    } else {
        Ok(None)
    }
}

async fn by_answers<H: Handler>(
    handle: &mut Handle<H>,
    username: &str,
    mut answers: Vec<(String, SecretString)>,
) -> Result<bool, Error> {
    let mut step =
        handle.authenticate_keyboard_interactive_start(username, None).await.map_err(connection_error)?;
    loop {
        let prompts: Vec<Prompt> = match step {
            KeyboardInteractiveAuthResponse::Success => return Ok(true),
            KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
        };
        let mut responses = Vec::new();
        for Prompt { prompt, .. } in prompts {
            let Some(at) = answers.iter().position(|(text, _)| prompt.contains(text)) else {
                return Ok(false);
            };
            responses.push(answers.remove(at).1.expose_secret().to_owned());
        }
        step = handle.authenticate_keyboard_interactive_respond(responses).await.map_err(connection_error)?;
    }
}
