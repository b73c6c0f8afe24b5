//! The store: everything that must survive a crash, in one SQLite file. All SQL of the service is below this module.
//!
//! A write is one transaction that takes the write lock at its start, so that what it reads cannot change under it; a state change
//! is guarded by the version it was read with all the same, which is what PostgreSQL will need.

pub(crate) mod begin;
pub(crate) mod cards;
pub(crate) mod changes;
pub(crate) mod clock;
mod forget;
pub(crate) mod health;
pub(crate) mod inbox;
pub(crate) mod outbox;
pub(crate) mod remarks;
pub(crate) mod ticket_states;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{Notify, broadcast};

pub(crate) use changes::{Applied, Done};

/// How long a write waits for another process that holds the write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the write-ahead log is folded into the file, beside the writes: so often that each time little is to be written, for which
/// a sender's sync hardly waits.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(100);
/// Size of the write-ahead log, in pages of 4 KiB (32 MiB in all), from which on a write folds it itself. Until then no sender waits for
/// that.
const CHECKPOINT_AT: &str = "8000";
/// Connections for reading.
const READERS: u32 = 2;
/// Memory of a connection for pages of the file, in KiB: little, as the kernel has them too.
const PAGE_CACHE: &str = "-128";

/// A handle to the store; cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    /// One connection: SQLite has one writer at a time, and queueing here is fairer than its busy handler.
    write: SqlitePool,
    pens: Pens,
    read: SqlitePool,
    inbox: inbox::Writer,
    probe: Arc<health::Probe>,
    shared: Arc<Shared>,
}

/// The two ways to write.
///
/// What only saves work is not worth a sync to disk: a lease that a power cut takes back, or an effect or a webhook that was done and is
/// looked at once more. The next synced write takes it to disk along with itself; a crash of this process alone loses nothing of it.
#[derive(Clone)]
struct Pens {
    /// The connection whose commits are on disk when they return.
    synced: SqlitePool,
    /// The connection whose commits are in the file, but perhaps not on disk yet.
    unsynced: SqlitePool,
    /// Whether anything was written since the write-ahead log was last folded into the file.
    written: Arc<AtomicBool>,
}

/// What opens and ends a transaction that is sent in one piece: the connection's thread is called once, not once for each statement,
/// which counts when the processor is busy.
const BEGIN: &str = "BEGIN IMMEDIATE; ";
const COMMIT: &str = "COMMIT";

impl Pens {
    /// Waits for the turn to write.
    async fn turn(&self) -> sqlx::Result<PoolConnection<Sqlite>> {
        let turn = self.synced.acquire().await?;
        self.written.store(true, Ordering::Relaxed);
        Ok(turn)
    }

    /// Runs a transaction in one piece, from [`BEGIN`] to [`COMMIT`]; it is on disk when this returns. Its rows.
    async fn run_synced(&self, query: Query<'_, Sqlite, SqliteArguments>) -> sqlx::Result<Vec<SqliteRow>> {
        run(&mut self.turn().await?, query).await
    }

    /// The same without a sync.
    async fn run_unsynced(&self, query: Query<'_, Sqlite, SqliteArguments>) -> sqlx::Result<Vec<SqliteRow>> {
        // Held while the other one writes, so that there is one writer at a time, in the order of their coming.
        let _turn = self.turn().await?;
        run(&mut self.unsynced.acquire().await?, query).await
    }

    /// Runs one statement that needs no sync; how many rows it touched.
    async fn execute_unsynced(&self, query: Query<'_, Sqlite, SqliteArguments>) -> sqlx::Result<u64> {
        let _turn = self.turn().await?;
        query.execute(&self.unsynced).await.map(|done| done.rows_affected())
    }

