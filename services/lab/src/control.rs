//! The lab's front page and its control route for faults.

mod page;
mod presets;

use std::io;
use std::sync::{Arc, OnceLock};

use actix_web::web::{self, Bytes, Data, Json, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use crate::faults::{Fault, FaultBoard, System};
use crate::http::Server;
use crate::settings::LabSettings;

/// A fault as `POST /control/faults` takes it.
const EXAMPLE: &str =
    r#"{"system":"netbox","point":"request","method":"PATCH","times":1,"action":{"status":{"status":503}}}"#;

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

/// Whatever the media type says, the body is JSON: `curl -d` says that it is a form.
async fn add(faults: Data<FaultBoard>, body: Bytes) -> HttpResponse {
    let fault = serde_json::from_slice::<Fault>(&body).map_err(|error| error.to_string());
    match fault.and_then(|fault| fault.check().map(|()| fault)) {
        Ok(fault) => {
            faults.add(fault);
            HttpResponse::NoContent().finish()
        }
        Err(reason) => HttpResponse::BadRequest()
            .content_type("text/plain; charset=utf-8")
            .body(format!("This is no fault: {reason}.\nOne is: {EXAMPLE}\n")),
    }
}

async fn clear(faults: Data<FaultBoard>) -> impl Responder {
    faults.clear();
    HttpResponse::NoContent()
}
