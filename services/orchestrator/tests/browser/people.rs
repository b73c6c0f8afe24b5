//! What people do on the pages: file, approve, be refused, write hostile things, break the switch.

use lab::people::{BYSTANDER, LEAD, REQUESTER};
use serde_json::json;

use crate::driver::{Browser, ENTER, TAB};
use crate::quiet;
use crate::stage::{self, API_TOKEN, chat, netbox_page, pending_ticket};
use crate::support::{PORT, World};

/// The button of a card.
const APPROVE: &str = "//form[contains(@class, 'ac')]//button[normalize-space()='Approve']";
/// What does harm wherever it is taken for anything but text.
pub(crate) const HOSTILE: &str = "<script>pwned=1;alert(1)</script>\"><img id=pwned src=x onerror=pwned=1>'${7*7}{{7*7}}[k](javascript:alert(3))**b**]]>&lt;&amp;";

/// Files a ticket from the template and gives its id.
async fn file(browser: &Browser, world: &World, changes: &[(&str, &str)]) -> u64 {
    browser.open(&format!("{}/new", world.lab.zammad.url())).await;
    for (field, value) in changes {
        browser.fill(&format!("#{field}"), value).await;
    }
    browser.click("//button[normalize-space()='Create']").await;
    browser.wait_for("#state-badge").await;
    let url = browser.url().await;
    url.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn an_approver_clicks_and_the_switch_is_changed_and_proved() {
    let world = stage::start().await;
    let browser = Browser::start().await;
    let fields = [
        ("network_interface_description", "Configured from the ticket system!"),
        ("network_interface_mtu", "2000"),
        ("network_switchport_mode_and_vlan", "access:100:"),
    ];
    let ticket = file(&browser, &world, &fields).await;
    browser.wait_for("//*[@id='state-badge' and normalize-space()='pending approval']").await;

    browser.open(&chat(&world, LEAD.email)).await;
    browser.wait_for_text("MTU").await;
    browser.click(APPROVE).await;
    browser.wait_for_text("Done and proved").await;
    quiet(&browser, "the chat").await;

    browser.open(&format!("{}/tickets/{ticket}", world.lab.zammad.url())).await;
    browser.wait_for("//*[@id='state-badge' and normalize-space()='closed']").await;
    browser.wait_for_text("SUCCESS").await;
    quiet(&browser, "the ticket").await;

    browser.open(&netbox_page(&world)).await;
    let value = browser
        .run("return document.querySelector('#mtu').value + ' ' + document.querySelector('#mode').value")
        .await;
    assert_eq!(value, "2000 access");
    browser.wait_for_text("Configured from the ticket system!").await;

    let number = world.number(ticket);
    let described = format!("Configured from the ticket system! ##ticket:{number}##");
    for page in ["/".to_owned(), format!("/interface/{PORT}")] {
        browser.open(&format!("{}{page}", world.lab.switch.page_url())).await;
        let marked = browser
            .run("return [...document.querySelectorAll('pre mark')].map(one => one.textContent).join('\\n')")
            .await;
        let marked = marked.as_str().unwrap();
        assert!(marked.contains(&described) && marked.contains("mtu 2000"), "not marked on {page}: {marked}");
        quiet(&browser, "the switch").await;
    }
    drop(browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn a_requester_and_a_guest_click_and_are_refused() {
    let world = stage::start().await;
    let browser = Browser::start().await;
    let ticket = file(&browser, &world, &[]).await;
    world.ticket_is(ticket, "pending approval").await;
    let before = world.lab.switch.running_interface(PORT);
    for (person, answers) in [(REQUESTER, 1), (BYSTANDER, 2)] {
        browser.open(&chat(&world, person.email)).await;
        browser.click(APPROVE).await;
        browser
            .until("the refusal", async || {
                (browser.text().await.matches("was not counted: ").count() == answers).then_some(())
            })
            .await;
        assert!(browser.text().await.contains("Your answer about network change 150"));
        assert!(browser.text().await.contains(person.email), "the refusal does not say whose answer it was");
    }
    assert_eq!(world.state(ticket), "pending approval");
    assert_eq!(world.lab.switch.running_interface(PORT), before);
    assert_eq!(world.lab.switch.events().commits(), 0);
    quiet(&browser, "the chat").await;

    browser.open(&world.url()).await;
    browser.click("table a").await;
    browser.wait_for_text("pending approval").await;
    browser.wait_for_text(REQUESTER.email).await;
    browser.wait_for_text(BYSTANDER.email).await;
    drop(browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn hostile_text_is_shown_as_text_on_every_page() {
    let world = stage::start().await;
    let browser = Browser::start().await;
    let hostile = [("title", HOSTILE), ("body", HOSTILE), ("network_interface_description", HOSTILE)];
    let ticket = file(&browser, &world, &hostile).await;
    world.ticket_is(ticket, "pending approval").await;
    browser.open(&chat(&world, LEAD.email)).await;
    browser.fill("form.ac input[name='in.comment']", HOSTILE).await;
    harmless(&browser, "the card", true).await;
    browser.click(APPROVE).await;
    world.ticket_is(ticket, "closed").await;
    browser.open(&world.url()).await;
    browser.wait_for_text(HOSTILE).await;
    let change = browser.run("return document.querySelector('table a').href").await;

    let (zammad, netbox, switch) =
        (world.lab.zammad.url(), world.lab.netbox.url(), world.lab.switch.page_url());
    let pages = [
        (format!("{zammad}/"), true),
        (format!("{zammad}/tickets/{ticket}"), true),
        (chat(&world, LEAD.email), true),
        (format!("{netbox}/"), true),
        (netbox_page(&world), true),
        // Shows values as JSON, in which a quote has a backslash.
        (format!("{netbox}/core/changelog/"), false),
        (format!("{switch}/"), true),
        (format!("{switch}/interface/{PORT}"), true),
        (world.url(), true),
        (change.as_str().unwrap().to_owned(), true),
    ];
    for (url, whole) in pages {
        browser.open(&url).await;
        harmless(&browser, &url, whole).await;
    }
    browser.open(&format!("{switch}/running.xml")).await;
    assert_eq!(browser.run("return document.querySelectorAll('[id=pwned], img, script').length").await, 0);
    drop(browser);
    world.stop().await;
}

async fn harmless(browser: &Browser, url: &str, whole: bool) {
    assert!(!browser.has_alert().await, "a dialogue on {url}");
    // On cards, what a Webex client could take for a template is broken up by a sign that nobody sees.
    let shown = browser.text().await.replace('\u{2060}', "");
    let part = if whole { HOSTILE } else { "<script>pwned=1;alert(1)</script>" };
    assert!(shown.contains(part), "not shown as it is on {url}:\n{shown}");
    assert_eq!(browser.run(include_str!("harm.js")).await, json!([]), "on {url}");
    quiet(browser, url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn netchanges_pages_are_live_and_lose_nothing_that_is_typed() {
    let world = stage::start().await;
    let browser = Browser::start().await;
    browser.open(&world.url()).await;
    browser.wait_for_text("no changes here yet").await;
    browser.wait_for("//*[@data-live and text()='live']").await;
    browser.run("window.kept = 'the same page'").await;
    let ticket = pending_ticket(&world).await;
    browser.wait_for("//table//*[normalize-space()='pending approval']").await;
    assert_eq!(browser.run("return window.kept").await, "the same page");

    browser.click("table a").await;
    browser.wait_for("//*[@data-live and text()='live']").await;
    browser.run("window.kept = 'the same page'").await;
    browser.fill("#reason", "half a sent").await;
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    assert_eq!(browser.run("return document.querySelector('#reason').value").await, "half a sent");
    // It is shown when the field is left.
    browser.run("document.activeElement.blur()").await;
    browser.wait_for("//h1//*[normalize-space()='closed']").await;
    browser.wait_for_text("intended configuration = running configuration").await;
    assert_eq!(browser.run("return window.kept").await, "the same page");
    quiet(&browser, "the change").await;
    drop(browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn everything_works_without_scripts() {
    let world = stage::start().await;
    let browser = Browser::start_without_scripts().await;
    let ticket = file(&browser, &world, &[("network_interface_mtu", "1800")]).await;
    world.ticket_is(ticket, "pending approval").await;
    browser.open(&chat(&world, LEAD.email)).await;
    browser.click("//summary[normalize-space()='Decline']").await;
    browser.fill("textarea[name='in.reason']", "Not today").await;
    browser.click("//button[normalize-space()='Confirm decline']").await;
    world.ticket_is(ticket, "denied").await;

    let second = file(&browser, &world, &[]).await;
    world.ticket_is(second, "pending approval").await;
    browser.open(&world.url()).await;
    browser.click("table a").await;
    browser.fill("#token", "wrong").await;
    browser.fill("#by", LEAD.email).await;
    browser.click("//main//button[normalize-space()='Approve']").await;
    browser.wait_for("//*[@role='alert' and contains(., 'the token is wrong')]").await;
    browser.fill("#token", API_TOKEN).await;
    browser.fill("#by", LEAD.email).await;
    browser.click("//main//button[normalize-space()='Approve']").await;
    world.ticket_is(second, "closed").await;
    drop(browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn a_keyboard_is_enough_to_approve() {
    /// The button is nearer than this, counted in presses of Tab.
    const NEAR: usize = 30;
    let world = stage::start().await;
    let browser = Browser::start().await;
    let ticket = pending_ticket(&world).await;
    browser.open(&chat(&world, LEAD.email)).await;
    browser.wait_for(APPROVE).await;
    let focus = "const one = document.activeElement; return [one.textContent.trim(), getComputedStyle(one).outlineStyle]";
    browser.key(TAB).await;
    assert_eq!(browser.run(focus).await, json!(["Skip to content", "solid"]));
    let mut presses = 0;
    while browser.run(focus).await != json!(["Approve", "solid"]) {
        presses += 1;
        assert!(presses < NEAR, "Approve is too far away, or its focus cannot be seen");
        browser.key(TAB).await;
    }
    browser.key(ENTER).await;
    world.ticket_is(ticket, "closed").await;
    drop(browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn a_fault_is_switched_on_by_a_button_and_the_ticket_says_what_it_did() {
    let world = stage::start().await;
    let browser = Browser::start().await;
    let before = world.lab.switch.running_interface(PORT);
    browser.open(&world.lab.control.url()).await;
    browser.click("button[name=on][value=switch-refuses]").await;
    browser.wait_for("button[name=off][value=switch-refuses]").await;
    let ticket = pending_ticket(&world).await;
    world.approve(ticket).await;
    world.ticket_is(ticket, "attention required").await;
    assert_eq!(world.lab.switch.running_interface(PORT), before);
    browser.open(&format!("{}/tickets/{ticket}", world.lab.zammad.url())).await;
    browser.wait_for_text("Device refused one or more commands").await;
    browser.wait_for_text("the switch is as before the change; NetBox is as before the change").await;

    browser.click("header a[href='/lab']").await;
    browser.click("button[name=off][value=all]").await;
    browser.wait_for_text("everything works").await;
    assert!(world.lab.faults.list().is_empty());
    quiet(&browser, "the lab's front page").await;
    drop(browser);
    world.stop().await;
}
