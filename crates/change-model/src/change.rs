//! The record of one change, and how an event alters it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Decision, Effect, Event, Verdict};
use crate::name::{ChangeId, DeviceName, Email, InterfaceName, PlanDigest};
use crate::plan::Plan;
use crate::policy::ApprovalRule;
use crate::request::{ChangeRequest, DEVICE_FIELD, Problem, TicketFields};
use crate::state::{Refusal, State};
use crate::undo::Restore;

/// The ticket of a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TicketRef {
    /// Row id in the ticket system, used in its URLs.
    pub id: u64,
    /// The number that people read.
    pub number: String,
}

/// Everything known of one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// Where it stands.
    pub state: State,
    /// Counts its events; a write is conditional on it.
    pub version: u64,
    /// Counts its plans: 1 for the first.
    pub round: u32,
    /// The ticket.
    pub ticket: TicketRef,
    /// The ticket's title.
    pub title: String,
    /// The fields that describe the change, as read from the ticket.
    pub fields: TicketFields,
    /// Digest of those fields.
    pub ticket_fingerprint: PlanDigest,
    /// Those who may not approve: the ticket's customer first, then who typed it in.
    pub requesters: Vec<Email>,
    /// What it leads back to, where it undoes another change.
    #[serde(default)]
    pub restores: Option<Restore>,
    /// The request, once understood.
    pub request: Option<ChangeRequest>,
    /// The plan, once made.
    pub plan: Option<Plan>,
    /// The plan's digest.
    pub digest: Option<PlanDigest>,
    /// The rule under which the plan is approved.
    pub rule: Option<ApprovalRule>,
    /// Decisions that count.
    pub approvals: Vec<Approval>,
    /// When the wait for approval ends.
    pub expires_at: Option<Timestamp>,
    /// The edit was about to be sent: from here on only reading tells what the device has.
    pub edit_started: bool,
    /// How the device was configured.
    pub how: Option<String>,
    /// The proof.
    pub evidence: Evidence,
    /// Whether the device runs what was asked for, which is proved, but did not save it.
    #[serde(default)]
    pub unsaved: bool,
    /// What is wrong with the request.
    pub problems: Vec<Problem>,
    /// Why it failed, in words for the requester.
    pub error: Option<String>,
    /// What is known of device and source of truth when it failed.
    pub aftermath: Aftermath,
    /// When it was received.
    pub received_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One decision that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: Email,
    /// Yes or no.
    pub decision: Verdict,
    /// When.
    pub at: Timestamp,
    /// Of which plan.
    pub digest: PlanDigest,
    /// Through what.
    pub via: String,
    /// What the person wrote.
    #[serde(default)]
    pub comment: String,
}

/// The proof that the change is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The running configuration, read by a fresh session, equals the intent.
    pub device_matches: bool,
    /// The startup configuration is saved.
    pub saved: bool,
    /// The source of truth equals the intent.
    pub netbox_matches: bool,
    /// The interface's running configuration as it was read, canonical XML.
    pub running: String,
    /// What the device said when it saved.
    pub save_reply: String,
    /// The session that read it.
    pub session_id: Option<u32>,
}

/// What is known of the two systems after a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Aftermath {
    /// The device.
    pub device: Known,
    /// The source of truth.
    pub netbox: Known,
}

/// What is known of a system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// As before the change.
    #[default]
    AsBefore,
    /// As the change wants it.
    AsIntended,
    /// Not known.
    Unknown,
}

/// Why a decision does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotCounted {
    /// Not one of the approvers.
    #[error("{0} is not one of the approvers")]
    NotAnApprover(Email),
    /// The requester.
    #[error("{0} asked for this change, and nobody approves their own")]
    OwnChange(Email),
    /// The card showed another plan.
    #[error(
        "the decision was made on another plan than the one that stands now: look at that one and decide again"
    )]
    OtherPlan,
    /// The rule is another by now.
    #[error("who may approve was changed in the settings after this was asked")]
    OtherRule,
    /// The same person again.
    #[error("{0} has decided already")]
    Already(Email),
    /// Too late.
    #[error("the time to decide is over")]
    TooLate,
    /// No decision is waited for.
    #[error("the change is {0}, no decision is waited for")]
    NotPending(State),
}

