//! The lab's front page and its control route for faults.

mod page;
mod presets;

use std::io;
use std::sync::{Arc, OnceLock};

use actix_web::web::{self, Data, Json, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use crate::faults::{Fault, FaultBoard, System};
use crate::http::Server;
use crate::settings::LabSettings;

/// Where the other parts of the lab are.
#[derive(Debug, Clone)]
pub struct Links {
    /// The ticket system.
    pub zammad: String,
    /// The chat.
    pub webex: String,
    /// The source of truth.
    pub netbox: String,
    /// The switch's page.
    pub switch: String,
    /// netchange itself.
    pub orchestrator: String,
}

/// The control server, running.
pub struct Control {
    server: Server,
}

impl Control {
    /// Starts it, before the others that it links to and that link to it; `links` is filled in once they run.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(
        settings: &LabSettings,
        faults: Arc<FaultBoard>,
        links: Arc<OnceLock<Links>>,
    ) -> io::Result<Self> {
        let routes = {
            let faults = Data::from(faults.clone());
            let links = Data::from(links);
            move |config: &mut ServiceConfig| {
                config
                    .app_data(faults.clone())
                    .app_data(links.clone())
                    .route("/", web::get().to(page::index))
                    .route("/faults", web::post().to(page::switch))
                    .route("/control/faults", web::get().to(list))
                    .route("/control/faults", web::post().to(add))
                    .route("/control/faults", web::delete().to(clear));
            }
        };
        // The control server itself is never struck by a fault.
        let server =
            Server::start(settings, settings.ports.control, (System::Switch, Arc::default()), routes)?;
        Ok(Self { server })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Stops it.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

async fn list(faults: Data<FaultBoard>) -> impl Responder {
    Json(faults.list())
}

async fn add(faults: Data<FaultBoard>, fault: Json<Fault>) -> impl Responder {
    faults.add(fault.into_inner());
    HttpResponse::NoContent()
}

async fn clear(faults: Data<FaultBoard>) -> impl Responder {
    faults.clear();
    HttpResponse::NoContent()
}
