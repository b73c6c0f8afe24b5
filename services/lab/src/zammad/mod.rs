//! The ticket system.

use std::io;
use std::sync::Arc;

use crate::faults::FaultBoard;
use crate::settings::LabSettings;

/// The ticket system.
pub struct Zammad {}

impl Zammad {
    /// Starts it.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(_settings: &LabSettings, _faults: Arc<FaultBoard>) -> io::Result<Self> {
        Ok(Self {})
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        String::new()
    }

    /// Stops it.
    pub async fn stop(&self) {}
}
