//! Tests of [`notify`](super) without SSH.

use std::time::Duration;

use super::super::device_tests::{ONE, Rig, TWO, port, rig};
use super::*;
use crate::settings::Capabilities;

fn subscribe(parameters: &str) -> String {
    format!("<create-subscription xmlns='{NOTIFICATION}'>{parameters}</create-subscription>")
}

/// What a session hears, each as its event's name and the whole.
fn heard(rig: &mut Rig, session: u32) -> Vec<(String, String)> {
    let waiting = rig.device.notifications(session, Timestamp::now());
    let name = |xml: String| {
        let document = roxmltree::Document::parse(&xml).unwrap();
        let root = document.root_element();
        assert!(root.has_tag_name((NOTIFICATION, "notification")), "{xml}");
        let mut elements = root.children().filter(Xml::is_element);
        let time = elements.next().unwrap();
        assert!(time.text().unwrap().parse::<Timestamp>().is_ok(), "{xml}");
        let name = elements.next().unwrap().tag_name().name().to_owned();
        (name, xml)
    };
    waiting.into_iter().map(name).collect()
}

fn names(heard: &[(String, String)]) -> Vec<&str> {
    heard.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_subscriber_hears_what_changed_and_who_did_it() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.ok(ONE, &subscribe(""));
    rig.fails(ONE, &subscribe(""), "operation-failed");
    rig.describe(TWO, "candidate", "new");
    assert!(heard(&mut rig, ONE).is_empty(), "the candidate is nobody's business");
    rig.ok(TWO, "<commit/>");
    rig.describe(TWO, "running", "newer");
    let first = heard(&mut rig, ONE);
    assert_eq!(names(&first), ["netconf-config-change", "netconf-config-change"]);
    for (part, (_, xml)) in
        ["<operation>create</operation>", "<operation>replace</operation>"].iter().zip(&first)
    {
        assert!(xml.contains(part) && xml.contains("<session-id>2</session-id>"), "{xml}");
        assert!(
            xml.contains("[ios:name=&apos;1/0/5&apos;]/ios:description")
                || xml.contains("[ios:name='1/0/5']/ios:description"),
            "{xml}"
        );
        assert!(xml.contains("xmlns:ios=") && xml.contains("<datastore>running</datastore>"), "{xml}");
    }
    rig.describe(TWO, "running", "newer");
    assert!(heard(&mut rig, ONE).is_empty(), "nothing changed");
    rig.rpc(TWO, "<save-config xmlns='http://cisco.com/yang/cisco-ia'/>");
    let saved = heard(&mut rig, ONE);
    assert!(saved[0].1.contains("<datastore>startup</datastore>"), "{saved:?}");
    rig.ok(ONE, "<kill-session><session-id>2</session-id></kill-session>");
    let ended = heard(&mut rig, ONE);
    assert_eq!(names(&ended), ["netconf-session-end"]);
    assert!(ended[0].1.contains("<killed-by>1</killed-by><termination-reason>killed<"), "{ended:?}");
    assert!(heard(&mut rig, TWO).is_empty());
}

#[test]
fn the_stream_can_be_found() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let reply = rig.rpc(ONE, &format!("<get><filter><netconf xmlns='{STREAMS}'/></filter></get>"));
    assert!(
        reply.contains("<stream><name>NETCONF</name>") && reply.contains("<replaySupport>true<"),
        "{reply}"
    );
}

#[test]
fn a_filter_leaves_out_what_was_not_asked_for() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.ok(ONE, &subscribe(&format!("<filter><netconf-session-end xmlns='{EVENTS}'/></filter>")));
    let path = format!(
        "<filter type='xpath' xmlns:n='{EVENTS}' select=\"/n:netconf-config-change[n:edit/n:operation='delete']\"/>"
    );
    rig.ok(TWO, &subscribe(&path));
    rig.describe(ONE, "running", "new");
    let gone = rig.edit("running", "", &port("<description nc:operation='remove'/>"));
    rig.ok(ONE, &gone);
    assert_eq!(names(&heard(&mut rig, TWO)), ["netconf-config-change"]);
    rig.device.end_session(TWO, "closed by the client");
    assert_eq!(names(&heard(&mut rig, ONE)), ["netconf-session-end"]);
}

#[test]
fn what_happened_is_played_again_and_a_subscription_ends_in_time() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.describe(TWO, "running", "new");
    let at = |seconds: i64| (Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).to_string();
    let times = |start: i64, stop: i64| {
        format!("<startTime>{}</startTime><stopTime>{}</stopTime>", at(start), at(stop))
    };
    rig.fails(ONE, &subscribe(&times(-60, -120)), "bad-element");
    rig.fails(ONE, &subscribe(&times(60, 120)), "bad-element");
    rig.fails(ONE, &subscribe(&format!("<stopTime>{}</stopTime>", at(60))), "missing-element");
    rig.fails(ONE, &subscribe("<startTime>yesterday</startTime>"), "invalid-value");
    rig.fails(ONE, &subscribe("<stream>other</stream>"), "invalid-value");
    rig.fails(ONE, &subscribe("<filter type='x'/>"), "bad-attribute");
    rig.ok(ONE, &subscribe(&times(-60, 60)));
    let played = heard(&mut rig, ONE);
    let expected =
        ["netconf-session-start", "netconf-session-start", "netconf-config-change", "replayComplete"];
    assert_eq!(names(&played), expected);
    let later = Timestamp::now() + Duration::from_secs(61);
    let last = rig.device.notifications(ONE, later);
    assert!(last.len() == 1 && last[0].contains("<notificationComplete xmlns="), "{last:?}");
    rig.ok(ONE, &subscribe(""));
}

#[test]
fn the_life_of_a_confirmed_commit_is_told() {
    let mut rig = rig(Capabilities::ConfirmedCommit);
    rig.ok(TWO, &subscribe(&format!("<filter><netconf-confirmed-commit xmlns='{EVENTS}'/></filter>")));
    let confirmed = "<commit><confirmed/><confirm-timeout>10</confirm-timeout></commit>";
    for last in ["<commit/>", "<cancel-commit/>", ""] {
        rig.describe(ONE, "candidate", &format!("new{last}").replace(['<', '/', '>'], ""));
        rig.ok(ONE, confirmed);
        rig.ok(ONE, confirmed);
        if last.is_empty() {
            rig.device.expire(rig.now + Duration::from_secs(10));
        } else {
            rig.ok(ONE, last);
        }
    }
    let told: Vec<String> = heard(&mut rig, TWO)
        .iter()
        .map(|(_, xml)| xml.split("<confirm-event>").nth(1).unwrap().split('<').next().unwrap().to_owned())
        .collect();
    let expected = ["start", "extend", "complete", "start", "extend", "cancel", "start", "extend", "timeout"];
    assert_eq!(told, expected);
}

#[test]
fn a_session_that_does_not_read_costs_no_more_than_a_full_queue() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.ok(ONE, &subscribe(""));
    for _ in 0..MAX_KEPT + 10 {
        rig.device.tell_confirmed(TWO, "start", None);
    }
    assert_eq!(rig.device.notifications(ONE, Timestamp::now()).len(), MAX_KEPT);
    assert_eq!(rig.device.stream.kept.len(), MAX_KEPT);
    let mut plain = super::super::device_tests::rig(Capabilities::WritableRunning);
    plain.fails(ONE, &subscribe(""), "operation-not-supported");
}
