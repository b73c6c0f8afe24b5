//! Tests of the switch without SSH: messages in, replies out.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::console::start_config;
use super::device::{Datastore, Device};
use super::model::Model;
use super::names::{Hardware, NATIVE, SWITCH};
use super::offers::Offers;
use super::xml::NETCONF;
use crate::settings::Capabilities;

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| Arc::new(Model::ios_xe().unwrap()));

/// A switch and two sessions on it.
pub(super) struct Rig {
    pub(super) device: Device,
    pub(super) now: Instant,
}

const HARDWARE: Hardware = Hardware { ports: 24 };
pub(super) const ONE: u32 = 1;
pub(super) const TWO: u32 = 2;
pub(super) const LOCK_CANDIDATE: &str = "<lock><target><candidate/></target></lock>";
const UNLOCK_CANDIDATE: &str = "<unlock><target><candidate/></target></unlock>";

pub(super) fn rig(capabilities: Capabilities) -> Rig {
    let config = start_config(&MODEL, HARDWARE.ports).unwrap();
    let mut device = Device::new(MODEL.clone(), Offers::from(capabilities), HARDWARE, config);
    for user in ["first", "second"] {
        let (id, _) = device.open_session(user, "127.0.0.1:1").unwrap();
        device.sessions.get_mut(&id).unwrap().chunked = true;
    }
    Rig { device, now: Instant::now() }
}

pub(super) fn port(content: &str) -> String {
    format!(
        "<native xmlns='{NATIVE}' xmlns:nc='{NETCONF}'><interface><GigabitEthernet><name>1/0/5</name>{content}\
         </GigabitEthernet></interface></native>"
    )
}

fn access(vlan: u16) -> String {
    format!(
        "<switchport-config><switchport><mode xmlns='{SWITCH}'><access/></mode><access xmlns='{SWITCH}'>\
         <vlan><vlan>{vlan}</vlan></vlan></access></switchport></switchport-config>"
    )
}

impl Rig {
    pub(super) fn raw(&mut self, session: u32, message: &str) -> String {
        self.device.handle(session, message.as_bytes(), self.now).xml.unwrap_or_default()
    }

    pub(super) fn rpc(&mut self, session: u32, operation: &str) -> String {
        self.raw(session, &format!("<rpc xmlns='{NETCONF}' message-id='7'>{operation}</rpc>"))
    }

    pub(super) fn ok(&mut self, session: u32, operation: &str) {
        let reply = self.rpc(session, operation);
        assert!(reply.ends_with("><ok/></rpc-reply>"), "{operation}: {reply}");
    }

    /// Asserts that the operation fails with this tag; gives the reply.
    pub(super) fn fails(&mut self, session: u32, operation: &str, tag: &str) -> String {
        let reply = self.rpc(session, operation);
        assert!(reply.contains(&format!("<error-tag>{tag}</error-tag>")), "{operation}: {reply}");
        reply
    }

    pub(super) fn edit(&self, target: &str, options: &str, config: &str) -> String {
        format!("<edit-config><target><{target}/></target>{options}<config>{config}</config></edit-config>")
    }

    pub(super) fn describe(&mut self, session: u32, target: &str, text: &str) {
        let edit = self.edit(target, "", &port(&format!("<description>{text}</description>")));
        self.ok(session, &edit);
    }

    fn description(&self, datastore: Datastore) -> Option<String> {
        let config = self.device.read(datastore);
        let entry = super::cli::interface(&config, "GigabitEthernet1/0/5")?;
        entry.text_at(&["description"]).map(str::to_owned)
    }
}

#[test]
fn a_candidate_is_edited_and_committed() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.describe(ONE, "candidate", "new");
    assert!(rig.device.is_candidate_dirty());
    assert_eq!(rig.description(Datastore::Running), None);
    rig.ok(ONE, "<commit/>");
    assert_eq!(rig.description(Datastore::Running).as_deref(), Some("new"));
    assert!(!rig.device.is_candidate_dirty());
    assert_eq!(
        (rig.device.log.edits(), rig.device.log.commits(), rig.device.log.running_changes()),
        (1, 1, 1)
    );
}

