//! Every payload against a real NETCONF server that has the models loaded: accepted, read back equal, undone to the byte.
//!
//! Run with `--ignored`; it fails where netconfd is not installed. What a server of another make does differently is in
//! [`differences`], with its reason.

mod candidate;
mod canonical;
mod differences;
mod server;

use std::time::Duration;

use change_model::interface::InterfaceState;
use change_model::vlan::VlanId;
use device_dialect::{Dialect, IETF_MODULES, IOS_XE_MODULES, IosXe, OPENCONFIG_MODULES, Shape};
use netconf_client::Session;
use netconf_client::ops::{Commit, Datastore};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use yang_schema::Schema;

use crate::kinds::{Subject, subjects};
use crate::states::{Beside, beside, fields, push};
use crate::tree::Tree;
use crate::{law_ietf, law_ios_xe, law_openconfig, models};
use canonical::canonical;
use server::{Server, edit, running};

/// How long one of these tests may take in all.
const LIMIT: Duration = Duration::from_secs(300);

/// Generated pairs for each family and shape.
const PAIRS: usize = 200;

/// Of the generated pairs; another one finds other pairs.
const SEED: [u8; 32] = [4; 32];

/// The device of these tests: a session, and the models it was started with.
struct Device {
    server: Server,
    session: Session,
    schema: &'static Schema,
    tops: &'static str,
    /// What is edited: running, or the candidate, which is then committed.
    target: Datastore,
}

impl Device {
    async fn start(dialect: &str) -> Self {
        Self::start_for(dialect, Datastore::Running).await
    }

