//! Where modules come from: folders, a cache on disk, and whatever a caller has (a device's get-schema).

use std::collections::HashSet;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;
use crate::module_set::{ModuleSet, yang_files};
use crate::syntax::grammar::is_identifier;

/// What a source may fail with.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// The name of a module or submodule, and the revision asked for.
pub type Wanted = (String, Option<String>);

/// Gives module texts by name and revision.
///
/// A source that has to wait for a network is better not put behind this trait, which blocks: ask
/// [`ModuleSet::missing`] what is needed, fetch it, [`ModuleSet::add_text`], until nothing is missing.
pub trait ModuleSource {
    /// The text of a module or submodule, or `None` if the source does not have it. Without a revision, the newest
    /// it has.
    ///
    /// # Errors
    /// If it could not be found out.
    fn fetch(&mut self, name: &str, revision: Option<&str>) -> Result<Option<String>, SourceError>;
}

impl<S: ModuleSource + ?Sized> ModuleSource for &mut S {
    fn fetch(&mut self, name: &str, revision: Option<&str>) -> Result<Option<String>, SourceError> {
        (**self).fetch(name, revision)
    }
}

impl ModuleSet {
    /// Adds a module and all it imports and includes, directly or not. Returns what of that the source lacks.
    ///
    /// # Errors
    /// [`Error::ModuleNotFound`] if the source lacks the module itself, [`Error::Source`] if the source fails,
    /// [`Error::Parse`] if a text is not YANG.
    pub fn load(
        &mut self,
        name: &str,
        revision: Option<&str>,
        source: &mut impl ModuleSource,
    ) -> Result<Vec<Wanted>, Error> {
        if !self.has(name, revision)
            && !self.add_from(name, revision, source)?
            && !self.contains(name, revision)
        {
            return Err(Error::ModuleNotFound {
                name: name.to_owned(),
                revision: revision.map(str::to_owned),
            });
        }
        self.complete(source)
    }

    /// Adds all that the set's modules import and include, directly or not. Returns what of that the source lacks.
    ///
    /// # Errors
    /// [`Error::Source`] if the source fails, [`Error::Parse`] if a text is not YANG.
    pub fn complete(&mut self, source: &mut impl ModuleSource) -> Result<Vec<Wanted>, Error> {
        let mut lacking: Vec<Wanted> = Vec::new();
        let mut asked_in_vain: HashSet<Wanted> = HashSet::new();
        loop {
            let needs = self.missing();
            let wanted = needs.imports.into_iter().chain(needs.includes);
            let asked: Vec<Wanted> = wanted.filter(|wanted| !asked_in_vain.contains(wanted)).collect();
            if asked.is_empty() {
                return Ok(lacking);
            }
            for (name, revision) in asked {
                let revision_text = revision.as_deref();
                // one of the others may have brought it meanwhile, or it is not what was asked for
                if !self.has(&name, revision_text) {
                    self.add_from(&name, revision_text, source)?;
                }
                if !self.has(&name, revision_text) {
                    asked_in_vain.insert((name.clone(), revision.clone()));
                    // a later one, in whose history it is, serves for want of it
                    if !self.contains(&name, revision_text) {
                        lacking.push((name, revision));
                    }
                }
            }
        }
    }

    fn add_from(
        &mut self,
        name: &str,
        revision: Option<&str>,
        source: &mut impl ModuleSource,
    ) -> Result<bool, Error> {
        let fetched = source.fetch(name, revision);
        let fetched = fetched.map_err(|source| Error::Source { name: name.to_owned(), source })?;
        let Some(text) = fetched else { return Ok(false) };
        let file = match revision {
            Some(revision) => format!("{name}@{revision}.yang"),
            None => format!("{name}.yang"),
        };
        self.add_text(&file, &text)?;
        Ok(true)
    }
}

/// The `*.yang` files of a folder: `name@revision.yang` or `name.yang`.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder; it is read when something is asked for.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl ModuleSource for Folder {
    fn fetch(&mut self, name: &str, revision: Option<&str>) -> Result<Option<String>, SourceError> {
        if !is_identifier(name) {
            return Ok(None);
        }
        let mut files: Vec<PathBuf> = yang_files(&self.0)?
            .into_iter()
            .filter(|file| {
                let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let (stem, of) = stem.split_once('@').map_or((stem, None), |(stem, of)| (stem, Some(of)));
                stem == name && (revision.is_none() || of.is_none() || of == revision)
            })
            .collect();
        // sorted by name: the newest revision is the last, before it the file without one
        let Some(file) = files.pop() else { return Ok(None) };
        Ok(Some(std::fs::read_to_string(&file)?))
    }
}

/// Module texts kept on disk by name and revision, one file each: `name@revision.yang`.
///
/// A module's revision is a promise that its text stays the same, so what is there is never asked for again.
/// Without a revision nothing is taken from the cache.
#[derive(Debug, Clone)]
pub struct DiskCache(PathBuf);

impl DiskCache {
    /// A cache in a folder, which is made when the first text is kept.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// A kept text.
    ///
    /// # Errors
    /// If its file is there and cannot be read.
    pub fn get(&self, name: &str, revision: &str) -> std::io::Result<Option<String>> {
        let Some(file) = self.file(name, revision) else { return Ok(None) };
        match std::fs::read_to_string(file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a text. It replaces another at once or not at all, so that no reader sees half of it.
    ///
    /// Does nothing if name or revision are not what YANG has (`2024-07-01`).
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, name: &str, revision: &str, text: &str) -> std::io::Result<()> {
        let Some(file) = self.file(name, revision) else { return Ok(()) };
        std::fs::create_dir_all(&self.0)?;
        let (half, mut out) = self.begin(name, revision)?;
        let written = out.write_all(text.as_bytes()).and_then(|()| out.sync_all());
        drop(out);
        let kept = written.and_then(|()| std::fs::rename(&half, file));
        if kept.is_err() {
            // what is left of it is of no use; the error that counts is the first
            let _ = std::fs::remove_file(&half);
        }
        kept
    }

    /// A file that only this call writes: other threads and other processes may be keeping the same text right now.
    fn begin(&self, name: &str, revision: &str) -> std::io::Result<(PathBuf, File)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let half = self.0.join(format!(".{name}@{revision}.{}.{number}", std::process::id()));
            match File::create_new(&half) {
                Ok(out) => return Ok((half, out)),
                // left by a process that had this number before and was killed
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// A source that asks another only for what is not kept, and keeps what that gives.
    #[must_use]
    pub fn over<S: ModuleSource>(self, source: S) -> Cached<S> {
        Cached { cache: self, source }
    }

    /// A text's file; `None` for names that are none, which also keeps paths inside the folder.
    fn file(&self, name: &str, revision: &str) -> Option<PathBuf> {
        let is_date = revision.len() == 10
            && revision.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        (is_identifier(name) && is_date).then(|| self.0.join(format!("{name}@{revision}.yang")))
    }
}

/// A source behind a [`DiskCache`]; made by [`DiskCache::over`].
#[derive(Debug, Clone)]
pub struct Cached<S> {
    cache: DiskCache,
    source: S,
}

impl<S: ModuleSource> ModuleSource for Cached<S> {
    fn fetch(&mut self, name: &str, revision: Option<&str>) -> Result<Option<String>, SourceError> {
        if let Some(revision) = revision
            && let Some(text) = self.cache.get(name, revision)?
        {
            return Ok(Some(text));
        }
        let text = self.source.fetch(name, revision)?;
        if let (Some(text), Some(revision)) = (&text, revision) {
            self.cache.put(name, revision, text)?;
        }
        Ok(text)
    }
}