#[test]
fn discarded_changes_are_gone() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.describe(ONE, "candidate", "new");
    rig.ok(TWO, "<discard-changes/>");
    assert!(!rig.device.is_candidate_dirty());
}

#[test]
fn a_lock_names_its_holder_and_keeps_others_out() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.ok(ONE, LOCK_CANDIDATE);
    let reply = rig.fails(TWO, LOCK_CANDIDATE, "lock-denied");
    assert!(reply.contains("<error-info><session-id>1</session-id></error-info>"), "{reply}");
    rig.fails(ONE, LOCK_CANDIDATE, "lock-denied");
    rig.fails(TWO, UNLOCK_CANDIDATE, "operation-failed");
    let edit = rig.edit("candidate", "", &port("<mtu>2000</mtu>"));
    rig.fails(TWO, &edit, "in-use");
    rig.fails(TWO, "<commit/>", "in-use");
    rig.fails(TWO, "<discard-changes/>", "in-use");
    rig.ok(ONE, UNLOCK_CANDIDATE);
    rig.ok(TWO, LOCK_CANDIDATE);
}

#[test]
fn a_dirty_candidate_cannot_be_locked() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.describe(ONE, "candidate", "new");
    let reply = rig.fails(TWO, LOCK_CANDIDATE, "lock-denied");
    assert!(reply.contains("<session-id>1</session-id>"), "{reply}");
    rig.device.end_session(ONE, "gone");
    let reply = rig.fails(TWO, LOCK_CANDIDATE, "lock-denied");
    assert!(reply.contains("<session-id>0</session-id>"), "{reply}");
    assert!(rig.device.is_candidate_dirty(), "a candidate that was not locked outlives its session");
}

#[test]
fn a_session_that_ends_gives_its_locks_back_and_its_changes_up() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.ok(ONE, LOCK_CANDIDATE);
    rig.ok(ONE, "<lock><target><running/></target></lock>");
    rig.describe(ONE, "candidate", "new");
    rig.device.end_session(ONE, "gone");
    assert!(rig.device.locks.is_empty());
    assert!(!rig.device.is_candidate_dirty());
    rig.ok(TWO, LOCK_CANDIDATE);
}

#[test]
fn a_confirmed_commit_is_undone_when_its_time_is_over() {
    let mut rig = rig(Capabilities::ConfirmedCommit);
    rig.describe(ONE, "candidate", "new");
    rig.ok(ONE, "<commit><confirmed/><confirm-timeout>10</confirm-timeout></commit>");
    assert_eq!(rig.description(Datastore::Running).as_deref(), Some("new"));
    rig.device.expire(rig.now + Duration::from_secs(9));
    assert!(rig.device.pending.is_some());
    rig.device.expire(rig.now + Duration::from_secs(10));
    assert_eq!(rig.description(Datastore::Running), None);
    assert!(rig.device.pending.is_none());
}

#[test]
fn a_confirmed_commit_stays_once_it_is_confirmed() {
    let mut rig = rig(Capabilities::ConfirmedCommit);
    rig.describe(ONE, "candidate", "new");
    rig.ok(ONE, "<commit><confirmed/></commit>");
    rig.fails(TWO, "<commit/>", "in-use");
    rig.fails(TWO, "<lock><target><running/></target></lock>", "lock-denied");
    rig.ok(ONE, "<commit/>");
    rig.device.end_session(ONE, "gone");
    assert_eq!(rig.description(Datastore::Running).as_deref(), Some("new"));
}

#[test]
fn a_confirmed_commit_is_undone_when_its_session_ends() {
    let mut rig = rig(Capabilities::ConfirmedCommit);
    rig.describe(ONE, "candidate", "new");
    rig.ok(ONE, "<commit><confirmed/></commit>");
    rig.device.end_session(ONE, "gone");
    assert_eq!(rig.description(Datastore::Running), None);
}

