//! Every (state, event) pair, and what must hold whatever happens in whatever order.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::change::{Change, Evidence, Received, TicketRef};
use crate::event::{Decision, Verdict};
use crate::fixtures;
use crate::name::{ChangeId, Email};
use crate::policy::ApprovalRule;

fn rule() -> ApprovalRule {
    ApprovalRule {
        approvers: vec![email("lead@example.net"), email("cab@example.net")],
        required: 1,
        allow_self_approval: false,
        same_person: vec![vec![email("dev@local.lab"), email("cab@example.net")]],
        expires_after: SignedDuration::from_hours(24),
    }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T02:00:00Z".parse().unwrap()
}

fn received() -> Change {
    let received = Received {
        id: ChangeId::new(uuid::Uuid::from_u128(1)),
        ticket: TicketRef { id: 16, number: "15016".to_owned() },
        title: "Change a port".to_owned(),
        fields: fixtures::fields(),
        requesters: vec![email("network-team@local.lab"), email("dev@local.lab")],
        at: now(),
    };
    Change::receive(received).unwrap().change
}

/// One event of every kind; those that carry an effect once per effect.
fn every_event() -> Vec<Event> {
    let (request, plan) = fixtures::plan();
    let plan = Box::new(plan);
    let approval = || fixtures::approval("lead@example.net", Verdict::Approved, now());
    let why = || "because".to_owned();
    let mut events = vec![
        Event::PlanMade { request: request.clone(), plan: plan.clone() },
        Event::NothingToDo { request, plan, evidence: Evidence::default() },
        Event::RequestInvalid { problems: vec![] },
        Event::CardsSent,
        Event::ApprovalCounted(approval()),
        Event::ApprovalCompleted(approval()),
        Event::Declined(approval()),
        Event::Expired,
        Event::TicketChanged { what: why() },
        Event::BaseUnchanged,
        Event::BaseChanged { what: why() },
        Event::NetboxUpdated,
        Event::NetboxRefused { why: why() },
        Event::EditStarted,
        Event::EditNotMade { why: why() },
        Event::DeviceConfigured { how: why() },
        Event::DeviceRefused { why: why() },
        Event::DeviceUnknown { why: why() },
        Event::DeviceProved { evidence: Evidence::default() },
        Event::DeviceUnsaved { why: why(), evidence: Evidence::default() },
        Event::DeviceDiffers { why: why() },
        Event::NetboxFinished,
        Event::NetboxRestored { left: Vec::new() },
        Event::SettledAsBefore,
        Event::SettledAsIntended,
        Event::SettledOtherwise { why: why() },
        Event::Retried { by: why() },
        Event::Cancelled { by: why() },
    ];
    let effects = [
        Effect::MakePlan,
        Effect::AskApprovers,
        Effect::TellTicket(Note::Pending),
        Effect::TellChat(Note::Closed),
        Effect::Expire,
        Effect::Recheck,
        Effect::UpdateNetbox,
        Effect::ConfigureDevice,
        Effect::ProveDevice,
        Effect::FinishNetbox,
        Effect::RestoreNetbox,
        Effect::SettleDevice,
    ];
    events.extend(effects.map(|effect| Event::GaveUp { effect, why: why() }));
    events
}

#[test]
fn every_pair_of_state_and_event_is_decided_as_written_here() {
    let mut table = String::new();
    for state in STATES {
        for event in every_event() {
            let what = if let Event::GaveUp { effect, .. } = &event {
                format!("gave_up({})", effect.name())
            } else {
                event.name().to_owned()
            };
            if let Ok((next, effects)) = state.on(&event) {
                table.push_str(&format!("{state} + {what} -> {next} {effects:?}\n"));
            }
        }
    }
    insta::assert_snapshot!("every_step", table);
}

#[test]
fn a_state_that_ended_takes_nothing() {
    for state in [State::Closed, State::Denied, State::Expired, State::Superseded] {
        for event in every_event() {
            assert!(state.on(&event).is_err(), "{state} {}", event.name());
        }
    }
}

fn pending() -> Change {
    let (request, plan) = fixtures::plan();
    let event = Event::PlanMade { request, plan: Box::new(plan) };
    received().on(&event, &rule(), now()).unwrap().change
}

fn decision(by: &str, change: &Change) -> Decision {
    Decision {
        by: email(by),
        also: Vec::new(),
        verdict: Verdict::Approved,
        digest: change.digest.as_ref().unwrap().to_string(),
        via: "card".to_owned(),
        comment: String::new(),
    }
}

#[test]
fn only_listed_approvers_count_and_never_the_requester() {
    let change = pending();
    let judge = |by: &str| change.judge(&decision(by, &change), &rule(), now());
    assert!(matches!(judge("Lead@Example.net"), Ok(Event::ApprovalCompleted(_))));
    assert!(matches!(judge("guest@example.net"), Err(crate::NotCounted::NotAnApprover(_))));
    // cab@example.net is the same person as dev@local.lab, who typed the ticket in.
    assert!(matches!(judge("cab@example.net"), Err(crate::NotCounted::OwnChange(_))));
}

