//! The YANG explorer in a browser, by the keyboard alone: a path searched, a node opened, an RPC built, the device asked.

use serde_json::json;

use crate::driver::{Browser, ENTER, TAB};
use crate::people::HOSTILE;
use crate::quiet;
use crate::stage::API_TOKEN;
use crate::support::{Options, World};

/// What is looked for is nearer than this, counted in presses of Tab.
const NEAR: usize = 60;

/// A world whose explorer keeps what it reads.
async fn start() -> World {
    let mut world = World::new(Options::config(json!({"server": {"api_token": API_TOKEN}}))).await;
    world.config["yang"] = json!({"cache": world.home.path().join("yang-cache")});
    world.serve(&[]).await;
    world
}

/// Presses Tab until the focus is on what a selector names, and asserts that it can be seen there.
async fn tab_to(browser: &Browser, selector: &str) {
    browser.wait_for(selector).await;
    let selected = if selector.starts_with('/') {
        format!("document.evaluate({selector:?}, document, null, 9, null).singleNodeValue")
    } else {
        format!("document.querySelector({selector:?})")
    };
    let focus = format!(
        "const one = document.activeElement; return one === {selected} && getComputedStyle(one).outlineStyle !== 'none'"
    );
    for _ in 0..NEAR {
        if browser.run(&focus).await == json!(true) {
            return;
        }
        browser.key(TAB).await;
    }
    panic!("{selector} is not reached by {NEAR} presses of Tab, or its focus cannot be seen");
}

/// Goes to a link or button and presses it.
async fn press(browser: &Browser, selector: &str) {
    tab_to(browser, selector).await;
    browser.key(ENTER).await;
}

/// What is wrong with the page for a reader, on a phone and on a desk; and what hostile text has done there.
async fn looked_at(browser: &Browser, place: &str) {
    for phone in [true, false] {
        if phone {
            browser.phone().await
        } else {
            browser.desktop().await
        }
        let problems = browser.run(include_str!("inspect.js")).await;
        assert_eq!(problems, json!([]), "{place}, phone: {phone}");
    }
    assert!(!browser.has_alert().await, "a dialogue on {place}");
    assert_eq!(browser.run(include_str!("harm.js")).await, json!([]), "on {place}");
    quiet(browser, place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn a_keyboard_is_enough_to_find_a_node_build_an_rpc_and_ask_the_device() {
    let world = start().await;
    let browser = Browser::start().await;
    let before = world.lab.switch.running();
    browser.open(&format!("{}/yang", world.url())).await;
    looked_at(&browser, "the list of models").await;
    tab_to(&browser, "#device").await;
    browser.typed("c9300").await;
    tab_to(&browser, "#token").await;
    browser.typed(API_TOKEN).await;
    browser.key(ENTER).await;

    // The page looks again by itself until the models are read.
    tab_to(&browser, "#q").await;
    browser.typed("GigabitEthernet/mtu").await;
    browser.key(ENTER).await;
    browser.wait_for_text("/Cisco-IOS-XE-native:native/interface/GigabitEthernet/mtu").await;
    looked_at(&browser, "the search").await;
    press(&browser, "//a[normalize-space()='/Cisco-IOS-XE-native:native/interface/GigabitEthernet/mtu']")
        .await;
    browser.wait_for_text("64..18000").await;
    looked_at(&browser, "the node").await;

    press(&browser, "//a[normalize-space()='Build an edit']").await;
    tab_to(&browser, "#lines").await;
    let begun = browser.run("return document.querySelector('#lines').value").await;
    assert_eq!(begun, "/Cisco-IOS-XE-native:native/interface/GigabitEthernet[name='']/mtu=");
    browser.run("document.querySelector('#lines').value = ''").await;
    browser.typed("/native/interface/GigabitEthernet[name='1/0/5']/mtu=63").await;
    press(&browser, "//button[normalize-space()='Build']").await;
    browser.wait_for_text("64 to 18000").await;
    looked_at(&browser, "what the model forbids").await;

    tab_to(&browser, "#lines").await;
    browser.run("document.querySelector('#lines').value = ''").await;
    let port = "/native/interface/GigabitEthernet[name='1/0/5']";
    let address = format!("{port}/ip/address/primary");
    browser.typed(&format!("{address}/address=192.0.2.1\n{address}/mask=255.255.255.0\n{port}/switchport-conf/switchport=true")).await;
    press(&browser, "//button[normalize-space()='Build']").await;
    browser.wait_for_text("<edit-config").await;
    tab_to(&browser, "#token").await;
    browser.typed(API_TOKEN).await;
    press(&browser, "//button[normalize-space()='Test only']").await;
    browser.wait_for_text("c9300 would refuse this edit").await;
    browser.wait_for_text("An IP address needs switchport false").await;
    looked_at(&browser, "what the device refuses").await;
    assert_eq!(world.lab.switch.running(), before, "an edit that was only tested changed the switch");
    drop(browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn what_a_device_holds_and_what_is_typed_is_shown_as_text() {
    let world = start().await;
    let browser = Browser::start().await;
    let escaped = HOSTILE.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    world.lab.switch.drift("GigabitEthernet1/0/7", &format!("<description>{escaped}</description>")).unwrap();
    browser.open(&format!("{}/yang", world.url())).await;
    browser.fill("#device", "c9300").await;
    browser.fill("#token", API_TOKEN).await;
    browser.click("//button[normalize-space()='Read its models']").await;
    browser.wait_for("#q").await;
    browser.fill("#q", HOSTILE).await;
    browser.click("//form[@role='search']//button").await;
    browser.wait_for_text("Nothing found.").await;
    looked_at(&browser, "a hostile search").await;

    let rpc = format!("{}/yang/device/c9300/rpc?operation=get-config", world.url());
    browser.open(&rpc).await;
    browser.fill("#lines", HOSTILE).await;
    browser.click("//button[normalize-space()='Build']").await;
    browser.wait_for("[role=alert]").await;
    assert!(browser.text().await.contains(HOSTILE), "{}", browser.text().await);
    looked_at(&browser, "hostile lines").await;

    browser.fill("#lines", "/native/interface/GigabitEthernet[name='1/0/7']").await;
    browser.click("//button[normalize-space()='Build']").await;
    browser.fill("#token", API_TOKEN).await;
    browser.click("//button[normalize-space()='Read']").await;
    browser.wait_for_text("c9300 answers").await;
    browser.click("//summary[contains(., 'RFC 7951')]").await;
    let shown = browser.text().await;
    assert!(shown.contains("&lt;script&gt;pwned=1"), "the answer as XML: {shown}");
    assert!(shown.contains("<script>pwned=1;alert(1)</script>"), "the answer as JSON: {shown}");
    looked_at(&browser, "a hostile answer").await;
    drop(browser);
    world.stop().await;
}
