//! Senders of webhooks: as little work per request as possible, so that what is measured is the receiver.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A signed webhook that can be sent often, each time under a new delivery id.
pub(crate) struct Webhook {
    /// The head up to the delivery id.
    head: String,
    body: Vec<u8>,
}

impl Webhook {
    /// From what the lab's Zammad would send.
    pub(crate) fn new(raw: &lab::zammad::RawDelivery) -> Self {
        let mut head =
            format!("POST /ticket HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n", raw.body.len());
        for (name, value) in raw.headers.iter().filter(|(name, _)| name != "X-Zammad-Delivery") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("X-Zammad-Delivery: ");
        Self { head, body: raw.body.clone() }
    }

    pub(crate) fn size(&self) -> usize {
        self.body.len()
    }

    fn request(&self) -> Vec<u8> {
        let mut request = format!("{}{}\r\n\r\n", self.head, Uuid::new_v4()).into_bytes();
        request.extend_from_slice(&self.body);
        request
    }
}

/// How senders send.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each one this many, the next as soon as the last is answered.
    Times(usize),
    /// All together so many per second, for so long: a sender whose turn comes while it still waits counts from its turn.
    Rate { per_second: u32, lasting: Duration },
    /// The next as soon as the last is answered, for so long.
    FlatOut { lasting: Duration },
}

/// What came of a load.
pub(crate) struct Answers {
    /// Times from sending to the whole answer, for 202 only.
    pub(crate) times: Vec<Duration>,
    /// Any other answer.
    pub(crate) refused: usize,
    pub(crate) took: Duration,
}

/// Sends by so many connections at once.
pub(crate) async fn send(
    addr: SocketAddr,
    webhook: Arc<Webhook>,
    senders: usize,
    pace: Pace,
) -> Result<Answers> {
    let mut connections = Vec::new();
    for _ in 0..senders {
        let stream = TcpStream::connect(addr).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        connections.push(stream);
    }
    let start = Instant::now() + Duration::from_millis(50);
    let tasks = connections.into_iter().enumerate().map(|(number, stream)| {
        let turn = Turn { number, senders, start, pace };
        tokio::spawn(sender(stream, webhook.clone(), turn))
    });
    let tasks: Vec<_> = tasks.collect();
    let mut answers = Answers { times: Vec::new(), refused: 0, took: Duration::ZERO };
    for task in tasks {
        for (status, time) in task.await?? {
            if status == 202 { answers.times.push(time) } else { answers.refused += 1 }
        }
    }
    answers.took = start.elapsed();
    Ok(answers)
}

/// When a sender sends.
struct Turn {
    number: usize,
    senders: usize,
    start: Instant,
    pace: Pace,
}

impl Turn {
    /// When the request of this number is to be sent at the earliest; `None` after the last.
    fn at(&self, request: usize) -> Option<Instant> {
        match self.pace {
            Pace::Times(times) => (request < times).then_some(self.start),
            Pace::Rate { per_second, lasting } => {
                let turn = u32::try_from(request * self.senders + self.number).ok()?;
                let after = Duration::from_secs(1) * turn / per_second;
                (after < lasting).then(|| self.start + after)
            }
            Pace::FlatOut { lasting } => {
                (request == 0 || self.start.elapsed() < lasting).then_some(self.start)
            }
        }
    }

    fn counts_from_turn(&self) -> bool {
        matches!(self.pace, Pace::Rate { .. })
    }
}

async fn sender(mut stream: TcpStream, webhook: Arc<Webhook>, turn: Turn) -> Result<Vec<(u16, Duration)>> {
    let mut answers = Vec::new();
    let mut request = webhook.request();
    while let Some(at) = turn.at(answers.len()) {
        let late = turn.counts_from_turn() && at < Instant::now();
        tokio::time::sleep_until(at.into()).await;
        let started = if late { at } else { Instant::now() };
        stream.write_all(&request).await.context("cannot send")?;
        let status = tokio::time::timeout(TIMEOUT, answer(&mut stream)).await.context("no answer")??;
        answers.push((status, started.elapsed()));
        request = webhook.request();
    }
    Ok(answers)
}

/// Reads one answer; its status.
async fn answer(stream: &mut TcpStream) -> Result<u16> {
    let mut buffer = Vec::with_capacity(1024);
    loop {
        let read = stream.read_buf(&mut buffer).await.context("the connection broke")?;
        ensure!(read > 0, "the receiver hung up");
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..end]).context("the head is no text")?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        if buffer.len() >= end + 4 + length {
            let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
            return status.context("the answer has no status");
        }
    }
}
