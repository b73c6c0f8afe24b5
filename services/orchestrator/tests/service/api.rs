//! The API: health, list, one change, and what an operator may do with it.

use lab::people::{BYSTANDER, CAB, LEAD, REQUESTER};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Options, PORT, World, founding_ticket, until};

/// A ticket that cannot be carried out.
fn invalid() -> Value {
    json!({"network_interface_mtu": 100})
}

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_and_prometheus_get_what_they_ask_for() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    let (status, health) = world.get("/healthz").await;
    assert_eq!((status, &health["status"]), (200, &json!("ok")));
    let (status, ready) = world.get("/readyz").await;
    assert_eq!((status, &ready["status"], &ready["failing"]), (200, &json!("ready"), &json!([])));
    for system in ["zammad", "webex", "netbox", "devices"] {
        assert!(ready["systems"][system]["last_success"].is_string(), "{system}: {ready}");
    }
    let (status, metrics) = world.get("/metrics").await;
    assert_eq!(status, 200);
    let metrics = metrics.as_str().unwrap().to_owned();
    for name in [
        "netchange_webhooks_total",
        "netchange_webhooks_repeated_total",
        "netchange_inbox_waiting",
        "netchange_outbox_waiting",
        "netchange_effects_given_up",
        "netchange_changes_active",
        "netchange_netconf_rpcs_total",
        "netchange_netconf_sessions_total",
    ] {
        assert!(metrics.contains(name), "{name} is missing in\n{metrics}");
    }
    let (status, description) = world.get("/api/openapi.json").await;
    assert_eq!(status, 200);
    for path in ["/api/v1/changes", "/api/v1/changes/{id}", "/api/v1/changes/{id}/{action}"] {
        assert!(description["paths"][path].is_object(), "{path}: {description}");
    }
    let act = &description["paths"]["/api/v1/changes/{id}/{action}"]["post"]["responses"];
    for status in ["200", "400", "401", "404", "409", "413", "429", "503"] {
        assert!(act[status].is_object(), "{status}: {act}");
    }
    let scheme = description["security"][0].as_object().unwrap().keys().next().unwrap();
    assert_eq!(description["components"]["securitySchemes"][scheme]["scheme"], "bearer", "{description}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_fails_is_listed_and_does_not_make_the_service_unready() {
    let world = World::serving(Options::default()).await;
    let down = json!({"status": {"status": 503, "headers": [], "body": "down"}});
    world.fault(json!({"system": "netbox", "point": "request", "action": down}));
    let ticket = world.file(PORT, founding_ticket());
    let failed = async || {
        let (status, ready) = world.get("/readyz").await;
        assert_eq!(status, 200, "{ready}");
        ready["systems"]
            .as_object()?
            .values()
            .find_map(|system| system["last_error"].as_str().map(str::to_owned))
    };
    let error = until("the error is listed", failed).await;
    assert!(error.contains("NetBox") && error.contains("503"), "{error}");
    world.lab.faults.clear();
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_listed_newest_first_filtered_and_page_by_page() {
    let world = World::serving(Options::default()).await;
    let pending = world.file(PORT, founding_ticket());
    world.change_is(pending, "pending_approval").await;
    let mut wrong = Vec::new();
    for port in ["GigabitEthernet1/0/8", "GigabitEthernet1/0/9", "GigabitEthernet1/0/11"] {
        let ticket = world.file(port, invalid());
        world.change_is(ticket, "attention_required").await;
        wrong.push(ticket);
    }
    let number = |ticket| world.number(ticket);
    let numbers = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        items.iter().map(|item| item["source"]["ticket_number"].as_str().unwrap().to_owned()).collect()
    };
    let newest_first: Vec<String> =
        wrong.iter().rev().chain([&pending]).map(|ticket| number(*ticket)).collect();
    let (_, all) = world.get("/api/v1/changes").await;
    assert_eq!((numbers(&all), &all["next"]), (newest_first.clone(), &Value::Null));
    let (mut paged, mut path) = (Vec::new(), "/api/v1/changes?limit=1".to_owned());
    for _ in 0..4 {
        let (status, page) = world.get(&path).await;
        assert_eq!(status, 200);
        paged.extend(numbers(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/changes?limit=1&after={next}");
    }
    assert_eq!(paged, newest_first);
    let of = async |query: &str| numbers(&world.get(&format!("/api/v1/changes?{query}")).await.1);
    assert_eq!(of("state=pending_approval").await, [number(pending)]);
    assert_eq!(of("state=attention_required&limit=2").await, newest_first[..2]);
    assert_eq!(of(&format!("ticket={}", number(wrong[0]))).await, [number(wrong[0])]);
    assert_eq!(
        of("device=c9300").await,
        newest_first,
        "what is invalid belongs to the device that its ticket names"
    );
    assert_eq!(of("device=nowhere").await, Vec::<String>::new());
    for bad in ["limit=0", "limit=201", "limit=x", "state=done", "after=x", "colour=red"] {
        let (status, answer) = world.get(&format!("/api/v1/changes?{bad}")).await;
        assert_eq!(status, 400, "{bad}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|reason| !reason.is_empty()), "{bad}: {answer}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_is_shown_as_the_contract_says() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    let listed = world.change_is(ticket, "closed").await;
    let (status, change) = world.get(&format!("/api/v1/changes/{}", listed["id"].as_str().unwrap())).await;
    assert_eq!((status, &change), (200, &listed));
    assert_eq!(
        change["source"],
        json!({"kind": "ticket", "ticket_id": ticket, "ticket_number": world.number(ticket)})
    );
    assert_eq!(change["requested_by"], REQUESTER.email);
    assert_eq!((&change["device"], &change["interface"]), (&json!("c9300"), &json!(PORT)));
    let requested = json!({"enabled": true, "description": "Configured from the ticket system!", "mtu": 2000, "mode": {"access": {"vlan": 100}}});
    assert_eq!(change["requested"], requested);
    assert!(change["plan"]["digest"].as_str().unwrap().starts_with("sha256:"));
    assert!(change["plan"]["diff"].as_array().unwrap().iter().all(|line| line["path"].is_string()));
    assert!(change["plan"]["risk"]["level"].is_string());
    assert_eq!(change["approvals"][0]["by"], LEAD.email);
    assert_eq!(change["approvals"][0]["decision"], "approved");
    for fact in ["device_matches", "saved", "netbox_matches"] {
        assert_eq!(change["evidence"][fact], true, "{fact}");
    }
    assert!(change["error"].is_null());
    let history = change["history"].as_array().unwrap();
    let versions: Vec<u64> = history.iter().map(|row| row["version"].as_u64().unwrap()).collect();
    assert_eq!(
        versions,
        (1..=change["version"].as_u64().unwrap()).collect::<Vec<_>>(),
        "no version is missing"
    );
    for pair in history.windows(2) {
        assert_eq!(pair[0]["to"], pair[1]["from"], "the history is one chain");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nothing_is_shown_and_what_is_not_there_is_404() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    let change = world.change_is(ticket, "pending_approval").await;
    let id = change["id"].as_str().unwrap();
    let act = format!("/api/v1/changes/{id}/approve");
    for (method, path) in [
        (Method::GET, "/api/v1/changes".to_owned()),
        (Method::GET, format!("/api/v1/changes/{id}")),
        (Method::POST, act.clone()),
    ] {
        for header in [
            "",
            "Bearer ",
            "Bearer wrong",
            "Basic test-api-token",
            "test-api-token",
            "Bearer test-api-token2",
        ] {
            let mut request = world.http.request(method.clone(), format!("{}{path}", world.url()));
            if !header.is_empty() {
                request = request.header("Authorization", header);
            }
            let answer = request.json(&json!({"by": LEAD.email})).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path} with {header:?}");
        }
    }
    let other = "0190f3a0-0000-7000-8000-000000000000";
    for path in [format!("/api/v1/changes/{other}"), "/api/v1/changes/x".to_owned(), "/api/v2".to_owned()] {
        assert_eq!(world.get(&path).await.0, 404, "{path}");
    }
    for path in [format!("/api/v1/changes/{other}/approve"), format!("/api/v1/changes/{id}/explode")] {
        let (status, answer) = world.api(Method::POST, &path, Some(json!({"by": LEAD.email}))).await;
        assert_eq!(status, 404, "{path}: {answer}");
    }
    world.change_is(ticket, "pending_approval").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_approver_approves_and_only_once() {
    let world =
        World::serving(Options::config(json!({"approval": {"approvers": [LEAD.email, REQUESTER.email]}})))
            .await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    world.ticket_is(ticket, "pending approval").await;
    let change = world.change_is(ticket, "pending_approval").await;
    for (body, status) in [
        (json!({}), 400),
        (json!({"by": "nobody"}), 400),
        (json!({"by": LEAD.email, "force": true}), 400),
        (json!(LEAD.email), 400),
        (json!({"by": BYSTANDER.email}), 409),
        (json!({"by": CAB.email}), 409),
        (json!({"by": REQUESTER.email}), 409),
        (json!({"by": REQUESTER.email.to_uppercase()}), 409),
    ] {
        let (got, answer) = world.act(&change, "approve", body.clone()).await;
        assert_eq!(got, status, "{body}: {answer}");
        assert!(!answer["error"].as_str().unwrap().is_empty(), "{body}: no reason");
    }
    let path = format!("{}/api/v1/changes/{}/cancel", world.url(), change["id"].as_str().unwrap());
    let broken = world.http.post(path).bearer_auth("test-api-token").body("{\"by\": ").send().await.unwrap();
    assert_eq!(broken.status(), 400, "a body that is not understood is not taken for none");
    assert_eq!(world.snapshot(PORT), before);
    world.change_is(ticket, "pending_approval").await;
    let (status, answer) =
        world.act(&change, "approve", json!({"by": "Lead@Example.net", "reason": "fine"})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["approvals"][0]["by"], LEAD.email);
    assert_eq!(world.act(&change, "approve", json!({"by": LEAD.email})).await.0, 409, "a second time");
    world.ticket_is(ticket, "closed").await;
    for action in ["approve", "decline", "cancel"] {
        assert_eq!(
            world.act(&change, action, json!({"by": LEAD.email})).await.0,
            409,
            "{action} of a closed change"
        );
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decline_cancel_and_retry_do_what_they_say() {
    let world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let declined = world.file(PORT, founding_ticket());
    world.ticket_is(declined, "pending approval").await;
    let change = world.change_is(declined, "pending_approval").await;
    let reason = json!({"by": LEAD.email, "reason": "Not before Monday <b>"});
    assert_eq!(world.act(&change, "decline", reason).await.0, 200);
    world.ticket_is(declined, "denied").await;
    let notes = world.notes(declined);
    assert!(notes.contains("Not before Monday &") && notes.contains(LEAD.email), "{notes}");
    assert!(!notes.contains("<b>"), "the reason is text: {notes}");

    let cancelled = world.file(PORT, founding_ticket());
    world.ticket_is(cancelled, "pending approval").await;
    let change = world.change_is(cancelled, "pending_approval").await;
    let why = json!({"by": "operator@example.net", "reason": "the port is needed"});
    assert_eq!(world.act(&change, "cancel", why).await.0, 200);
    world.ticket_is(cancelled, "attention required").await;
    let notes = world.notes(cancelled);
    assert!(notes.contains("withdrawn by operator@example.net: the port is needed"), "{notes}");
    let withdrawn = async || {
        let cards = world.lab.webex.cards();
        let shows = |card: &&lab::webex::CardMessage| card.card.to_string().contains("Withdrawn");
        (cards.iter().filter(shows).count() == 2).then_some(())
    };
    until("both cards say so", withdrawn).await;
    assert_eq!(world.snapshot(PORT), before);

    let wrong = world.file(PORT, invalid());
    let change = world.change_is(wrong, "attention_required").await;
    world.ticket_is(wrong, "attention required").await;
    assert_eq!(world.act(&change, "retry", json!({})).await.0, 200);
    let look = async || {
        let change = world.change(wrong).await?;
        let planned =
            change["history"].as_array()?.iter().filter(|row| row["event"] == "request_invalid").count();
        (planned == 2 && change["state"] == "attention_required").then_some(())
    };
    until("it was tried again", look).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_foreign_text_as_text() {
    let world = World::serving(Options::default()).await;
    let hostile = "<script>alert(1)</script> & \"quotes\"";
    let mut fields = founding_ticket();
    fields["network_interface_description"] = json!(hostile);
    fields["title"] = json!(hostile);
    let ticket = world.file(PORT, fields);
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    let change = world.change_is(ticket, "closed").await;
    for path in ["/".to_owned(), format!("/changes/{}", change["id"].as_str().unwrap())] {
        let (status, page) = world.get(&path).await;
        let page = page.as_str().unwrap().to_owned();
        assert_eq!(status, 200);
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(page.contains("alert(1)"), "it is shown, as text: {page}");
    }
    assert!(!world.notes(ticket).contains("<script>"), "{}", world.notes(ticket));
    let running = world.lab.switch.running_interface_cli(PORT);
    assert!(running.contains(hostile), "{running}");
    world.stop().await;
}
