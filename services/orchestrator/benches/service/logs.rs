//! netchange's own log, read back: when it did what, and when it waited for whom.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::Value;

/// One line of the log.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) message: String,
    /// How long what it tells of took.
    pub(crate) duration: Option<Duration>,
    /// The system that was waited for.
    pub(crate) system: Option<String>,
    /// The change and the effect that it belongs to.
    pub(crate) change: Option<String>,
    pub(crate) effect: Option<String>,
    /// Whether it belongs to an effect or a webhook, not to the poll.
    pub(crate) is_work: bool,
}

/// A stretch of time.
pub(crate) type Span = (Timestamp, Timestamp);

impl Line {
    /// The stretch of time that it tells of.
    pub(crate) fn span(&self) -> Span {
        let start = self.duration.and_then(|duration| self.at.checked_sub(duration).ok());
        (start.unwrap_or(self.at), self.at)
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<Line>> {
    let text = std::fs::read_to_string(path).context("there is no log")?;
    text.lines().map(line).collect()
}

fn line(text: &str) -> Result<Line> {
    let value: Value = serde_json::from_str(text).with_context(|| format!("no line of JSON: {text}"))?;
    let fields = &value["fields"];
    let spans = value["spans"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let spanned = |name: &str| spans.iter().find_map(|span| text(&span[name]));
    Ok(Line {
        at: value["timestamp"].as_str().context("no time")?.parse()?,
        message: text(&fields["message"]).unwrap_or_default(),
        duration: fields["duration_ms"].as_f64().map(|ms| Duration::from_secs_f64(ms / 1000.0)),
        system: text(&fields["system"]),
        change: spanned("change.id").or_else(|| text(&fields["change.id"])),
        effect: spanned("effect"),
        is_work: spans.iter().any(|span| span["name"] == "effect" || span["name"] == "delivery"),
    })
}

/// How much of a stretch of time the others cover together.
pub(crate) fn covered(within: Span, others: impl Iterator<Item = Span>) -> Duration {
    let mut inside: Vec<Span> = others
        .map(|(start, end)| (start.max(within.0), end.min(within.1)))
        .filter(|(start, end)| start < end)
        .collect();
    inside.sort_unstable();
    let (mut total, mut until) = (Duration::ZERO, within.0);
    for (start, end) in inside {
        total += length((start.max(until), end));
        until = until.max(end);
    }
    total
}

/// How long a stretch of time is; nothing if it ends before it starts.
pub(crate) fn length((start, end): Span) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or_default()
}
