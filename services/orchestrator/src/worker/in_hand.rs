//! What this process is working on right now.
//!
//! One process works on a store, so that this is all that is being worked on. A lease that ran out, as the process stood still or something
//! took longer than anybody thought, does therefore not start the same work a second time beside the first.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The rows that are worked on.
#[derive(Clone, Default)]
pub(super) struct InHand(Arc<Mutex<HashSet<i64>>>);

/// A row that is worked on until this is dropped.
pub(super) struct Held {
    rows: InHand,
    id: i64,
}

impl InHand {
    /// Takes a row in hand; `None` if it is already.
    pub(super) fn take(&self, id: i64) -> Option<Held> {
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        fresh.then(|| Held { rows: self.clone(), id })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.rows.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_in_one_hand_at_a_time() {
        let rows = InHand::default();
        let first = rows.take(1);
        assert!(first.is_some() && rows.take(2).is_some());
        assert!(rows.take(1).is_none());
        drop(first);
        assert!(rows.take(1).is_some());
    }
}
