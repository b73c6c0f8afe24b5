//! netchange is killed at every boundary of a change, started again, and must end where an undisturbed run ends, with nothing doubled or lost.
//!
//! The boundaries are not listed here: an undisturbed run tells which it passes (`src/crash.rs`), and each of them is then played alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::{FutureExt, StreamExt, stream};
use lab::Capabilities;
use lab::people::LEAD;
use lab::switch::EventKind;
use serde_json::{Value, json};
use support::{Options, PORT, Snapshot, World, founding_ticket, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Worlds at once.
const AT_ONCE: usize = 4;
/// Effects that wait for a time while approval is pending: the end of the wait.
const TIMERS: u32 = 1;
/// What the log of points gets when the approver presses.
const PRESSED: &str = "-- pressed";

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// An access port; all goes well.
    Access,
    /// A routed port, so that addresses move too; all goes well.
    Routed,
    /// A routed port; the switch refuses the commit.
    Refused,
    /// The answer to the commit is lost: the switch has it.
    AnswerLost,
    /// The commit is lost: the switch does not have it.
    CommitLost,
}

impl Story {
    fn port(self) -> &'static str {
        match self {
            Self::Access | Self::AnswerLost | Self::CommitLost => PORT,
            Self::Routed | Self::Refused => "GigabitEthernet1/0/7",
        }
    }

    fn ticket(self) -> Value {
        match self {
            Self::Access | Self::AnswerLost | Self::CommitLost => founding_ticket(),
            Self::Routed | Self::Refused => json!({
                "network_interface_description": "Routed", "network_switchport_mode_and_vlan": "l3::",
                "network_interface_ip4_address": "10.20.30.1/24",
            }),
        }
    }

    fn fault(self) -> Option<Value> {
        let fault = |times: Option<u32>, action: Value| {
            Some(
                json!({"system": "switch", "point": "request", "method": "commit", "times": times, "action": action}),
            )
        };
        match self {
            Self::Access | Self::Routed => None,
            Self::Refused => {
                fault(None, json!({"rpc_error": {"tag": "invalid-value", "message": "refused by the lab"}}))
            }
            Self::AnswerLost => fault(Some(1), json!("drop_reply")),
            Self::CommitLost => fault(Some(1), json!("reset")),
        }
    }

    /// Whether it can only end with the switch as before.
    fn must_fail(self) -> bool {
        self == Self::Refused
    }

    /// Whether it can only end with the switch as asked, whatever dies when.
    fn must_succeed(self) -> bool {
        matches!(self, Self::Access | Self::Routed | Self::AnswerLost)
    }
}

/// One point at which netchange is killed.
#[derive(Debug, Clone)]
struct Boundary {
    story: Story,
    switch: Capabilities,
    name: String,
    /// How often the point is passed before.
    skip: u32,
    /// Whether it comes before the approver presses.
    early: bool,
}

impl std::fmt::Display for Boundary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, {:?}, {}", self.switch, self.story, self.name)?;
        if self.skip > 0 { write!(f, ", time {}", self.skip + 1) } else { Ok(()) }
    }
}

/// What a run ended with.
#[derive(Debug, Clone)]
struct End {
    closed: bool,
    found: Snapshot,
    /// Writes in NetBox's change log.
    netbox_writes: usize,
}

