//! What `netchange demo` prints leads to pages that are there.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::driver::Browser;
use crate::quiet;

/// Longest wait for the demo to print, and for it to end.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium and chromedriver"]
async fn the_demo_prints_where_to_start_and_every_link_leads_somewhere() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_netchange"))
        .arg("demo")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stderr.take().unwrap()).lines();
    let mut urls = Vec::new();
    let read = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            urls.extend(
                line.split_whitespace().filter(|word| word.starts_with("http://")).map(str::to_owned),
            );
            if line.contains("token") {
                return;
            }
        }
    };
    tokio::time::timeout(LONGEST_WAIT, read).await.unwrap();
    assert_eq!(urls.len(), 6, "{urls:?}");

    let browser = Browser::start().await;
    browser.open(&urls[0]).await;
    let links = browser.run("return [...document.querySelectorAll('main a')].map(one => one.href)").await;
    urls.extend(links.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()));
    for url in urls {
        browser.open(&url).await;
        browser.wait_for("h1").await;
        quiet(&browser, &url).await;
    }
    drop(browser);

    let id = demo.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    let status = tokio::time::timeout(LONGEST_WAIT, demo.wait()).await.unwrap().unwrap();
    assert!(status.success(), "the demo ended with {status}");
}
