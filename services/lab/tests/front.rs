//! The front page and its switches, and what protects the pages of all stand-ins.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lab::{Lab, LabSettings};
use reqwest::header::{CONTENT_SECURITY_POLICY, LOCATION, ORIGIN};
use reqwest::{Client, Response};

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn press(http: &Client, url: &str, origin: Option<&str>, form: &str) -> Response {
    let mut request = http.post(url).header("Content-Type", "application/x-www-form-urlencoded");
    if let Some(origin) = origin {
        request = request.header(ORIGIN, origin);
    }
    request.body(form.to_owned()).send().await.unwrap()
}

#[tokio::test]
async fn faults_are_switched_on_and_off_by_buttons_of_the_page_alone() {
    let lab = Lab::start(LabSettings::default()).await.unwrap();
    let (http, front) = (client(), lab.control.url());
    let switch = format!("{front}/faults");
    for origin in [None, Some("http://evil.example"), Some("null")] {
        assert_eq!(press(&http, &switch, origin, "on=chat-down").await.status(), 403);
    }
    assert!(lab.faults.list().is_empty());
    for _ in 0..2 {
        assert_eq!(press(&http, &switch, Some(&front), "on=chat-down").await.status(), 303);
    }
    assert_eq!(lab.faults.list().len(), 1, "pressed twice is on once");
    assert_eq!(press(&http, &switch, Some(&front), "on=netbox-down").await.status(), 303);
    let down = http.get(format!("{}/api/dcim/devices/", lab.netbox.url())).send().await.unwrap();
    assert_eq!(down.status(), 503);
    let page = http.get(lab.netbox.url()).send().await.unwrap();
    assert_eq!(page.status(), 200, "the pages go on");
    assert_eq!(press(&http, &switch, Some(&front), "off=chat-down").await.status(), 303);
    assert_eq!(lab.faults.list().len(), 1);
    assert_eq!(press(&http, &switch, Some(&front), "off=all").await.status(), 303);
    assert!(lab.faults.list().is_empty());
    lab.stop().await;
}

#[tokio::test]
async fn no_page_of_another_site_can_press_a_button_and_no_page_loads_anything_from_one() {
    let lab = Lab::start(LabSettings::default()).await.unwrap();
    let http = client();
    let buttons = [
        (lab.zammad.url(), "/new"),
        (lab.webex.url(), "/direct"),
        (lab.netbox.url(), "/dcim/interfaces/5/edit/"),
        (lab.switch.page_url(), "/console"),
        (lab.control.url(), "/faults"),
    ];
    for (base, button) in buttons {
        let refused =
            press(&http, &format!("{base}{button}"), Some("http://evil.example"), "as=lead%40example.net")
                .await;
        assert_eq!(refused.status(), 403, "{base}{button}");
        let page = http.get(format!("{base}/")).send().await.unwrap();
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
        let back = http.get(format!("{base}/lab")).send().await.unwrap();
        let expected =
            if base == lab.control.url() { "/".to_owned() } else { format!("{}/", lab.control.url()) };
        assert_eq!(back.headers()[LOCATION], expected.as_str());
    }
    assert!(lab.zammad.ticket(16).is_null());
    lab.stop().await;
}

#[tokio::test]
async fn the_control_route_takes_what_curl_sends_and_says_what_is_no_fault() {
    let lab = Lab::start(LabSettings::default()).await.unwrap();
    let (http, route) = (client(), format!("{}/control/faults", lab.control.url()));
    let good = r#"{"system":"netbox","point":"request","action":"drop_reply"}"#;
    // As `curl -d` sends it, which says that it is a form.
    assert_eq!(press(&http, &route, None, good).await.status(), 204);
    assert_eq!(lab.faults.list().len(), 1);
    for (bad, word) in [
        ("", "EOF"),
        ("nonsense", "expected"),
        (r#"{"system":"netbox","point":"request","action":"explode"}"#, "explode"),
        (r#"{"system":"netbox","point":"request","action":"reset","often":3}"#, "often"),
        (r#"{"system":"netbox","point":"webhook","action":"reset"}"#, "means nothing"),
        (r#"{"system":"netbox","point":"request","action":{"status":{"status":1000}}}"#, "200 to 599"),
    ] {
        let refusal = press(&http, &route, None, bad).await;
        assert_eq!(refusal.status(), 400, "{bad}");
        let text = refusal.text().await.unwrap();
        assert!(text.contains(word) && text.contains("One is: {\"system\""), "{text}");
    }
    assert_eq!(press(&http, &route, Some("http://evil.example"), good).await.status(), 403);
    assert_eq!(lab.faults.list().len(), 1);
    lab.stop().await;
}

#[tokio::test]
async fn a_page_that_does_not_exist_leads_back() {
    let lab = Lab::start(LabSettings::default()).await.unwrap();
    let http = client();
    for base in
        [lab.zammad.url(), lab.webex.url(), lab.netbox.url(), lab.switch.page_url(), lab.control.url()]
    {
        let page = http.get(format!("{base}/%3Cscript%3E")).send().await.unwrap();
        assert_eq!(page.status(), 404, "{base}");
        let html = page.text().await.unwrap();
        assert!(html.contains("href=\"/lab\"") && !html.contains("<script>"), "{html}");
    }
    let api = http.get(format!("{}/v1/nope", lab.webex.url())).send().await.unwrap();
    assert!(api.text().await.unwrap().contains("trackingId"), "programs hear it as ever");
    lab.stop().await;
}
