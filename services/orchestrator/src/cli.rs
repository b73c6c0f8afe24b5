//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli_yang::YangCommand;

/// From a change ticket to a proven switch.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  netchange demo --auto            watch one ticket become a proven switch configuration\n  netchange demo                   play it yourself in the browser\n  netchange serve --config netchange.toml"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start stand-ins for all four systems and netchange, and play a ticket
    #[cfg(feature = "lab")]
    #[command(
        after_help = "Examples:\n  netchange demo\n  netchange demo --auto\n  netchange demo --auto --scenario device-dies\n  netchange demo --auto --scenario all\n  netchange demo --scenario list"
    )]
    Demo(DemoArgs),
    /// Start the stand-ins alone, on fixed ports
    #[cfg(feature = "lab")]
    #[command(
        after_help = "Example, in two terminals:\n  netchange lab\n  netchange serve --config netchange.example.toml"
    )]
    Lab(LabArgs),
    /// Serve: webhooks in, changes out, until SIGTERM
    #[command(
        after_help = "Example:\n  NETCHANGE_ZAMMAD__TOKEN=file:/run/secrets/zammad netchange serve --config /etc/netchange.toml"
    )]
    Serve(ConfigArgs),
    /// Check configuration, credentials, reachability, host keys and what waits for a person
    #[command(after_help = "Example:\n  netchange doctor --config netchange.toml")]
    Doctor(ConfigArgs),
    /// Print what a ticket would do; change nothing
    #[command(after_help = "Examples:\n  netchange plan ticket.json\n  curl -s … | netchange plan -")]
    Plan(PlanArgs),
    /// Show what a device has
    #[command(subcommand, after_help = "Example:\n  netchange show interface c9300 GigabitEthernet1/0/5")]
    Show(ShowCommand),
    /// Look at changes, and act on them
    #[command(
        subcommand,
        after_help = "Examples:\n  netchange changes list --state pending_approval\n  netchange changes show 0190…"
    )]
    Changes(ChangesCommand),
    /// Look into YANG models, build RPCs from them, judge data by them
    #[command(
        subcommand,
        after_help = "Examples:\n  netchange yang search --dir yang GigabitEthernet/mtu\n  netchange yang validate --dir yang edit.xml"
    )]
    Yang(YangCommand),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file; netchange.toml in the working directory if there is one
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[cfg(feature = "lab")]
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Play alone and end; exit 0 only if everything came out as it should
    #[arg(long)]
    pub(crate) auto: bool,
    /// What to play: a name, `all`, or `list`
    #[arg(long, value_name = "NAME", default_value = "access")]
    pub(crate) scenario: String,
    /// What the switch offers
    #[arg(long, value_enum, default_value_t = SwitchKind::Catalyst9300)]
    pub(crate) switch: SwitchKind,
}

#[cfg(feature = "lab")]
#[derive(Debug, Args)]
pub(crate) struct LabArgs {
    /// Where netchange listens: webhooks go there
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:12345")]
    pub(crate) netchange: String,
    /// Folder for the switch's host key and the known_hosts file
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// What the switch offers
    #[arg(long, value_enum, default_value_t = SwitchKind::Catalyst9300)]
    pub(crate) switch: SwitchKind,
}

/// Sets of NETCONF capabilities.
#[cfg(feature = "lab")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SwitchKind {
    /// Candidate, writable-running, validate, rollback-on-error; no confirmed commit
    #[value(name = "catalyst9300")]
    Catalyst9300,
    /// Candidate with confirmed commit
    ConfirmedCommit,
    /// Writable-running with rollback-on-error
    WritableRunning,
    /// NETCONF 1.0 framing, writable-running, startup
    #[value(name = "base10")]
    Base10,
}

#[cfg(feature = "lab")]
impl From<SwitchKind> for lab::Capabilities {
    fn from(kind: SwitchKind) -> Self {
        match kind {
            SwitchKind::Catalyst9300 => Self::Catalyst9300,
            SwitchKind::ConfirmedCommit => Self::ConfirmedCommit,
            SwitchKind::WritableRunning => Self::WritableRunning,
            SwitchKind::Base10 => Self::Base10,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Body of a ticket webhook; `-` reads standard input
    #[arg(value_name = "TICKET.json")]
    pub(crate) ticket: PathBuf,
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ShowCommand {
    /// An interface's running configuration, read from the device
    #[command(after_help = "Example:\n  netchange show interface c9300 GigabitEthernet1/0/5 --format json")]
    Interface(ShowInterfaceArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ShowInterfaceArgs {
    /// The device's name in NetBox
    pub(crate) device: String,
    /// Full name of the interface
    pub(crate) interface: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// How to print an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people
    Table,
    /// RFC 7951
    Json,
    /// As the device wrote it
    Xml,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChangesCommand {
    /// List changes, newest first
    #[command(after_help = "Example:\n  netchange changes list --state attention_required")]
    List(ListArgs),
    /// Show one change
    #[command(after_help = "Example:\n  netchange changes show 0190… --json")]
    Show(OneArgs),
    /// Approve a change as one of the approvers
    #[command(after_help = "Example:\n  netchange changes approve 0190… --by lead@example.net")]
    Approve(ActArgs),
    /// Decline a change as one of the approvers
    #[command(
        after_help = "Example:\n  netchange changes decline 0190… --by lead@example.net --reason \"not before Monday\""
    )]
    Decline(ActArgs),
    /// Try again what was given up; a change that needs attention starts anew
    #[command(after_help = "Example:\n  netchange changes retry 0190…")]
    Retry(ActArgs),
    /// Make a new change that leads back; it needs approval like any other
    #[command(after_help = "Example:\n  netchange changes undo 0190…")]
    Undo(ActArgs),
    /// Withdraw a change that was not applied yet
    #[command(after_help = "Example:\n  netchange changes cancel 0190… --by operator@example.net")]
    Cancel(ActArgs),
    /// Print changes with their whole history as JSON, one per line
    #[command(after_help = "Example:\n  netchange changes export > changes.jsonl")]
    Export(ExportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only changes in this state
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// Only changes of the ticket with this number
    #[arg(long)]
    pub(crate) ticket: Option<String>,
    /// Only changes of this device
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// Id of the change
    pub(crate) id: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ActArgs {
    /// Id of the change
    pub(crate) id: String,
    /// Who: an e-mail address
    #[arg(long, default_value = "")]
    pub(crate) by: String,
    /// Why
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
    /// Approve, decline: digest of the plan that was looked at; on another one the decision does not count
    #[arg(long, value_name = "DIGEST", default_value = "")]
    pub(crate) plan: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Only this change
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
