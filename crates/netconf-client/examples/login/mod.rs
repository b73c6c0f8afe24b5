//! What the examples have in common: a session with a device whose host key stands in a known_hosts file.

use std::time::Duration;

use netconf_client::ssh::{Auth, HostKeyCheck, SshConnector, SshTarget};
use netconf_client::{Session, SessionConfig};

/// After how much silence the first call is repeated, for servers that need it: see [`SessionConfig::nudge`].
const NUDGE: Duration = Duration::from_secs(2);

/// A session as `user`, by the password in `NETCONF_PASSWORD` or the private key in the file `NETCONF_KEY`.
pub(crate) async fn session(
    host: &str,
    port: &str,
    user: &str,
    known_hosts: &str,
) -> Result<Session, Box<dyn std::error::Error>> {
    let auth = match std::env::var_os("NETCONF_KEY") {
        Some(path) => Auth::KeyFile { path: path.into(), passphrase: None },
        None => Auth::password(
            std::env::var("NETCONF_PASSWORD")
                .map_err(|_| "neither NETCONF_PASSWORD nor NETCONF_KEY (a file with a private key) is set")?,
        ),
    };
    let check = HostKeyCheck::KnownHosts(known_hosts.into());
    let connector = SshConnector::new(SshTarget::new(host, port.parse()?), user, auth, check)
        .session_config(SessionConfig::default().nudge(NUDGE));
    Ok(connector.session().await?)
}
