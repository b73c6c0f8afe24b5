//! Writing once: Zammad has no idempotency key, so every write looks first, and reads back when its answer was lost.

use crate::client::{Client, MAX_ARTICLES_BYTES};
use crate::error::Error;
use crate::ids::{TicketId, UserId};
use crate::request;
use crate::ticket::Note;

/// Longest marker, in characters.
const MAX_MARKER: usize = 100;
/// Added to the marker of a note that was written without its state.
const NOTE_ONLY: &str = "/note-only";

/// How a note came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum NoteOutcome {
    /// It was written now.
    Written,
    /// It was there already.
    AlreadyThere,
}

/// How a ticket came to be in its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum StateOutcome {
    /// State and note are there; something was written now.
    Written,
    /// State and note were there already.
    AlreadyThere,
    /// The note is there, so this was written before, but the ticket has another state by now: somebody moved it. Nothing was written.
    MovedSince {
        /// The state it has.
        state: String,
    },
    /// The ticket is in none of the states that the write was allowed from. Nothing was written.
    NotFrom {
        /// The state it has.
        state: String,
    },
    /// The server refused the state; the note is there. A person must look at the server's set-up.
    NoteOnly {
        /// The state it has.
        state: String,
        /// The server's reason.
        detail: String,
    },
}

/// A state to be written once, with its note.
#[derive(Debug, Clone)]
pub struct StateWrite<'a> {
    state: &'a str,
    marker: &'a str,
    note: &'a Note,
    only_from: &'a [&'a str],
}

impl<'a> StateWrite<'a> {
    /// Sets `state` and adds `note`; `marker` tells this write from all others.
    #[must_use]
    pub fn new(state: &'a str, marker: &'a str, note: &'a Note) -> Self {
        Self { state, marker, note, only_from: &[] }
    }

    /// Writes only if the ticket is in one of these states, or has the wanted one already.
    ///
    /// The server has no compare-and-set: a small gap between looking and writing stays.
    #[must_use]
    pub fn only_from(mut self, states: &'a [&'a str]) -> Self {
        self.only_from = states;
        self
    }
}

