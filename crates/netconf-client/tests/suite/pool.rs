//! A pool of sessions: reuse, limits, fair turns, dead and idle sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use netconf_client::ops::{Datastore, GetConfig};
use netconf_client::pool::{ConnectWith, Pool, PoolError, PoolLimits};
use netconf_client::{Session, SessionConfig, Transaction};

use crate::fake::{Act, FULL, Fake};

/// How long a condition may take to become true.
const LIMIT: Duration = Duration::from_secs(10);

fn pool(server: &Fake, limits: PoolLimits) -> (Pool, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let (server, count) = (server.clone(), Arc::clone(&opened));
    let connect = ConnectWith(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Session::open(server.connect(), SessionConfig::default().call_timeout(LIMIT))
    });
    (Pool::new(connect, limits), opened)
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, waiting).await.is_ok(), "{what}");
}

#[tokio::test]
async fn sessions_are_used_again() {
    let server = Fake::new(FULL);
    let (pool, opened) = pool(&server, PoolLimits::default().check_after(Duration::ZERO));
    for _ in 0..5 {
        let session = pool.get().await.unwrap();
        session.call(GetConfig::new(Datastore::Running)).await.unwrap();
    }
    assert_eq!((opened.load(Ordering::SeqCst), pool.idle()), (1, 1));
    pool.get().await.unwrap().retire();
    assert_eq!(pool.idle(), 0);
    pool.get().await.unwrap();
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    pool.close_idle().await;
    until("all closed", || server.open() == 0).await;
}

