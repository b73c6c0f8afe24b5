//! The YANG explorer over HTTP: a device's models read, looked into, an RPC built, and the device asked without being changed.

use std::pin::pin;

use futures_util::future::{Either, select};
use reqwest::Method;
use serde_json::json;

use super::support::{Options, PORT, World, until_or};

const TOKEN: &str = "test-api-token";
const DEVICE: &str = "/yang/device/c9300";
const MTU: &str = "/native/interface/GigabitEthernet[name='1/0/5']/mtu";

/// A page as anybody gets it.
async fn page(world: &World, path: &str, query: &[(&str, &str)]) -> (u16, String) {
    let url = format!("{}{path}", world.url());
    let answer = world.http.get(url).query(query).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn post(world: &World, path: &str, form: &[(&str, &str)]) -> (u16, String) {
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let request = world.http.request(Method::POST, format!("{}{path}", world.url()));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body.join("&"));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// A world whose explorer has read the switch's models.
async fn explored(options: Options) -> World {
    let mut world = World::new(options).await;
    let cache = world.home.path().join("yang-cache");
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/yang-schema/tests/models");
    world.config["yang"] = json!({"cache": cache, "folders": [models]});
    world.serve(&[]).await;
    let (status, _) = page(&world, DEVICE, &[]).await;
    assert_eq!(status, 404, "nothing is read before somebody with the token says so");
    let (status, text) = post(&world, "/yang/load", &[("device", "c9300"), ("token", "wrong")]).await;
    assert_eq!(status, 401);
    assert!(text.contains("the token is wrong"), "{text}");
    assert_eq!(page(&world, DEVICE, &[]).await.0, 404);
    let (status, _) = post(&world, "/yang/load", &[("device", "c9300"), ("token", TOKEN)]).await;
    assert!(status == 200 || status == 202, "{status}");
    let look = async || (page(&world, DEVICE, &[]).await.0 == 200).then_some(());
    until_or("the models are read", look, || world.log()).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_devices_models_are_read_and_looked_into() {
    let world = explored(Options::default()).await;
    let (_, text) = page(&world, "/yang", &[]).await;
    assert!(text.contains("c9300") && text.contains("models"), "{text}");
    let (_, text) = page(&world, DEVICE, &[]).await;
    assert!(text.contains("Cisco-IOS-XE-native"), "{text}");
    let (status, text) = page(&world, &format!("{DEVICE}/search"), &[("q", "GigabitEthernet/mtu")]).await;
    assert_eq!(status, 200);
    assert!(text.contains("/Cisco-IOS-XE-native:native/interface/GigabitEthernet/mtu"), "{text}");
    let (status, text) = page(&world, &format!("{DEVICE}/node"), &[("path", MTU)]).await;
    assert_eq!(status, 200);
    assert!(text.contains("64..18000") && text.contains("Build an edit"), "{text}");
    let (status, text) =
        page(&world, &format!("{DEVICE}/tree"), &[("path", "/native"), ("depth", "99")]).await;
    assert_eq!(status, 200);
    assert!(text.contains("+--rw native") && text.lines().count() < 1_200, "{text}");
    let (status, text) = page(&world, &format!("{DEVICE}/node"), &[("path", "/native/interfac<b>")]).await;
    assert_eq!(status, 404);
    assert!(!text.contains("<b>") && text.contains("role=\"alert\""), "{text}");
    let folder = async || (page(&world, "/yang/folder/models", &[]).await.0 == 200).then_some(());
    until_or("the folder is read", folder, || world.log()).await;
    let (status, text) = page(&world, "/yang/folder/models/node", &[("path", "/plant/vlan/id")]).await;
    assert!(status == 200 && text.contains("1..4094"), "{text}");
    for path in ["/yang/folder/nowhere", "/yang/device/nowhere", "/yang/elsewhere/x"] {
        assert_eq!(page(&world, path, &[]).await.0, 404, "{path}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rpc_is_built_and_what_the_model_forbids_is_said() {
    let world = explored(Options::default()).await;
    let rpc = format!("{DEVICE}/rpc");
    let lines = format!("{MTU}=2000\nremove /native/interface/GigabitEthernet[name='1/0/5']/shutdown");
    let (status, text) = page(&world, &rpc, &[("operation", "edit"), ("lines", &lines)]).await;
    assert_eq!(status, 200);
    for part in ["2000", "remove", "curl ", "ncclient", "netconf_client", "Test only"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let wrong = format!("{MTU}=1");
    let (_, text) = page(&world, &rpc, &[("operation", "edit"), ("lines", &wrong)]).await;
    assert!(text.contains("The model does not allow this") && text.contains("64 to 18000"), "{text}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_read_and_tests_an_edit_and_nothing_changes() {
    let world = explored(Options::default()).await;
    let rpc = format!("{DEVICE}/rpc");
    let before = world.lab.switch.running_interface(PORT);
    let (port, edit) = ("/native/interface/GigabitEthernet[name='1/0/5']", format!("{MTU}=2000"));
    let ask = async |operation: &str, lines: &str, token: &str| {
        let form = [("operation", operation), ("lines", lines), ("token", token), ("device", "c9300")];
        post(&world, &rpc, &form).await
    };
    let (status, text) = ask("get-config", port, TOKEN).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("c9300 answers") && text.contains("1/0/5") && text.contains("RFC 7951"), "{text}");
    let (status, text) = ask("edit", &edit, TOKEN).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("c9300 would take this edit"), "{text}");
    assert_eq!(world.lab.switch.running_interface(PORT), before);
    assert_eq!(world.lab.switch.events().commits(), 0);
    assert!(!world.lab.switch.candidate_dirty());
    let sessions = world.lab.switch.events().sessions_opened();
    assert_eq!(ask("edit", &edit, "wrong").await.0, 401);
    assert_eq!(
        ask("edit", &format!("{MTU}=1"), TOKEN).await.0,
        422,
        "the model refuses it before the device is asked"
    );
    let (status, text) = ask("call", "/cisco-ia:save-config", TOKEN).await;
    assert!(status == 422 && text.contains("never sent"), "{text}");
    assert_eq!(world.lab.switch.events().sessions_opened(), sessions);
    world.switch_is_free().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_cannot_only_test_is_sent_nothing_and_that_is_said() {
    let world = explored(Options::default().switch(lab::Capabilities::Base10)).await;
    let lines = format!("{MTU}=2000");
    let form = [("operation", "edit"), ("lines", lines.as_str()), ("token", TOKEN), ("device", "c9300")];
    let before = world.lab.switch.running_interface(PORT);
    let (status, text) = post(&world, &format!("{DEVICE}/rpc"), &form).await;
    assert_eq!(status, 422, "{text}");
    assert!(text.contains(":validate:1.1") && text.contains("nothing was sent"), "{text}");
    assert_eq!(world.lab.switch.running_interface(PORT), before);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_hangs_is_not_waited_for_and_that_is_said() {
    // The device's own patience is longer than a person's at a page, and than what a page is waited for here.
    let world = explored(Options::config(json!({"devices": {"timeout": "60s"}}))).await;
    world.hold(json!({"system": "switch", "point": "request", "method": "get-config"}));
    let form = [("operation", "get-config"), ("lines", "/native"), ("token", TOKEN), ("device", "c9300")];
    let rpc = format!("{DEVICE}/rpc");
    let other = async {
        world.held().await;
        page(&world, &format!("{DEVICE}/node"), &[("path", MTU)]).await.0
    };
    // Nobody else waits meanwhile.
    let (asked, other) = match select(pin!(post(&world, &rpc, &form)), pin!(other)).await {
        Either::Right((other, asked)) => (asked.await, other),
        Either::Left((asked, _)) => panic!("another page waits for the device: {asked:?}"),
    };
    assert_eq!(other, 200);
    let (status, text) = asked;
    assert_eq!(status, 504, "{text}");
    assert!(text.contains("c9300: there was no answer within 15 s"), "{text}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_not_read_and_that_is_said() {
    let world = explored(Options::config(json!({"devices": {"timeout": "60s"}}))).await;
    // A text that the model sets no limit to.
    let long = "x".repeat(9 << 20);
    world.lab.switch.set_running("Loopback7", &format!("<ip><unnumbered>{long}</unnumbered></ip>")).unwrap();
    let ask = async |lines: &str| {
        let form = [("operation", "get-config"), ("lines", lines), ("token", TOKEN), ("device", "c9300")];
        post(&world, &format!("{DEVICE}/rpc"), &form).await
    };
    let (status, text) = ask("/native/interface").await;
    assert_eq!(status, 502, "{}", text.len());
    assert!(text.contains("larger than 8 MiB; ask for less of it by a longer path"), "{text}");
    // What is asked for instead is there.
    let (status, text) = ask("/native/interface/GigabitEthernet[name='1/0/5']").await;
    assert!(status == 200 && text.contains("c9300 answers"), "{status}: {text}");
    // Of what is only long, the beginning is shown.
    let half = "y".repeat(1 << 20);
    world.lab.switch.set_running("Loopback7", &format!("<ip><unnumbered>{half}</unnumbered></ip>")).unwrap();
    let (status, text) = ask("/native/interface/Loopback").await;
    assert!(status == 200 && text.contains("The first 256 KiB of "), "{status}");
    assert!(text.len() < 2 << 20, "a page of {} bytes", text.len());
    world.stop().await;
}
