//! Where `netchange yang` has its model from: folders, or a device.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use change_model::{DeviceName, RequestedSettings};
use netconf_client::Error;
use netconf_client::ops::{Get, Raw};
use yang_schema::{CompileOptions, DiskCache, Library, ModuleSet, Schema};

use crate::adapters::device::Device;
use crate::adapters::netbox::read_truth;
use crate::app::App;
use crate::cli_yang::ModelArgs;
use crate::commands::argument;
use crate::commands::output::say;
use crate::settings::Settings;
use crate::store::Store;

/// Namespace of get-schema (RFC 6022).
const MONITORING: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";
/// How many faults of a model are said.
const FAULTS_SHOWN: usize = 20;

/// The model that the command line names.
pub(super) async fn load(args: &ModelArgs) -> Result<Schema> {
    match &args.source.device {
        Some(device) => from_device(args, device).await,
        None => from_folders(&args.source.dir, &args.modules, args.lenient),
    }
}

/// The `*.yang` files of folders.
pub(super) fn from_folders(folders: &[PathBuf], modules: &[String], lenient: bool) -> Result<Schema> {
    let mut set = ModuleSet::new();
    for folder in folders {
        set.add_directory(folder)
            .with_context(|| format!("cannot read the modules of {}", folder.display()))?;
    }
    if set.modules().next().is_none() {
        let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        bail!("there are no *.yang files in {}", names.join(", "));
    }
    compile(&set, CompileOptions::new().lenient(lenient), modules)
}

fn compile(set: &ModuleSet, mut options: CompileOptions, modules: &[String]) -> Result<Schema> {
    if !modules.is_empty() {
        if let Some(unknown) = modules.iter().find(|module| !set.contains(module, None)) {
            bail!("there is no module {unknown}");
        }
        options.implement = Some(modules.to_vec());
    }
    let schema = match set.compile(&options) {
        Ok(schema) => schema,
        Err(yang_schema::Error::Compile(faults)) => {
            for fault in faults.iter().take(FAULTS_SHOWN) {
                say(&fault.to_string());
            }
            bail!(
                "the modules do not fit together: {} faults (--lenient leaves those parts out)",
                faults.len()
            );
        }
        Err(error) => return Err(error.into()),
    };
    for warning in schema.warnings().iter().take(FAULTS_SHOWN) {
        say(&format!("left out: {warning}"));
    }
    if schema.warnings().len() > FAULTS_SHOWN {
        say(&format!("left out: {} in all", schema.warnings().len()));
    }
    Ok(schema)
}

async fn from_device(args: &ModelArgs, name: &str) -> Result<Schema> {
    let cache = DiskCache::new(cache_folder(args.cache.as_deref())?);
    let device = connect(args, name).await?;
    let loaded = load_from(&device, &cache, &args.modules).await;
    device.close().await;
    let (set, library) = loaded?;
    compile(&set, library.options().lenient(true), &args.modules)
}

async fn connect(args: &ModelArgs, name: &str) -> Result<Device> {
    let settings = Settings::load(args.config.config.as_deref())?;
    let name: DeviceName = argument(name)?;
    let has_host = settings.devices.hosts.get(name.as_str()).is_some_and(|host| host.host.is_some());
    if has_host {
        return Ok(Device::connect_at(&settings.devices, &name, None).await?);
    }
    let app = App::new(settings, Store::open("sqlite::memory:").await?)?;
    let field = &app.settings.netbox.ticket_field;
    let truth = read_truth(&app.netbox, field, &name, None, &RequestedSettings::default()).await?;
    let device = truth.device.with_context(|| format!("device {name} is not known in NetBox"))?;
    let address = device.primary_ip4;
    Ok(Device::connect_at(&app.settings.devices, &name, address).await?)
}

/// The modules of a device: those asked for with what they need, or all.
async fn load_from(device: &Device, cache: &DiskCache, modules: &[String]) -> Result<(ModuleSet, Library)> {
    let reply = device.session.call(Get::new().subtree(Library::FILTER)).await?;
    let library = Library::read(reply.tree()?.root_element());
    if library.modules.is_empty() {
        bail!("the device does not say which modules it has (ietf-yang-library)");
    }
    let mut wanted: Vec<(String, Option<String>)> = match modules.is_empty() {
        true => library.modules.iter().map(|module| (module.name.clone(), module.revision.clone())).collect(),
        false => modules.iter().map(|name| (name.clone(), None)).collect(),
    };
    let mut set = ModuleSet::new();
    let mut asked = Vec::new();
    let mut fetched = 0;
    while let Some((name, revision)) = wanted.pop() {
        if asked.contains(&name) {
            continue;
        }
        asked.push(name.clone());
        let revision = revision.or_else(|| library.revision_of(&name).map(str::to_owned));
        match text_of(device, cache, &name, revision.as_deref(), &mut fetched).await? {
            Some(text) => {
                set.add_text(&name, &text)?;
            }
            None => say(&format!("left out: the device does not give module {name}")),
        }
        if wanted.is_empty() {
            let needs = set.missing();
            wanted.extend(needs.imports.into_iter().chain(needs.includes));
            wanted.retain(|(name, _)| !asked.contains(name));
        }
    }
    say(&format!("{} modules, {fetched} of them read from the device", set.modules().count()));
    Ok((set, library))
}

/// A module's text, from the cache or by get-schema; `None` if the device refuses it.
async fn text_of(
    device: &Device,
    cache: &DiskCache,
    name: &str,
    revision: Option<&str>,
    fetched: &mut usize,
) -> Result<Option<String>> {
    if let Some(revision) = revision
        && let Some(text) = cache.get(name, revision)?
    {
        return Ok(Some(text));
    }
    let version = revision.map(|revision| format!("<version>{revision}</version>")).unwrap_or_default();
    // names come from the device or from modules: identifiers, which need no escapes
    let rpc = format!(
        "<get-schema xmlns=\"{MONITORING}\"><identifier>{name}</identifier>{version}<format>yang</format></get-schema>"
    );
    let reply = match device.session.call(Raw::new(rpc).reads()).await {
        Ok(reply) => reply,
        Err(Error::RpcErrors(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let tree = reply.tree()?;
    let data = tree.descendants().find(|node| node.has_tag_name((MONITORING, "data")));
    let Some(data) = data else { return Ok(None) };
    let text: String =
        data.descendants().filter(|node| node.is_text()).filter_map(|node| node.text()).collect();
    *fetched += 1;
    if let Some(revision) = revision {
        cache.put(name, revision, &text).context("cannot keep a module in the cache")?;
    }
    Ok(Some(text))
}

/// The cache's folder: as said, or the user's (XDG base directories).
fn cache_folder(said: Option<&Path>) -> Result<PathBuf> {
    if let Some(folder) = said {
        return Ok(folder.to_owned());
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let cache =
        cache.context("there is no cache folder: neither XDG_CACHE_HOME nor HOME is set; use --cache")?;
    Ok(cache.join("netchange").join("yang"))
}