/// What comes of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The change after it.
    pub change: Change,
    /// What shall be done.
    pub effects: Vec<Effect>,
}

/// What a new change starts from.
#[derive(Debug, Clone)]
pub struct Received {
    /// Id, made by the caller.
    pub id: ChangeId,
    /// The ticket.
    pub ticket: TicketRef,
    /// Its title.
    pub title: String,
    /// Its fields that describe the change.
    pub fields: TicketFields,
    /// Customer first, then who typed it in.
    pub requesters: Vec<Email>,
    /// When.
    pub at: Timestamp,
}

impl Change {
    /// A change that was just received. Its first effect is [`Effect::MakePlan`].
    ///
    /// # Errors
    /// When the fields do not go into JSON.
    pub fn receive(received: Received) -> Result<Transition, serde_json::Error> {
        let change = Self {
            id: received.id,
            state: State::Received,
            version: 1,
            round: 1,
            ticket: received.ticket,
            title: received.title,
            ticket_fingerprint: crate::digest::digest(&received.fields)?,
            fields: received.fields,
            requesters: received.requesters,
            restores: None,
            request: None,
            plan: None,
            digest: None,
            rule: None,
            approvals: Vec::new(),
            expires_at: None,
            edit_started: false,
            how: None,
            evidence: Evidence::default(),
            unsaved: false,
            problems: Vec::new(),
            error: None,
            aftermath: Aftermath::default(),
            received_at: received.at,
            updated_at: received.at,
        };
        Ok(Transition { change, effects: vec![Effect::MakePlan] })
    }

    /// A new change that leads back to what this one found; `None` for one that changed nothing or is not closed.
    #[must_use]
    pub fn undo(&self, id: ChangeId, by: Option<Email>, at: Timestamp) -> Option<Transition> {
        let restores = Some(Restore::of(self)?);
        // Who asks for the undo may not approve it, as with any other change.
        let requesters = by.into_iter().chain(self.requesters.iter().cloned()).collect();
        let mut change =
            Self { id, restores, requesters, version: 1, received_at: at, updated_at: at, ..self.clone() };
        change.state = State::AttentionRequired;
        change.retried();
        change.round = 1;
        change.state = State::Received;
        Some(Transition { change, effects: vec![Effect::MakePlan] })
    }

