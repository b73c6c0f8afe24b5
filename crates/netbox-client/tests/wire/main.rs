//! The client against recorded answers, served byte for byte.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod decode;
mod failures;
mod reads;
mod writes;

use std::path::PathBuf;
use std::time::Duration;

use netbox_client::{Client, Retry};
use secrecy::SecretString;
use serde_json::Value;
use wiremock::{MockServer, ResponseTemplate};

/// A token of version 2, and what must never appear anywhere.
const TOKEN: &str = "nbt_key000000000.secretsecretsecretsecretsecretsecretsecr";

fn fixture_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/netbox").join(format!("{name}.json"))
}

/// The bytes of a recorded body.
fn body(name: &str) -> Vec<u8> {
    std::fs::read(fixture_path(name)).unwrap()
}

/// What `exchanges.json` says of a recording.
fn exchange(name: &str) -> Value {
    let all: Vec<Value> = serde_json::from_slice(&body("exchanges")).unwrap();
    all.into_iter().find(|exchange| exchange["name"] == name).unwrap()
}

/// A recorded answer: status, headers and body.
fn recorded(name: &str) -> ResponseTemplate {
    let exchange = exchange(name);
    let mut template = ResponseTemplate::new(u16::try_from(exchange["status"].as_u64().unwrap()).unwrap());
    for header in ["ETag", "X-Request-ID"] {
        if let Some(value) = exchange["headers"][header].as_str() {
            template = template.insert_header(header, value);
        }
    }
    let content_type = exchange["headers"]["Content-Type"].as_str().unwrap();
    template.set_body_raw(body(name), content_type)
}

fn client_of(server: &MockServer, token: &str) -> Client {
    client_at(&server.uri(), token)
}

fn client_at(url: &str, token: &str) -> Client {
    // Longer than any answer takes that is not held back on purpose.
    client_within(url, token, Duration::from_secs(10))
}

fn client_within(url: &str, token: &str, timeout: Duration) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry =
        Retry { attempts: 3, first_wait: Duration::from_millis(1), longest_wait: Duration::from_secs(2) };
    Client::builder(url, SecretString::from(token)).retry(retry).timeout(timeout).build().unwrap()
}

fn client(server: &MockServer) -> Client {
    client_of(server, TOKEN)
}
