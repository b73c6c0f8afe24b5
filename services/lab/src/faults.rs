//! The switchboard of faults: what shall go wrong, where, and how often.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// The stand-in in which a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The ticket system.
    Zammad,
    /// The chat.
    Webex,
    /// The source of truth.
    Netbox,
    /// The switch.
    Switch,
}

/// The place in a stand-in where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// A call of the stand-in's API (an RPC, for the switch).
    Request,
    /// A webhook that it sends.
    Webhook,
    /// A connection that it accepts.
    Connection,
}

/// One fault. As JSON: `{"system":"netbox","point":"request","method":"PATCH","path":"/api/dcim/","skip":0,"times":1,"action":{"status":{"status":503}}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Where.
    pub system: System,
    /// At what.
    pub point: Point,
    /// Only for this HTTP method, or this RPC's element name (`commit`).
    #[serde(default)]
    pub method: Option<String>,
    /// Only for paths that begin so.
    #[serde(default)]
    pub path: Option<String>,
    /// Lets this many matching events pass first.
    #[serde(default)]
    pub skip: u32,
    /// Strikes this often, then is gone; without it, until cleared. A hold stays, so that it can be switched off.
    #[serde(default)]
    pub times: Option<u32>,
    /// What goes wrong.
    pub action: FaultAction,
}

/// The longest delay of a fault, in milliseconds.
const MAX_DELAY_MS: u64 = 600_000;

impl Fault {
    /// Whether it can strike at all.
    ///
    /// # Errors
    /// In words, why it never would, or not as it says.
    pub fn check(&self) -> Result<(), String> {
        let switch = self.system == System::Switch;
        let fits = match (&self.action, self.point) {
            (FaultAction::Delay { .. } | FaultAction::Hold, Point::Connection) => switch,
            (FaultAction::Delay { .. } | FaultAction::Hold, Point::Request) => true,
            (
                FaultAction::Delay { .. } | FaultAction::Hold | FaultAction::Lose | FaultAction::Double,
                Point::Webhook,
            ) => !switch,
            (FaultAction::Reset, point) => point == Point::Request || (switch && point == Point::Connection),
            (
                FaultAction::Status { .. } | FaultAction::DropReply | FaultAction::ResetAfter,
                Point::Request,
            ) => true,
            (FaultAction::StatusAfter { .. }, Point::Request) => !switch,
            (FaultAction::RpcError { .. }, Point::Request) => switch,
            (
                FaultAction::CutAfterBytesIn { .. } | FaultAction::CutAfterBytesOut { .. },
                Point::Request | Point::Connection,
            ) => switch,
            _ => false,
        };
        if !fits {
            return Err("this action means nothing at this point of this system".to_owned());
        }
        match &self.action {
            _ if self.times == Some(0) => Err("times is 0, so it would never strike".to_owned()),
            FaultAction::Delay { ms } if *ms > MAX_DELAY_MS => {
                Err(format!("a delay is at most {MAX_DELAY_MS} ms"))
            }
            FaultAction::Status { status, headers, .. }
            | FaultAction::StatusAfter { status, headers, .. } => {
                if !(200..=599).contains(status) {
                    return Err(format!("{status} is no status to answer with: 200 to 599"));
                }
                let bad = headers.iter().find(|(name, value)| !is_header(name, value));
                bad.map_or(Ok(()), |(name, _)| Err(format!("{name:?} is no header, or its value is none")))
            }
            _ => Ok(()),
        }
    }

