//! Where `netchange yang` has its model from: folders, or a device.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Error, Result, anyhow};
use change_model::DeviceName;
use indicatif::ProgressBar;
use yang_schema::{CompileOptions, DiskCache, Schema};

use crate::adapters::device::Device;
use crate::app::App;
use crate::cli_yang::ModelArgs;
use crate::commands::argument;
use crate::commands::output::say;
use crate::effects::EffectError;
use crate::models::{cache_folder, compile, fetch, left_out, read_folders};
use crate::settings::Settings;
use crate::store::Store;

/// How long it may take in all until a device is ready to be asked: NetBox, with its attempts, then the connection, the login and the hello, to
/// each of which `devices.timeout` is a limit of its own.
const REACH_LIMIT: Duration = Duration::from_mins(2);
/// How long reading all modules may take: a thousand take some minutes, once.
const READ_LIMIT: Duration = Duration::from_mins(15);

/// The model that the command line names.
pub(super) async fn load(args: &ModelArgs) -> Result<Schema> {
    match &args.source.device {
        Some(device) => from_device(args, device).await,
        None => from_folders(&args.source.dir, &args.modules, args.lenient),
    }
}

/// The `*.yang` files of folders.
pub(super) fn from_folders(folders: &[PathBuf], modules: &[String], lenient: bool) -> Result<Schema> {
    let (set, unread) = read_folders(folders, lenient)?;
    unread.iter().for_each(|note| say(note));
    let schema = compile(&set, CompileOptions::new().lenient(lenient), modules)?;
    left_out(&schema).iter().for_each(|note| say(note));
    Ok(schema)
}

async fn from_device(args: &ModelArgs, name: &str) -> Result<Schema> {
    let settings = Settings::load(args.config.config.as_deref())?;
    let name: DeviceName = argument(name)?;
    let folder = args.cache.clone().or_else(|| settings.yang.cache.clone());
    let cache = DiskCache::new(cache_folder(folder.as_deref())?);
    let app = App::new(settings, Store::open("sqlite::memory:").await?)?;
    let finding = tokio::time::timeout(REACH_LIMIT, Device::find(&app, &name)).await;
    let found = finding.unwrap_or_else(|_| Err(EffectError::later(too_slow(REACH_LIMIT))));
    let device = found.map_err(|error| unread(&name, &error.into()))?;
    // Drawn only where standard error is a terminal.
    let bar = ProgressBar::new(0).with_message("reading modules");
    let step = |done: usize, known: usize| {
        bar.set_length(known as u64);
        bar.set_position(done as u64);
    };
    let reading = tokio::time::timeout(READ_LIMIT, fetch(&device, &cache, &args.modules, &step)).await;
    bar.finish_and_clear();
    device.close().await;
    let fetched = reading.unwrap_or_else(|_| Err(anyhow!(too_slow(READ_LIMIT))));
    let fetched = fetched.map_err(|error| unread(&name, &error))?;
    fetched.notes.iter().for_each(|note| say(note));
    say(&format!("{} modules, {} of them read from the device", fetched.set.modules().count(), fetched.read));
    let schema = compile(&fetched.set, fetched.library.options(), &args.modules)?;
    left_out(&schema).iter().for_each(|note| say(note));
    Ok(schema)
}

fn too_slow(limit: Duration) -> String {
    format!("it took longer than {} min in all", limit.as_secs() / 60)
}

/// Why a device's models were not read, and what a person can do about it.
fn unread(name: &DeviceName, error: &Error) -> Error {
    let why = format!("{error:#}");
    anyhow!("the models of {name} were not read: {why}\n  {}", advice(&why))
}

/// What to do about it, by what was said: what the device layer knows of the cause comes here as text.
fn advice(why: &str) -> &'static str {
    let said = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if said(&["neither in NetBox", "no primary IPv4"]) {
        "Give the device's name as NetBox has it, or its address: host = \"…\" in [devices.host.\"NAME\"] of the configuration."
    } else if said(&["NetBox"]) {
        "See url and token in [netbox] of the configuration; with host = \"…\" in [devices.host.\"NAME\"] NetBox is not asked."
    } else if said(&[
        "fingerprint could not be read",
        "cannot connect",
        "connecting took",
        "SSH connection failed",
    ]) {
        "Is it up, reachable from here, and does it listen for NETCONF over SSH (netconf-yang) at that address and port? See [devices] of the \
         configuration."
    } else if said(&["host key", "known_hosts"]) {
        "Compare the fingerprint with the device's own, then put its key into the file of devices.known_hosts (ssh-keyscan -p PORT HOST)."
    } else if said(&["login", "neither password nor key", "credentials"]) {
        "See username, and password or private_key, in [devices] or [devices.host.\"NAME\"] of the configuration, and what the device lets that user do."
    } else if said(&["ietf-yang-library"]) {
        "Take its modules from files instead: --dir."
    } else {
        "`netchange doctor` tries the devices of the configuration; devices.timeout is how long each step may take. Modules read so far are kept: \
         try again, or name what you need with --module."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_wrong_there_is_something_to_do_about_it() {
        let name: DeviceName = "c9300".parse().unwrap();
        for (why, advised) in [
            ("device c9300 is neither in NetBox nor has it a host in the configuration", "as NetBox has it"),
            ("NetBox: NetBox cannot be reached", "[netbox]"),
            (
                "switch: the host key of sw port 830 is not known (its fingerprint could not be read)",
                "Is it up",
            ),
            ("switch: the host key of sw port 830 is not known (SHA256:x)", "Compare the fingerprint"),
            ("switch: login as a was refused: password", "username"),
            ("switch: hello took longer than 30 s", "devices.timeout"),
        ] {
            let said = unread(&name, &anyhow!("{why}")).to_string();
            assert!(said.contains(why) && said.contains(advised), "{said}");
            assert!(said.starts_with("the models of c9300 were not read: "), "{said}");
        }
        assert_eq!(too_slow(REACH_LIMIT), "it took longer than 2 min in all");
    }
}
