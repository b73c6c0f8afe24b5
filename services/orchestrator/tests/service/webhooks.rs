//! What is accepted, what is refused, and what is acknowledged and ignored.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;
use webex_cards::webhook::sign;

use super::support::{Options, PORT, World, founding_ticket, until};

/// The limit of a body, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Where webhooks go, and how each is signed.
const PATHS: [&str; 4] = ["/ticket", "/card", "/webex", "/netbox"];

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/../../fixtures/zammad/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn signature(world: &World, path: &str, body: &[u8]) -> (&'static str, String) {
    match path {
        "/ticket" => {
            let secret = world.secrets.zammad_webhook_secret.clone().into();
            ("X-Hub-Signature", format!("sha1={}", sign(&secret, body)))
        }
        "/netbox" => {
            let mut mac =
                Hmac::<Sha512>::new_from_slice(world.secrets.netbox_webhook_secret.as_bytes()).unwrap();
            mac.update(body);
            ("X-Hook-Signature", hex::encode(mac.finalize().into_bytes()))
        }
        _ => ("X-Spark-Signature", sign(&world.secrets.webex_webhook_secret.clone().into(), body)),
    }
}

/// Sends a signed body; status and answer.
async fn post(world: &World, path: &str, body: Vec<u8>) -> (u16, Value) {
    let (name, value) = signature(world, path, &body);
    send(world, path, body, &[(name, &value)]).await
}

