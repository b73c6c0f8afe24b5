//! Tests of [`partial_lock`](super).

use super::super::device_tests::{ONE, TWO, port, rig};
use super::super::names::NATIVE;
use crate::settings::Capabilities;

fn partial(select: &str) -> String {
    let ns = "urn:ietf:params:xml:ns:netconf:partial-lock:1.0";
    format!("<partial-lock xmlns='{ns}' xmlns:i='{NATIVE}'><select>{select}</select></partial-lock>")
}

const PORT_5: &str = "/i:native/i:interface/i:GigabitEthernet[i:name='1/0/5']";
const LOCK_RUNNING: &str = "<lock><target><running/></target></lock>";

#[test]
fn a_locked_part_keeps_others_from_it_and_from_nothing_else() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let reply = rig.rpc(ONE, &partial(PORT_5));
    assert!(reply.contains(">1</lock-id>"), "{reply}");
    assert!(
        reply.contains("[ios:name=&apos;1/0/5&apos;]") || reply.contains("[ios:name='1/0/5']"),
        "{reply}"
    );
    let edit = rig.edit("running", "", &port("<description>new</description>"));
    rig.fails(TWO, &edit, "in-use");
    rig.ok(ONE, &edit);
    let other = edit.replace("1/0/5", "1/0/11");
    rig.ok(TWO, &other);
    rig.describe(TWO, "candidate", "by commit");
    rig.fails(TWO, "<commit/>", "in-use");
    rig.ok(TWO, "<discard-changes/>");
    let reply = rig.fails(TWO, &partial("/i:native/i:interface"), "lock-denied");
    assert!(reply.contains("<session-id>1</session-id>"), "{reply}");
    rig.fails(TWO, LOCK_RUNNING, "lock-denied");
    let unlock = "<partial-unlock xmlns='urn:ietf:params:xml:ns:netconf:partial-lock:1.0'><lock-id>1</lock-id></partial-unlock>";
    rig.fails(TWO, unlock, "invalid-value");
    rig.ok(ONE, unlock);
    rig.describe(TWO, "running", "now");
}

#[test]
fn a_part_is_locked_by_what_leads_to_it_and_until_the_session_ends() {
    let mut rig = rig(Capabilities::Catalyst9300);
    for (select, tag, app) in [
        ("/i:native/i:nothing", "operation-failed", "no-matches"),
        ("count(/i:native)", "invalid-value", "not-a-node-set"),
        ("/x:native", "invalid-value", "invalid-lock-specification"),
    ] {
        let reply = rig.fails(ONE, &partial(select), tag);
        assert!(reply.contains(&format!("<error-app-tag>{app}</error-app-tag>")), "{reply}");
    }
    rig.ok(TWO, LOCK_RUNNING);
    rig.fails(ONE, &partial(PORT_5), "lock-denied");
    rig.ok(TWO, "<unlock><target><running/></target></unlock>");
    let reply = rig.rpc(ONE, &partial("//i:GigabitEthernet[position() &lt; 3]"));
    assert_eq!(reply.matches("</locked-node>").count(), 2, "{reply}");
    rig.device.end_session(ONE, "gone");
    rig.ok(TWO, LOCK_RUNNING);
    let mut plain = super::super::device_tests::rig(Capabilities::WritableRunning);
    plain.fails(ONE, &partial(PORT_5), "operation-not-supported");
}
