//! Notes on the ticket: HTML by a template that escapes every value.

use askama::Template;
use change_model::change::Known;
use change_model::{Approval, Change, DiffLine, Note, Plan, Verdict};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::effects::EffectError;
use crate::settings::Settings;

#[derive(Template)]
#[template(path = "notes/note.html")]
struct NotePage<'a> {
    headline: String,
    lines: Vec<String>,
    problems: Vec<String>,
    diff: Vec<DiffLine>,
    evidence: Vec<String>,
    running: &'a str,
    link: String,
}

/// Subject of a note.
pub(crate) fn subject(told: Note) -> &'static str {
    match told {
        Note::Pending => "Pending approval",
        Note::Approved => "Approved",
        Note::Closed => "SUCCESS",
        Note::NothingToDo => "Nothing to do",
        Note::Declined => "Declined",
        Note::Expired => "Expired",
        Note::Attention => "Attention required",
        Note::Indeterminate => "Outcome unknown",
        Note::Unsettled => "Outcome unknown: a person must look",
        Note::Superseded => "Superseded",
        Note::Cancelled => "Withdrawn",
    }
}

/// Body of a note.
pub(crate) fn body(change: &Change, told: Note, settings: &Settings) -> Result<String, EffectError> {
    let page = NotePage {
        headline: headline(change, told),
        lines: lines(change, told, settings),
        problems: if told == Note::Attention {
            change.problems.iter().map(ToString::to_string).collect()
        } else {
            Vec::new()
        },
        diff: match told {
            Note::Pending | Note::Closed => change.plan.as_ref().map(Plan::diff).unwrap_or_default(),
            Note::Approved
            | Note::NothingToDo
            | Note::Declined
            | Note::Expired
            | Note::Attention
            | Note::Indeterminate
            | Note::Unsettled
            | Note::Superseded
            | Note::Cancelled => Vec::new(),
        },
        evidence: if matches!(told, Note::Closed | Note::NothingToDo) {
            evidence(change)
        } else {
            Vec::new()
        },
        running: if told == Note::Closed { &change.evidence.running } else { "" },
        link: link(change, settings),
    };
    page.render().map_err(|error| EffectError::never(format!("the note cannot be written: {error}")))
}

fn headline(change: &Change, told: Note) -> String {
    let port = match (change.device(), change.interface()) {
        (Some(device), Some(interface)) => format!("{device} {interface}"),
        _ => "the requested port".to_owned(),
    };
    match told {
        Note::Pending if change.restores.is_some() => {
            format!("An undo of the change of {port} was asked for and is pending approval.")
        }
        Note::Pending => format!("Your change request for {port} has been received and is pending approval."),
        Note::Approved => format!("The change of {port} is approved and is being applied."),
        Note::Closed if change.restores.is_some() => {
            format!("SUCCESS: {port} is led back to what it was before the change, and it is proved.")
        }
        Note::Closed => format!("SUCCESS: {port} is configured as requested, and it is proved."),
        Note::NothingToDo => {
            format!("SUCCESS: nothing to do. {port} already is as requested, on the switch and in NetBox.")
        }
        Note::Declined => format!("The change of {port} was declined. Nothing was changed."),
        Note::Expired => format!("Nobody decided about the change of {port} in time. Nothing was changed."),
        Note::Attention if !change.problems.is_empty() => {
            "This request cannot be carried out as it is. Nothing was changed.".to_owned()
        }
        Note::Attention => format!("The change of {port} was not completed."),
        Note::Indeterminate => format!("The outcome of the change of {port} is unknown."),
        Note::Unsettled => {
            format!(
                "The outcome of the change of {port} is unknown, and reading the switch did not settle it."
            )
        }
        Note::Superseded => {
            format!("The plan for {port} is void. Nothing was changed.")
        }
        Note::Cancelled => format!("The change of {port} was withdrawn. Nothing was changed."),
    }
}

