//! Logging in over an SSH connection that was not made by `async-ssh2-tokio`, which cannot take a stream that is
//! there already: call home.

use std::sync::Arc;

use russh::client::{Handle, Handler, KeyboardInteractiveAuthResponse, Prompt};
use russh::keys::{PrivateKeyWithHashAlg, decode_secret_key};
use secrecy::{ExposeSecret as _, SecretString};

use super::Auth;
use crate::error::Error;

fn ssh(error: russh::Error) -> Error {
    Error::Ssh(error.into())
}

/// Logs in. An agent is not supported here.
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
        Auth::Agent => return Err(Error::BadCredentials("call home cannot use an SSH agent".to_owned())),
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
    let hash = if key.algorithm().is_rsa() {
        handle.best_supported_rsa_hash().await.map_err(ssh)?.flatten()
    } else {
        None
    };
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
    Ok(handle.authenticate_publickey(username, key).await.map_err(ssh)?.success())
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
