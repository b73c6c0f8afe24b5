//! Logging in over an SSH connection that was not made by `async-ssh2-tokio`, which cannot take a stream that is
//! there already: call home.

use std::sync::Arc;

use russh::client::{Handle, Handler, KeyboardInteractiveAuthResponse, Prompt};
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, decode_secret_key};
use secrecy::{ExposeSecret as _, SecretString};

use super::Auth;
use crate::error::Error;

fn ssh(error: russh::Error) -> Error {
    Error::Ssh(error.into())
}

/// Logs in. Has no limit of its own.
pub(super) async fn log_in<H: Handler>(
    handle: &mut Handle<H>,
    username: &str,
    auth: &Auth,
) -> Result<(), Error> {
    let accepted = match auth {
        Auth::Password(password) => {
            let answer = handle.authenticate_password(username, password.expose_secret()).await;
            answer.map_err(ssh)?.success()
        }
        Auth::KeyFile { path, passphrase } => {
            let text = tokio::fs::read_to_string(path).await;
            let text = text.map_err(|error| Error::BadCredentials(format!("{}: {error}", path.display())))?;
            by_key(handle, username, &text, passphrase.as_ref()).await?
        }
        Auth::KeyText { key, passphrase } => {
            by_key(handle, username, key.expose_secret(), passphrase.as_ref()).await?
        }
        Auth::KeyboardInteractive(answers) => by_answers(handle, username, answers.clone()).await?,
        Auth::Agent => by_agent(handle, username).await?,
    };
    if accepted {
        return Ok(());
    }
    Err(Error::LoginRefused { username: username.to_owned(), reason: auth.method_name().to_owned() })
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
    Ok(handle.authenticate_publickey(username, key).await.map_err(ssh)?.success())
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
            Ok(answer) if answer.success() => return Ok(true),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "a key of the SSH agent could not be used"),
        }
    }
    Ok(false)
}

/// The hash an RSA key signs with, as the server takes it (RFC 8332); other kinds of key have none to choose.
async fn rsa_hash<H: Handler>(handle: &Handle<H>, is_rsa: bool) -> Result<Option<HashAlg>, Error> {
    if is_rsa { Ok(handle.best_supported_rsa_hash().await.map_err(ssh)?.flatten()) } else { Ok(None) }
}

async fn by_answers<H: Handler>(
    handle: &mut Handle<H>,
    username: &str,
    mut answers: Vec<(String, SecretString)>,
) -> Result<bool, Error> {
    let mut step = handle.authenticate_keyboard_interactive_start(username, None).await.map_err(ssh)?;
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
        step = handle.authenticate_keyboard_interactive_respond(responses).await.map_err(ssh)?;
    }
}
