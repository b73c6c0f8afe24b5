//! Measures this client against a server, by the command line that other clients' benchmarks share:
//!
//! `bench MODE HOST PORT USER PASS [KEY=VALUE …]`, one line of JSON as the answer.
//!
//! | MODE | does | keys |
//! | --- | --- | --- |
//! | `sessions` | n times connect, log in, hello, close-session, one after another | `n` |
//! | `rpc` | n get-configs one after another in one session, 20 before to warm up | `n`, `size` or `filter`, `dom` |
//! | `pipeline` | n get-configs in one session, `window` outstanding | `n`, `window` |
//! | `parallel` | n get-configs in all, in `sessions` sessions at once | `n`, `sessions` |
//! | `big` | n replies of `size` bytes in one session | `n`, `size`, `dom` |
//! | `many` | `sessions` at once: connect, get-config, edit-config, close-session | `sessions`, `edit=0` |
//!
//! The line is `{"client":"netconf-client","mode":…,"ok":true,"rss_kb":…,…}`, with the largest resident size in kB and
//! the mode's numbers; `{…,"ok":false,"error":"…"}` where the run failed, `{…,"ok":false,"unsupported":true}` where there
//! is no such mode.
//!
//! | MODE | prints |
//! | --- | --- |
//! | `sessions` | `connect_median_ms`; `connect_rate` and `rate` per second, without and with closing; `wall_s`, `cpu_s` |
//! | `rpc` | `median_us`, `p99_us`, `rate`, `bytes` (of the last reply), `cpu_s_per_1000`, `wall_s`, `cpu_s` |
//! | `pipeline`, `parallel` | `rate`, `cpu_s_per_1000`, `wall_s`, `cpu_s` |
//! | `big` | `bytes`, `median_s`, `base_rss_kb` (before the first), `cpu_s_per_reply`, `wall_s`, `cpu_s` |
//! | `many` | `failures`, `errors` (up to three, as text), `wall_s`, `cpu_s` |
//!
//! `n` is 100, `window` and `sessions` are 32 if they are not given, and at least 1; keys that are not known are ignored.
//!
//! `size=N` asks a server made for it for a reply of N bytes, by the filter
//! `<bench xmlns="urn:ncbench"><size>N</size></bench>`; `filter=XML` or `filter=@FILE` replaces the filter. `dom=1` also
//! builds a tree, `dom=pull` runs a pull parser over the reply, `dom=stream` reads it as it comes and keeps nothing.
//! `key=PATH` logs in by a private key (this crate only). `client=floor` measures, instead of this crate, bytes over the same
//! SSH library, with AES-GCM, that nobody parses: what no client over it can beat. `rt=current` uses one thread. Before a run the server's
//! host key is asked for and pinned: this measures, it does not prove who the server is. CPU and memory are read from
//! `/proc` (Linux), CPU in steps of 10 ms.
//!
//! `bench compare HOST PORT USER PASS [rounds=7] [KEY=VALUE …]` runs all the modes in turns with this crate and twice with
//! the floor, each in a process of its own, one round more than asked for, the first of which is left out, and prints a
//! table in Markdown: the medians of the rounds; the median, lowest and highest of the rounds' ratios, each of this crate to
//! the mean of both floors of that round; and the median ratio of the floor to itself, which is what chance does.

mod compare;
mod floor;
mod meter;
mod modes;
mod peer;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use netconf_client::ops::{Config, CopyConfig, Datastore, EditConfig, GetConfig};
use netconf_client::ssh::{Auth, HostKeyCheck, SshConnector, SshTarget, SshTimeouts, scan_host_key};
use netconf_client::{Session, SessionConfig};

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "usage: bench MODE HOST PORT USER PASS [KEY=VALUE …]";

/// How long a call may take; large replies take long.
const CALL_LIMIT: Duration = Duration::from_secs(300);

/// How long connecting may take when a thousand do so at once.
const CONNECT_LIMIT: Duration = Duration::from_secs(120);

/// The command line.
pub(crate) struct Arguments {
    pub(crate) mode: String,
    pub(crate) connector: SshConnector,
    pub(crate) login: floor::Login,
    pub(crate) filter: String,
    keys: HashMap<String, String>,
}

