//! A Zammad ticket as a change's origin.

use change_model::request::FIELDS;
use change_model::{Change, ChangeId, Email, Note, Received, TicketFields, TicketRef, Transition};
use jiff::Timestamp;
use ticket_client::Ticket;
use uuid::Uuid;

/// The state in which a ticket asks for work.
pub(crate) const OPEN: &str = "open";

/// The state of a ticket whose change is approved and on its way.
pub(crate) const APPROVED: &str = "approved";

/// The state of a ticket that is done.
pub(crate) const CLOSED: &str = "closed";

/// What is noticed of a ticket whose type is another by now.
pub(crate) const NO_NETWORK_CHANGE: &str =
    "the ticket was given another type, and asks for no network change any more";

/// What is noticed of a ticket that is not there any more.
pub(crate) const GONE: &str = "the ticket is gone";

/// What is noticed where the settings have another rule of approval than the plan was asked about under.
pub(crate) const OTHER_RULE: &str = "who may approve was changed in the settings";

/// The fields of a ticket that describe a change.
pub(crate) fn fields(ticket: &Ticket) -> TicketFields {
    let given = |name: &&str| Some(((*name).to_owned(), ticket.fields.get(*name)?.clone()));
    FIELDS.iter().filter_map(given).collect()
}

/// The ticket's customer, then who typed it in. Addresses that are none are left out: nobody can approve with one.
fn requesters(ticket: &Ticket) -> Vec<Email> {
    ticket.requester_emails().into_iter().filter_map(|email| Email::parse(email).ok()).collect()
}

/// A new change for a ticket.
pub(crate) fn receive(ticket: &Ticket, now: Timestamp) -> Result<Transition, serde_json::Error> {
    Change::receive(Received {
        id: ChangeId::new(Uuid::now_v7()),
        ticket: TicketRef { id: ticket.id.0, number: ticket.number.as_str().to_owned() },
        title: ticket.title.clone(),
        fields: fields(ticket),
        requesters: requesters(ticket),
        at: now,
    })
}

/// The ticket state that goes with a note.
pub(crate) fn state_of(note: Note) -> &'static str {
    match note {
        Note::Pending => "pending approval",
        Note::Approved => APPROVED,
        Note::Closed | Note::NothingToDo => CLOSED,
        Note::Declined | Note::Expired => "denied",
        Note::Attention | Note::Indeterminate | Note::Unsettled | Note::Cancelled | Note::Superseded => {
            "attention required"
        }
    }
}
