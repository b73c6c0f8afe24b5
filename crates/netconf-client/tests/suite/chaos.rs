//! Calls that are awaited, dropped, late or streamed in any order, over narrow pipes and cut ones: each caller hears the truth about
//! its own call, and the session goes on unless the connection was cut.

use std::time::Duration;

use crate::peer::{HELLO, Peer};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use netconf_client::framing::{self, Framing};
use netconf_client::ops::Get;
use netconf_client::{Error, Session, SessionConfig};
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

/// Longer than anything here lasts; the clock is a made-up one.
const LIMIT: Duration = Duration::from_secs(3600);

/// What a caller does.
#[derive(Debug, Clone, Copy)]
enum Caller {
    Waits,
    /// Drops its call when it was polled so often.
    Leaves(u8),
    /// Waits so many milliseconds.
    Hurries(u64),
    /// Reads so many parts of the reply as they come, then drops it.
    Streams(u8),
}

#[derive(Debug, Clone, Copy)]
struct Call {
    /// Turns of the other tasks before it begins.
    after: u8,
    caller: Caller,
    /// Bytes in the reply.
    size: usize,
    /// Milliseconds until the server answers, and again in the middle of its answer.
    slow: u64,
}

fn call() -> impl Strategy<Value = Call> {
    let caller = prop_oneof![
        4 => Just(Caller::Waits),
        2 => (0..20u8).prop_map(Caller::Leaves),
        2 => (0..40u64).prop_map(Caller::Hurries),
        2 => (0..8u8).prop_map(Caller::Streams),
    ];
    // The large ones are put together by their callers.
    let size = prop_oneof![4 => 0..3000usize, 1 => 0..100_000usize];
    (0..30u8, caller, size, 0..10u64).prop_map(|(after, caller, size, slow)| Call {
        after,
        caller,
        size,
        slow,
    })
}

/// Answers each request with its own number and so many bytes, until `cut` bytes are sent. Returns the numbers it has read.
async fn serve(mut peer: Peer, calls: &[Call], cut: Option<usize>) -> Vec<usize> {
    let mut read = Vec::new();
    let mut left = cut.unwrap_or(usize::MAX);
    while let Some(request) = peer.try_receive().await {
        let part = |mark: &str| request.split(mark).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let number: usize = part("urn:call:").parse().unwrap();
        read.push(number);
        let call = calls.get(number);
        tokio::time::sleep(Duration::from_millis(call.map_or(0, |call| call.slow))).await;
        let text = format!(
            "<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"{}\"><data><n>{number}</n>{}</data></rpc-reply>",
            part("message-id=\""),
            "x".repeat(call.map_or(0, |call| call.size))
        );
        let mut frame = BytesMut::new();
        framing::encode(Framing::Chunked, text.as_bytes(), &mut frame).unwrap();
        let sent = frame.len().min(left);
        left -= sent;
        // In two parts, so that time also runs out while a reply comes.
        let (begin, rest) = frame[..sent].split_at(sent / 2);
        if peer.stream.write_all(begin).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(call.map_or(0, |call| call.slow))).await;
        if peer.stream.write_all(rest).await.is_err() || left == 0 {
            break;
        }
    }
    read
}

/// What a caller heard: `None` if it did not listen to the end.
async fn make(session: &Session, number: usize, call: Call) -> Option<Result<String, Error>> {
    for _ in 0..call.after {
        tokio::task::yield_now().await;
    }
    let get = Get::new().subtree(format!("<t xmlns=\"urn:call:{number}\"/>"));
    let heard = match call.caller {
        Caller::Waits => session.call(get).await,
        Caller::Hurries(limit) => session.call_within(get, Duration::from_millis(limit)).await,
        Caller::Leaves(polls) => {
            let leave = async {
                for _ in 0..polls {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                heard = session.call(get) => heard,
                () = leave => return None,
            }
        }
        Caller::Streams(parts) => {
            return match session.stream(get).await {
                Ok(mut stream) => {
                    for _ in 0..parts {
                        match stream.chunk().await {
                            Ok(Some(_)) => {}
                            Ok(None) => return None,
                            Err(error) => return Some(Err(error)),
                        }
                    }
                    None
                }
                Err(error) => Some(Err(error)),
            };
        }
    };
    Some(heard.map(|data| data.xml().to_owned()))
}

async fn play(calls: Vec<Call>, pipe: usize, cut: Option<usize>) {
    let (mut peer, stream) = Peer::pair(pipe);
    let config = SessionConfig::default().call_timeout(LIMIT);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    let session = session.unwrap();
    let served = {
        let calls = calls.clone();
        tokio::spawn(async move { serve(peer, &calls, cut).await })
    };
    let made: FuturesUnordered<_> = calls
        .iter()
        .enumerate()
        .map(|(number, call)| {
            let session = &session;
            async move { (number, make(session, number, *call).await) }
        })
        .collect();
    let heard: Vec<_> = made.collect().await;
    let last = make(&session, calls.len(), Call { after: 0, caller: Caller::Waits, size: 0, slow: 0 }).await;
    let was_lost = session.lost().is_some();
    drop(session);
    let read = served.await.unwrap();
    for (number, heard) in heard.into_iter().chain([(calls.len(), last)]) {
        match heard {
            None => {}
            Some(Ok(text)) => {
                let size = calls.get(number).map_or(0, |call| call.size);
                assert!(text == format!("<n>{number}</n>{}", "x".repeat(size)), "{number}: {text:.20}");
            }
            Some(Err(Error::Timeout { .. })) => {
                assert!(
                    matches!(calls[number].caller, Caller::Hurries(_)),
                    "call {number}: {:?}",
                    calls[number]
                );
            }
            Some(Err(Error::SessionLost { sent, .. })) => {
                assert!(cut.is_some(), "call {number}: nothing was cut");
                assert!(sent || !read.contains(&number), "call {number} was read, not unsent");
            }
            Some(Err(error)) => panic!("call {number}: {error}"),
        }
    }
    assert!(cut.is_some() || !was_lost);
}

proptest! {
    #[test]
    fn every_caller_hears_the_truth(
        calls in prop::collection::vec(call(), 1..24),
        pipe in prop_oneof![Just(1usize << 20), 1200..4096usize],
        cut in prop::option::of(prop_oneof![1..20_000usize, 1..200_000usize]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let ended = runtime.block_on(async { tokio::time::timeout(LIMIT * 2, play(calls, pipe, cut)).await });
        prop_assert!(ended.is_ok(), "somebody waits for ever");
    }
}
