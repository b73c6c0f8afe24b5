//! The command line of `netchange yang`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::ConfigArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum YangCommand {
    /// Draw the tree of a model or of a part of it (RFC 8340)
    #[command(
        after_help = "Examples:\n  netchange yang tree --dir yang --depth 2\n  netchange yang tree --dir yang --config-only \\\n    /native/interface/GigabitEthernet"
    )]
    Tree(TreeArgs),
    /// Find nodes by name, path or description, best first; exit 1 if there are none
    #[command(
        after_help = "Examples:\n  netchange yang search --dir yang vlan access\n  netchange yang search --device c9300 GigabitEthernet/mtu"
    )]
    Search(SearchArgs),
    /// Show all that the model says about a node
    #[command(
        after_help = "Example:\n  netchange yang show --dir yang /native/interface/GigabitEthernet/mtu"
    )]
    Show(ShowNodeArgs),
    /// Build an RPC from path=value pairs, and the same for curl, Python or Rust
    #[command(
        after_help = "Examples:\n  netchange yang rpc --dir yang \\\n    \"/native/interface/GigabitEthernet[name='1/0/5']/mtu=2000\"\n  netchange yang rpc --dir yang --operation get-config --as python \\\n    --host c9300 \"/native/interface/GigabitEthernet[name='1/0/5']\"\n  netchange yang rpc --dir yang --operation call /cisco-ia:save-config"
    )]
    Rpc(RpcArgs),
    /// Judge data by the model; exit 1 and say everything that is wrong
    #[command(
        after_help = "Examples:\n  netchange yang validate --dir yang edit.xml\n  netchange show interface c9300 GigabitEthernet1/0/5 --format xml |\n    netchange yang validate --device c9300 --as data -"
    )]
    Validate(ValidateArgs),
    /// Say what changed between two releases of a model; exit 1 if a client can break by it
    #[command(after_help = "Example:\n  netchange yang diff yang-17.9 yang-17.12 --json")]
    Diff(DiffArgs),
}

/// Where the model comes from.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Only this module and what it needs; may be given several times
    #[arg(long = "module", value_name = "NAME")]
    pub(crate) modules: Vec<String>,
    /// Leave out what does not fit together, and say so, instead of failing
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Where a device's modules are kept; else netchange/yang in the user's cache folder
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SourceArgs {
    /// Folder of *.yang files; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Vec<PathBuf>,
    /// A device's own modules, by its name in NetBox (get-schema; kept on disk by revision)
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TreeArgs {
    /// Path of a node; all modules if there is none
    pub(crate) path: Option<String>,
    /// At most so many levels
    #[arg(long, value_name = "LEVELS")]
    pub(crate) depth: Option<usize>,
    /// Leave out state, rpcs and notifications
    #[arg(long)]
    pub(crate) config_only: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Words; each must be in a node's name, description or path. With slashes: a path
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    /// At most this many
    #[arg(long, default_value_t = 30)]
    pub(crate) limit: usize,
    /// Leave out state, rpcs and notifications
    #[arg(long)]
    pub(crate) config_only: bool,
    /// Do not look into descriptions
    #[arg(long)]
    pub(crate) names_only: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowNodeArgs {
    /// Path of the node; modules by name or prefix, needed only where a name is in several
    pub(crate) path: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RpcArgs {
    /// path=value, or a path alone: an entry, a presence container, an empty leaf, a part to read
    #[arg(value_name = "PATH[=VALUE]")]
    pub(crate) set: Vec<String>,
    /// A path to be removed if it is there
    #[arg(long, value_name = "PATH")]
    pub(crate) remove: Vec<String>,
    /// A path to be deleted; an error if it is not there
    #[arg(long, value_name = "PATH")]
    pub(crate) delete: Vec<String>,
    /// Like path=value; an error if it is there
    #[arg(long, value_name = "PATH[=VALUE]")]
    pub(crate) create: Vec<String>,
    /// Like path=value; replaces what is there
    #[arg(long, value_name = "PATH[=VALUE]")]
    pub(crate) replace: Vec<String>,
    /// What is built
    #[arg(long, value_enum, default_value_t = RpcOperation::Edit)]
    pub(crate) operation: RpcOperation,
    /// The datastore
    #[arg(long, value_enum, default_value_t = RpcStore::Running)]
    pub(crate) store: RpcStore,
    /// Have the device only test the edit
    #[arg(long)]
    pub(crate) test_only: bool,
    /// How to print it
    #[arg(long = "as", value_enum, default_value_t = RpcForm::Message, value_name = "FORM")]
    pub(crate) form: RpcForm,
    /// Device for curl, Python and Rust
    #[arg(long, value_name = "HOST", default_value = "device.example.net")]
    pub(crate) host: String,
    /// Who logs in there
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// Which RPC is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RpcOperation {
    /// edit-config
    Edit,
    /// get-config, filtered by the paths
    GetConfig,
    /// get, filtered by the paths
    Get,
    /// An rpc or action of a module
    Call,
}

/// A datastore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RpcStore {
    /// running
    Running,
    /// candidate
    Candidate,
    /// startup
    Startup,
}

/// How an RPC is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RpcForm {
    /// The whole rpc element
    Message,
    /// Only what stands in config or filter
    Data,
    /// Lines for RESTCONF
    Curl,
    /// A program on ncclient
    Python,
    /// A program on netconf-client
    Rust,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// XML, or JSON as RFC 7951 has it; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What it is
    #[arg(long = "as", value_enum, default_value_t = DataKind::Edit, value_name = "KIND")]
    pub(crate) kind: DataKind,
    /// Print the problems as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// What data is judged as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataKind {
    /// The content of an edit-config
    Edit,
    /// Complete data, with state
    Data,
    /// A complete configuration
    Config,
    /// An rpc as a client sends it
    Rpc,
    /// A notification
    Notification,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// Folder of the older release
    pub(crate) before: PathBuf,
    /// Folder of the newer release
    pub(crate) after: PathBuf,
    /// Only this module and what it needs; may be given several times
    #[arg(long = "module", value_name = "NAME")]
    pub(crate) modules: Vec<String>,
    /// Changed descriptions and references too
    #[arg(long)]
    pub(crate) editorial: bool,
    /// Leave out what does not fit together, and say so, instead of failing
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