    async fn start_for(dialect: &str, target: Datastore) -> Self {
        let (modules, tops) = match dialect {
            "openconfig" => {
                (OPENCONFIG_MODULES, r#"<interfaces xmlns="http://openconfig.net/yang/interfaces"/>"#)
            }
            "ietf-interfaces" => {
                (IETF_MODULES, r#"<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"/>"#)
            }
            _ => (IOS_XE_MODULES, r#"<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"/>"#),
        };
        let server = Server::start(modules, target);
        let session = server.session().await;
        Self { server, session, schema: models::own(dialect), tops, target }
    }

    /// The whole configuration in canonical XML.
    async fn holds(&self) -> String {
        canonical(self.schema, &running(&self.session, self.tops).await)
    }

    /// Sends the elements of a `<config>`.
    async fn takes(&self, config: &str, about: &str) {
        let refused = |error: netconf_client::Error| {
            panic!(
                "{about}: netconfd refuses {config}\n{error}: {:#?}\n{}",
                error.rpc_errors(),
                self.server.log()
            )
        };
        edit(&self.session, self.target, config).await.unwrap_or_else(refused);
        if self.target == Datastore::Candidate {
            self.session.call(Commit::new()).await.unwrap_or_else(refused);
        }
    }

    /// Sends what a dialect wrote; its `<config>` is the caller's.
    async fn takes_edit(&self, written: Option<&str>, about: &str) {
        let Some(written) = written else { return };
        let inside = written.split_once('>').unwrap().1.strip_suffix("</config>").unwrap();
        self.takes(inside, about).await;
    }

    /// Makes the configuration this one, whatever it was.
    async fn becomes(&self, start: &Tree, about: &str) {
        let xml = start.inner_xml();
        let operation = r#" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="replace">"#;
        let identities = r#" xmlns:ianaift="urn:ietf:params:xml:ns:yang:iana-if-type""#;
        self.takes(&xml.replacen('>', &format!("{identities}{operation}"), 1), about).await;
        assert_eq!(self.holds().await, self.of(start), "{about}: the start is not what was asked for");
    }

    fn of(&self, tree: &Tree) -> String {
        let identities = r#"<data xmlns:ianaift="urn:ietf:params:xml:ns:yang:iana-if-type">"#;
        canonical(self.schema, &format!("{identities}{}</data>", tree.inner_xml()))
    }

    /// One pair: the edit is taken, the result reads as what was wanted and is what RFC 6241 makes of it, and the inverse undoes it.
    async fn obeys(
        &self,
        dialect: &dyn Dialect,
        interface: &str,
        (start, before, after): (&Tree, &InterfaceState, &InterfaceState),
        about: &str,
    ) {
        self.becomes(start, about).await;
        let first = self.holds().await;
        let filter = dialect.filter(interface).unwrap();
        let reads = async || dialect.read(&running(&self.session, &filter).await, interface).unwrap();
        assert_eq!(reads().await.as_ref(), Some(before), "{about}: before");
        let written = dialect.write(interface, before, after).unwrap();
        self.takes_edit(written.as_deref(), about).await;
        assert_eq!(reads().await.as_ref(), Some(after), "{about}: after {written:?}");
        let mut expected = start.clone();
        expected.apply(written.as_deref());
        assert_eq!(self.holds().await, self.of(&expected), "{about}: after {written:?}");
        let undo = dialect.inverse(interface, before, after).unwrap();
        self.takes_edit(undo.as_deref(), about).await;
        assert_eq!(self.holds().await, first, "{about}: undone by {undo:?}, after {written:?}");
    }
}

async fn all_kinds(dialect: &str) {
    let device = Device::start(dialect).await;
    let mut pairs = 0;
    for subject in subjects().into_iter().filter(|subject| subject.dialect.name() == dialect) {
        pairs += kinds_of(&device, &subject).await;
    }
    device.session.close().await.unwrap();
    eprintln!("{dialect}: {pairs} pairs of hand-picked states");
}

async fn kinds_of(device: &Device, subject: &Subject) -> usize {
    let mut pairs = 0;
    for (from, before) in &subject.kinds {
        let start = subject.device(before);
        for (to, kind) in &subject.kinds {
            let after = subject.wish(before, kind);
            let about = format!("{}: from {from} to {to}", subject.interface);
            device.obeys(&*subject.dialect, subject.interface, (&start, before, &after), &about).await;
            pairs += 1;
        }
    }
    pairs
}

/// Generated pairs: each a state, how it looks on the device, and what is wanted.
async fn generated(
    dialect: &dyn Dialect,
    interface: &str,
    complete: impl Fn(InterfaceState, &Beside) -> InterfaceState,
    device_with: impl Fn(&InterfaceState) -> Tree,
) {
    let device = Device::start(dialect.name()).await;
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let pairs = (fields(), fields(), beside());
    let (mut done, mut refused) = (0, 0);
    while done < PAIRS {
        let (a, b, beside) = pairs.new_tree(&mut runner).unwrap().current();
        let before = complete(plausible(a), &beside);
        let mut wanted =
            InterfaceState { other: before.other.clone(), ..complete(plausible(b), &Beside::default()) };
        if dialect.name().starts_with("ios-xe")
            && wanted.channel_group.is_some()
            && wanted.other.iter().all(|other| other.path != "channel-group/mode")
        {
            push(&mut wanted, "channel-group/mode", "active");
        }
        let after = dialect.settle(interface, &before, &wanted);
        // No device has a state that its dialect's check speaks against, and none is sent.
        let fault = [&before, &after].into_iter().any(|state| !dialect.check(interface, state).is_empty());
        if fault {
            refused += 1;
            assert!(refused < 20 * PAIRS, "nearly nothing that is generated passes the check");
            continue;
        }
        done += 1;
        let about = format!("pair {done}");
        device.obeys(dialect, interface, (&device_with(&before), &before, &after), &about).await;
    }
    device.session.close().await.unwrap();
    eprintln!(
        "{}: {done} generated pairs, {refused} not sent because of the dialect's own check",
        dialect.name()
    );
}

/// The nearest state that an interface can have: addresses of hosts on a routed port, a bundle that exists.
fn plausible(mut state: InterfaceState) -> InterfaceState {
    let mut all: Vec<_> = state.ipv4.into_iter().chain(state.ipv4_secondary).collect();
    all.retain(change_model::interface::is_host_address);
    let mut all = all.into_iter();
    state.ipv4 = all.next();
    state.ipv4_secondary = all.collect();
    if state.ipv4.is_some() || !state.ipv6.is_empty() {
        state.switchport = state.switchport.map(|_| false);
    }
    state.channel_group = state.channel_group.map(|group| group % 2 + 1);
    // One of the differences below.
    state.description = state.description.map(|text| text.trim().to_owned());
    state
}

async fn limited(test: impl Future<Output = ()>) {
    assert!(tokio::time::timeout(LIMIT, test).await.is_ok(), "the test took too long");
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_ios_xe_is_taken_and_undone() {
    limited(all_kinds("ios-xe")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_ios_xe_17_2_is_taken_and_undone() {
    limited(all_kinds("ios-xe 17.2")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_ios_xe_up_to_17_1_is_taken_and_undone() {
    limited(all_kinds("ios-xe up to 17.1")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_openconfig_is_taken_and_undone() {
    limited(all_kinds("openconfig")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_ietf_interfaces_is_taken_and_undone() {
    limited(all_kinds("ietf-interfaces")).await;
}

async fn generated_for(shape: Shape) {
    let raw =
        |state: &InterfaceState| state.other.iter().any(|other| other.path == "ip/address/primary/address");
    let complete = |state: InterfaceState, beside: &Beside| {
        let mut state = law_ios_xe::complete(shape, state, beside);
        if raw(&state) {
            state.switchport = state.switchport.map(|_| false);
        }
        state
    };
    let device = |state: &InterfaceState| {
        let mut device = law_ios_xe::device(shape, law_ios_xe::ENTRY, state);
        for name in ["1", "2"] {
            device.put(&format!("ios:native ios:interface ios:Port-channel[name={name}]"), "");
        }
        device
    };
    limited(generated(&IosXe::new(shape), law_ios_xe::PORT, complete, device)).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn generated_writes_of_ios_xe_are_taken_and_undone() {
    generated_for(Shape::From17_4).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn generated_writes_of_ios_xe_17_2_are_taken_and_undone() {
    generated_for(Shape::From17_2).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn generated_writes_of_ios_xe_up_to_17_1_are_taken_and_undone() {
    generated_for(Shape::UpTo17_1).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn generated_writes_of_openconfig_are_taken_and_undone() {
    let dialect = device_dialect::OpenConfig::new(device_dialect::Save::NotNeeded);
    let complete = |state, beside: &Beside| {
        // A sub-interface whose number is only in its key is one that the model does not allow.
        let beside = Beside { dhcp: if beside.dhcp == 2 { 1 } else { beside.dhcp }, ..beside.clone() };
        let mut state = law_openconfig::expressible(state);
        if state.switchport_mode.is_some() {
            (state.ipv4, state.ipv4_secondary, state.ipv6) = (None, Vec::new(), Vec::new());
        }
        let mut state = law_openconfig::complete(state, &beside);
        if !beside.plain {
            push(&mut state, "config/type", "ianaift:ethernetCsmacd");
        }
        state
    };
    let device = |state: &InterfaceState| {
        let mut device = law_openconfig::device(law_openconfig::ENTRY, state);
        crate::kinds::openconfig_neighbours(&mut device);
        device
    };
    limited(generated(&dialect, "Ethernet1", complete, device)).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn generated_writes_of_ietf_interfaces_are_taken_and_undone() {
    let dialect = device_dialect::Ietf::new(device_dialect::Save::NotNeeded);
    let complete = |state, beside: &Beside| law_ietf::complete(law_ietf::expressible(state), beside);
    limited(generated(&dialect, "eth0", complete, law_ietf::device)).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn vlans_are_created_named_and_removed() {
    limited(async {
        let device = Device::start("ios-xe").await;
        let dialect = IosXe::new(Shape::From17_4);
        let states = crate::vlans::states();
        for before in &states {
            for after in &states {
                let about = format!("from {before:?} to {after:?}");
                device.becomes(&crate::vlans::device(before.as_ref()), &about).await;
                let first = device.holds().await;
                device
                    .takes_edit(
                        dialect.write_vlan(before.as_ref(), after.as_ref()).unwrap().as_deref(),
                        &about,
                    )
                    .await;
                let filter = dialect.vlan_filter(Some(VlanId::new(100).unwrap())).unwrap();
                let seen = dialect.read_vlans(&running(&device.session, &filter).await).unwrap();
                assert_eq!(seen.into_iter().next(), *after, "{about}");
                let undo = dialect.write_vlan(after.as_ref(), before.as_ref()).unwrap();
                device.takes_edit(undo.as_deref(), &about).await;
                assert_eq!(device.holds().await, first, "{about}");
            }
        }
        device.session.close().await.unwrap();
    })
    .await;
}