/// An undisturbed run: the points that it passes, and how it ends.
struct Course {
    points: Vec<(String, u32, bool)>,
    end: End,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_at_any_boundary_doubles_nothing_and_loses_nothing() {
    let started = Instant::now();
    let mut boundaries = Vec::new();
    let mut ends = BTreeMap::new();
    let mut known = BTreeSet::new();
    let stories = [Story::Access, Story::Routed, Story::Refused, Story::AnswerLost, Story::CommitLost];
    for story in stories {
        let course = course(story, Capabilities::Catalyst9300).await;
        ends.insert(format!("{story:?}"), course.end);
        let fresh: Vec<_> = course
            .points
            .into_iter()
            .filter(|(name, skip, _)| {
                // What the other stories have in common was played by the first.
                let differs = story != Story::Access
                    && [
                        "configure_device",
                        "update_netbox",
                        "restore_netbox",
                        "finish_netbox",
                        "settle_device",
                    ]
                    .iter()
                    .any(|effect| name.ends_with(effect));
                known.insert((name.clone(), *skip)) || differs
            })
            .collect();
        boundaries.extend(fresh.into_iter().map(|(name, skip, early)| Boundary {
            story,
            switch: Capabilities::Catalyst9300,
            name,
            skip,
            early,
        }));
    }
    must_be_among(&boundaries);
    say(&format!(
        "{} boundaries, found by {} undisturbed runs in {:.1} s",
        boundaries.len(),
        stories.len(),
        started.elapsed().as_secs_f64()
    ));
    play_all(boundaries, ends, started).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_while_the_device_is_configured_is_survived_with_every_set_of_capabilities() {
    let started = Instant::now();
    for switch in [Capabilities::ConfirmedCommit, Capabilities::WritableRunning, Capabilities::Base10] {
        let course = course(Story::Access, switch).await;
        let boundaries: Vec<Boundary> = course
            .points
            .into_iter()
            .filter(|(name, ..)| name.ends_with("configure_device"))
            .map(|(name, skip, early)| Boundary { story: Story::Access, switch, name, skip, early })
            .collect();
        assert_eq!(boundaries.len(), 5, "{boundaries:?}");
        play_all(boundaries, BTreeMap::from([("Access".to_owned(), course.end)]), started).await;
    }
}

/// The switch gets the commit, and netchange dies before the switch has carried it out.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_is_under_way_when_netchange_dies_is_not_sent_again() {
    let mut world = World::new(Options::default()).await;
    let before = world.snapshot(PORT);
    let hold = world.hold(json!({"system": "switch", "point": "request", "method": "commit", "times": 1}));
    world.serve(&[]).await;
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.held().await;
    world.signal("-KILL").await;
    killed(&mut world).await;
    world.serve(&[]).await;
    until("netchange asks again, and the switch refuses the lock", refused(&world, 1)).await;
    assert_eq!(world.lab.switch.events().commits(), 0, "the switch has not carried it out yet");
    world.lab.faults.remove(&hold);
    let end = end(&world, Story::Access, ticket, &before).await;
    assert!(end.closed, "{}", world.notes(ticket));
    world.stop().await;
}

/// The ticket system and the chat work on what they got although nobody waits for the answer any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_being_said_when_netchange_dies_is_not_said_twice() {
    let cases = [("zammad", "PUT", "/api/v1/tickets/", 2), ("webex", "POST", "/v1/messages", 0)];
    for (system, method, path, skip) in cases {
        let mut world = World::new(Options::default()).await;
        let before = world.snapshot(PORT);
        let hold = world.hold(
            json!({"system": system, "point": "request", "method": method, "path": path, "skip": skip, "times": 1}),
        );
        world.serve(&[]).await;
        let ticket = world.file(PORT, founding_ticket());
        if system == "zammad" {
            world.approve(ticket).await;
        }
        world.held().await;
        world.signal("-KILL").await;
        killed(&mut world).await;
        world.serve(&[]).await;
        // Netchange gives the old request three seconds before it looks whether that was done.
        world.lab.faults.remove(&hold);
        if system == "webex" {
            world.approve(ticket).await;
        }
        world.quiet_after(ticket, &["closed"]).await;
        let done = async || (world.lab.faults.requests_in_hand() == 0).then_some(());
        until("the old request is worked on", done).await;
        let end = end(&world, Story::Access, ticket, &before).await;
        assert!(end.closed, "{system}: {}", world.notes(ticket));
        world.stop().await;
    }
}