    /// Runs one statement that needs no sync; its rows.
    async fn fetch_unsynced(
        &self,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> sqlx::Result<Vec<SqliteRow>> {
        let _turn = self.turn().await?;
        query.fetch_all(&self.unsynced).await
    }
}

/// Runs a transaction in one piece, and takes it back if it fails.
async fn run(
    connection: &mut PoolConnection<Sqlite>,
    query: Query<'_, Sqlite, SqliteArguments>,
) -> sqlx::Result<Vec<SqliteRow>> {
    let result = query.fetch_all(&mut **connection).await;
    if result.is_err() {
        // If it had not begun, or SQLite has taken it back already, there is nothing to take back, and this says so.
        let _ = sqlx::query("ROLLBACK").execute(&mut **connection).await;
    }
    result
}

struct Shared {
    /// Rung when there may be work.
    work: Notify,
    changed: broadcast::Sender<changes::Changed>,
    path: PathBuf,
}

impl Store {
    /// Opens (or makes) the database of a URL such as `sqlite://netchange.db` and brings its tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url)
            .with_context(|| format!("{url} is not a store's URL"))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit is on disk when it returns, not some time later.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("wal_autocheckpoint", CHECKPOINT_AT)
            .pragma("cache_size", PAGE_CACHE)
            .foreign_keys(true);
        let path = options.get_filename().to_path_buf();
        make_private(&path).with_context(|| format!("cannot make the store {}", path.display()))?;
        let open = |connections, options: SqliteConnectOptions| {
            SqlitePoolOptions::new()
                .min_connections(1)
                .max_connections(connections)
                // A connection to a file does not break while it rests.
                .test_before_acquire(false)
                .after_release(|connection, _| Box::pin(is_whole(connection)))
                .connect_with(options)
        };
        let write = open(1, options.clone())
            .await
            .with_context(|| {
                format!(
                    "cannot open the store {} (is it one, may this user write it, is it whole? if not, restore a backup)",
                    path.display()
                )
            })?;
        sqlx::migrate!("./migrations")
            .run(&write)
            .await
            .context("cannot bring the store's tables up to date")?;
        let unsynced = open(1, options.clone().synchronous(SqliteSynchronous::Normal));
        let unsynced = unsynced.await.context("cannot open the store for leases")?;
        let pens = Pens { synced: write.clone(), unsynced, written: Arc::default() };
        let read = open(READERS, options).await.context("cannot open the store for reading")?;
        let shared = Arc::new(Shared { work: Notify::new(), changed: broadcast::channel(256).0, path });
        let inbox = inbox::Writer::start(pens.clone(), shared.clone());
        Ok(Self { write, pens, read, inbox, probe: Arc::default(), shared })
    }

    /// Whether the database of a URL is there.
    pub(crate) fn exists(url: &str) -> Result<bool> {
        let options =
            SqliteConnectOptions::from_str(url).with_context(|| format!("{url} is not a store's URL"))?;
        Ok(options.get_filename().exists())
    }

    /// Makes sure that no other `serve` works on this file, and takes up what the last one left under lease. What it was just saying to people
    /// may be `under_way` for so long, and is taken up after that.
    pub(crate) async fn own(&self, under_way: Duration) -> Result<File> {
        let path = self.shared.path.with_extension("lock");
        let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        if lock.try_lock().is_err() {
            bail!(
                "another netchange serve works on {} (its lock is {})",
                self.shared.path.display(),
                path.display()
            );
        }
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE inbox SET lease_until = NULL WHERE done_at IS NULL AND lease_until IS NOT NULL")
            .execute(&mut *tx)
            .await?;
        let later = Timestamp::now().checked_add(under_way).unwrap_or(Timestamp::MAX);
        sqlx::query(outbox::TAKE_UP).bind(millis(later)).execute(&mut *tx).await?;
        tx.commit().await?;
        self.bound_waits(Timestamp::now()).await?;
        tokio::spawn(checkpoint(self.clone()));
        Ok(lock)
    }

    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        let tx = self.write.begin_with("BEGIN IMMEDIATE").await?;
        self.pens.written.store(true, Ordering::Relaxed);
        Ok(tx)
    }

    /// Waits until there may be work.
    pub(crate) async fn work(&self) {
        self.shared.work.notified().await;
    }

    /// Says that there may be work.
    pub(crate) fn ring(&self) {
        self.shared.work.notify_one();
    }

    /// Every state change from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<changes::Changed> {
        self.shared.changed.subscribe()
    }

    /// Closes the connections, which also folds the write-ahead log into the file.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.pens.unsynced.close().await;
        self.write.close().await;
    }
}

/// Whether a connection may be used again. A full disk ends a transaction from within, which the library does not notice: it could not
/// begin another on this connection.
async fn is_whole(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // Its turn comes after that of taking back what was dropped.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Folds the write-ahead log into the file, as far as that goes without anybody waiting, until the store is closed.
async fn checkpoint(store: Store) {
    let mut interval = tokio::time::interval(CHECKPOINT_EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !store.read.is_closed() {
        interval.tick().await;
        if !store.pens.written.swap(false, Ordering::Relaxed) {
            continue;
        }
        match sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&store.read).await {
            Ok(_) | Err(sqlx::Error::PoolClosed) => {}
            Err(error) => {
                tracing::warn!(error = %error, "The write-ahead log could not be folded into the store");
            }
        }
    }
}

/// Makes the file, readable for its owner only, if it is not there yet; SQLite gives its other files the same rights. A store in memory
/// has no file.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let name = path.to_string_lossy();
    if name.is_empty() || name.contains(":memory:") || name.starts_with("file:") {
        return Ok(());
    }
    let made = File::options().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(|_| ()),
    }
}

