//! How the pages look: on a phone, in both schemes, for those who cannot see; and their pictures for the documentation.

use std::path::Path;

use lab::people::{LEAD, REQUESTER};
use serde_json::json;

use crate::driver::Browser;
use crate::quiet;
use crate::stage::{self, chat, netbox_page, pending_ticket};
use crate::support::{PORT, World};

/// Largest picture, in pixels.
const MOST_PIXELS: f64 = 960.0 * 960.0;
/// Largest picture, in bytes.
const LARGEST: usize = 150_000;

/// The pages, by the names of their pictures; those without a name get none.
async fn pages(world: &World, browser: &Browser, ticket: u64) -> Vec<(&'static str, String)> {
    browser.open(&world.url()).await;
    let change = browser.run("return document.querySelector('table a').href").await;
    let lab = &world.lab;
    vec![
        ("lab", lab.control.url()),
        ("ticket-new", format!("{}/new?example=access", lab.zammad.url())),
        ("ticket", format!("{}/tickets/{ticket}", lab.zammad.url())),
        ("", lab.zammad.url()),
        ("", format!("{}/deliveries", lab.zammad.url())),
        ("chat", chat(world, LEAD.email)),
        ("", format!("{}/?as={}", lab.webex.url(), REQUESTER.email)),
        ("", lab.netbox.url()),
        ("netbox", netbox_page(world)),
        ("", format!("{}/core/changelog/", lab.netbox.url())),
        ("switch", lab.switch.page_url()),
        ("", format!("{}/interface/{PORT}", lab.switch.page_url())),
        ("changes", world.url()),
        ("change", change.as_str().unwrap().to_owned()),
        ("evidence", format!("{}#evidence", change.as_str().unwrap())),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn every_page_is_readable_on_phone_and_desk_in_light_and_dark() {
    let world = stage::start().await;
    let browser = Browser::start().await;
    let first = pending_ticket(&world).await;
    let mut wrong = Vec::new();
    let asked = [("card", chat(&world, LEAD.email))];
    look_at(&browser, &asked, &mut wrong).await;
    world.approve(first).await;
    world.ticket_is(first, "closed").await;
    let pages = pages(&world, &browser, first).await;
    look_at(&browser, &pages, &mut wrong).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    drop(browser);
    world.stop().await;
}

async fn look_at(browser: &Browser, pages: &[(&str, String)], wrong: &mut Vec<String>) {
    let shoot = std::env::var_os("NETCHANGE_SCREENSHOTS").is_some();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme).await;
        for (name, url) in pages {
            browser.phone().await;
            browser.open(url).await;
            inspect(browser, &format!("{url}, {scheme}, on a phone"), wrong).await;
            if shoot && *name == "card" {
                picture(browser, &format!("{name}-phone-{scheme}")).await;
            }
            browser.desktop().await;
            inspect(browser, &format!("{url}, {scheme}, on a desk"), wrong).await;
            quiet(browser, url).await;
            if shoot && !name.is_empty() {
                picture(browser, &format!("{name}-{scheme}")).await;
            }
        }
    }
}

async fn inspect(browser: &Browser, place: &str, wrong: &mut Vec<String>) {
    let problems = browser.run(include_str!("inspect.js")).await;
    let problems = problems.as_array().unwrap();
    wrong.extend(problems.iter().map(|problem| format!("{place}: {}", problem.as_str().unwrap())));
}

/// Takes a picture of the page from where it is scrolled to, as far down as a picture may go.
async fn picture(browser: &Browser, name: &str) {
    let size = browser.run("return [innerWidth, scrollY, document.documentElement.scrollHeight]").await;
    let [top, bottom] = [1, 2].map(|at: usize| size[at].as_f64().unwrap());
    let height = (bottom - top).min(MOST_PIXELS / size[0].as_f64().unwrap());
    let clip = json!({"x": 0, "y": top, "width": size[0], "height": height, "scale": 1});
    let shot = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
    let shot = browser.cdp("Page.captureScreenshot", shot).await;
    let png = decoded(shot["data"].as_str().unwrap());
    let size = png.len();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
    assert!(size < LARGEST, "{name} has {size} bytes");
}

/// Base64 (RFC 4648, section 4).
fn decoded(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for sign in text.bytes().take_while(|sign| *sign != b'=') {
        let value = ALPHABET.iter().position(|known| *known == sign).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}