/// A confirmed commit is on trial, netchange dies, and the switch does not notice: the network in between just went silent.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_is_still_on_trial_is_not_taken_for_a_change_that_is_done() {
    let mut world = World::new(Options::default().switch(Capabilities::ConfirmedCommit)).await;
    let before = world.snapshot(PORT);
    let line = SilentLine::before(world.lab.switch.addr()).await;
    let known_hosts = world.lab.switch.known_hosts_line();
    let known_hosts =
        known_hosts.replace(&world.lab.switch.addr().port().to_string(), &line.address.port().to_string());
    std::fs::write(world.home.path().join("known_hosts"), format!("{known_hosts}\n")).unwrap();
    world.config["devices"]["port"] = json!(line.address.port());
    world.serve(&[("NETCHANGE_CRASH_AT", "committed:configure_device")]).await;
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    killed(&mut world).await;
    world.serve(&[]).await;
    until("netchange asks again and again, and the switch refuses the lock", refused(&world, 2)).await;
    assert!(world.lab.switch.commit_pending(), "the commit is still on trial");
    assert_eq!(world.change(ticket).await.unwrap()["state"], "configuring");
    assert!(!world.lab.switch.startup().contains("##ticket:"), "nothing on trial is saved");
    // Now the switch notices, and takes the commit back.
    line.end.cancel();
    let end = end(&world, Story::Access, ticket, &before).await;
    assert!(end.closed, "{}", world.notes(ticket));
    world.stop().await;
}

/// Whether the switch has refused so many requests.
fn refused(world: &World, times: usize) -> impl AsyncFnMut() -> Option<()> {
    move || {
        let events = world.lab.switch.events();
        let refused = events.entries().filter(|event| event.kind == EventKind::Refused).count();
        std::future::ready((refused >= times).then_some(()))
    }
}

/// A line on which the far end does not hear that the near one is gone.
struct SilentLine {
    address: SocketAddr,
    end: CancellationToken,
}

impl SilentLine {
    async fn before(far: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, end) = (listener.local_addr().unwrap(), CancellationToken::new());
        let ended = end.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(far).await.unwrap();
                tokio::spawn(carry(near, far, ended.clone()));
            }
        });
        Self { address, end }
    }
}

async fn carry(near: TcpStream, far: TcpStream, ended: CancellationToken) {
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let out = async {
        // The end of the near side, orderly or not, is kept from the far one.
        let _ = tokio::io::copy(&mut from_near, &mut to_far).await;
        ended.cancelled().await;
    };
    let back = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from_far.read(&mut buffer).await {
            // A near side that is gone hears nothing.
            let _ = to_near.write_all(&buffer[..count]).await;
        }
    };
    tokio::select! {
        () = out => {}
        () = back => {}
    }
}

/// Every boundary that the product promises is there: an effect that lost its points would otherwise be tested by nobody.
fn must_be_among(boundaries: &[Boundary]) {
    let effects = [
        "make_plan",
        "ask_approvers",
        "recheck",
        "update_netbox",
        "configure_device",
        "prove_device",
        "finish_netbox",
        "restore_netbox",
        "settle_device",
        "tell_ticket:pending",
        "tell_ticket:approved",
        "tell_ticket:closed",
        "tell_ticket:attention",
        "tell_ticket:indeterminate",
        "tell_chat:approved",
        "tell_chat:closed",
        "tell_chat:attention",
        "deliver:zammad",
        "deliver:webex_card",
    ];
    let named = |name: &str| boundaries.iter().any(|boundary| boundary.name == name);
    for side in ["before", "between", "after"] {
        for effect in effects {
            assert!(named(&format!("{side}:{effect}")), "no run passes {side}:{effect}");
        }
    }
    for name in [
        "inside:configure_device",
        "committed:configure_device",
        "inside:ask_approvers",
        "inside:tell_ticket:closed",
        "inside:tell_chat:closed",
        "inside:update_netbox",
        "inside:prove_device",
        "before:accept:zammad",
        "between:accept:webex_card",
    ] {
        assert!(named(name), "no run passes {name}");
    }
}

async fn play_all(boundaries: Vec<Boundary>, ends: BTreeMap<String, End>, started: Instant) {
    let total = boundaries.len();
    let one = |boundary: Boundary| {
        let usual = ends[&format!("{:?}", boundary.story)].clone();
        async move {
            let name = boundary.to_string();
            let begun = Instant::now();
            // A panic ends this boundary only.
            let played = AssertUnwindSafe(play(boundary, usual)).catch_unwind().await;
            let word = match &played {
                Ok(true) => "closed with proof",
                Ok(false) => "attention required, all as before",
                Err(_) => "FAILED",
            };
            say(&format!("{:>6.1} s  {name}: {word}", begun.elapsed().as_secs_f64()));
            played.is_ok()
        }
    };
    let results: Vec<bool> = stream::iter(boundaries).map(one).buffer_unordered(AT_ONCE).collect().await;
    let failed = results.iter().filter(|ok| !**ok).count();
    say(&format!(
        "{} of {total} as they should be, {:.1} s",
        total - failed,
        started.elapsed().as_secs_f64()
    ));
    assert_eq!(failed, 0, "{failed} of {total} boundaries failed");
}