/// A time as the store keeps it: milliseconds since 1970 UTC.
pub(crate) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A stored time.
pub(crate) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;

    /// The statements of a source file: the texts that begin like one.
    fn statements(source: &str) -> Vec<String> {
        let mut found = Vec::new();
        for start in ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE "] {
            for (at, _) in source.match_indices(start) {
                let text = &source[at + 1..];
                let text = &text[..text.find('"').unwrap()];
                // A backslash at the end of a line joins it with the next.
                let joined: Vec<&str> = text.split("\\\n").map(str::trim_start).collect();
                found.push(joined.concat().replace("{COLUMNS}", cards::COLUMNS));
            }
        }
        found
    }

    #[tokio::test]
    async fn every_statement_fits_the_tables() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        let sources = [
            include_str!("begin.rs"),
            include_str!("cards.rs"),
            include_str!("changes.rs"),
            include_str!("clock.rs"),
            include_str!("forget.rs"),
            include_str!("health.rs"),
            include_str!("inbox.rs"),
            include_str!("mod.rs"),
            include_str!("outbox.rs"),
            include_str!("remarks.rs"),
            include_str!("ticket_states.rs"),
        ];
        let mut seen = 0;
        for source in sources {
            let source = source.split("mod tests {").next().unwrap();
            // What ends in a space or an opening parenthesis is the beginning of one that is built.
            for statement in statements(source).iter().filter(|statement| !statement.ends_with([' ', '('])) {
                let explain = sqlx::AssertSqlSafe(format!("EXPLAIN {statement}"));
                let prepared = sqlx::query(explain).fetch_all(&store.read).await;
                assert!(prepared.is_ok(), "{prepared:?}: {statement}");
                seen += 1;
            }
        }
        assert!(seen > 30, "{seen} statements were found");
    }

    #[tokio::test]
    async fn a_transaction_in_one_piece_is_whole_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        let insert =
            "INSERT INTO inbox (source, delivery, received_at, due_at) VALUES ('zammad', 'a', 0, 0); ";
        for (rest, rows) in [("INSERT INTO nowhere VALUES (1); ", 0), ("", 1)] {
            let sql = sqlx::AssertSqlSafe(format!("{BEGIN}{insert}{rest}{COMMIT}"));
            let result = store.pens.run_synced(sqlx::query(sql).persistent(false)).await;
            assert_eq!(result.is_ok(), rows == 1, "{result:?}");
            let count: i64 =
                sqlx::query_scalar("SELECT count(*) FROM inbox").fetch_one(&store.read).await.unwrap();
            assert_eq!(count, rows);
        }
    }

    #[tokio::test]
    async fn what_an_earlier_version_stored_is_still_worked_on() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/x.db", dir.path().display());
        let old =
            SqlitePool::connect_with(url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true));
        let old = old.await.unwrap();
        let mut migrator = sqlx::migrate!("./migrations");
        let first: Vec<_> = migrator.migrations.iter().take(1).cloned().collect();
        migrator.migrations = first.into();
        migrator.run(&old).await.unwrap();
        let body = br#"{"ticket":{"id":16,"number":"15016"}}"#;
        let insert = "INSERT INTO inbox (source, delivery, received_at, due_at) VALUES ('zammad', 'a', 0, 0); \
                      INSERT INTO inbox_bodies (inbox_id, body) VALUES (1, ?1)";
        sqlx::query(insert).bind(body.as_slice()).execute(&old).await.unwrap();
        old.close().await;

        let store = Store::open(&url).await.unwrap();
        let rows = store.claim_deliveries(Timestamp::now(), 10).await.unwrap();
        let said: Vec<_> = rows.iter().map(|row| &row.says).collect();
        assert_eq!(said, [&inbox::Says::Body(body.to_vec())]);
        let again = inbox::Delivery {
            source: inbox::Source::Zammad,
            key: "a".to_owned(),
            says: inbox::Says::Ticket(16),
        };
        store.accept(again).await.unwrap();
        let rows = store.claim_deliveries(Timestamp::now(), 10).await.unwrap();
        assert!(rows.is_empty(), "sent again after the upgrade, it is known: {rows:?}");
    }

    /// With ten thousand changes, one statement that reads a whole table takes longer than all the rest of a change.
    #[tokio::test]
    async fn what_is_asked_again_and_again_reads_no_whole_table() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        for statement in
            [inbox::CLAIM, inbox::FORGET, outbox::CLAIM, outbox::DUE, outbox::GIVEN_UP, forget::CANCEL]
        {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let plan = sqlx::query(explain).fetch_all(&store.read).await.unwrap();
            for step in plan {
                let step: String = step.get("detail");
                let whole =
                    step.starts_with("SCAN ") && !step.contains("INDEX") && !step.contains("CONSTANT");
                assert!(!whole, "{step} in {statement}");
            }
        }
    }
}
