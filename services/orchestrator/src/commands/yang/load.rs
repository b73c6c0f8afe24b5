//! Where `netchange yang` has its model from: folders, or a device.

use std::path::PathBuf;

use anyhow::Result;
use change_model::DeviceName;
use indicatif::ProgressBar;
use yang_schema::{CompileOptions, DiskCache, Schema};

use crate::adapters::device::Device;
use crate::app::App;
use crate::cli_yang::ModelArgs;
use crate::commands::argument;
use crate::commands::output::say;
use crate::models::{cache_folder, compile, fetch, left_out, read_folders};
use crate::settings::Settings;
use crate::store::Store;

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
    let device = Device::find(&app, &name).await?;
    // Drawn only where standard error is a terminal.
    let bar = ProgressBar::new(0).with_message("reading modules");
    let step = |done: usize, known: usize| {
        bar.set_length(known as u64);
        bar.set_position(done as u64);
    };
    let fetched = fetch(&device, &cache, &args.modules, &step).await;
    bar.finish_and_clear();
    device.close().await;
    let fetched = fetched?;
    fetched.notes.iter().for_each(|note| say(note));
    say(&format!("{} modules, {} of them read from the device", fetched.set.modules().count(), fetched.read));
    let schema = compile(&fetched.set, fetched.library.options(), &args.modules)?;
    left_out(&schema).iter().for_each(|note| say(note));
    Ok(schema)
}
