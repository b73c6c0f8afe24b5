//! The switch.

use std::io;
use std::sync::Arc;

use crate::faults::FaultBoard;
use crate::settings::LabSettings;

/// The switch.
pub struct Switch {}

impl Switch {
    /// Starts it.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(_settings: &LabSettings, _faults: Arc<FaultBoard>) -> io::Result<Self> {
        Ok(Self {})
    }

    /// Its base URL.
    #[must_use]
    pub fn page_url(&self) -> String {
        String::new()
    }

    /// Stops it.
    pub async fn stop(&self) {}
}
