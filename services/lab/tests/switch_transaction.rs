//! netchange's own client and dialect against the lab's switch, in each of its capability sets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop there")]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use change_model::interface::{InterfaceState, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use device_dialect::{Dialect, choose};
use lab::switch::{Datastore as Store, Switch};
use lab::{Capabilities, Fault, FaultAction, FaultBoard, LabSettings, Point, System};
use netconf_client::notification::{Event, QueueLimits};
use netconf_client::ops::{CreateSubscription, Datastore, Get, GetConfig, Raw};
use netconf_client::ssh::{Auth, HostKeyCheck, SshConnector, SshTarget};
use netconf_client::transaction::{Cause, Method};
use netconf_client::{Session, Transaction};

const PORT: &str = "GigabitEthernet1/0/5";
/// How long any part of a test may take.
const LIMIT: Duration = Duration::from_secs(20);

const SETS: [(Capabilities, Method); 4] = [
    (Capabilities::Catalyst9300, Method::Commit),
    (Capabilities::ConfirmedCommit, Method::ConfirmedCommit),
    (Capabilities::WritableRunning, Method::EditRunning),
    (Capabilities::Base10, Method::EditRunning),
];

struct Rig {
    switch: Switch,
    faults: Arc<FaultBoard>,
    connector: SshConnector,
    dialect: Box<dyn Dialect>,
}

async fn start(capabilities: Capabilities) -> Rig {
    let settings = LabSettings { capabilities, ..LabSettings::default() };
    let faults = Arc::new(FaultBoard::default());
    let switch = Switch::start(&settings, faults.clone()).await.unwrap();
    let line = switch.known_hosts_line();
    let key = line.split_once(' ').unwrap().1.to_owned();
    let target = SshTarget::new(switch.addr().ip().to_string(), switch.addr().port());
    let connector = SshConnector::new(
        target,
        settings.switch_username.as_str(),
        Auth::password(settings.switch_password.as_str()),
        HostKeyCheck::PinnedKey(key),
    );
    let session = connector.session().await.unwrap();
    let announced: Vec<String> = session.capabilities().iter().map(str::to_owned).collect();
    let dialect = choose(&announced, &[]).unwrap();
    session.close().await.unwrap();
    Rig { switch, faults, connector, dialect }
}

impl Rig {
    async fn session(&self) -> Session {
        self.connector.session().await.unwrap()
    }

    async fn read(&self, session: &Session) -> InterfaceState {
        let filter = self.dialect.filter(PORT).unwrap();
        let reply = session.call(GetConfig::new(Datastore::Running).subtree(filter)).await.unwrap();
        self.dialect.read(reply.xml(), PORT).unwrap().unwrap()
    }

    /// The content of the `<config>` that leads from one state to another.
    fn edit(&self, before: &InterfaceState, after: &InterfaceState) -> String {
        let config = self.dialect.write(PORT, before, after).unwrap().unwrap();
        inside(&config)
    }
}

/// What stands in the `<config>` element; it declares its own namespaces.
fn inside(config: &str) -> String {
    let document = roxmltree::Document::parse(config).unwrap();
    let element = document.root_element().first_element_child().unwrap();
    config[element.range()].to_owned()
}

fn vlan(id: u16) -> VlanId {
    VlanId::new(id).unwrap()
}

/// The states that a port goes through: shut, access, trunk, routed, access again.
fn tour() -> Vec<InterfaceState> {
    let base = |text: &str| InterfaceState {
        enabled: true,
        description: Some(format!("{text} & <more> ##ticket:15016##")),
        mtu: Some(2000),
        ..InterfaceState::default()
    };
    let access = InterfaceState {
        switchport_mode: Some(SwitchportMode::Access),
        access_vlan: Some(vlan(100)),
        ..base("access")
    };
    let trunk = InterfaceState {
        switchport_mode: Some(SwitchportMode::Trunk),
        native_vlan: Some(vlan(99)),
        allowed_vlans: Some(AllowedVlans::only([200, 210, 220, 300].map(vlan))),
        ..base("trunk")
    };
    let routed = InterfaceState {
        switchport: Some(false),
        ipv4: Some("10.10.20.1/24".parse().unwrap()),
        ..base("routed")
    };
    let shut = InterfaceState { enabled: false, ..base("shut") };
    vec![shut, access.clone(), trunk, routed, access]
}