async fn send(world: &World, path: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = world.http.post(format!("{}{path}", world.url())).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn changes(world: &World) -> usize {
    let (status, list) = world.get("/api/v1/changes").await;
    assert_eq!(status, 200, "{list}");
    list["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorded_tickets_are_taken_by_the_webhook_and_by_plan_as_they_are() {
    let world = World::serving(Options::default()).await;
    let before = world.snapshot("GigabitEthernet1/0/2");
    for (name, number, row) in
        [("seed_ticket_15004.json", "15004", "description"), ("seed_ticket_15012.json", "15012", "enabled")]
    {
        let body = fixture(name);
        assert_eq!(post(&world, "/ticket", body.clone()).await.0, 202, "{name}");
        let file = world.home.path().join(name);
        std::fs::write(&file, &body).unwrap();
        let said = world.run(&["plan", file.to_str().unwrap()]).await;
        assert_eq!(said.code, 0, "{said:?}");
        for part in [number, "c9300 GigabitEthernet1/0/2", row, "edit-config", "inverse", "NetBox", "Risk"] {
            assert!(said.out.contains(part), "{part} is missing in {}", said.out);
        }
        let said = world.run(&["plan", "--json", file.to_str().unwrap()]).await;
        let plan = said.json();
        assert_eq!((said.code, &plan["valid"]), (0, &json!(true)), "{said:?}");
        assert!(plan["digest"].as_str().unwrap().starts_with("sha256:"), "{plan}");
    }
    world.quiet(0).await;
    assert_eq!(changes(&world).await, 0, "the lab has no such tickets");
    assert_eq!(world.snapshot("GigabitEthernet1/0/2"), before, "plan changed something");
    assert_eq!(world.lab.switch.events().edits(), 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_names_every_fault_of_a_ticket_and_fails() {
    let world = World::new(Options::default()).await;
    let mut body: Value = serde_json::from_slice(&fixture("seed_ticket_15004.json")).unwrap();
    body["ticket"]["network_interface_mtu"] = json!(100);
    body["ticket"]["network_switchport_mode_and_vlan"] = json!("trunk:4000:200,200");
    body["ticket"]["network_interface_name"] = json!("GigabitEthernet1/0/1");
    let file = world.home.path().join("ticket.json");
    std::fs::write(&file, body.to_string()).unwrap();
    let said = world.run(&["plan", file.to_str().unwrap()]).await;
    assert_eq!(said.code, 1, "{said:?}");
    for part in ["MTU 100 is outside 1500 to 9000", "listed twice", "protected"] {
        assert!(said.out.contains(part), "{part} is missing in {}", said.out);
    }
    let said = world.run(&["plan", "--json", file.to_str().unwrap()]).await;
    assert_eq!((said.code, &said.json()["valid"]), (1, &json!(false)));
    for (text, reason) in [("not json", "not JSON"), ("{\"x\": 1}", "no ticket")] {
        std::fs::write(&file, text).unwrap();
        let said = world.run(&["plan", file.to_str().unwrap()]).await;
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
        assert!(said.err.contains(reason), "{said:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_webhook_is_refused_with_a_reason_and_leaves_a_log_line() {
    let world = World::serving(Options::default()).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_field = format!("{{\"ticket\":{}1{}}}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let cases: [(&str, Vec<u8>); 8] = [
        ("empty", Vec::new()),
        ("not JSON", b"ticket=15016&state=open".to_vec()),
        ("not UTF-8", vec![0xff, 0xfe, 0x00, 0x7b]),
        ("cut off", br#"{"ticket": {"id": 16,"#.to_vec()),
        ("too deep", deep.into_bytes()),
        ("too deep inside", deep_field.into_bytes()),
        ("a list", b"[1, 2, 3]".to_vec()),
        ("another shape", br#"{"ticket": "15016", "resource": 7, "event": {}, "data": []}"#.to_vec()),
    ];
    for path in PATHS {
        for (name, body) in &cases {
            let (status, answer) = post(&world, path, body.clone()).await;
            assert_eq!(status, 400, "{path}, {name}: {answer}");
            assert!(!answer["error"].as_str().unwrap().is_empty(), "{path}, {name}: no reason");
        }
        let (status, _) = post(&world, path, vec![b' '; MAX_BODY + 1]).await;
        assert_eq!(status, 413, "{path}: a body over the limit");
        let (status, _) = send(&world, path, vec![b' '; MAX_BODY + 1], &[]).await;
        assert_eq!(status, 413, "{path}: an unsigned body over the limit");
        let (status, _) = post(&world, path, vec![b' '; MAX_BODY]).await;
        assert_eq!(status, 400, "{path}: the limit itself is within it");
    }
    assert_eq!(changes(&world).await, 0);
    assert_eq!(world.metric("netchange_inbox_waiting").await, Some(0.0));
    let refused = world.log().lines().filter(|line| line.contains("Refused a body")).count();
    assert_eq!(refused, PATHS.len() * (cases.len() + 1), "each leaves a line in the log");
    let ticket = world.file(PORT, founding_ticket());
    world.change_is(ticket, "pending_approval").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_signed_over_its_own_bytes_is_refused() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    world.change_is(ticket, "pending_approval").await;
    let body = world.lab.zammad.raw_delivery(ticket).unwrap().body;
    for path in PATHS {
        let (name, right) = signature(&world, path, &body);
        let other = signature(&world, path, b"another body").1;
        for wrong in ["", "sha1=", "0000", &right[..right.len() - 2], &format!("{right}00"), &other] {
            let (status, _) = send(&world, path, body.clone(), &[(name, wrong)]).await;
            assert_eq!(status, 401, "{path} with {name}: {wrong}");
        }
        assert_eq!(send(&world, path, body.clone(), &[]).await.0, 401, "{path} unsigned");
    }
    assert_eq!(changes(&world).await, 1);
    world.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_not_accepted_and_what_was_accepted_is_there() {
    let mut world = World::new(Options::default()).await;
    world.serve_limited(1 << 20).await;
    let send = async |number: i64| {
        let mut body: Value = serde_json::from_slice(&fixture("seed_ticket_15004.json")).unwrap();
        body["padding"] = json!(format!("{number} {}", "x".repeat(100_000)));
        post(&world, "/ticket", body.to_string().into_bytes()).await
    };
    let accepted = 20;
    for number in 0..accepted {
        assert_eq!(send(number).await.0, 202);
    }
    world.disk_has(Some(0));
    let (status, answer) = send(accepted).await;
    assert_eq!(status, 503, "{answer}");
    let health = world.http.get(format!("{}/healthz", world.url())).send().await.unwrap();
    assert!(health.status().is_success(), "it lives on");
    world.signal("-KILL").await;
    world.ended().await.unwrap();
    world.serve(&[]).await;
    world.quiet(0).await;
    let url = format!("sqlite://{}", world.home.path().join("netchange.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM inbox").fetch_one(&pool).await.unwrap();
    pool.close().await;
    assert!(stored >= accepted, "{accepted} were accepted, {stored} are there");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_huge_heads_and_slow_bodies_are_refused() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::serving(Options::default()).await;
    for path in PATHS {
        for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE] {
            let answer =
                world.http.request(method.clone(), format!("{}{path}", world.url())).send().await.unwrap();
            assert!([404, 405].contains(&answer.status().as_u16()), "{method} {path}: {}", answer.status());
        }
    }
    let raw = async |text: String| {
        let mut stream = tokio::net::TcpStream::connect(world.listen).await.unwrap();
        // It may hang up before it has read all.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(super::support::LIMIT, read).await.expect("it waits for ever");
        String::from_utf8_lossy(&answer).into_owned()
    };
    let huge =
        raw(format!("POST /ticket HTTP/1.1\r\nHost: x\r\nX-Huge: {}\r\n\r\n", "x".repeat(1 << 20))).await;
    assert!(!huge.starts_with("HTTP/1.1 2"), "{huge}");
    let slow = "POST /ticket HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"ticket\"".to_owned();
    let slow_head = "POST /ticket HTTP/1.1\r\nHost: x".to_owned();
    let (slow, slow_head) = futures_util::future::join(raw(slow), raw(slow_head)).await;
    assert!(slow.starts_with("HTTP/1.1 408"), "{slow:?}");
    assert!(!slow_head.starts_with("HTTP/1.1 2"), "{slow_head:?}");
    let ticket = world.file(PORT, founding_ticket());
    world.change_is(ticket, "pending_approval").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_again_and_again_is_told_to_wait() {
    let world = World::serving(Options::default()).await;
    let fail = async || send(&world, "/ticket", b"{}".to_vec(), &[]).await.0;
    assert_eq!(fail().await, 401);
    // Sixty are let through at once, and one more with every second that passes.
    let (mut failed, mut told) = (1, 0);
    while told < 10 {
        assert!(failed < 1_000, "told to wait {told} times");
        match fail().await {
            429 => told += 1,
            status => assert_eq!(status, 401),
        }
        failed += 1;
    }
    assert!(failed >= 60 + told, "told to wait too early: {told} of {failed}");
    // Whoever signs is not held up by it.
    assert_eq!(post(&world, "/ticket", fixture("seed_ticket_15004.json")).await.0, 202);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_of_another_type_or_not_open_are_acknowledged_and_ignored() {
    let world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let mut sent = 0;
    for (key, value) in [
        ("ticket_type", "incident"),
        ("ticket_type", "service_request"),
        ("state", "new"),
        ("state", "closed"),
        ("state", "pending reminder"),
    ] {
        let mut fields = founding_ticket();
        fields[key] = json!(value);
        if value == "pending reminder" {
            fields["pending_time"] = json!("2030-01-01T00:00:00Z");
        }
        let ticket = world.file(PORT, fields);
        let honest = json!({"ticket": world.lab.zammad.ticket(ticket), "article": {}});
        // A webhook is only a hint: one that says otherwise than the ticket itself starts nothing either.
        let mut lying = honest.clone();
        lying["ticket"]["state"] = json!("open");
        lying["ticket"]["ticket_type"] = json!("network_change");
        for body in [honest, lying] {
            assert_eq!(post(&world, "/ticket", body.to_string().into_bytes()).await.0, 202);
            sent += 1;
        }
    }
    world.quiet(0).await;
    let url = format!("sqlite://{}", world.home.path().join("netchange.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let ignored = "SELECT count(*) FROM inbox WHERE done_at IS NOT NULL AND outcome LIKE 'ignored: %'";
    let ignored: i64 = sqlx::query_scalar(ignored).fetch_one(&pool).await.unwrap();
    pool.close().await;
    assert!(ignored >= sent, "{sent} were accepted, {ignored} were looked at and ignored");
    assert_eq!(changes(&world).await, 0, "{}", world.log());
    assert_eq!(world.snapshot(PORT), before);
    assert!(world.lab.webex.messages().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_netbox_with_a_ticket_number_configures_nothing() {
    let world = World::serving(Options::default()).await;
    let before = world.lab.switch.running_interface(PORT);
    let fields = json!({"description": "by hand", "custom_fields": {"change_ticket_number": "15016"}});
    world.lab.netbox.set_interface(PORT, fields).unwrap();
    let told = async || {
        let deliveries = world.lab.netbox.deliveries();
        deliveries.iter().any(|delivery| delivery.status == Some(202)).then_some(())
    };
    until("NetBox's webhook is accepted", told).await;
    world.quiet(0).await;
    assert_eq!(changes(&world).await, 0);
    assert_eq!(world.lab.switch.running_interface(PORT), before);
    assert_eq!(world.lab.switch.events().edits(), 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_delivery_many_times_at_once_is_one_change() {
    let world = World::serving(Options::default()).await;
    world.fault(json!({"system": "zammad", "point": "webhook", "times": 1, "action": "lose"}));
    let ticket = world.file(PORT, founding_ticket());
    let raw = world.lab.zammad.raw_delivery(ticket).unwrap();
    let headers: Vec<(&str, &str)> =
        raw.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = (0..50).map(|_| send(&world, "/ticket", raw.body.clone(), &headers));
    let answers = futures_util::future::join_all(sent).await;
    assert!(answers.iter().all(|(status, _)| *status == 202), "{answers:?}");
    assert_eq!(world.metric("netchange_webhooks_repeated_total").await, Some(49.0));
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    assert_eq!(changes(&world).await, 1);
    assert_eq!(world.lab.webex.cards().len(), 2);
    assert_eq!(world.subjects(ticket), ["Pending approval", "Approved", "SUCCESS"]);
    world.stop().await;
}