#[test]
fn a_persistent_confirmed_commit_is_confirmed_or_cancelled_by_its_id_from_anywhere() {
    let persistent = "<commit><confirmed/><persist>word</persist></commit>";
    for (last, kept) in [
        ("<commit><persist-id>word</persist-id></commit>", true),
        ("<cancel-commit><persist-id>word</persist-id></cancel-commit>", false),
    ] {
        let mut rig = rig(Capabilities::ConfirmedCommit);
        rig.describe(ONE, "candidate", "new");
        rig.ok(ONE, persistent);
        rig.device.end_session(ONE, "gone");
        assert_eq!(rig.description(Datastore::Running).as_deref(), Some("new"));
        rig.fails(TWO, "<commit/>", "in-use");
        rig.fails(TWO, "<commit><persist-id>other</persist-id></commit>", "invalid-value");
        rig.ok(TWO, last);
        assert!(rig.device.pending.is_none());
        assert_eq!(rig.description(Datastore::Running).is_some(), kept, "{last}");
    }
}

#[test]
fn a_second_confirmed_commit_prolongs_and_goes_back_to_the_first_beginning() {
    let mut rig = rig(Capabilities::ConfirmedCommit);
    rig.describe(ONE, "candidate", "one");
    rig.ok(ONE, "<commit><confirmed/><confirm-timeout>10</confirm-timeout></commit>");
    rig.describe(ONE, "candidate", "two");
    rig.now += Duration::from_secs(8);
    rig.ok(ONE, "<commit><confirmed/><confirm-timeout>10</confirm-timeout></commit>");
    rig.device.expire(rig.now + Duration::from_secs(9));
    assert_eq!(rig.description(Datastore::Running).as_deref(), Some("two"));
    rig.ok(ONE, "<cancel-commit/>");
    assert_eq!(rig.description(Datastore::Running), None);
    rig.fails(ONE, "<cancel-commit/>", "operation-failed");
}

#[test]
fn bad_parameters_of_a_commit_are_refused() {
    let mut rig = rig(Capabilities::ConfirmedCommit);
    rig.fails(ONE, "<commit><confirmed/><confirm-timeout>0</confirm-timeout></commit>", "invalid-value");
    rig.fails(ONE, "<commit><confirm-timeout>5</confirm-timeout></commit>", "missing-element");
    rig.fails(ONE, "<commit><persist-id>x</persist-id></commit>", "invalid-value");
    rig.fails(ONE, "<commit><what/></commit>", "unknown-element");
}

#[test]
fn what_a_set_does_not_offer_is_refused() {
    let mut cat = rig(Capabilities::Catalyst9300);
    cat.fails(ONE, "<commit><confirmed/></commit>", "operation-not-supported");
    cat.fails(ONE, "<cancel-commit/>", "operation-not-supported");
    cat.fails(ONE, "<get-config><source><startup/></source></get-config>", "invalid-value");
    let mut plain = rig(Capabilities::WritableRunning);
    plain.fails(ONE, "<commit/>", "operation-not-supported");
    plain.fails(ONE, "<validate><source><running/></source></validate>", "operation-not-supported");
    let edit = plain.edit("running", "<test-option>test-only</test-option>", &port("<mtu>2000</mtu>"));
    plain.fails(ONE, &edit, "operation-not-supported");
    let edit = plain.edit("candidate", "", &port("<mtu>2000</mtu>"));
    plain.fails(ONE, &edit, "invalid-value");
    let mut confirmed = rig(Capabilities::ConfirmedCommit);
    let edit = confirmed.edit("running", "", &port("<mtu>2000</mtu>"));
    confirmed.fails(ONE, &edit, "operation-not-supported");
    let mut old = rig(Capabilities::Base10);
    old.fails(ONE, "<create-subscription xmlns='urn:x'/>", "operation-not-supported");
}