/// Past the capture of the test harness: the list is part of the result.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

async fn world(story: Story, switch: Capabilities) -> World {
    let world = World::new(Options::default().switch(switch)).await;
    if let Some(fault) = story.fault() {
        world.fault(fault);
    }
    world
}

/// Plays a story undisturbed.
async fn course(story: Story, switch: Capabilities) -> Course {
    let mut world = world(story, switch).await;
    let before = world.snapshot(story.port());
    let log = world.home.path().join("points.log");
    world.serve(&[("NETCHANGE_CRASH_LOG", log.to_str().unwrap())]).await;
    let ticket = world.file(story.port(), story.ticket());
    let card = ready_to_press(&world, ticket).await;
    let mut file = std::fs::File::options().append(true).open(&log).unwrap();
    file.write_all(format!("{PRESSED}\n").as_bytes()).unwrap();
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    let end = end(&world, story, ticket, &before).await;
    let points = points(&std::fs::read_to_string(&log).unwrap());
    world.stop().await;
    Course { points, end }
}

/// The points of a log, in their order, each with how often it was passed before and whether that was before the press.
fn points(log: &str) -> Vec<(String, u32, bool)> {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut points: Vec<(String, u32, bool)> = Vec::new();
    let mut early = true;
    for name in log.lines() {
        if name == PRESSED {
            early = false;
            continue;
        }
        let skip = seen.entry(name).or_default();
        // What comes after a point that came before the press belongs to it, though it may be logged a moment late.
        let partner = name.strip_prefix("after:").map(|rest| format!("between:{rest}"));
        let with_partner = partner.is_some_and(|partner| {
            points.iter().any(|(name, nth, early)| *name == partner && *nth == *skip && *early)
        });
        points.push((name.to_owned(), *skip, early || with_partner));
        *skip += 1;
    }
    points
}

async fn ready_to_press(world: &World, ticket: u64) -> String {
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(TIMERS).await;
    card
}

/// Plays a story with a crash; whether it ended closed.
async fn play(boundary: Boundary, usual: End) -> bool {
    let story = boundary.story;
    let mut world = world(story, boundary.switch).await;
    let before = world.snapshot(story.port());
    let skip = boundary.skip.to_string();
    world.serve(&[("NETCHANGE_CRASH_AT", &boundary.name), ("NETCHANGE_CRASH_SKIP", &skip)]).await;
    let ticket = world.file(story.port(), story.ticket());
    if boundary.early {
        killed(&mut world).await;
        world.serve(&[]).await;
    }
    let card = ready_to_press(&world, ticket).await;
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    if !boundary.early {
        killed(&mut world).await;
        world.serve(&[]).await;
    }
    if boundary.name == "before:accept:webex_card" {
        // The chat was never told that its webhook arrived, and sends it once: the person presses again.
        world.press(&card, LEAD.email, "Approve", json!({})).await;
    }
    let end = end(&world, story, ticket, &before).await;
    assert!(end.closed || !story.must_succeed(), "it did not end closed: {}", world.notes(ticket));
    if end.closed == usual.closed {
        assert_eq!(end.found, usual.found, "it ended otherwise than an undisturbed run");
        assert_eq!(
            end.netbox_writes, usual.netbox_writes,
            "NetBox was written otherwise than in an undisturbed run"
        );
    }
    world.stop().await;
    end.closed
}

async fn killed(world: &mut World) {
    let status = world.ended().await.unwrap_or_else(|| panic!("the point was not passed: {}", world.log()));
    assert!(matches!(status.signal(), Some(9 | 6)), "netchange ended with {status}: {}", world.log());
}