#[test]
fn a_person_with_several_addresses_is_one_person() {
    let mut change = pending();
    change.rule = Some(ApprovalRule { required: 2, same_person: vec![], ..rule() });
    let also = |also: &str| Decision { also: vec![email(also)], ..decision("cab@example.net", &change) };
    let judge = |change: &Change, by: &Decision| change.judge(by, change.rule.as_ref().unwrap(), now());
    assert!(matches!(judge(&change, &also("cab@example.org")), Ok(Event::ApprovalCounted(_))));
    assert!(matches!(judge(&change, &also("dev@local.lab")), Err(crate::NotCounted::OwnChange(_))));
    let by_lead = fixtures::approval("lead@example.net", Verdict::Approved, now());
    let decided = Change { approvals: vec![by_lead], ..change.clone() };
    assert!(matches!(judge(&decided, &also("lead@example.net")), Err(crate::NotCounted::Already(_))));
}

#[test]
fn a_decision_counts_only_while_the_rule_is_the_one_under_which_was_asked() {
    let (change, now) = (pending(), now());
    let judge = |today: &ApprovalRule| change.judge(&decision("lead@example.net", &change), today, now);
    let others = [
        ApprovalRule { approvers: vec![email("cab@example.net")], ..rule() },
        ApprovalRule { approvers: [rule().approvers, vec![email("new@example.net")]].concat(), ..rule() },
        ApprovalRule { required: rule().required + 1, ..rule() },
        ApprovalRule { allow_self_approval: !rule().allow_self_approval, ..rule() },
        ApprovalRule { same_person: vec![], ..rule() },
    ];
    for other in &others {
        assert_eq!(judge(other), Err(crate::NotCounted::OtherRule), "{other:?}");
    }
    let mut same = ApprovalRule { expires_after: rule().expires_after * 2, ..rule() };
    same.approvers.reverse();
    assert!(judge(&same).is_ok(), "the same persons decide");
}

#[test]
fn approvals_on_record_suffice_only_by_the_rule_of_today() {
    let mut change = pending();
    let open = ApprovalRule { same_person: vec![], ..rule() };
    assert!(!change.is_approved_by(&open));
    change.approvals = vec![fixtures::approval("lead@example.net", Verdict::Approved, now())];
    assert!(change.is_approved_by(&open));
    let without = ApprovalRule { approvers: vec![email("cab@example.net")], ..open.clone() };
    assert!(!change.is_approved_by(&without));
    let two = ApprovalRule { required: 2, ..open };
    assert!(!change.is_approved_by(&two));
    change.approvals.push(fixtures::approval("cab@example.net", Verdict::Declined, now()));
    assert!(!change.is_approved_by(&two));
    change.approvals.push(fixtures::approval("cab@example.net", Verdict::Approved, now()));
    assert!(change.is_approved_by(&two));
    // By this one, they are the person who asked.
    assert!(!change.is_approved_by(&ApprovalRule { required: 2, ..rule() }));
}

#[test]
fn an_approval_is_bound_to_the_digest_of_the_plan() {
    let change = pending();
    let other =
        Decision { digest: format!("sha256:{}", "0".repeat(64)), ..decision("lead@example.net", &change) };
    assert_eq!(change.judge(&other, &rule(), now()), Err(crate::NotCounted::OtherPlan));
}

#[test]
fn an_approval_after_the_time_is_over_does_not_count() {
    let change = pending();
    let late = change.expires_at.unwrap();
    assert_eq!(
        change.judge(&decision("lead@example.net", &change), &rule(), late),
        Err(crate::NotCounted::TooLate)
    );
}

#[test]
fn two_are_needed_where_the_rule_says_so_and_one_person_is_one() {
    let mut change = pending();
    let two = ApprovalRule { required: 2, same_person: vec![], ..rule() };
    change.rule = Some(two.clone());
    let first = change.judge(&decision("lead@example.net", &change), &two, now()).unwrap();
    assert!(matches!(first, Event::ApprovalCounted(_)));
    let change = change.on(&first, &two, now()).unwrap().change;
    assert!(matches!(
        change.judge(&decision("lead@example.net", &change), &two, now()),
        Err(crate::NotCounted::Already(_))
    ));
    assert!(matches!(
        change.judge(&decision("cab@example.net", &change), &two, now()),
        Ok(Event::ApprovalCompleted(_))
    ));
}

#[test]
fn nothing_is_closed_without_proof_from_the_device() {
    let mut change = pending();
    change.state = State::Verifying;
    assert!(change.on(&Event::NetboxFinished, &rule(), now()).is_err());
    let evidence = Evidence { device_matches: true, ..Evidence::default() };
    let proved = change.on(&Event::DeviceProved { evidence }, &rule(), now()).unwrap().change;
    assert_eq!(proved.on(&Event::NetboxFinished, &rule(), now()).unwrap().change.state, State::Closed);
}