impl Arguments {
    async fn read(all: &[String]) -> Outcome<Self> {
        let [mode, host, port, user, password, rest @ ..] = all else { return Err(USAGE.into()) };
        let keys: HashMap<String, String> =
            rest.iter().filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
        let filter = match keys.get("filter") {
            Some(file) if file.starts_with('@') => std::fs::read_to_string(&file[1..])?,
            Some(filter) => filter.clone(),
            None => sized(keys.get("size").map_or("1024", String::as_str)),
        };
        let target = SshTarget::new(host, port.parse()?);
        let shown = scan_host_key(&target, CONNECT_LIMIT).await?;
        let login = floor::Login {
            target: target.clone(),
            user: user.clone(),
            password: password.clone(),
            key: shown.public_key.clone(),
        };
        let auth = match keys.get("key") {
            Some(path) => Auth::KeyFile { path: path.into(), passphrase: None },
            None => Auth::password(password),
        };
        let timeouts = SshTimeouts {
            connect: CONNECT_LIMIT,
            login: CONNECT_LIMIT,
            hello: CONNECT_LIMIT,
            ..SshTimeouts::default()
        };
        let connector = SshConnector::new(target, user, auth, HostKeyCheck::PinnedKey(shown.public_key))
            .timeouts(timeouts)
            .session_config(SessionConfig::default().call_timeout(CALL_LIMIT).close_timeout(CONNECT_LIMIT));
        Ok(Arguments { mode: mode.clone(), connector, login, filter, keys })
    }

    pub(crate) fn number(&self, key: &str, otherwise: usize) -> usize {
        self.keys.get(key).and_then(|value| value.parse().ok()).unwrap_or(otherwise)
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.keys.get(key).map_or("", String::as_str)
    }
}

/// The filter by which a server made for it is asked for so many bytes.
pub(crate) fn sized(bytes: &str) -> String {
    format!("<bench xmlns=\"urn:ncbench\"><size>{bytes}</size></bench>")
}

pub(crate) fn query(filter: &str) -> GetConfig {
    GetConfig::new(Datastore::Running).subtree(filter)
}

/// What the edit of mode `many` configures.
pub(crate) fn edit_config() -> &'static str {
    "<interfaces xmlns=\"urn:ietf:params:xml:ns:yang:ietf-interfaces\"><interface>\
                  <name>GigabitEthernet1/0/1</name><description>bench</description></interface></interfaces>"
}

/// The edit of mode `many`.
pub(crate) async fn edit(session: &Session) -> Outcome<()> {
    if session.capabilities().writable_running() {
        session.call(EditConfig::new(Datastore::Running, edit_config())).await?;
    } else {
        // Counts as an edit all the same, for servers that only have a candidate.
        session.call(CopyConfig::new(Config::Datastore(Datastore::Running), Datastore::Candidate)).await?;
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let all: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, host, port, user, password, keys @ ..] = &all[..]
        && mode == "compare"
    {
        let rounds = keys.iter().find_map(|key| key.strip_prefix("rounds=")?.parse().ok());
        let common = [host, port, user, password].map(String::clone);
        let table = compare::compare(&common, keys, rounds.unwrap_or(compare::ROUNDS))?;
        write!(std::io::stdout(), "{table}")?;
        return Ok(());
    }
    let one_thread = all.iter().any(|argument| argument == "rt=current");
    let mut builder = if one_thread {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    builder.enable_all().build()?.block_on(async {
        let [mode, ..] = &all[..] else { return Err(USAGE.into()) };
        let head = format!("{{\"client\":\"netconf-client\",\"mode\":{}", serde_json::to_string(mode)?);
        let line = match run(&all).await {
            Ok(Some(fields)) => format!("{head},\"ok\":true,\"rss_kb\":{}{fields}}}", meter::peak_kb()),
            Ok(None) => format!("{head},\"ok\":false,\"unsupported\":true}}"),
            Err(error) => {
                let text = serde_json::to_string(&error.to_string())?;
                format!("{head},\"ok\":false,\"error\":{text}}}")
            }
        };
        writeln!(std::io::stdout(), "{line}")?;
        Ok(())
    })
}

async fn run(all: &[String]) -> Outcome<Option<String>> {
    let arguments = Arc::new(Arguments::read(all).await?);
    modes::run(&arguments).await
}
