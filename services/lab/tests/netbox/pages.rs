use serde_json::Value;

use crate::Rig;

async fn page(rig: &Rig, path: &str) -> (u16, String) {
    let response = rig.http.get(format!("{}{path}", rig.netbox.url())).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn save(rig: &Rig, form: &str, origin: Option<&str>) -> (u16, String) {
    let mut request = rig
        .http
        .post(format!("{}/dcim/interfaces/5/edit/", rig.netbox.url()))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    if let Some(origin) = origin {
        request = request.header("Origin", origin);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_person_edits_an_interface_and_sees_it_in_the_change_log() {
    let rig = Rig::start().await;
    let (status, html) = page(&rig, "/").await;
    assert_eq!(status, 200);
    assert!(
        html.contains("GigabitEthernet1/0/5") && html.contains("c9300-b") && html.contains("management only")
    );
    let form =
        "enabled=on&description=%3Cb%3Eby+hand%3C%2Fb%3E&mtu=1500&mode=access&untagged_vlan=2&ticket=15016";
    let own = rig.netbox.url();
    assert_eq!(save(&rig, form, Some(&own)).await.0, 302);
    let saved = rig.netbox.interface("GigabitEthernet1/0/5");
    assert_eq!((&saved["untagged_vlan"]["vid"], &saved["mtu"]), (&Value::from(100), &Value::from(1500)));
    assert_eq!(saved["description"], "<b>by hand</b>");
    let (_, html) = page(&rig, "/dcim/interfaces/5/").await;
    assert!(html.contains("by hand") && !html.contains("<b>by hand"), "{html}");
    let (_, html) = page(&rig, "/core/changelog/").await;
    assert!(html.contains("admin") && html.contains("untagged_vlan") && !html.contains("<b>by hand"));
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let rig = Rig::start().await;
    let before = rig.netbox.interface("GigabitEthernet1/0/5");
    for origin in [None, Some("http://evil.example"), Some("null")] {
        assert_eq!(save(&rig, "description=x", origin).await.0, 403);
    }
    assert_eq!(rig.netbox.interface("GigabitEthernet1/0/5"), before);
}

#[tokio::test]
async fn a_faulty_form_says_what_is_wrong_and_saves_nothing() {
    let rig = Rig::start().await;
    let (status, html) = save(&rig, "mtu=big&mode=access", Some(&rig.netbox.url())).await;
    assert_eq!(status, 400);
    assert!(html.contains("mtu: A valid integer is required."), "{html}");
    assert_eq!(rig.netbox.changes(), Vec::<Value>::new());
    assert_eq!(page(&rig, "/dcim/interfaces/999/").await.0, 404);
    assert_eq!(page(&rig, "/nothing/").await.0, 404);
    let (status, css) = page(&rig, "/static/lab.css").await;
    assert!(status == 200 && css.contains(":root"));
}