#[test]
fn an_undo_is_a_new_change_that_needs_its_own_approval() {
    let mut change = pending();
    assert!(
        change.undo(ChangeId::new(uuid::Uuid::from_u128(2)), None, now()).is_none(),
        "only what is closed can be undone"
    );
    change.state = State::Closed;
    change.approvals.push(fixtures::approval("lead@example.net", Verdict::Approved, now()));
    let undo = change.undo(ChangeId::new(uuid::Uuid::from_u128(2)), None, now()).unwrap().change;
    assert_eq!((undo.state, undo.approvals.len(), undo.plan.as_ref()), (State::Received, 0, None));
    let restores = undo.restores.unwrap();
    assert_eq!((restores.of, restores.device), (change.id, change.plan.unwrap().device_before));
}

#[test]
fn a_change_of_unknown_outcome_can_be_withdrawn_until_it_is_settled() {
    let mut change = pending();
    change.state = State::Configuring;
    let unknown = Event::DeviceUnknown { why: "cut".to_owned() };
    let change = change.on(&unknown, &rule(), now()).unwrap().change;
    let withdraw = Event::Cancelled { by: "ops".to_owned() };
    let withdrawn = change.on(&withdraw, &rule(), now()).unwrap().change;
    assert_eq!(
        (withdrawn.state, withdrawn.error.as_deref()),
        (State::AttentionRequired, Some("cut; withdrawn by ops"))
    );
    assert_eq!(withdrawn.aftermath.device, crate::change::Known::Unknown);
    let settled = change.on(&Event::SettledAsBefore, &rule(), now()).unwrap().change;
    assert!(settled.on(&withdraw, &rule(), now()).is_err(), "it is being put back, and ends by itself");
    let retried =
        |change: &Change| change.on(&Event::Retried { by: "ops".to_owned() }, &rule(), now()).unwrap();
    assert_eq!(retried(&change).effects, [Effect::SettleDevice]);
    assert_eq!(retried(&settled).effects, [], "what it has is known, and is not read again");
}

#[test]
fn an_undo_does_nothing_that_a_ticket_may_not_do() {
    let mut change = pending();
    change.state = State::Closed;
    let created = crate::truth::AddressChange::Create { address: "127.0.0.1/24".to_owned() };
    change.plan.as_mut().unwrap().truth.addresses.push(created);
    let restore = crate::undo::Restore::of(&change).unwrap();
    let (mut truth, mut policy) = (fixtures::truth(), crate::policy::Policy::default());
    assert_eq!(truth.problems_of_undo(&restore, &policy), []);
    policy.protected_interfaces.push(restore.request.interface.clone());
    truth.interface.as_mut().unwrap().mgmt_only = true;
    truth.device_addresses.push(crate::truth::TruthAddress {
        id: 1,
        address: "127.0.0.1/24".to_owned(),
        interface_id: Some(5),
        holder: "c9300".to_owned(),
    });
    let problems = truth.problems_of_undo(&restore, &policy);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for (problem, part) in told.iter().zip(["is protected", "for management only", "the primary address of"])
    {
        assert!(problem.contains(part), "{part}: {told:?}");
    }
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn a_retry_voids_old_approvals() {
    let mut change = pending();
    change.state = State::AttentionRequired;
    change.approvals.push(fixtures::approval("lead@example.net", Verdict::Approved, now()));
    let retried = change.on(&Event::Retried { by: "ops".to_owned() }, &rule(), now()).unwrap();
    assert_eq!(
        (retried.change.state, retried.change.approvals.len(), retried.change.round),
        (State::Received, 0, 2)
    );
    assert_eq!(retried.effects, [Effect::MakePlan]);
}

proptest! {
    /// Whatever arrives in whatever order: nothing touches a device before approval and comparison, and nothing is closed without proof.
    #[test]
    fn any_order_of_events_keeps_the_promises(picks in proptest::collection::vec(0usize..39, 0..40)) {
        let events = every_event();
        let mut state = State::Received;
        let (mut approved, mut compared, mut proved, mut finished) = (false, false, false, false);
        for pick in picks {
            let event = &events[pick % events.len()];
            let Ok((next, effects)) = state.on(event) else { continue };
            approved |= matches!(event, Event::ApprovalCompleted(_));
            compared |= matches!(event, Event::BaseUnchanged);
            proved |= matches!(event, Event::DeviceProved { .. } | Event::NothingToDo { .. });
            finished |= matches!(event, Event::NetboxFinished | Event::NothingToDo { .. });
            if matches!(event, Event::Retried { .. }) && next == State::Received {
                (approved, compared, proved, finished) = (false, false, false, false);
            }
            for effect in effects {
                if matches!(effect, Effect::UpdateNetbox | Effect::ConfigureDevice | Effect::ProveDevice) {
                    prop_assert!(approved && compared, "{effect:?} after {event:?}");
                }
            }
            prop_assert!(next != State::Closed || state == State::Closed || finished && (proved || state == State::Verifying));
            state = next;
        }
    }
}