/// What helps where everything is done but the last step on the switch.
const SAVE_AGAIN: &str = "Once the switch can save, set the ticket to open again: what runs is then proved anew, saved, and the ticket closed.";

fn lines(change: &Change, told: Note, settings: &Settings) -> Vec<String> {
    let mut lines = Vec::new();
    match told {
        Note::Pending => {
            lines.push(asked(settings));
            lines.extend(own(change, settings));
            lines.extend(change.expires_at.map(|end| format!("Waiting until {}.", time(end))));
            lines.extend(change.plan.as_ref().map(|plan| format!("Risk: {}.", risk(plan))));
        }
        Note::Approved | Note::Declined => lines.extend(change.approvals.iter().map(decision)),
        Note::Closed => {
            lines.extend(change.approvals.iter().map(decision));
            lines.extend(change.how.iter().map(|how| format!("Configured: {how}.")));
            lines.push(format!("Time taken: {}.", taken(change)));
        }
        Note::NothingToDo => {}
        Note::Expired => lines.push("Set the ticket to open to ask again.".to_owned()),
        Note::Superseded => {
            lines.extend(change.error.iter().map(|error| format!("What was noticed: {}", sentence(error))));
            lines.push(how_to_go_on(change, told));
        }
        Note::Cancelled => {
            lines.extend(change.error.iter().map(|error| sentence(error)));
            lines.push(how_to_go_on(change, told));
        }
        Note::Attention | Note::Indeterminate | Note::Unsettled => {
            lines.extend(change.error.iter().map(|error| format!("What happened: {}", sentence(error))));
            lines.push(aftermath(change));
            lines.push(how_to_go_on(change, told));
        }
    }
    lines
}

/// Servers end some of their messages as sentences, and some not.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

fn asked(settings: &Settings) -> String {
    let approvers: Vec<&str> = settings.approval.approvers.iter().map(change_model::Email::as_str).collect();
    format!("Approvers: {} ({} needed).", approvers.join(", "), settings.approval.required)
}

/// Approvers who asked for the change themselves, which nobody else may find out by pressing a button.
fn own(change: &Change, settings: &Settings) -> Option<String> {
    let rule = &settings.approval;
    let asks = |who: &&change_model::Email| {
        change.requesters.iter().any(|requester| rule.is_same_person(requester, who))
    };
    let own: Vec<&str> = rule.approvers.iter().filter(asks).map(change_model::Email::as_str).collect();
    (!own.is_empty() && !rule.allow_self_approval)
        .then(|| format!("Not by {}: nobody approves their own change.", own.join(", ")))
}

fn how_to_go_on(change: &Change, told: Note) -> String {
    let id = change.id;
    match told {
        Note::Attention if change.is_unsaved() => SAVE_AGAIN.to_owned(),
        Note::Attention | Note::Cancelled if change.problems.is_empty() => {
            "Set the ticket to open to start again, with a new plan and a new approval.".to_owned()
        }
        Note::Superseded => {
            "A ticket that is open starts again by itself with what it says now; set it to open if it is not."
                .to_owned()
        }
        Note::Indeterminate => {
            "The switch is being read to learn which configuration it has; nothing is repeated blindly."
                .to_owned()
        }
        Note::Unsettled => format!(
            "Until a person has looked, no other change is made on this switch. Bring the port to what it was or to what was asked for, and \
             have it read again (netchange changes retry {id}), or withdraw the change (netchange changes cancel {id})."
        ),
        Note::Attention
        | Note::Cancelled
        | Note::Pending
        | Note::Approved
        | Note::Closed
        | Note::NothingToDo
        | Note::Declined
        | Note::Expired => "Correct the ticket and set it to open to start again.".to_owned(),
    }
}

/// What is known of the two systems, in words.
pub(crate) fn aftermath(change: &Change) -> String {
    let of = |known: Known| match known {
        Known::AsBefore => "as before the change",
        Known::AsIntended => "changed as requested",
        Known::Unknown => "NOT KNOWN, a person must look",
    };
    format!(
        "State: the switch is {}; NetBox is {}.",
        of(change.aftermath.device),
        of(change.aftermath.netbox)
    )
}

