//! The answers of a ticket search, whose shape differs between versions and parameters.

use serde_json::Value;

use crate::client::decode;
use crate::error::Error;
use crate::ids::TicketId;
use crate::ticket::Ticket;

/// One hit of a search.
#[derive(Debug)]
pub(crate) enum Found {
    /// The ticket with its names.
    Whole(Box<Ticket>),
    /// An id, or a ticket without names: to be fetched.
    Id(TicketId),
}

impl Found {
    pub(crate) fn id(&self) -> TicketId {
        match self {
            Self::Whole(ticket) => ticket.id,
            Self::Id(id) => *id,
        }
    }
}

/// Reads every shape known: `[{…}]`, `[301]`, `{"tickets":[301],"assets":…}`, `{"record_ids":[…],…}`, `{"records":[{…}],…}`.
pub(crate) fn found(answer: Value) -> Result<Vec<Found>, Error> {
    const WHAT: &str = "a ticket search";
    let hits = match answer {
        Value::Array(hits) => hits,
        Value::Object(mut object) => {
            let list =
                ["records", "tickets", "record_ids", "ticket_ids"].iter().find_map(|key| object.remove(*key));
            decode(WHAT, list.unwrap_or(Value::Null))?
        }
        other => decode(WHAT, other)?,
    };
    hits.into_iter()
        .map(|hit| {
            if hit.is_object() {
                let ticket: Ticket = decode(WHAT, hit)?;
                Ok(if ticket.state.is_empty() {
                    Found::Id(ticket.id)
                } else {
                    Found::Whole(Box::new(ticket))
                })
            } else {
                decode(WHAT, hit).map(Found::Id)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape(answer: Value) -> Vec<(bool, u64)> {
        let found = found(answer).unwrap();
        let one = |hit: &Found| match hit {
            Found::Whole(ticket) => (true, ticket.id.0),
            Found::Id(id) => (false, id.0),
        };
        found.iter().map(one).collect()
    }

    #[test]
    fn every_shape_of_an_answer_is_read() {
        let whole = json!({"id": 301, "number": "26301", "state": "open"});
        let plain = json!({"id": 301, "number": "26301", "state_id": 2});
        assert_eq!(shape(json!([whole])), [(true, 301)]);
        assert_eq!(shape(json!([plain])), [(false, 301)]);
        assert_eq!(shape(json!({"tickets": [301], "tickets_count": 1, "assets": {}})), [(false, 301)]);
        assert_eq!(shape(json!({"record_ids": [301], "assets": {}, "total_count": 1})), [(false, 301)]);
        assert_eq!(shape(json!({"records": [whole], "total_count": 1})), [(true, 301)]);
        assert_eq!(shape(json!([])), []);
    }

    #[test]
    fn an_answer_without_a_list_is_an_error_and_not_an_empty_result() {
        assert!(matches!(found(json!({"assets": {}})), Err(Error::Decode { .. })));
        assert!(matches!(found(json!("x")), Err(Error::Decode { .. })));
    }
}
