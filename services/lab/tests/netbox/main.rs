//! The NetBox stand-in, over real HTTP: against recordings of a real one, and with netbox-client.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod habits;
mod pages;
mod recordings;
mod through_client;
mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lab::netbox::Netbox;
use lab::{Fault, FaultAction, FaultBoard, LabSettings, Point, System};
use netbox_client::Client;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stand-in of its own for each test.
struct Rig {
    netbox: Netbox,
    faults: Arc<FaultBoard>,
    settings: LabSettings,
    http: reqwest::Client,
}

impl Rig {
    /// Webhooks go to `orchestrator`.
    async fn with_orchestrator(orchestrator: String) -> Self {
        let settings = LabSettings { orchestrator_url: orchestrator, ..LabSettings::default() };
        let faults = Arc::new(FaultBoard::default());
        let netbox = Netbox::start(&settings, faults.clone()).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self { netbox, faults, settings, http }
    }

    /// Webhooks go nowhere.
    async fn start() -> Self {
        Self::with_orchestrator("http://127.0.0.1:9".to_owned()).await
    }

    fn client(&self) -> Client {
        let token = SecretString::from(self.settings.netbox_token.clone());
        Client::builder(self.netbox.url(), token).timeout(PATIENCE).build().unwrap()
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let authorization = format!("Bearer {}", self.settings.netbox_token);
        self.http
            .request(method, format!("{}{path}", self.netbox.url()))
            .header("Authorization", authorization)
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    fn fault(&self, point: Point, method: &str, action: FaultAction) {
        let (system, method) = (System::Netbox, Some(method.to_owned()));
        self.faults.add(Fault { system, point, method, path: None, skip: 0, times: Some(1), action });
    }
}

/// Waits until something is there.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn fixture(name: &str) -> Value {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/netbox").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
