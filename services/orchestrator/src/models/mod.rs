//! YANG models, from folders or from a device: read, compiled, and for the pages kept.

mod ask;
mod fetch;
mod shelf;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use yang_schema::{CompileOptions, ModuleSet, Schema};

pub(crate) use ask::{Answer, AskError, Question, ask};
pub(crate) use fetch::fetch;
pub(crate) use shelf::{Model, Place, Shelf, Source};

/// How many modules are named to whoever named one that is not there.
const NAMES_SHOWN: usize = 12;
/// How many faults of a model are said.
const FAULTS_SHOWN: usize = 20;

/// The `*.yang` files of folders. A file that cannot be read fails with all others that cannot; or `lenient`ly it is left out, and each such
/// file is said.
pub(crate) fn read_folders(folders: &[PathBuf], lenient: bool) -> Result<(ModuleSet, Vec<String>)> {
    let mut set = ModuleSet::new();
    let mut faults = Vec::new();
    for folder in folders {
        if folder.is_file() {
            bail!("{} is a file: name the folder that holds the *.yang files", folder.display());
        }
        let found = set.add_readable(folder);
        let found = found.with_context(|| format!("cannot read the modules of {}", folder.display()))?;
        faults.extend(found.into_iter().map(|fault| format!("{:#}", anyhow::Error::new(fault))));
    }
    let names = || folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
    let unread = faults.len();
    let faults = shortened(faults);
    if unread > 0 && !lenient {
        let files = counted(unread, "file");
        bail!(
            "{files} of {} cannot be read (--lenient leaves them out):\n  {}",
            names(),
            faults.join("\n  ")
        );
    }
    if set.modules().next().is_none() {
        bail!(
            "there are no *.yang files in {}{}",
            names(),
            if unread > 0 { " that can be read" } else { "" }
        );
    }
    Ok((set, faults.into_iter().map(|fault| format!("left out: {fault}")).collect()))
}

/// As many lines as anybody reads.
fn shortened(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(FAULTS_SHOWN);
    lines.truncate(FAULTS_SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Compiles a set, or only some of its modules with what they need. An error says what does not fit together.
pub(crate) fn compile(set: &ModuleSet, mut options: CompileOptions, modules: &[String]) -> Result<Schema> {
    if !modules.is_empty() {
        if let Some(unknown) = modules.iter().find(|module| !set.contains(module, None)) {
            if let Some(near) = set.nearest(unknown) {
                bail!("there is no module {unknown}; {near}, perhaps");
            }
            let names: Vec<&str> = set.modules().take(NAMES_SHOWN).map(|(name, _)| name).collect();
            let more = if set.modules().count() > names.len() { ", …" } else { "" };
            bail!("there is no module {unknown}; there are: {}{more}", names.join(", "));
        }
        options.implement = Some(modules.to_vec());
    }
    match set.compile(&options) {
        Ok(schema) => Ok(schema),
        Err(yang_schema::Error::Compile(faults)) => {
            let count = counted(faults.len(), "fault");
            let lines = shortened(faults.iter().map(ToString::to_string).collect());
            bail!(
                "the modules do not fit together, {count} (--lenient leaves those parts out):\n  {}",
                lines.join("\n  ")
            );
        }
        Err(error) => Err(error.into()),
    }
}

/// What was left out of a schema, as far as it is said.
pub(crate) fn left_out(schema: &Schema) -> Vec<String> {
    let warnings = schema.warnings();
    let mut notes: Vec<String> =
        warnings.iter().take(FAULTS_SHOWN).map(|warning| format!("left out: {warning}")).collect();
    if warnings.len() > FAULTS_SHOWN {
        notes.push(format!("left out: {} in all", warnings.len()));
    }
    notes
}

/// The cache's folder: as said, or the user's (XDG base directories).
pub(crate) fn cache_folder(said: Option<&Path>) -> Result<PathBuf> {
    if let Some(folder) = said {
        return Ok(folder.to_owned());
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let cache = cache
        .context("there is no folder for the modules of devices: neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("netchange").join("yang"))
}
