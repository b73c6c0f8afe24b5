//! A device's own modules: listed by its yang-library, read by get-schema, kept on disk by name and revision.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use netconf_client::Error;
use netconf_client::ops::{Get, GetSchema};
use yang_schema::{DiskCache, Library, ModuleSet};

use crate::adapters::device::Device;
use crate::effects::chain;
use crate::waiting::Wait;

/// Most modules and submodules that are read of one device; a release of IOS-XE has about a thousand.
const MAX_MODULES: usize = 5_000;
/// Most text of all modules of one device together, in bytes; a release of IOS-XE has about 40 MB.
const MAX_TEXT: usize = 256 << 20;

/// A device's modules.
pub(crate) struct Fetched {
    pub(crate) set: ModuleSet,
    pub(crate) library: Library,
    /// How many were read from the device; the others were in the cache.
    pub(crate) read: usize,
    /// What is missing, and why.
    pub(crate) notes: Vec<String>,
}

/// Reads the modules of a device: those asked for with what they need, or all. `step` is told how many are there, and of how many.
pub(crate) async fn fetch(
    device: &Device,
    cache: &DiskCache,
    modules: &[String],
    step: &(dyn Fn(usize, usize) + Send + Sync),
) -> Result<Fetched> {
    let reply = device.session.call(Get::new().subtree(Library::FILTER)).waited("devices").await?;
    let library = Library::read(reply.tree()?.root_element());
    if library.modules.is_empty() {
        bail!("the device does not say which modules it has (ietf-yang-library)");
    }
    let mut wanted: Vec<String> = match modules.is_empty() {
        true => library.modules.iter().map(|module| module.name.clone()).collect(),
        false => modules.to_vec(),
    };
    let mut fetched = Fetched { set: ModuleSet::new(), library, read: 0, notes: Vec::new() };
    let (mut asked, mut bytes) = (HashSet::new(), 0);
    while let Some(name) = wanted.pop() {
        if asked.contains(&name) {
            continue;
        }
        if asked.len() == MAX_MODULES || bytes > MAX_TEXT {
            bail!("the device has more than {MAX_MODULES} modules or {} MiB of them", MAX_TEXT >> 20);
        }
        asked.insert(name.clone());
        bytes += one(device, cache, &name, &mut fetched).await?;
        if wanted.is_empty() {
            let needs = fetched.set.missing();
            wanted.extend(needs.imports.into_iter().chain(needs.includes).map(|(name, _)| name));
            wanted.retain(|name| !asked.contains(name));
            wanted.dedup();
        }
        step(asked.len(), asked.len() + wanted.len());
    }
    Ok(fetched)
}

/// Adds one module, in the revision that the device implements; the size of its text.
async fn one(device: &Device, cache: &DiskCache, name: &str, fetched: &mut Fetched) -> Result<usize> {
    let revision = fetched.library.revision_of(name).map(str::to_owned);
    if let Some(revision) = &revision
        && let Some(text) = cache.get(name, revision).context("cannot read the cache of modules")?
        // What is damaged is asked for again.
        && fetched.set.add_module(name, Some(revision), &text).is_ok()
    {
        return Ok(text.len());
    }
    let mut ask = GetSchema::new(name).format("yang");
    if let Some(revision) = &revision {
        ask = ask.version(revision);
    }
    let text = match device.session.call(ask).waited("devices").await {
        Ok(text) => text,
        // One module that is refused or broken is no reason to have none.
        Err(error @ (Error::RpcErrors(_) | Error::UnexpectedReply { .. } | Error::InvalidXml { .. })) => {
            fetched.notes.push(format!("left out: module {name}: {}", chain(&error)));
            return Ok(0);
        }
        Err(error) => return Err(error.into()),
    };
    fetched.read += 1;
    match fetched.set.add_module(name, revision.as_deref(), &text) {
        Ok(()) => {}
        // Devices' lists and modules are not always at one. It is read, and not kept under a revision that it is not of.
        Err(yang_schema::Error::OtherModule { found, .. }) if found.0 == name => {
            fetched.set.add_module(name, None, &text)?;
            let has = found.1.as_deref().unwrap_or("none");
            let announced = revision.as_deref().unwrap_or("none");
            fetched.notes.push(format!("module {name}: revision {announced} is announced, {has} was given"));
            return Ok(text.len());
        }
        Err(error) => {
            fetched.notes.push(format!("left out: module {name}: {}", chain(&error)));
            return Ok(text.len());
        }
    }
    if let Some(revision) = &revision {
        cache
            .put(name, revision, &text)
            .with_context(|| format!("cannot keep a module in the cache {}", cache.folder().display()))?;
    }
    Ok(text.len())
}