/// Waits for the end and checks all that must hold then.
async fn end(world: &World, story: Story, ticket: u64, before: &Snapshot) -> End {
    let ended = || async {
        let state = world.state(ticket);
        ["closed", "attention required"].contains(&state.as_str()).then_some(state)
    };
    // An unknown outcome is told as attention too, and goes on.
    world.quiet_after(ticket, &["closed", "attention_required"]).await;
    let state = until("the ticket tells the end", ended).await;
    world.quiet(0).await;
    world.switch_is_free().await;
    let closed = state == "closed";
    assert!(!(closed && story.must_fail()), "it closed although the switch refused");
    let change = world.change(ticket).await.unwrap();
    if closed {
        proved(world, story, ticket, &change);
    } else {
        assert_eq!(world.snapshot(story.port()), *before, "not as before, and no proof");
        let note = world.notes(ticket);
        assert!(
            note.contains("the switch is as before the change; NetBox is as before the change"),
            "{note}"
        );
    }
    told_once(world, story, ticket, closed);
    happened_once(world, &change);
    assert_eq!(world.metric("netchange_effects_given_up").await, Some(0.0));
    let id = world.lab.netbox.interface(story.port())["id"].clone();
    let of_port = |change: &Value| {
        change["changed_object_id"] == id || change["changed_object_type"] == "ipam.ipaddress"
    };
    let netbox_writes = world.lab.netbox.changes().iter().filter(|change| of_port(change)).count();
    End { closed, found: world.snapshot(story.port()), netbox_writes }
}

fn proved(world: &World, story: Story, ticket: u64, change: &Value) {
    assert_eq!(change["state"], "closed");
    for fact in ["device_matches", "saved", "netbox_matches"] {
        assert_eq!(change["evidence"][fact], true, "{fact}");
    }
    let suffix = format!("##ticket:{}##", world.number(ticket));
    let switch = &world.lab.switch;
    assert!(switch.running_interface(story.port()).contains(&suffix), "the switch is not configured");
    assert!(switch.startup().contains(&suffix), "the startup configuration is not saved");
    assert!(world.lab.netbox.interface(story.port())["custom_fields"]["change_ticket_number"].is_null());
}

/// Every note and card is there once, and shows the end.
fn told_once(world: &World, story: Story, ticket: u64, closed: bool) {
    let subjects = world.subjects(ticket);
    let mut expected = vec!["Pending approval", "Approved"];
    // Only where the switch's answer was lost may its state have been unknown; a crash alone leaves it to be read.
    let unknown = matches!(story, Story::AnswerLost | Story::CommitLost);
    if unknown && subjects.iter().any(|subject| subject == "Outcome unknown") {
        expected.push("Outcome unknown");
    }
    expected.push(if closed { "SUCCESS" } else { "Attention required" });
    assert_eq!(subjects, expected);
    let messages = world.lab.webex.messages();
    assert_eq!(messages.len(), 2, "one card for each approver, and no other word: {messages:#?}");
    let cards = world.lab.webex.cards();
    assert_eq!(cards.len(), 2, "one card for each approver");
    for card in &cards {
        let shows = if closed { "Done and proved" } else { "Needs attention" };
        assert!(card.card.to_string().contains(shows), "a card does not show the end: {}", card.card);
    }
    let to: BTreeSet<String> = cards.iter().flat_map(|card| card.recipients.clone()).collect();
    assert_eq!(to.len(), 2, "each approver has one");
}

/// No event stands twice in the history, and the switch was edited at most once.
fn happened_once(world: &World, change: &Value) {
    let mut seen = BTreeSet::new();
    for row in change["history"].as_array().unwrap() {
        let event = row["event"].as_str().unwrap().to_owned();
        assert!(seen.insert(event), "{} stands twice in the history: {:#}", row["event"], change["history"]);
    }
    assert_eq!(change["approvals"].as_array().unwrap().len(), 1);
    let events = world.lab.switch.events();
    let reverted = events.entries().filter(|event| event.kind == EventKind::Reverted).count() as u64;
    // A confirmed commit that the switch took back itself leaves no trace: it counts as none.
    let effective = events.running_changes() - 2 * reverted;
    assert!(effective <= 1, "the switch was edited {effective} times");
    if reverted == 0 && world.secrets.capabilities == Capabilities::Catalyst9300 {
        assert!(events.commits() <= 1, "the switch was committed {} times", events.commits());
    }
}
