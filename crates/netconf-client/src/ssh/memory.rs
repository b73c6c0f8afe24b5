//! What is kept in mind of servers, between one connection and the next.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Entries that are kept in mind at most.
const MAX: usize = 4096;

/// A set that forgets its first entries when it is full.
pub(super) struct Memory<T>(Mutex<BTreeSet<T>>);

impl<T: Ord> Memory<T> {
    pub(super) const fn new() -> Self {
        Memory(Mutex::new(BTreeSet::new()))
    }

    fn entries(&self) -> MutexGuard<'_, BTreeSet<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has(&self, entry: &T) -> bool {
        self.entries().contains(entry)
    }

    pub(super) fn add(&self, entry: T) {
        let mut entries = self.entries();
        if entries.len() >= MAX && !entries.contains(&entry) {
            entries.pop_first();
        }
        entries.insert(entry);
    }

    pub(super) fn remove(&self, entry: &T) {
        self.entries().remove(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_memory_forgets_and_takes_what_is_new() {
        let memory = Memory::new();
        (0..=MAX).for_each(|number| memory.add(number));
        memory.add(MAX);
        assert_eq!((memory.has(&0), memory.has(&1), memory.has(&MAX)), (false, true, true));
        memory.remove(&1);
        assert!(!memory.has(&1));
        assert_eq!(memory.entries().len(), MAX - 1);
    }
}