#[test]
fn an_address_and_switching_exclude_each_other() {
    let address = "<ip><address><primary><address>10.0.0.1</address><mask>255.255.255.0</mask></primary></address></ip>";
    let mut rig = rig(Capabilities::WritableRunning);
    let both = format!("<switchport-conf><switchport>true</switchport></switchport-conf>{address}");
    let edit = rig.edit("running", "", &port(&both));
    let reply = rig.fails(ONE, &edit, "operation-failed");
    assert!(reply.contains("must-violation") && reply.contains("primary/ios:address"), "{reply}");
    let routed = format!("<switchport-conf><switchport>false</switchport></switchport-conf>{address}");
    let edit = rig.edit("running", "", &port(&routed));
    rig.ok(ONE, &edit);
    let on = "<switchport-conf><switchport>true</switchport></switchport-conf>";
    let edit = rig.edit("running", "", &port(on));
    rig.fails(ONE, &edit, "operation-failed");
    let back = format!("{on}<ip><address nc:operation='remove'/></ip>");
    let edit = rig.edit("running", "", &port(&back));
    rig.ok(ONE, &edit);
}

#[test]
fn two_modes_in_one_edit_are_an_error_and_one_replaces_the_other() {
    let mut rig = rig(Capabilities::WritableRunning);
    let edit = rig.edit("running", "", &port(&access(100)));
    rig.ok(ONE, &edit);
    let both = format!(
        "<switchport-config><switchport><mode xmlns='{SWITCH}'><access/><trunk/></mode></switchport></switchport-config>"
    );
    let edit = rig.edit("running", "", &port(&both));
    let reply = rig.rpc(ONE, &edit);
    assert!(reply.contains("<rpc-error>"), "{reply}");
    let edit = rig.edit("running", "", &port(&both.replace("<access/>", "")));
    rig.ok(ONE, &edit);
    let running = rig.device.running.clone();
    let entry = super::cli::interface(&running, "GigabitEthernet1/0/5").unwrap();
    let mode = entry.at(&["switchport-config", "switchport", "mode"]).unwrap();
    assert_eq!(mode.children.len(), 1);
    assert_eq!(mode.children[0].name, "trunk");
}

#[test]
fn every_problem_of_an_edit_is_named_with_its_place() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let edit = rig.edit(
        "candidate",
        "",
        &port("<mtu>63</mtu><switchport-conf><switchport>maybe</switchport></switchport-conf><what/>"),
    );
    let reply = rig.rpc(ONE, &edit);
    assert_eq!(reply.matches("<rpc-error>").count(), 3, "{reply}");
    assert!(reply.contains("[ios:name='1/0/5']/ios:mtu</error-path>"), "{reply}");
    assert!(!rig.device.is_candidate_dirty());
}

#[test]
fn set_with_continue_does_what_is_right_and_names_what_is_not() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let options = "<test-option>set</test-option><error-option>continue-on-error</error-option>";
    let edit = rig.edit("candidate", options, &port("<mtu>63</mtu><description>good</description>"));
    let reply = rig.rpc(ONE, &edit);
    assert_eq!(reply.matches("<rpc-error>").count(), 1, "{reply}");
    assert_eq!(rig.description(Datastore::Candidate).as_deref(), Some("good"));
}

#[test]
fn the_platform_refuses_at_commit_what_the_model_allows_and_the_candidate_stays_dirty() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let edit = rig.edit("candidate", "", &port("<mtu>18000</mtu>"));
    rig.ok(ONE, &edit);
    let reply = rig.fails(ONE, "<commit/>", "invalid-value");
    assert!(reply.contains("Device refused one or more commands") && reply.contains("<bad-cli>"), "{reply}");
    assert!(rig.device.is_candidate_dirty());
    rig.fails(ONE, "<validate><source><candidate/></source></validate>", "invalid-value");
    rig.ok(ONE, "<discard-changes/>");
    rig.ok(ONE, "<validate><source><candidate/></source></validate>");
}

#[test]
fn an_edit_that_only_tests_changes_nothing() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let only = "<test-option>test-only</test-option>";
    let edit = rig.edit("running", only, &port("<mtu>2000</mtu>"));
    rig.ok(ONE, &edit);
    let edit = rig.edit("running", only, &port("<mtu>18000</mtu>"));
    rig.fails(ONE, &edit, "invalid-value");
    assert_eq!((rig.device.log.edits(), rig.device.log.running_changes()), (0, 0));
}

