//! The models that the pages show: read once, kept while there is room.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use change_model::DeviceName;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use yang_schema::{CompileOptions, DiskCache, Schema};

use super::{cache_folder, compile, fetch, left_out, read_folders};
use crate::adapters::device::Device;
use crate::app::App;

/// How many devices' models are kept; a whole release of IOS-XE takes some hundred megabytes.
const MAX_DEVICES: usize = 3;
/// How many models are remembered, those that could not be read among them.
const MAX_PLACES: usize = 100;
/// How long reading one device's modules may take; a thousand of them take minutes at the first time.
const LOAD_LIMIT: Duration = Duration::from_mins(15);

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A folder of the settings, by its name.
    Folder(String),
    /// A device.
    Device(DeviceName),
}

impl Source {
    /// The word for its kind, as it stands in addresses of pages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::Device(_) => "device",
        }
    }

    /// Its own name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Folder(name) => name,
            Self::Device(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name())
    }
}

/// A compiled model.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) schema: Schema,
    /// What is missing, and why.
    pub(crate) notes: Vec<String>,
    /// When it was last asked for: a number that grows.
    used: AtomicU64,
}

/// How far reading a model has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    done: AtomicUsize,
    known: AtomicUsize,
}

impl Progress {
    /// Modules that are there, and all that are known to be needed.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.known.load(Ordering::Relaxed))
    }
}

/// What there is of a model.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Loading(Arc<Progress>),
    Ready(Arc<Model>),
    Failed(String),
}

/// The models.
pub(crate) struct Shelf {
    places: Mutex<BTreeMap<Source, Place>>,
    /// One model is read at a time.
    turn: Semaphore,
    uses: AtomicU64,
    /// Where the reading runs: not on the threads that answer requests.
    runtime: Handle,
}

impl Shelf {
    /// An empty shelf; reading runs on the runtime that this is called on.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            places: Mutex::default(),
            turn: Semaphore::new(1),
            uses: AtomicU64::new(0),
            runtime: Handle::current(),
        })
    }

    /// What there is of a source.
    pub(crate) fn find(&self, source: &Source) -> Option<Place> {
        let place = self.lock().get(source).cloned();
        if let Some(Place::Ready(model)) = &place {
            model.used.store(self.uses.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        place
    }

    /// Everything there is.
    pub(crate) fn list(&self) -> Vec<(Source, Place)> {
        self.lock().iter().map(|(source, place)| (source.clone(), place.clone())).collect()
    }

    /// Begins to read a model, anew if it is there; nothing happens while it is being read.
    pub(crate) fn load(self: &Arc<Self>, app: &App, source: Source) {
        let progress = Arc::new(Progress::default());
        {
            let mut places = self.lock();
            if matches!(places.get(&source), Some(Place::Loading(_))) {
                return;
            }
            if places.len() >= MAX_PLACES {
                places.retain(|_, place| !matches!(place, Place::Failed(_)));
            }
            places.insert(source.clone(), Place::Loading(progress.clone()));
        }
        let (shelf, app) = (self.clone(), app.clone());
        self.runtime.spawn(async move {
            let read = tokio::time::timeout(LOAD_LIMIT, shelf.read(&app, &source, &progress)).await;
            let place = match read {
                Ok(Ok(model)) => Place::Ready(Arc::new(model)),
                Ok(Err(error)) => Place::Failed(format!("{error:#}")),
                Err(_) => Place::Failed(format!("it took longer than {} minutes", LOAD_LIMIT.as_secs() / 60)),
            };
            match &place {
                Place::Failed(why) => tracing::warn!("The model of {source} cannot be read: {why}"),
                _ => tracing::info!("The model of {source} is read"),
            }
            shelf.put(source, place);
        });
    }

    /// Runs something on the runtime that reads models.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(work)
    }

    async fn read(&self, app: &App, source: &Source, progress: &Progress) -> Result<Model> {
        let _turn = self.turn.acquire().await.context("nothing is read any more")?;
        let (schema, notes) = match source {
            Source::Folder(name) => {
                let Some(path) = app.settings.yang.folders.get(name).cloned() else {
                    bail!("no folder of this name is configured")
                };
                tokio::task::spawn_blocking(move || from_folder(path)).await??
            }
            Source::Device(name) => from_device(app, name, progress).await?,
        };
        Ok(Model { schema, notes, used: AtomicU64::new(self.uses.fetch_add(1, Ordering::Relaxed) + 1) })
    }

    fn put(&self, source: Source, place: Place) {
        let mut places = self.lock();
        places.insert(source, place);
        loop {
            let ready: Vec<(u64, &Source)> = places
                .iter()
                .filter_map(|(source, place)| match (source, place) {
                    (Source::Device(_), Place::Ready(model)) => {
                        Some((model.used.load(Ordering::Relaxed), source))
                    }
                    _ => None,
                })
                .collect();
            let oldest = ready.iter().min_by_key(|(used, _)| *used).map(|(_, source)| (*source).clone());
            match oldest.filter(|_| ready.len() > MAX_DEVICES) {
                Some(source) => places.remove(&source),
                None => return,
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Source, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A folder's model: what does not fit together is left out and said, since nobody at a page can mend it.
fn from_folder(path: PathBuf) -> Result<(Schema, Vec<String>)> {
    let (set, mut notes) = read_folders(&[path], true)?;
    let schema = compile(&set, CompileOptions::new().lenient(true), &[])?;
    notes.extend(left_out(&schema));
    Ok((schema, notes))
}

async fn from_device(app: &App, name: &DeviceName, progress: &Progress) -> Result<(Schema, Vec<String>)> {
    let cache = DiskCache::new(cache_folder(app.settings.yang.cache.as_deref())?);
    let device = Device::find(app, name).await?;
    let step = |done, known| {
        progress.done.store(done, Ordering::Relaxed);
        progress.known.store(known, Ordering::Relaxed);
    };
    let fetched = fetch(&device, &cache, &[], &step).await;
    device.close().await;
    let fetched = fetched?;
    let (schema, mut notes) = tokio::task::spawn_blocking(move || {
        let schema = compile(&fetched.set, fetched.library.options(), &[])?;
        anyhow::Ok((schema, fetched.notes))
    })
    .await??;
    notes.extend(left_out(&schema));
    Ok((schema, notes))
}