    /// Whether both strike at the same events in the same way; counts do not matter.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.system, self.point, &self.method, &self.path, &self.action)
            == (other.system, other.point, &other.method, &other.path, &other.action)
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultAction {
    /// Answers with this status instead of doing the work.
    Status {
        /// HTTP status.
        status: u16,
        /// Header names and values, e.g. `["Retry-After", "3"]`.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// Body, as it is.
        #[serde(default)]
        body: String,
    },
    /// HTTP: does the work, then answers with this status all the same, as a server does that fails after it has written.
    StatusAfter {
        /// HTTP status.
        status: u16,
        /// Header names and values.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// Body, as it is.
        #[serde(default)]
        body: String,
    },
    /// Waits before doing the work.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Waits until this fault is switched off, ten minutes at the most, and then does the work.
    Hold,
    /// Closes the connection before the work is done.
    Reset,
    /// Does the work, then closes the connection instead of answering.
    DropReply,
    /// HTTP: does the work, then resets the connection (TCP RST) instead of answering. The switch closes it, as for `drop_reply`.
    ResetAfter,
    /// Webhook: never sends it.
    Lose,
    /// Webhook: sends it twice.
    Double,
    /// Switch: answers with this rpc-error instead of doing the work.
    RpcError {
        /// `error-tag`, e.g. `operation-failed`.
        tag: String,
        /// `error-message`.
        message: String,
    },
    /// Switch: closes the TCP connection once this many bytes of the NETCONF stream have come in.
    CutAfterBytesIn {
        /// Bytes, counted from the start of the subsystem.
        bytes: u64,
    },
    /// Switch: closes the TCP connection once this many bytes of the NETCONF stream have gone out.
    CutAfterBytesOut {
        /// Bytes, counted from the start of the subsystem.
        bytes: u64,
    },
}

/// All faults that are switched on.
#[derive(Debug, Default)]
pub struct FaultBoard {
    faults: Mutex<Vec<Fault>>,
    /// Rung when faults are switched off.
    switched_off: Notify,
    requests: AtomicUsize,
    held: AtomicUsize,
}

/// Counts something as long as it goes on.
pub(crate) struct InHand<'a>(&'a AtomicUsize);