#[test]
fn hardware_can_neither_be_made_nor_removed() {
    let mut rig = rig(Capabilities::WritableRunning);
    let edit = rig.edit("running", "", &port("").replace("1/0/5", "1/0/99"));
    let reply = rig.fails(ONE, &edit, "invalid-value");
    assert!(reply.contains("interface GigabitEthernet1/0/99"), "{reply}");
    rig.describe(ONE, "running", "new");
    let gone = port("").replace("<GigabitEthernet>", "<GigabitEthernet nc:operation='delete'>");
    let edit = rig.edit("running", "", &gone);
    rig.ok(ONE, &edit);
    let entry = super::cli::interface(&rig.device.running, "GigabitEthernet1/0/5").unwrap();
    assert_eq!(entry.children.len(), 1);
}

#[test]
fn messages_that_are_no_rpc_are_answered_as_the_standard_says() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let reply = rig.raw(ONE, &format!("<rpc xmlns='{NETCONF}'><get/></rpc>"));
    assert!(reply.contains("missing-attribute") && reply.contains("<bad-attribute>message-id"), "{reply}");
    assert!(!reply.contains("message-id=\""), "{reply}");
    let reply = rig.raw(ONE, "<rpc");
    assert!(reply.contains("malformed-message"), "{reply}");
    let reply = rig.raw(ONE, "<!DOCTYPE a><a/>");
    assert!(reply.contains("malformed-message"), "{reply}");
    let reply = rig.rpc(ONE, "");
    assert!(reply.contains("missing-element"), "{reply}");
    let reply = rig.rpc(ONE, "<commit/><commit/>");
    assert!(reply.contains("bad-element"), "{reply}");
    let other = rig.device.handle(ONE, b"<hello/>", rig.now);
    assert!(other.close.is_some());
    rig.device.sessions.get_mut(&TWO).unwrap().chunked = false;
    let old = rig.device.handle(TWO, b"<rpc", rig.now);
    assert!(old.xml.is_none() && old.close.is_some(), "base 1.0 has no tag for it");
}

#[test]
fn a_reply_repeats_all_attributes_of_its_rpc() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let message = format!(
        "<rpc xmlns='{NETCONF}' message-id='&lt;7' user='a&quot;b' xmlns:x='urn:x' x:one='1' x:two='2'><get-config>\
         <source><running/></source><filter/></get-config></rpc>"
    );
    let reply = rig.raw(ONE, &message);
    let document = roxmltree::Document::parse(&reply).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("message-id"), Some("<7"));
    assert_eq!(root.attribute("user"), Some("a\"b"));
    assert_eq!(root.attribute(("urn:x", "two")), Some("2"));
}

#[test]
fn a_configuration_is_read_through_both_kinds_of_filters() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.describe(ONE, "running", "new");
    let subtree = format!("<filter type='subtree'>{}</filter>", port(""));
    let xpath = format!(
        "<filter type='xpath' xmlns:i='{NATIVE}' select=\"/i:native/i:interface/i:GigabitEthernet[i:name='1/0/5']\"/>"
    );
    let expected = format!(
        "<data><native xmlns=\"{NATIVE}\"><interface><GigabitEthernet><name>1/0/5</name><description>new</description>\
         </GigabitEthernet></interface></native></data>"
    );
    for filter in [subtree, xpath.clone()] {
        let reply = rig.rpc(ONE, &format!("<get-config><source><running/></source>{filter}</get-config>"));
        assert!(reply.contains(&expected), "{reply}");
    }
    rig.fails(
        ONE,
        "<get-config><source><running/></source><filter type='xpath'/></get-config>",
        "missing-attribute",
    );
    let mut plain = self::rig(Capabilities::WritableRunning);
    plain.fails(ONE, &format!("<get><{}</get>", &xpath[1..]), "operation-not-supported");
}

#[test]
fn a_reply_survives_the_round_trip_through_an_edit() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let before = rig.device.running.clone();
    let edit = rig.edit(
        "candidate",
        "<default-operation>replace</default-operation>",
        &before.children_xml(NETCONF),
    );
    rig.ok(ONE, &edit);
    assert!(!rig.device.is_candidate_dirty());
}