impl Client {
    /// Makes sure that a note is there once: looks for `[marker]` in the ticket's own articles, and writes the note only if it is missing.
    ///
    /// The marker (1 to 100 of `A-Z a-z 0-9 . _ : / -`) goes to the end of the subject, where the server leaves it alone; comments and attributes in
    /// the body would be taken out. Only articles of this client's own user count, so nobody can suppress a note by writing its marker.
    ///
    /// # Errors
    /// [`Error::Marker`]; otherwise see [`Error`]. Calling again is always safe.
    pub async fn ensure_note(
        &self,
        ticket: TicketId,
        marker: &str,
        note: &Note,
    ) -> Result<NoteOutcome, Error> {
        let note = marked(marker, note)?;
        if carry(&self.own_articles(ticket).await?, marker) {
            return Ok(NoteOutcome::AlreadyThere);
        }
        match self.add_note(ticket, &note).await {
            Ok(_) => Ok(NoteOutcome::Written),
            Err(error) if error.is_ambiguous() && self.can_see(ticket, marker).await => {
                Ok(NoteOutcome::Written)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes sure that a ticket has a state and, once, the note that tells of it.
    ///
    /// Both go out in one request, which the server does wholly or not at all. If its answer is lost, the ticket is read back.
    /// If the server refuses the state, the note is written alone and [`StateOutcome::NoteOnly`] says so; calling again then tries the state
    /// again, and does not repeat the note.
    ///
    /// # Errors
    /// [`Error::Marker`]; otherwise see [`Error`]. Calling again is always safe.
    pub async fn ensure_state_with_note(
        &self,
        ticket: TicketId,
        write: &StateWrite<'_>,
    ) -> Result<StateOutcome, Error> {
        let note = marked(write.marker, write.note)?;
        let current = self.get_ticket(ticket).await?.state;
        let articles = self.own_articles(ticket).await?;
        let alone = format!("{}{NOTE_ONLY}", write.marker);
        let (noted, noted_alone) = (carry(&articles, write.marker), carry(&articles, &alone));
        let is_there = current.eq_ignore_ascii_case(write.state);
        if is_there && (noted || noted_alone) {
            return Ok(StateOutcome::AlreadyThere);
        }
        if noted {
            return Ok(StateOutcome::MovedSince { state: current });
        }
        let allowed = write.only_from.is_empty() || write.only_from.contains(&current.as_str());
        if !is_there && !allowed {
            return Ok(StateOutcome::NotFrom { state: current });
        }
        match self.update_state(ticket, write.state, Some(&note).filter(|_| !noted_alone)).await {
            Ok(_) => Ok(StateOutcome::Written),
            Err(Error::StateRefused { detail, .. }) => {
                let _ = self.ensure_note(ticket, &alone, write.note).await?;
                Ok(StateOutcome::NoteOnly { state: current, detail })
            }
            Err(error)
                if error.is_ambiguous() && !noted_alone && self.can_see(ticket, write.marker).await =>
            {
                let state = self.get_ticket(ticket).await?.state;
                Ok(if state.eq_ignore_ascii_case(write.state) {
                    StateOutcome::Written
                } else {
                    StateOutcome::MovedSince { state }
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the marker is on the ticket by now; no, too, if that cannot be found out.
    async fn can_see(&self, ticket: TicketId, marker: &str) -> bool {
        self.own_articles(ticket).await.is_ok_and(|articles| carry(&articles, marker))
    }

    /// The articles that this client's user wrote.
    async fn own_articles(&self, ticket: TicketId) -> Result<Vec<Headed>, Error> {
        let me = self.my_id().await?;
        let mut articles: Vec<Headed> =
            self.json_within(request::articles(ticket)?, MAX_ARTICLES_BYTES).await?;
        articles.retain(|article| article.created_by_id.is_none_or(|id| id == me));
        Ok(articles)
    }
}

/// An article without its body, of which a ticket may have a great deal.
#[derive(serde::Deserialize)]
struct Headed {
    subject: Option<String>,
    created_by_id: Option<UserId>,
}

fn carry(articles: &[Headed], marker: &str) -> bool {
    articles.iter().any(|article| carries(article, marker))
}

fn carries(article: &Headed, marker: &str) -> bool {
    // Only where it is written here: what stands elsewhere may be somebody's words, quoted.
    article.subject.as_deref().is_some_and(|subject| subject.trim_end().ends_with(&tag(marker)))
}

fn tag(marker: &str) -> String {
    format!("[{marker}]")
}

/// The note with the marker at the end of its subject.
fn marked(marker: &str, note: &Note) -> Result<Note, Error> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._:/-".contains(c);
    if marker.is_empty() || marker.len() > MAX_MARKER + NOTE_ONLY.len() || !marker.chars().all(good) {
        return Err(Error::Marker(marker.chars().take(MAX_MARKER).collect()));
    }
    Ok(Note { subject: format!("{} {}", note.subject, tag(marker)).trim_start().to_owned(), ..note.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_goes_to_the_end_of_the_subject() {
        let note = marked("01J:closed", &Note::html("Done", "<p>x</p>")).unwrap();
        assert_eq!(note.subject, "Done [01J:closed]");
    }

    #[test]
    fn a_marker_that_could_be_mistaken_is_refused() {
        for marker in ["", "a b", "a]", "<b>", &"x".repeat(111)] {
            assert!(matches!(marked(marker, &Note::html("s", "b")), Err(Error::Marker(_))), "{marker:?}");
        }
    }

    #[test]
    fn one_marker_is_no_prefix_of_another() {
        let headed = |subject: &str| Headed { subject: Some(subject.to_owned()), created_by_id: None };
        let article = headed("Done [a1]");
        assert!(carries(&article, "a1") && carries(&headed("Done [a1] "), "a1"));
        assert!(!carries(&headed("Re: [a1] x [a2]"), "a1"));
        assert!(!carries(&article, "a"));
        assert!(!carries(&article, "a11"));
    }
}
