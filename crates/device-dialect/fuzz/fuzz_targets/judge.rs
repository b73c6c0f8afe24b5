//! What must hold for any reply, whatever a device sends.

use change_model::interface::InterfaceState;
use change_model::vlan::VlanId;
use device_dialect::{Dialect, Ietf, IosXe, OpenConfig, Save, Shape};

/// The names under which a reply is looked at: a port, a sub-interface, an interface that is one number.
const NAMES: [&str; 3] = ["GigabitEthernet1/0/5", "GigabitEthernet1/0/5.100", "Vlan100"];

fn dialects() -> [Box<dyn Dialect>; 5] {
    [
        Box::new(IosXe::new(Shape::From17_4)),
        Box::new(IosXe::new(Shape::From17_2)),
        Box::new(IosXe::new(Shape::UpTo17_1)),
        Box::new(OpenConfig::new(Save::NotNeeded)),
        Box::new(Ietf::new(Save::NotNeeded)),
    ]
}

/// Reads the reply with every dialect: nothing panics; what is read writes nothing when compared with itself; and what is written from it to
/// a state that somebody asked for, and back, is XML.
pub fn judge(reply: &str) {
    for dialect in dialects() {
        let _ = dialect.adapted(reply);
        for name in NAMES {
            let _ = dialect.read_operational(reply, name);
            let Ok(Some(state)) = dialect.read(reply, name) else { continue };
            assert_eq!(dialect.write(name, &state, &state), Ok(None), "{name} on {}: {state:#?}", dialect.name());
            let _ = dialect.check(name, &state);
            asked(&*dialect, name, &state);
        }
        vlans(&*dialect, reply);
    }
}

fn asked(dialect: &dyn Dialect, name: &str, state: &InterfaceState) {
    let wanted = InterfaceState {
        enabled: !state.enabled,
        description: Some("<asked> & \"for\"".to_owned()),
        ipv4: "192.0.2.1/24".parse().ok(),
        switchport_mode: None,
        ..state.clone()
    };
    let after = dialect.settle(name, state, &wanted);
    assert_eq!(dialect.settle(name, state, &after), after, "settled twice, {name} on {}", dialect.name());
    for edit in [dialect.write(name, state, &after), dialect.inverse(name, state, &after)] {
        if let Ok(Some(edit)) = edit {
            roxmltree::Document::parse(&edit).unwrap();
        }
    }
}

fn vlans(dialect: &dyn Dialect, reply: &str) {
    let Ok(vlans) = dialect.read_vlans(reply) else { return };
    for vlan in &vlans {
        assert_eq!(dialect.write_vlan(Some(vlan), Some(vlan)), Ok(None), "{vlan:?}");
        assert!(VlanId::new(vlan.id.get()).is_ok());
    }
}
