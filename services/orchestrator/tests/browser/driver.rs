//! A browser without a window: ChromeDriver started here, and spoken to by the plain HTTP calls of W3C WebDriver.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longest wait for anything on a page.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How often a page is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// Longest wait for one answer of ChromeDriver; starting a browser on a busy machine takes a while.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// Longest wait for ChromeDriver to close the browser.
const CLOSE_WAIT: Duration = Duration::from_secs(10);
/// How often ChromeDriver is started until it has found a port that nobody has.
const DRIVER_STARTS: usize = 20;
/// The name under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// What keeps Chromium quiet, and running as any user.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-lcd-text",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
];

/// The Tab key.
pub(crate) const TAB: &str = "\u{E004}";
/// The Enter key.
pub(crate) const ENTER: &str = "\u{E007}";

/// A browser with one window.
pub(crate) struct Browser {
    http: reqwest::Client,
    driver: Child,
    addr: SocketAddr,
    session: String,
    _profile: tempfile::TempDir,
}

/// An element on the page, until the page changes.
pub(crate) struct Element(String);

impl Browser {
    /// Starts ChromeDriver and, by it, Chromium; fails where they are not installed.
    pub(crate) async fn start() -> Self {
        Self::start_with(json!({})).await
    }

    /// A browser in which no page may run scripts.
    pub(crate) async fn start_without_scripts() -> Self {
        Self::start_with(json!({"profile.managed_default_content_settings.javascript": 2})).await
    }

    async fn start_with(prefs: Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_WAIT).build().unwrap();
        let (driver, addr) = start_driver();
        let profile = tempfile::tempdir().unwrap();
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "unhandledPromptBehavior": "ignore",
            "goog:loggingPrefs": {"browser": "ALL"}, "goog:chromeOptions": {"args": flags, "prefs": prefs},
        }}});
        let mut browser = Self { http, driver, addr, session: String::new(), _profile: profile };
        let answer = browser.send(reqwest::Method::POST, "/session", Some(capabilities)).await.unwrap();
        let id = answer["sessionId"].as_str().unwrap();
        browser.session = format!("/session/{id}");
        browser.desktop().await;
        // Chromium's own first page may write to the console too, where the machine is slow.
        browser.open("about:blank").await;
        browser.console().await;
        browser
    }

    /// Sends one command; the error is WebDriver's word and its message.
    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, (String, String)> {
        let url = format!("http://{}{}{path}", self.addr, self.session);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let value = answer["value"].clone();
        match value["error"].as_str() {
            None => Ok(value),
            Some(error) => Err((error.to_owned(), value["message"].as_str().unwrap_or_default().to_owned())),
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let told = format!("{path} {body}");
        self.send(reqwest::Method::POST, path, Some(body))
            .await
            .unwrap_or_else(|(error, message)| panic!("{told}: {error}: {message}"))
    }

    /// Goes to an address.
    pub(crate) async fn open(&self, url: &str) {
        self.post("/url", json!({"url": url})).await;
    }

    /// Where it is.
    pub(crate) async fn url(&self) -> String {
        let url = self.send(reqwest::Method::GET, "/url", None).await.unwrap();
        url.as_str().unwrap().to_owned()
    }

    /// Runs a script on the page, which returns a value.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    /// The element that a CSS selector or an XPath names, if it is there.
    pub(crate) async fn find(&self, selector: &str) -> Option<Element> {
        let using = if selector.starts_with('/') { "xpath" } else { "css selector" };
        let body = json!({"using": using, "value": selector});
        match self.send(reqwest::Method::POST, "/element", Some(body)).await {
            Ok(found) => Some(Element(found[ELEMENT].as_str().unwrap().to_owned())),
            Err((error, _)) if error == "no such element" => None,
            Err((error, message)) => panic!("{selector}: {error}: {message}"),
        }
    }

    /// Waits for an element.
    pub(crate) async fn wait_for(&self, selector: &str) -> Element {
        self.until(selector, async || self.find(selector).await).await
    }

    /// Waits until what the page shows contains a text.
    pub(crate) async fn wait_for_text(&self, text: &str) {
        self.until(text, async || self.text().await.contains(text).then_some(())).await;
    }

    /// Waits for a condition, with a limit; the page that it did not come on is shown.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            if started.elapsed() > LONGEST_WAIT {
                panic!("waited for {what} on {}:\n{}", self.url().await, self.text().await);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Clicks what a selector names, once it is there. A page that renews itself may take the element away at that moment.
    pub(crate) async fn click(&self, selector: &str) {
        self.until(selector, async || {
            let Element(id) = self.find(selector).await?;
            match self.send(reqwest::Method::POST, &format!("/element/{id}/click"), Some(json!({}))).await {
                Ok(_) => Some(()),
                Err((error, _)) if error == "stale element reference" => None,
                Err((error, message)) => panic!("{selector}: {error}: {message}"),
            }
        })
        .await;
    }

    /// Replaces what is in a field.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let Element(id) = self.wait_for(selector).await;
        self.post(&format!("/element/{id}/clear"), json!({})).await;
        self.post(&format!("/element/{id}/value"), json!({"text": text})).await;
    }

    /// Presses one key, wherever the focus is.
    pub(crate) async fn key(&self, key: &str) {
        let strokes = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.post("/actions", json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]}))
            .await;
    }

    /// Types a text, key by key, wherever the focus is.
    pub(crate) async fn typed(&self, text: &str) {
        let key = |sign: char| if sign == '\n' { ENTER.to_owned() } else { sign.to_string() };
        let strokes: Vec<Value> = text
            .chars()
            .flat_map(|sign| ["keyDown", "keyUp"].map(|stroke| json!({"type": stroke, "value": key(sign)})))
            .collect();
        self.post("/actions", json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]}))
            .await;
    }

    /// What the page shows, as a reader sees it, the contents of its fields included.
    pub(crate) async fn text(&self) -> String {
        let script = "return document.body.innerText + '\\n' + \
            [...document.querySelectorAll('input, textarea')].map(one => one.value).join('\\n')";
        self.run(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Whether a dialogue of a script is open.
    pub(crate) async fn has_alert(&self) -> bool {
        self.send(reqwest::Method::GET, "/alert/text", None).await.is_ok()
    }

    /// What was written to the console since it was last asked.
    pub(crate) async fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({"type": "browser"})).await;
        entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| format!("{} {}", entry["level"], entry["message"]))
            .collect()
    }

    /// A command of Chromium's own protocol.
    pub(crate) async fn cdp(&self, command: &str, params: Value) -> Value {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": params})).await
    }

    /// A window as on a desk.
    pub(crate) async fn desktop(&self) {
        self.window(960, 800).await;
    }

    /// A narrow phone.
    pub(crate) async fn phone(&self) {
        self.window(360, 740).await;
    }

    async fn window(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// `light` or `dark`, as the person likes it.
    pub(crate) async fn scheme(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }
}