    /// The device, once the request is understood.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceName> {
        self.request.as_ref().map(|request| &request.device)
    }

    /// The device that the change is about, as far as it is known: before the request is understood, the one its ticket names.
    #[must_use]
    pub fn names_device(&self) -> Option<DeviceName> {
        let restored = || self.restores.as_ref().map(|restore| restore.request.device.clone());
        let named = || self.fields.get(DEVICE_FIELD)?.as_str()?.trim().parse().ok();
        self.device().cloned().or_else(restored).or_else(named)
    }

    /// The interface, once the request is understood.
    #[must_use]
    pub fn interface(&self) -> Option<&InterfaceName> {
        self.request.as_ref().map(|request| &request.interface)
    }

    /// Whether a decision counts, and what event it is. `today` is the rule that holds now: where it is not the one under which the plan was
    /// made, nothing counts, and the plan is to be made and asked about anew.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn judge(
        &self,
        decision: &Decision,
        today: &ApprovalRule,
        now: Timestamp,
    ) -> Result<Event, NotCounted> {
        let (State::PendingApproval, Some(rule), Some(digest)) = (self.state, &self.rule, &self.digest)
        else {
            return Err(NotCounted::NotPending(self.state));
        };
        let by = &decision.by;
        if !rule.is_approver(by) {
            return Err(NotCounted::NotAnApprover(by.clone()));
        }
        let is_theirs =
            |email: &Email| decision.also.iter().chain([by]).any(|theirs| rule.is_same_person(email, theirs));
        let own = self.requesters.iter().any(is_theirs);
        if own && !rule.allow_self_approval && decision.verdict == Verdict::Approved {
            return Err(NotCounted::OwnChange(by.clone()));
        }
        if !rule.decides_as(today) {
            return Err(NotCounted::OtherRule);
        }
        if decision.digest != digest.as_str() {
            return Err(NotCounted::OtherPlan);
        }
        if self.expires_at.is_some_and(|end| now >= end) {
            return Err(NotCounted::TooLate);
        }
        if self.approvals.iter().any(|earlier| is_theirs(&earlier.by))
            && decision.verdict == Verdict::Approved
        {
            return Err(NotCounted::Already(by.clone()));
        }
        let approval = Approval {
            by: by.clone(),
            decision: decision.verdict,
            at: now,
            digest: digest.clone(),
            via: decision.via.clone(),
            comment: decision.comment.clone(),
        };
        Ok(match decision.verdict {
            Verdict::Declined => Event::Declined(approval),
            Verdict::Approved if self.approvals.len() + 1 >= rule.required => {
                Event::ApprovalCompleted(approval)
            }
            Verdict::Approved => Event::ApprovalCounted(approval),
        })
    }

    /// Whether the approvals on record are as many as a rule asks for, from persons who may give them by that rule.
    #[must_use]
    pub fn is_approved_by(&self, rule: &ApprovalRule) -> bool {
        let own = |who: &Email| self.requesters.iter().any(|requester| rule.is_same_person(requester, who));
        let counts = |who: &&Email| rule.is_approver(who) && (rule.allow_self_approval || !own(who));
        let given = self.approvals.iter().filter(|approval| approval.decision == Verdict::Approved);
        let approvers = given.map(|approval| &approval.by).filter(counts).cloned().collect();
        ApprovalRule { approvers, ..rule.clone() }.persons() >= rule.required
    }

    /// Whether the device runs what was asked for, which is proved, and only could not save it.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.state == State::AttentionRequired && self.unsaved
    }

    /// What it means that an effect was given up. An edit that never started left the device as it was; one that did may have got through.
    #[must_use]
    pub fn given_up(&self, effect: &Effect, why: String) -> Event {
        if *effect == Effect::ConfigureDevice && !self.edit_started {
            return Event::DeviceRefused { why };
        }
        Event::GaveUp { effect: effect.clone(), why }
    }

    /// The change after an event, and what shall be done. `rule` is taken over when a plan is made.
    ///
    /// # Errors
    /// When the event does not belong to the state; also when a change would be closed that the device was not proved to have, or one
    /// withdrawn whose outcome is known by now.
    pub fn on(&self, event: &Event, rule: &ApprovalRule, now: Timestamp) -> Result<Transition, Refusal> {
        let unproved = matches!(event, Event::NetboxFinished) && !self.evidence.device_matches;
        // What was settled is being put back, and comes to its end by itself.
        let settled = self.state == State::Indeterminate && self.aftermath.device != Known::Unknown;
        if unproved || settled && matches!(event, Event::Cancelled { .. }) {
            return Err(Refusal { state: self.state, event: event.name() });
        }
        let (state, mut effects) = self.state.on(event)?;
        if settled && matches!(event, Event::Retried { .. }) {
            effects.clear();
        }
        let mut change = self.clone();
        change.record(event, rule, now);
        change.state = state;
        change.version += 1;
        change.updated_at = now;
        Ok(Transition { change, effects })
    }

    fn record(&mut self, event: &Event, rule: &ApprovalRule, now: Timestamp) {
        match event {
            Event::PlanMade { request, plan } => {
                self.plan_made(request, plan);
                self.rule = Some(rule.clone());
                self.expires_at = now.checked_add(rule.expires_after).ok();
            }
            Event::NothingToDo { request, plan, evidence } => {
                self.plan_made(request, plan);
                self.evidence = evidence.clone();
            }
            Event::RequestInvalid { problems } => self.problems.clone_from(problems),
            Event::ApprovalCounted(approval)
            | Event::ApprovalCompleted(approval)
            | Event::Declined(approval) => {
                self.approvals.push(approval.clone());
            }
            Event::EditStarted => self.edit_started = true,
            Event::EditNotMade { .. } => self.edit_started = false,
            Event::DeviceConfigured { how } => {
                self.how = Some(how.clone());
                self.aftermath.device = Known::AsIntended;
            }
            Event::NetboxUpdated => self.aftermath.netbox = Known::AsIntended,
            Event::DeviceProved { evidence } => self.evidence = evidence.clone(),
            Event::DeviceUnsaved { why, evidence } => {
                self.evidence = evidence.clone();
                self.unsaved = true;
                self.error = Some(why.clone());
            }
            Event::NetboxFinished => self.evidence.netbox_matches = true,
            Event::NetboxRestored { left } => {
                self.aftermath.netbox = Known::AsBefore;
                left.iter().for_each(|left| self.add_error(left));
            }
            Event::SettledAsBefore => self.aftermath.device = Known::AsBefore,
            Event::SettledAsIntended => {
                self.aftermath.device = Known::AsIntended;
                self.error = None;
            }
            Event::DeviceRefused { why } => {
                self.aftermath.device = Known::AsBefore;
                self.error = Some(why.clone());
            }
            Event::BaseChanged { what } | Event::TicketChanged { what } => self.error = Some(what.clone()),
            Event::NetboxRefused { why } => {
                self.aftermath.netbox = Known::Unknown;
                self.error = Some(why.clone());
            }
            Event::DeviceUnknown { why } | Event::DeviceDiffers { why } | Event::SettledOtherwise { why } => {
                self.aftermath.device = Known::Unknown;
                self.error = Some(why.clone());
            }
            Event::GaveUp { effect, why } => self.gave_up(effect, why),
            Event::Retried { .. } => self.retried(),
            Event::Cancelled { by } => {
                self.error = self.error.take().filter(|_| self.state == State::Indeterminate);
                self.add_error(&format!("withdrawn by {by}"));
            }
            Event::CardsSent | Event::Expired | Event::BaseUnchanged => {}
        }
    }

    fn plan_made(&mut self, request: &ChangeRequest, plan: &Plan) {
        self.request = Some(request.clone());
        self.digest = plan.digest().ok();
        self.plan = Some(plan.clone());
    }

    fn gave_up(&mut self, effect: &Effect, why: &str) {
        match effect {
            // What could not be told is kept with the effect itself; it says nothing about the change.
            Effect::TellTicket(_) | Effect::TellChat(_) | Effect::Expire => return,
            Effect::UpdateNetbox | Effect::RestoreNetbox | Effect::FinishNetbox => {
                self.aftermath.netbox = Known::Unknown
            }
            Effect::ConfigureDevice | Effect::ProveDevice | Effect::SettleDevice => {
                self.aftermath.device = Known::Unknown
            }
            Effect::MakePlan | Effect::AskApprovers | Effect::Recheck => {}
        }
        self.add_error(why);
    }

    /// What is wrong beside what is on record already.
    fn add_error(&mut self, why: &str) {
        let earlier = self.error.take().map(|error| format!("{error}; ")).unwrap_or_default();
        self.error = Some(format!("{earlier}{why}"));
    }

    /// A change that is tried again after it stopped starts from nothing: approvals of the old plan do not count.
    fn retried(&mut self) {
        if self.state != State::AttentionRequired {
            return;
        }
        self.round += 1;
        self.request = None;
        self.plan = None;
        self.digest = None;
        self.approvals.clear();
        self.expires_at = None;
        self.edit_started = false;
        self.how = None;
        self.evidence = Evidence::default();
        self.unsaved = false;
        self.problems.clear();
        self.error = None;
        self.aftermath = Aftermath::default();
    }
}