impl<'a> InHand<'a> {
    fn count(what: &'a AtomicUsize) -> Self {
        what.fetch_add(1, Ordering::SeqCst);
        Self(what)
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl FaultBoard {
    /// HTTP requests that the stand-ins work on, delayed ones too, and also those whose sender is gone.
    #[must_use]
    pub fn requests_in_hand(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Counts a request as long as it is worked on.
    pub(crate) fn request_in_hand(&self) -> InHand<'_> {
        InHand::count(&self.requests)
    }

    /// Events that are held just now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// Waits as a fault that struck will have it: for a delay's time, or until a hold is switched off. Others make nobody wait.
    pub(crate) async fn wait(&self, fault: &Fault) {
        match fault.action {
            FaultAction::Delay { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            FaultAction::Hold => {
                let _held = InHand::count(&self.held);
                let off = async {
                    loop {
                        let rung = self.switched_off.notified();
                        if !self.is_on(fault) {
                            return;
                        }
                        rung.await;
                    }
                };
                // Whoever holds for longer has forgotten it.
                let _ = tokio::time::timeout(Duration::from_millis(MAX_DELAY_MS), off).await;
            }
            _ => {}
        }
    }

    /// Switches a fault on.
    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Switches all faults off.
    pub fn clear(&self) {
        self.lock().clear();
        self.switched_off.notify_waiters();
    }

    /// Switches off the faults that strike in this way, whatever is left of their counts.
    pub fn remove(&self, fault: &Fault) {
        self.lock().retain(|on| !on.is_like(fault));
        self.switched_off.notify_waiters();
    }

    /// Whether a fault that strikes in this way is switched on.
    #[must_use]
    pub fn is_on(&self, fault: &Fault) -> bool {
        self.lock().iter().any(|on| on.is_like(fault))
    }

    /// The faults that are switched on, with what is left of their counts.
    #[must_use]
    pub fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Takes the faults that strike at this event, counting each down.
    #[must_use]
    pub fn strike(&self, system: System, point: Point, method: &str, path: &str) -> Vec<Fault> {
        let mut faults = self.lock();
        let mut struck = Vec::new();
        for fault in faults.iter_mut() {
            let matches = fault.system == system
                && fault.point == point
                && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && fault.path.as_deref().is_none_or(|prefix| path.starts_with(prefix));
            if !matches || fault.times == Some(0) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            struck.push(fault.clone());
        }
        faults.retain(|fault| fault.times != Some(0) || fault.action == FaultAction::Hold);
        struck
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_header(name: &str, value: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_could_not_strike_is_refused_in_words() {
        let check = |json: serde_json::Value| serde_json::from_value::<Fault>(json).unwrap().check();
        let fault = |system: &str, point: &str, action: serde_json::Value| serde_json::json!({"system": system, "point": point, "action": action});
        let status = |status: u16| serde_json::json!({"status": {"status": status}});
        let delay = |ms: u64| serde_json::json!({"delay": {"ms": ms}});
        for good in [
            fault("netbox", "request", status(503)),
            fault("zammad", "webhook", "lose".into()),
            fault("webex", "webhook", delay(100)),
            fault("switch", "connection", "reset".into()),
            fault("switch", "connection", "hold".into()),
            fault("switch", "request", serde_json::json!({"cut_after_bytes_out": {"bytes": 9}})),
        ] {
            assert_eq!(check(good.clone()), Ok(()), "{good}");
        }
        let header = serde_json::json!({"status": {"status": 503, "headers": [["Retry After", "3"]]}});
        let mut never = fault("netbox", "request", "reset".into());
        never["times"] = 0.into();
        for (bad, word) in [
            (fault("netbox", "webhook", "reset".into()), "means nothing"),
            (fault("netbox", "connection", "reset".into()), "means nothing"),
            (fault("switch", "webhook", "lose".into()), "means nothing"),
            (fault("netbox", "connection", "hold".into()), "means nothing"),
            (
                fault("webex", "request", serde_json::json!({"rpc_error": {"tag": "t", "message": "m"}})),
                "means nothing",
            ),
            (fault("netbox", "request", status(99)), "200 to 599"),
            (fault("netbox", "request", header), "Retry After"),
            (fault("netbox", "request", delay(600_001)), "at most"),
            (never, "never strike"),
        ] {
            let refusal = check(bad.clone()).unwrap_err();
            assert!(refusal.contains(word), "{bad}: {refusal}");
        }
    }

    fn fault(skip: u32, times: Option<u32>) -> Fault {
        Fault {
            system: System::Netbox,
            point: Point::Request,
            method: Some("PATCH".to_owned()),
            path: Some("/api/".to_owned()),
            skip,
            times,
            action: FaultAction::Reset,
        }
    }

    #[test]
    fn a_fault_skips_then_strikes_then_is_gone() {
        let board = FaultBoard::default();
        board.add(fault(1, Some(1)));
        let strike = || board.strike(System::Netbox, Point::Request, "PATCH", "/api/dcim/").len();
        assert_eq!((strike(), strike(), strike()), (0, 1, 0));
        assert!(board.list().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_holds_what_it_struck_until_it_is_switched_off_and_lets_the_next_pass() {
        let board = FaultBoard::default();
        let hold = Fault { action: FaultAction::Hold, ..fault(0, Some(1)) };
        let strike = || board.strike(System::Netbox, Point::Request, "PATCH", "/api/dcim/");
        for switch_off in [FaultBoard::clear as fn(&FaultBoard), |board| {
            board.remove(&Fault { action: FaultAction::Hold, ..fault(0, None) });
        }] {
            board.add(hold.clone());
            let struck = strike();
            let mut held = std::pin::pin!(board.wait(&struck[0]));
            assert!(futures_util::poll!(&mut held).is_pending());
            assert!(strike().is_empty(), "it strikes once");
            board.remove(&fault(0, None));
            assert!(futures_util::poll!(&mut held).is_pending(), "another one was switched off");
            assert_eq!((board.held(), board.list().len()), (1, 1));
            switch_off(&board);
            // The clock is a made-up one: the limit would pass at once if it was waited for.
            let started = tokio::time::Instant::now();
            held.await;
            assert_eq!(started.elapsed(), Duration::ZERO);
            assert_eq!((board.held(), board.list().len()), (0, 0));
        }
        board.add(hold);
        let started = tokio::time::Instant::now();
        board.wait(&strike()[0]).await;
        assert_eq!(started.elapsed(), Duration::from_millis(MAX_DELAY_MS), "nothing is held for ever");
    }

    #[test]
    fn a_fault_is_removed_whatever_is_left_of_its_count() {
        let board = FaultBoard::default();
        board.add(fault(0, Some(3)));
        board.add(Fault { method: None, ..fault(0, None) });
        assert_eq!(board.strike(System::Netbox, Point::Request, "PATCH", "/api/").len(), 2);
        assert!(board.is_on(&fault(0, Some(3))));
        board.remove(&fault(0, Some(3)));
        assert!(!board.is_on(&fault(0, Some(3))));
        assert_eq!(board.list().len(), 1, "the other one stays");
    }

    #[test]
    fn a_fault_strikes_only_where_it_was_meant_to() {
        let board = FaultBoard::default();
        board.add(fault(0, None));
        assert!(board.strike(System::Webex, Point::Request, "PATCH", "/api/").is_empty());
        assert!(board.strike(System::Netbox, Point::Webhook, "PATCH", "/api/").is_empty());
        assert!(board.strike(System::Netbox, Point::Request, "GET", "/api/").is_empty());
        assert!(board.strike(System::Netbox, Point::Request, "PATCH", "/x").is_empty());
        assert_eq!(board.strike(System::Netbox, Point::Request, "patch", "/api/x").len(), 1);
    }
}