#[tokio::test]
async fn a_port_goes_through_all_modes_and_back_to_exactly_what_it_was() {
    for (capabilities, method) in SETS {
        let rig = start(capabilities).await;
        let original = rig.switch.running_interface(PORT);
        let session = rig.session().await;
        let mut before = rig.read(&session).await;
        let mut way_back = Vec::new();
        for wanted in tour() {
            let after = rig.dialect.settle(PORT, &before, &wanted);
            let (edit, inverse) = (rig.edit(&before, &after), rig.edit(&after, &before));
            let check = || async {
                let second = rig.session().await;
                let seen = rig.read(&second).await;
                second.close().await.unwrap();
                Ok::<_, Infallible>(seen)
            };
            let done = Transaction::new(edit).inverse(inverse.as_str()).run(&session, check).await.unwrap();
            assert_eq!(done.value, after, "{capabilities:?}");
            assert_eq!(done.guarantees.method, method);
            way_back.push(inverse);
            before = after;
        }
        assert!(!rig.switch.commit_pending() && !rig.switch.candidate_dirty());
        assert_eq!(rig.switch.lock_holder(Store::Running), None);
        for inverse in way_back.iter().rev() {
            let back = Transaction::new(inverse.as_str()).accept_without_undo();
            back.run(&session, || async { Ok::<_, Infallible>(()) }).await.unwrap();
        }
        assert_eq!(rig.switch.running_interface(PORT), original, "{capabilities:?}");
        assert_eq!(rig.switch.events().running_changes(), 10);
        session.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_check_leaves_the_switch_as_it_was() {
    for (capabilities, _) in SETS {
        let rig = start(capabilities).await;
        let original = rig.switch.running();
        let session = rig.session().await;
        let before = rig.read(&session).await;
        let after = rig.dialect.settle(PORT, &before, &tour()[1]);
        let transaction = Transaction::new(rig.edit(&before, &after)).inverse(rig.edit(&after, &before));
        let failed = transaction.run(&session, || async { Err::<(), _>(std::io::Error::other("no")) }).await;
        let failed = failed.unwrap_err();
        assert!(matches!(failed.cause, Cause::Check(_)) && failed.server.is_as_before(), "{failed:?}");
        assert_eq!(rig.switch.running(), original, "{capabilities:?}");
        assert!(!rig.switch.candidate_dirty() && rig.switch.lock_holder(Store::Running).is_none());
    }
}

#[tokio::test]
async fn a_connection_cut_anywhere_leaves_the_old_or_the_new_configuration() {
    for (capabilities, _) in SETS {
        let rig = start(capabilities).await;
        let session = rig.session().await;
        let before = rig.read(&session).await;
        session.close().await.unwrap();
        let after = rig.dialect.settle(PORT, &before, &tour()[1]);
        let transaction = Transaction::new(rig.edit(&before, &after)).inverse(rig.edit(&after, &before));
        let old = rig.switch.running_interface(PORT);
        let mut completed = false;
        for bytes in (300_u64..).step_by(211).take(40) {
            rig.faults.clear();
            rig.faults.add(cut_after(bytes));
            let outcome = match rig.connector.session().await {
                Ok(session) => {
                    let check = || async { Ok::<_, Infallible>(()) };
                    tokio::time::timeout(LIMIT, transaction.run(&session, check)).await.unwrap().is_ok()
                }
                Err(_) => false,
            };
            rig.faults.clear();
            let quiet = async {
                while rig.switch.events().sessions_open() > 0 && !outcome {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            tokio::time::timeout(LIMIT, quiet).await.unwrap();
            let session = rig.session().await;
            let seen = rig.read(&session).await;
            session.close().await.unwrap();
            assert!(seen == before || seen == after, "{capabilities:?} cut at {bytes}: {seen:?}");
            assert!(!outcome || seen == after, "{capabilities:?} cut at {bytes}: reported as done");
            completed |= outcome;
            rig.switch.set_running(PORT, "").unwrap();
            rig.switch.discard_candidate();
            assert_eq!(rig.switch.running_interface(PORT), old);
        }
        assert!(completed, "{capabilities:?}: the last cuts lie behind the whole transaction");
    }
}

fn cut_after(bytes: u64) -> Fault {
    Fault {
        system: System::Switch,
        point: Point::Connection,
        method: None,
        path: None,
        skip: 0,
        times: Some(1),
        action: FaultAction::CutAfterBytesIn { bytes },
    }
}

#[tokio::test]
async fn the_dialect_saves_synchronizes_and_reads_the_state() {
    let rig = start(Capabilities::Catalyst9300).await;
    let session = rig.session().await;
    rig.switch.drift(PORT, "<shutdown/>").unwrap();
    assert_ne!(rig.switch.running(), rig.switch.startup());
    let device_dialect::Save::Rpc(save) = rig.dialect.save() else { panic!("IOS-XE saves by an rpc") };
    let reply = session.call(Raw::new(save)).await.unwrap();
    assert!(format!("{reply:?}").len() > 10);
    assert_eq!(rig.switch.running(), rig.switch.startup());
    session.call(Raw::new(rig.dialect.sync_from().unwrap())).await.unwrap();
    let filter = rig.dialect.operational_filter(PORT).unwrap();
    let reply = session.call(Get::new().subtree(filter)).await.unwrap();
    let state = rig.dialect.read_operational(reply.xml(), PORT).unwrap().unwrap();
    assert_eq!(state.admin_status.as_deref(), Some("if-state-down"));
    session.close().await.unwrap();
}

#[tokio::test]
async fn the_client_hears_what_others_change_and_works_on() {
    let rig = start(Capabilities::Catalyst9300).await;
    let listener = rig.session().await;
    let subscribe = CreateSubscription::new().start_time("2020-01-01T00:00:00Z");
    let ((), mut heard) = listener.subscribe(subscribe, QueueLimits::default()).await.unwrap();
    let before = rig.read(&listener).await;
    rig.switch.drift(PORT, "<shutdown/>").unwrap();
    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "netconf-config-change") {
        let event = tokio::time::timeout(LIMIT, heard.next()).await.unwrap().unwrap();
        let Event::Notification(event) = event else { panic!("{event:?}") };
        let document = roxmltree::Document::parse(event.xml()).unwrap();
        names.push(document.root_element().tag_name().name().to_owned());
    }
    // The end of the first session may come before the start of the second one, after it, or after the replay.
    names.retain(|name| name != "netconf-session-end");
    let expected =
        ["netconf-session-start", "netconf-session-start", "replayComplete", "netconf-config-change"];
    assert_eq!(names, expected);
    assert_ne!(rig.read(&listener).await, before);
    listener.close().await.unwrap();
}