#[test]
fn startup_is_written_by_copying_or_by_saving() {
    let mut old = rig(Capabilities::Base10);
    old.describe(ONE, "running", "new");
    assert_eq!(old.description(Datastore::Startup), None);
    old.ok(ONE, "<copy-config><target><startup/></target><source><running/></source></copy-config>");
    assert_eq!(old.description(Datastore::Startup).as_deref(), Some("new"));
    old.fails(
        ONE,
        "<copy-config><target><startup/></target><source><startup/></source></copy-config>",
        "invalid-value",
    );
    old.ok(ONE, "<delete-config><target><startup/></target></delete-config>");
    assert_eq!(old.description(Datastore::Startup), None);
    old.fails(ONE, "<delete-config><target><running/></target></delete-config>", "operation-not-supported");

    let mut cat = rig(Capabilities::Catalyst9300);
    cat.describe(ONE, "running", "new");
    let reply = cat.rpc(ONE, "<save-config xmlns='http://cisco.com/yang/cisco-ia'/>");
    let result = "<result xmlns=\"http://cisco.com/yang/cisco-ia\">Save running-config successful</result>";
    assert!(reply.contains(result) && !reply.contains("<ok/>"), "{reply}");
    assert_eq!(cat.description(Datastore::Startup).as_deref(), Some("new"));
    assert_eq!(cat.device.log.saves(), 1);
}

#[test]
fn a_whole_configuration_can_be_copied_in() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let config = port("<description>only</description>");
    let copy = |config: &str| {
        format!(
            "<copy-config><target><candidate/></target><source><config>{config}</config></source></copy-config>"
        )
    };
    rig.ok(ONE, &copy(&config));
    assert_eq!(rig.description(Datastore::Candidate).as_deref(), Some("only"));
    assert_eq!(super::cli::interfaces(&rig.device.read(Datastore::Candidate)).len(), 1);
    let reply = rig.rpc(ONE, &copy(&port("<mtu>1</mtu>")));
    assert!(reply.contains("<rpc-error>"), "{reply}");
}

#[test]
fn while_the_switch_synchronizes_changes_are_refused() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.device.syncing = true;
    let edit = rig.edit("running", "", &port("<mtu>2000</mtu>"));
    for operation in [
        edit.as_str(),
        "<commit/>",
        "<save-config xmlns='http://cisco.com/yang/cisco-ia'/>",
        "<sync-from xmlns='http://cisco.com/yang/cisco-ia'/>",
    ] {
        let reply = rig.fails(ONE, operation, "resource-denied");
        assert!(reply.contains("Sync is in progress"), "{reply}");
    }
    rig.device.syncing = false;
    let reply =
        rig.rpc(ONE, "<sync-from xmlns='http://cisco.com/yang/cisco-ia'><sync-defaults/></sync-from>");
    assert!(reply.contains("<result xmlns="), "{reply}");
}

#[test]
fn schemas_and_the_library_can_be_read() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let schema = |parameters: &str| {
        format!(
            "<get-schema xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring'>{parameters}</get-schema>"
        )
    };
    let reply = rig.rpc(ONE, &schema("<identifier>Cisco-IOS-XE-vlan</identifier><format>yang</format>"));
    let document = roxmltree::Document::parse(&reply).unwrap();
    let text = document.root_element().first_element_child().unwrap().text().unwrap();
    let original =
        device_dialect::IOS_XE_MODULES.iter().find(|(name, _)| *name == "Cisco-IOS-XE-vlan").unwrap().1;
    assert_eq!(text, original);
    rig.fails(ONE, &schema("<identifier>nothing</identifier>"), "invalid-value");
    rig.fails(ONE, &schema(""), "missing-element");
    let library =
        "<get><filter><yang-library xmlns='urn:ietf:params:xml:ns:yang:ietf-yang-library'/></filter></get>";
    let reply = rig.rpc(ONE, library);
    assert!(reply.contains("<name>Cisco-IOS-XE-native</name>"), "{reply}");
    assert!(reply.contains(">ds:candidate</name><schema>all</schema></datastore>"), "{reply}");
    let sessions = "<get><filter><netconf-state xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring'><sessions/>\
                    </netconf-state></filter></get>";
    let reply = rig.rpc(ONE, sessions);
    assert_eq!(reply.matches("<session>").count(), 2, "{reply}");
}

