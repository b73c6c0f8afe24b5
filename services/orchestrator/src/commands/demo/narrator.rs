//! Tells what happens on the stage as it happens, with its time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::stage::Stage;
use crate::commands::output::{colored, say};

/// The teller of one scenario.
pub(super) struct Narrator {
    started: Instant,
    tickets: Mutex<BTreeMap<u64, Watched>>,
}

/// A ticket whose states are told.
struct Watched {
    number: String,
    states: Vec<String>,
    articles: usize,
}

impl Narrator {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), tickets: Mutex::new(BTreeMap::new()) }
    }

    /// Tells one step.
    pub(super) fn step(&self, what: &str) {
        let at = self.started.elapsed().as_secs_f64();
        say(&format!("   {} {what}", colored(&format!("{at:>7.3} s"), "2")));
    }

    pub(super) fn watch_ticket(&self, id: u64, number: &str) {
        let watched = Watched { number: number.to_owned(), states: vec!["open".to_owned()], articles: 1 };
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner).insert(id, watched);
    }

    /// Tells what became of the tickets since the last look.
    pub(super) fn look(&self, stage: &Stage) {
        let mut news = Vec::new();
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, watched) in tickets.iter_mut() {
            let articles = stage.lab.zammad.articles(*id);
            for article in articles.iter().skip(watched.articles) {
                news.push(format!("ticket {}: note {}", watched.number, article["subject"]));
            }
            watched.articles = articles.len().max(watched.articles);
            let ticket = stage.lab.zammad.ticket(*id);
            let state = ticket["state"].as_str().unwrap_or_default();
            if watched.states.last().is_some_and(|last| last != state) {
                news.push(format!("ticket {}: {}", watched.number, colored(state, "36")));
                watched.states.push(state.to_owned());
            }
        }
        drop(tickets);
        news.iter().for_each(|text| self.step(text));
    }

    /// The states that a ticket went through.
    pub(super) fn states(&self, ticket: u64) -> String {
        let tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.get(&ticket).map(|watched| watched.states.join(" → ")).unwrap_or_default()
    }
}