/// What proves that the change is done.
pub(crate) fn evidence(change: &Change) -> Vec<String> {
    let found = &change.evidence;
    let mut evidence = Vec::new();
    if found.device_matches {
        let session =
            found.session_id.map(|id| format!(" (read by NETCONF session {id})")).unwrap_or_default();
        evidence.push(format!("intended configuration = running configuration{session}"));
    }
    if found.saved {
        let reply =
            if found.save_reply.is_empty() { String::new() } else { format!(": {}", found.save_reply) };
        evidence.push(format!("saved to the startup configuration{reply}"));
    }
    let changed = change.plan.as_ref().is_some_and(|plan| !plan.is_nothing_to_do());
    if found.device_matches && !found.saved && changed {
        let why = if change.is_unsaved() { "the switch did not" } else { "devices.save_to_startup is false" };
        evidence.push(format!("NOT saved to the startup configuration: {why}"));
    }
    if found.netbox_matches {
        evidence.push("NetBox equals the intent".to_owned());
    }
    evidence
}

/// One decision in words.
pub(crate) fn decision(approval: &Approval) -> String {
    let word = match approval.decision {
        Verdict::Approved => "Approved",
        Verdict::Declined => "Declined",
    };
    let comment = if approval.comment.is_empty() { String::new() } else { format!(": {}", approval.comment) };
    format!("{word} by {} at {}{comment}", approval.by, time(approval.at))
}

/// The risk in words.
pub(crate) fn risk(plan: &Plan) -> String {
    let level = plan.risk.level.as_str();
    if plan.risk.reasons.is_empty() {
        level.to_owned()
    } else {
        format!("{level}: {}", plan.risk.reasons.join("; "))
    }
}

/// The title of a change: its ticket's, and whether it leads back from what the ticket asked for.
pub(crate) fn title(change: &Change) -> String {
    let undo = if change.restores.is_some() { "Undo: " } else { "" };
    format!("{undo}{}", change.title)
}

/// A value, or a word for none.
pub(crate) fn shown(value: &str) -> &str {
    if value.is_empty() { "(none)" } else { value }
}

/// Where the change is shown.
pub(crate) fn link(change: &Change, settings: &Settings) -> String {
    format!("{}/changes/{}", settings.server.public_url, change.id)
}

/// A time for people.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn taken(change: &Change) -> String {
    let seconds = change.updated_at.duration_since(change.received_at).as_secs_f64();
    format!("{seconds:.1} s from ticket to proof")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(text: &str) -> String {
        let line = || text.to_owned();
        let page = NotePage {
            headline: line(),
            lines: vec![line()],
            problems: vec![line()],
            diff: vec![DiffLine { path: line(), before: line(), after: line() }],
            evidence: vec![line()],
            running: text,
            link: line(),
        };
        page.render().unwrap()
    }

    #[test]
    fn what_a_server_says_ends_once() {
        assert_eq!(sentence("no such RPC."), "no such RPC.");
        assert_eq!(sentence("no such RPC"), "no such RPC.");
    }

    fn markup(html: &str) -> (usize, usize, usize) {
        let count = |c| html.matches(c).count();
        (count('<'), count('>'), count('"'))
    }

    #[test]
    fn hostile_text_in_a_note_stays_text() {
        let plain = markup(&page("plain"));
        for hostile in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onclick='x",
            "]]>",
            "&lt;b&gt;",
            "<!-- -->",
        ] {
            assert_eq!(markup(&page(hostile)), plain, "{hostile}");
        }
    }

    proptest! {
        #[test]
        fn no_text_whatever_adds_markup_to_a_note(text in "\\PC{0,60}|[<>&\"'/=a-z -]{0,40}") {
            // An empty value leaves its part of the note out.
            prop_assume!(!text.is_empty());
            prop_assert_eq!(markup(&page(&text)), markup(&page("plain")));
        }
    }
}