#[test]
fn a_session_is_killed_by_another_and_not_by_itself() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.ok(TWO, LOCK_CANDIDATE);
    let kill = rig.device.sessions[&TWO].kill.clone();
    rig.fails(ONE, "<kill-session><session-id>1</session-id></kill-session>", "invalid-value");
    rig.fails(ONE, "<kill-session><session-id>99</session-id></kill-session>", "invalid-value");
    rig.ok(ONE, "<kill-session><session-id>2</session-id></kill-session>");
    assert!(kill.is_cancelled());
    rig.ok(ONE, LOCK_CANDIDATE);
}

#[test]
fn there_is_a_limit_of_sessions() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.device.session_limit = 2;
    assert!(rig.device.open_session("third", "x").is_none());
    rig.device.end_session(ONE, "gone");
    let (id, _) = rig.device.open_session("third", "x").unwrap();
    assert_eq!(id, 3, "a session-id is never used twice");
}

#[test]
fn after_a_restart_the_saved_configuration_runs() {
    let mut rig = rig(Capabilities::Catalyst9300);
    rig.describe(ONE, "running", "unsaved");
    rig.ok(ONE, LOCK_CANDIDATE);
    rig.device.restart();
    assert_eq!(rig.description(Datastore::Running), None);
    assert!(rig.device.locks.is_empty() && rig.device.sessions.is_empty());
}

#[test]
fn the_seed_is_accepted_and_settled() {
    let config = start_config(&MODEL, HARDWARE.ports).unwrap();
    let mut settled = config.clone();
    super::rules::settle(&mut settled, &MODEL.shape, HARDWARE);
    assert_eq!(config, settled);
    assert!(super::rules::judge(&config, HARDWARE).is_empty());
    assert_eq!(super::cli::interfaces(&config).len(), 26);
    let routed = super::cli::interface(&config, "GigabitEthernet1/0/20").unwrap();
    assert!(super::cli::interface_lines(routed).contains(&"ip address 10.10.10.1 255.255.255.0".to_owned()));
}

#[test]
fn an_edit_that_creates_nothing_of_another_case_leaves_the_one_that_is_there() {
    let mut rig = rig(Capabilities::WritableRunning);
    let edit = rig.edit("running", "", &port("<ip><unnumbered>Loopback0</unnumbered></ip>"));
    rig.ok(ONE, &edit);
    let nothing = "<ip><address><primary><address nc:operation='remove'/></primary></address></ip>";
    let edit = rig.edit("running", "", &port(nothing));
    rig.ok(ONE, &edit);
    let entry = super::cli::interface(&rig.device.running, "GigabitEthernet1/0/5").unwrap();
    assert_eq!(entry.text_at(&["ip", "unnumbered"]), Some("Loopback0"));
}

#[test]
fn what_the_model_speaks_against_is_said_once_and_not_done_where_the_rest_is() {
    let options = "<test-option>set</test-option><error-option>continue-on-error</error-option>";
    let key = port("<description>new</description>").replace("<name>", "<name nc:operation='delete'>");
    let strange = port("<description>new</description><mtu xmlns='urn:x'>2000</mtu>");
    let twice = port("<description>new</description><mtu>2000</mtu><mtu>3000</mtu>");
    let gone = port("<description>new</description><ip nc:operation='remove'><mtu>1</mtu></ip>");
    for (content, tag, described) in [
        (&key, "bad-attribute", None),
        (&strange, "unknown-namespace", Some("new")),
        (&twice, "bad-element", Some("new")),
        (&gone, "invalid-value", Some("new")),
    ] {
        let mut rig = rig(Capabilities::Catalyst9300);
        let edit = rig.edit("candidate", options, content);
        let reply = rig.fails(ONE, &edit, tag);
        assert_eq!(reply.matches("<rpc-error>").count(), 1, "{reply}");
        assert_eq!(rig.description(Datastore::Candidate).as_deref(), described, "{content}");
    }
}

