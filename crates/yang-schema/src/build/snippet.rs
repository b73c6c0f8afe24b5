//! A built RPC as a Python and a Rust program.

use super::{Rpc, RpcKind, Store, Test};

/// The device a line or snippet is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Host {
    /// Name or address.
    pub name: String,
    /// Who logs in.
    pub user: String,
    /// Port of NETCONF over SSH; 830 unless said otherwise.
    pub netconf_port: u16,
    /// Port of RESTCONF; 443 unless said otherwise.
    pub restconf_port: u16,
}

impl Host {
    /// A device on the usual ports.
    #[must_use]
    pub fn new(name: impl Into<String>, user: impl Into<String>) -> Self {
        Self { name: name.into(), user: user.into(), netconf_port: 830, restconf_port: 443 }
    }

    /// Another port of NETCONF.
    #[must_use]
    pub fn netconf_port(mut self, port: u16) -> Self {
        self.netconf_port = port;
        self
    }

    /// Another port of RESTCONF.
    #[must_use]
    pub fn restconf_port(mut self, port: u16) -> Self {
        self.restconf_port = port;
        self
    }

    pub(super) fn authority(&self) -> String {
        let name = match self.name.contains(':') {
            true => format!("[{}]", self.name),
            false => self.name.clone(),
        };
        if self.restconf_port == 443 { name } else { format!("{name}:{}", self.restconf_port) }
    }
}

impl Rpc<'_> {
    /// The same as a Python program on ncclient, which asks for the password and checks the host key.
    #[must_use]
    pub fn ncclient(&self, host: &Host) -> String {
        let data = match self.kind {
            RpcKind::EditConfig { .. } => {
                format!(
                    "<config xmlns=\"{}\">\n{}</config>",
                    crate::validate::NETCONF_NAMESPACE,
                    self.data_at(1)
                )
            }
            RpcKind::Call => self.operation().trim_end().to_owned(),
            _ if self.forest.is_empty() => String::new(),
            _ => format!(
                "<filter xmlns=\"{}\" type=\"subtree\">\n{}</filter>",
                crate::validate::NETCONF_NAMESPACE,
                self.data_at(1)
            ),
        };
        let (text, call) = match self.kind {
            RpcKind::EditConfig { target, test } => {
                let test = test.map(|test| format!(", test_option={}", python(test.as_str())));
                let target = python(target.as_str());
                ("CONFIG", format!("device.edit_config(CONFIG, target={target}{})", test.unwrap_or_default()))
            }
            RpcKind::GetConfig { source } => {
                let filter = if self.forest.is_empty() { "" } else { ", filter=FILTER" };
                ("FILTER", format!("device.get_config({}{filter})", python(source.as_str())))
            }
            RpcKind::Get => {
                let filter = if self.forest.is_empty() { "" } else { "filter=FILTER" };
                ("FILTER", format!("device.get({filter})"))
            }
            RpcKind::Call => ("RPC", "device.dispatch(to_ele(RPC))".to_owned()),
        };
        let mut out = "from getpass import getpass\n\nfrom ncclient import manager\n".to_owned();
        if self.kind == RpcKind::Call {
            out.push_str("from ncclient.xml_ import to_ele\n");
        }
        if !data.is_empty() {
            out.push_str(&format!("\n{text} = {}\n", python_lines(&data)));
        }
        out.push_str(&format!(
            "\nwith manager.connect(host={}, port={}, username={}, password=getpass(), hostkey_verify=True) as device:\n    print({call})\n",
            python(&host.name),
            host.netconf_port,
            python(&host.user),
        ));
        if self.needs_commit() {
            out.push_str("    print(device.commit())\n");
        }
        out
    }

    /// The same as a Rust program on the crate `netconf-client`, which checks the host key against `known_hosts`.
    #[must_use]
    pub fn rust(&self, host: &Host) -> String {
        let (constant, data, operation, uses) = match self.kind {
            RpcKind::EditConfig { target, test } => {
                let test = test.map(|test| format!(".test_option(TestOption::{test:?})"));
                let extra = if test.is_some() { ", TestOption" } else { "" };
                (
                    "CONFIG",
                    self.data(),
                    format!("EditConfig::new(Datastore::{target:?}, CONFIG){}", test.unwrap_or_default()),
                    format!("Datastore, EditConfig{extra}"),
                )
            }
            RpcKind::GetConfig { source } => (
                "FILTER",
                self.data(),
                format!("GetConfig::new(Datastore::{source:?}){}", self.subtree()),
                "Datastore, GetConfig".to_owned(),
            ),
            RpcKind::Get => {
                ("FILTER", self.data(), format!("Get::new(){}", self.subtree()), "Get".to_owned())
            }
            RpcKind::Call => ("RPC", self.operation(), "Raw::new(RPC)".to_owned(), "Raw".to_owned()),
        };
        let answer = match self.kind {
            RpcKind::EditConfig { .. } => format!("session.call({operation}).await?;"),
            RpcKind::Call => format!("println!(\"{{}}\", session.call({operation}).await?.text());"),
            _ => format!("println!(\"{{}}\", session.call({operation}).await?.xml());"),
        };
        let commit = self.needs_commit();
        let uses = if commit { format!("Commit, {uses}") } else { uses };
        let uses = if uses.contains(',') { format!("{{{uses}}}") } else { uses };
        let constant = match data.is_empty() {
            true => String::new(),
            false => format!("\nconst {constant}: &str = {};\n", rust_raw(data.trim_end())),
        };
        let commit = if commit { "    session.call(Commit::new()).await?;\n" } else { "" };
        format!(
            r#"use netconf_client::ops::{uses};
use netconf_client::ssh::{{self, Auth, HostKeyCheck, SshTarget, SshTimeouts}};
{constant}
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{
    let password = Auth::password(std::env::var("NETCONF_PASSWORD")?);
    let target = SshTarget::new({}, {});
    let known = HostKeyCheck::KnownHosts("known_hosts".into());
    let session = ssh::connect(target, {}, password, known, SshTimeouts::default()).await?;
    {answer}
{commit}    session.close().await?;
    Ok(())
}}
"#,
            rust(&host.name),
            host.netconf_port,
            rust(&host.user),
        )
    }

    fn subtree(&self) -> &'static str {
        if self.forest.is_empty() { "" } else { ".subtree(FILTER)" }
    }

    fn needs_commit(&self) -> bool {
        matches!(self.kind, RpcKind::EditConfig { target: Store::Candidate, test } if test != Some(Test::TestOnly))
    }
}

/// A word for a POSIX shell.
pub(super) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A Python string on one line.
fn python(text: &str) -> String {
    // JSON's escapes are Python's too
    serde_json::Value::from(text).to_string()
}

/// A Python string of several lines.
fn python_lines(text: &str) -> String {
    format!("\"\"\"\\\n{}\n\"\"\"", text.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\""))
}

/// A Rust string.
fn rust(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

/// A raw Rust string with as many `#` as it needs.
fn rust_raw(text: &str) -> String {
    let mut fence = "#".to_owned();
    while text.contains(&format!("\"{fence}")) {
        fence.push('#');
    }
    format!("r{fence}\"{text}\"{fence}")
}