impl Drop for Browser {
    /// Closes the browser even where a test failed, so that none is left behind.
    fn drop(&mut self) {
        let close = || -> std::io::Result<()> {
            let mut stream = TcpStream::connect_timeout(&self.addr, CLOSE_WAIT)?;
            stream.set_read_timeout(Some(CLOSE_WAIT))?;
            write!(
                stream,
                "DELETE {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                self.session, self.addr
            )?;
            // The answer comes once the browser is closed; where none comes, the driver is killed all the same.
            let _ = stream.read(&mut [0; 64])?;
            Ok(())
        };
        if let Err(error) = close() {
            eprintln!("the browser was not closed: {error}");
        }
        if let Err(error) = self.driver.kill().and_then(|()| self.driver.wait()) {
            eprintln!("ChromeDriver was not ended: {error}");
        }
    }
}

/// ChromeDriver on a free port, which it tells on its first lines.
///
/// It takes a port that is free for IPv6 and ends where that one is taken for IPv4, such as by a connection of
/// another test that waits for its end: it is started anew then, and only then.
fn start_driver() -> (Child, SocketAddr) {
    for _ in 0..DRIVER_STARTS {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver does not start ({error}); on Debian: apt-get install -y chromium chromium-driver")
            });
        let mut said = Vec::new();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let told = lines.map_while(Result::ok).find_map(|line| {
            let port = line.split_once("started successfully on port ").map(|(_, port)| port.to_owned());
            said.push(line);
            port?.trim_end_matches('.').parse::<u16>().ok()
        });
        if let Some(port) = told {
            return (driver, SocketAddr::from(([127, 0, 0, 1], port)));
        }
        let status = driver.wait().unwrap();
        let taken = said.iter().any(|line| line.contains("port not available"));
        assert!(taken, "chromedriver ended ({status}) without telling its port: {said:?}");
    }
    panic!("chromedriver found no free port in {DRIVER_STARTS} starts");
}