#[tokio::test]
async fn no_more_than_the_limit_are_open_and_who_waits_longest_is_next() {
    let server = Fake::new(FULL);
    let limits = PoolLimits::default().max_sessions(1).wait(Duration::from_millis(50));
    let (small, _) = pool(&server, limits);
    let held = small.get().await.unwrap();
    assert!(matches!(small.get().await, Err(PoolError::Busy(_))));
    drop(held);
    let (pool, opened) = pool(&server, PoolLimits::default().max_sessions(2).wait(LIMIT));
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let first = (pool.get().await.unwrap(), pool.get().await.unwrap());
    let mut tasks = Vec::new();
    for number in 0..10 {
        let (pool, order) = (pool.clone(), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let session = pool.get().await.unwrap();
            order.lock().unwrap().push(number);
            session.call(GetConfig::new(Datastore::Running)).await.unwrap();
        }));
        // On one thread, one turn lets the task run up to its wait.
        tokio::task::yield_now().await;
    }
    drop(first);
    for task in tasks {
        tokio::time::timeout(LIMIT, task).await.unwrap().unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_dead_or_silent_session_is_replaced() {
    let silent = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&silent);
    let server = Fake::with_hook(FULL, move |name| {
        if name == "get" && told.load(Ordering::SeqCst) > 0 { Act::Silent } else { Act::Normal }
    });
    let limits = PoolLimits::default().check_after(Duration::ZERO).check_timeout(Duration::from_millis(100));
    let (pool, opened) = pool(&server, limits);
    let session = pool.get().await.unwrap();
    let handle = session.clone();
    drop(session);
    handle.abort();
    pool.get().await.unwrap();
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    silent.store(1, Ordering::SeqCst);
    pool.get().await.unwrap();
    assert_eq!(opened.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_session_that_came_back_without_an_answer_is_asked_first() {
    let server =
        Fake::with_hook(
            FULL,
            |name| {
                if name == "get-config" || name == "get" { Act::Silent } else { Act::Normal }
            },
        );
    let (pool, opened) = pool(&server, PoolLimits::default().check_timeout(Duration::from_millis(100)));
    let session = pool.get().await.unwrap();
    let hung = session.call_within(GetConfig::new(Datastore::Running), Duration::from_millis(50)).await;
    hung.unwrap_err();
    drop(session);
    pool.get().await.unwrap();
    assert_eq!(opened.load(Ordering::SeqCst), 2, "it was not idle for long, and hangs");
}

/// A reply that has begun is owed as much as one that has not, also where nobody wants it any more.
#[tokio::test]
async fn a_session_that_came_back_in_the_middle_of_a_reply_is_asked_first() {
    for is_streamed in [false, true] {
        let hook = |name: &str| if name == "get-config" { Act::Half } else { Act::Normal };
        let server = Fake::with_hook(FULL, hook);
        let (pool, opened) = pool(&server, PoolLimits::default().check_timeout(Duration::from_millis(100)));
        let session = pool.get().await.unwrap();
        if is_streamed {
            let mut stream = session.stream(GetConfig::new(Datastore::Running)).await.unwrap();
            assert!(stream.chunk().await.unwrap().is_some());
        } else {
            let call = session.call_within(GetConfig::new(Datastore::Running), Duration::from_millis(50));
            call.await.unwrap_err();
        }
        drop(session);
        pool.get().await.unwrap();
        assert_eq!(opened.load(Ordering::SeqCst), 2, "streamed: {is_streamed}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_question_is_alive() {
    let refuse = |name: &str| if name == "get" { Act::Refuse("access-denied") } else { Act::Normal };
    let server = Fake::with_hook(FULL, refuse);
    let (pool, opened) = pool(&server, PoolLimits::default().check_after(Duration::ZERO));
    for _ in 0..3 {
        pool.get().await.unwrap();
    }
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn idle_sessions_are_closed() {
    let server = Fake::new(FULL);
    let (pool, _) = pool(&server, PoolLimits::default().idle_close(Duration::from_millis(50)));
    drop((pool.get().await.unwrap(), pool.get().await.unwrap()));
    assert_eq!(pool.idle(), 2);
    until("idle sessions are closed", || server.open() == 0).await;
    assert_eq!(pool.idle(), 0);
    assert_eq!(server.log().iter().filter(|name| *name == "close-session").count(), 2);
}

#[tokio::test]
async fn sessions_outlive_their_pool_and_end_when_they_are_dropped() {
    let server = Fake::new(FULL);
    let (pool, _) = pool(&server, PoolLimits::default());
    let session = pool.get().await.unwrap();
    drop(pool);
    session.call(GetConfig::new(Datastore::Running)).await.unwrap();
    drop(session);
    until("closed", || server.open() == 0).await;
}

#[tokio::test]
async fn any_limit_can_be_asked_for() {
    let server = Fake::new(FULL);
    let endless =
        PoolLimits::default().max_sessions(usize::MAX).wait(Duration::MAX).idle_close(Duration::MAX);
    let (pool, _) = pool(&server, endless.check_after(Duration::MAX));
    drop(pool.get().await.unwrap());
    assert_eq!(pool.idle(), 1);
}

#[tokio::test]
async fn many_turns_leave_one_task_that_closes_idle_sessions() {
    let server = Fake::new(FULL);
    let (pool, opened) = pool(&server, PoolLimits::default());
    drop(pool.get().await.unwrap());
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for _ in 0..1000 {
        drop(pool.get().await.unwrap());
    }
    assert_eq!(opened.load(Ordering::SeqCst), 1);
    assert!(tasks() <= before, "{} tasks, {before} before", tasks());
}

#[tokio::test(start_paused = true)]
async fn each_session_is_closed_when_its_own_time_is_over() {
    let server = Fake::new(FULL);
    let (pool, _) = pool(&server, PoolLimits::default().idle_close(Duration::from_secs(10)));
    let (early, late) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    drop(early);
    tokio::time::sleep(Duration::from_secs(6)).await;
    drop(late);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(pool.idle(), 1, "after 11 s and 5 s");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(pool.idle(), 0);
    // And again, after the pool was empty.
    drop(pool.get().await.unwrap());
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(pool.idle(), 0);
}

#[tokio::test]
async fn a_pool_outlives_the_runtime_it_was_first_used_on() {
    let server = Fake::new(FULL);
    let (pool, _) = pool(&server, PoolLimits::default().idle_close(Duration::from_millis(50)));
    let first = pool.clone();
    let used = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { drop(first.get().await.unwrap()) });
    });
    used.join().unwrap();
    drop(pool.get().await.unwrap());
    until("closed on the second runtime", || pool.idle() == 0).await;
}

#[tokio::test]
async fn a_session_that_somebody_still_uses_is_not_lent_again() {
    let server = Fake::new(FULL);
    let (pool, _) = pool(&server, PoolLimits::default());
    // A transaction that is dropped is undone in the background, on its own session.
    let id = {
        let session = pool.get().await.unwrap();
        let id = session.session_id();
        let (reached, checking) = tokio::sync::oneshot::channel();
        let change = Transaction::new("<value xmlns=\"urn:test\">new</value>");
        let run = change.run(&session, || async move {
            reached.send(()).unwrap();
            std::future::pending::<Result<(), std::io::Error>>().await
        });
        tokio::select! {
            _ = run => panic!("the check never ends"),
            _ = checking => {}
        }
        id
    };
    let next = pool.get().await.unwrap();
    assert_ne!(next.session_id(), id);
    until("undone", || server.running() == "old" && server.locks() == 0).await;
    // A reply that is being streamed keeps its session open, and to itself.
    let id = next.session_id();
    let mut stream = next.stream(GetConfig::new(Datastore::Running)).await.unwrap();
    drop(next);
    assert_ne!(pool.get().await.unwrap().session_id(), id);
    drop(pool);
    while stream.chunk().await.unwrap().is_some() {}
    drop(stream);
    until("closed", || server.open() == 0).await;
}