#[test]
fn parameters_are_read_by_namespace_and_given_once() {
    let mut rig = rig(Capabilities::Catalyst9300);
    for (operation, tag) in [
        ("<get-config><source><running xmlns='urn:x'/></source></get-config>", "unknown-namespace"),
        ("<get-config><source xmlns='urn:x'><running/></source></get-config>", "unknown-namespace"),
        ("<get-config><source><running/><candidate/></source></get-config>", "bad-element"),
        ("<get-config><source><running/></source><source><candidate/></source></get-config>", "bad-element"),
        ("<validate><source><running/><candidate/></source></validate>", "bad-element"),
        ("<close-session><now/></close-session>", "unknown-element"),
        ("<get-config><source/></get-config>", "missing-element"),
    ] {
        rig.fails(ONE, operation, tag);
    }
}

#[test]
fn a_candidate_like_running_follows_it() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let edit = rig.edit("candidate", "", &port("<description nc:operation='remove'/>"));
    rig.ok(ONE, &edit);
    rig.describe(TWO, "running", "by another");
    assert!(!rig.device.is_candidate_dirty());
    rig.ok(ONE, "<commit/>");
    assert_eq!(rig.description(Datastore::Running).as_deref(), Some("by another"));
}

#[test]
fn a_lock_denied_for_a_confirmed_commit_names_no_session_that_is_gone() {
    let mut rig = rig(Capabilities::ConfirmedCommit);
    rig.describe(ONE, "candidate", "new");
    rig.ok(ONE, "<commit><confirmed/><persist>word</persist></commit>");
    rig.device.end_session(ONE, "gone");
    let reply = rig.fails(TWO, "<lock><target><running/></target></lock>", "lock-denied");
    assert!(reply.contains("<session-id>0</session-id>"), "{reply}");
}

#[test]
fn defaults_are_reported_and_marked_as_asked_for() {
    let mut rig = rig(Capabilities::Catalyst9300);
    let mode = |word: &str| {
        let filter = port("<cdp xmlns='http://cisco.com/ns/yang/Cisco-IOS-XE-cdp'/>");
        let with = "xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults'";
        format!(
            "<get-config><source><running/></source><filter>{filter}</filter><with-defaults {with}>{word}</with-defaults></get-config>"
        )
    };
    let marked = "wd:default=\"true\">true</enable>";
    let reply = rig.rpc(ONE, &mode("explicit"));
    assert!(!reply.contains("enable"), "{reply}");
    let reply = rig.rpc(ONE, &mode("report-all"));
    assert!(reply.contains("<enable>true</enable>"), "{reply}");
    let reply = rig.rpc(ONE, &mode("report-all-tagged"));
    assert!(reply.contains(marked), "{reply}");
    rig.fails(ONE, &mode("trim"), "invalid-value");
    let enable = |attribute: &str, value: &str| {
        let default = "xmlns:wd='urn:ietf:params:xml:ns:netconf:default:1.0'";
        port(&format!(
            "<cdp xmlns='http://cisco.com/ns/yang/Cisco-IOS-XE-cdp'><enable {default} {attribute}>{value}</enable></cdp>"
        ))
    };
    let edit = rig.edit("running", "", &enable("", "true"));
    rig.ok(ONE, &edit);
    let reply = rig.rpc(ONE, &mode("report-all-tagged"));
    assert!(reply.contains("<enable>true</enable>"), "what was configured is no default: {reply}");
    let edit = rig.edit("running", "", &enable("wd:default='true'", "false"));
    rig.fails(ONE, &edit, "invalid-value");
    let edit = rig.edit("running", "", &enable("wd:default='true'", "true"));
    rig.ok(ONE, &edit);
    let reply = rig.rpc(ONE, &mode("report-all-tagged"));
    assert!(reply.contains(marked), "{reply}");
}
