//! Stand-ins for the four systems that netchange talks to: Zammad, Webex, NetBox and one Cisco IOS-XE switch.
//!
//! They run in one process on loopback, speak real HTTP and real NETCONF over real SSH, and obey the habits of the real systems,
//! the unpleasant ones included. [`Lab::start`] brings all four up; [`control`] switches faults on; each stand-in has pages for people.

pub mod control;
pub mod faults;
pub mod http;
pub mod netbox;
pub mod people;
pub mod settings;
pub mod switch;
pub mod webex;
pub mod zammad;

use std::io;
use std::sync::{Arc, OnceLock};

pub use faults::{Fault, FaultAction, FaultBoard, Point, System};
pub use settings::{Capabilities, LabSettings, Ports};

/// The four stand-ins and the control server, running.
pub struct Lab {
    /// The ticket system.
    pub zammad: zammad::Zammad,
    /// The chat.
    pub webex: webex::Webex,
    /// The source of truth.
    pub netbox: netbox::Netbox,
    /// The switch.
    pub switch: switch::Switch,
    /// Where faults are switched on, and the page that links to the others.
    pub control: control::Control,
    /// The faults, shared by all of them.
    pub faults: Arc<FaultBoard>,
}

impl Lab {
    /// Starts everything; each port of `settings` that is 0 becomes a free one.
    ///
    /// # Errors
    /// When a port cannot be bound or the switch's host key cannot be read or made.
    pub async fn start(settings: LabSettings) -> io::Result<Self> {
        let faults = Arc::new(FaultBoard::default());
        let links = Arc::new(OnceLock::new());
        let control = control::Control::start(&settings, faults.clone(), links.clone()).await?;
        let settings = LabSettings { front_url: control.url(), ..settings };
        let zammad = zammad::Zammad::start(&settings, faults.clone()).await?;
        let webex = webex::Webex::start(&settings, faults.clone()).await?;
        let netbox = netbox::Netbox::start(&settings, faults.clone()).await?;
        let switch = switch::Switch::start(&settings, faults.clone()).await?;
        links.get_or_init(|| control::Links {
            zammad: zammad.url(),
            webex: webex.url(),
            netbox: netbox.url(),
            switch: switch.page_url(),
            orchestrator: settings.orchestrator_url.clone(),
        });
        Ok(Self { zammad, webex, netbox, switch, control, faults })
    }

    /// Stops everything and waits for it, at most a few seconds.
    pub async fn stop(self) {
        self.control.stop().await;
        self.zammad.stop().await;
        self.webex.stop().await;
        self.netbox.stop().await;
        self.switch.stop().await;
    }
}
