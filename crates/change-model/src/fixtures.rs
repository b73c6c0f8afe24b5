//! A plan and its parts for this crate's tests.

use jiff::Timestamp;
use serde_json::json;

use crate::change::{Approval, TicketRef};
use crate::event::Verdict;
use crate::interface::InterfaceState;
use crate::name::Email;
use crate::plan::{Edits, Plan, PlanInputs};
use crate::policy::Policy;
use crate::request::{ChangeRequest, RequestDraft, TicketFields};
use crate::suffix::suffix;
use crate::truth::{Truth, TruthDevice, TruthInterface, TruthValues, VlanRow};
use crate::vlan::VlanId;

pub(crate) fn fields() -> TicketFields {
    serde_json::from_value(json!({
        "network_device_name": "c9300", "network_interface_name": "GigabitEthernet1/0/5", "network_interface_enabled": true,
        "network_interface_description": "Configured from the ticket system!", "network_interface_mtu": 2000,
        "network_interface_ip4_address": "", "network_switchport_mode_and_vlan": "access:100:"
    }))
    .unwrap()
}

pub(crate) fn truth() -> Truth {
    let vlan = VlanId::new(100).unwrap();
    Truth {
        device: Some(TruthDevice {
            id: 1,
            name: "c9300".parse().unwrap(),
            site: "Lab".to_owned(),
            primary_ip4: Some("127.0.0.1".parse().unwrap()),
            primary_ip4_id: Some(1),
        }),
        interface: Some(TruthInterface {
            id: 5,
            mgmt_only: false,
            values: TruthValues { enabled: true, ..TruthValues::default() },
            last_updated: "2026-11-24T02:12:55.029929Z".to_owned(),
        }),
        vlans: [(vlan, VlanRow { id: 7, vid: vlan })].into(),
        device_addresses: vec![],
        same_address: vec![],
    }
}

pub(crate) fn plan() -> (ChangeRequest, Plan) {
    let ticket = TicketRef { id: 16, number: "15016".to_owned() };
    let request =
        RequestDraft::read(&fields(), &Policy::default(), &suffix(&ticket.number)).finish().unwrap();
    let before = InterfaceState { enabled: true, ..InterfaceState::default() };
    let after = request.settings.applied_to(&before, &suffix(&ticket.number), 200);
    let inputs = PlanInputs {
        ticket: &ticket,
        request: &request,
        ticket_fingerprint: crate::digest::digest(&fields()).unwrap(),
        truth: &truth(),
        truth_change: truth().change(&request.settings).unwrap(),
        device_before: &before,
        device_after: &after,
        edits: Edits { edit: "<config/>".to_owned(), inverse: "<config/>".to_owned() },
        saves: true,
    };
    let plan = Plan::make(inputs).unwrap();
    (request, plan)
}

pub(crate) fn approval(by: &str, decision: Verdict, at: Timestamp) -> Approval {
    let digest = plan().1.digest().unwrap();
    Approval {
        by: Email::parse(by).unwrap(),
        decision,
        at,
        digest,
        via: "card".to_owned(),
        comment: String::new(),
    }
}
