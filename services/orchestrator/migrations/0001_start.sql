-- Times are milliseconds since 1970 UTC. Bodies are JSON. A migration only adds.

-- Every webhook, stored before its sender hears 2xx.
CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      TEXT    NOT NULL,
    delivery    TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    done_at     INTEGER,
    outcome     TEXT,
    UNIQUE (source, delivery)
);
CREATE INDEX inbox_waiting ON inbox (due_at) WHERE done_at IS NULL;
CREATE INDEX inbox_done ON inbox (done_at) WHERE done_at IS NOT NULL;
-- Apart, because SQLite writes a row anew when it is leased and when it is done.
CREATE TABLE inbox_bodies (
    inbox_id INTEGER PRIMARY KEY REFERENCES inbox (id) ON DELETE CASCADE,
    body     BLOB    NOT NULL
);

CREATE TABLE changes (
    id            TEXT    PRIMARY KEY,
    version       INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    active        INTEGER NOT NULL,
    holds_device  INTEGER NOT NULL,
    ticket_id     INTEGER NOT NULL,
    ticket_number TEXT    NOT NULL,
    device        TEXT,
    received_at   INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    body          TEXT    NOT NULL
);
CREATE INDEX changes_by_ticket ON changes (ticket_id, id);
CREATE INDEX changes_by_number ON changes (ticket_number);
CREATE INDEX changes_by_state ON changes (state, id);
CREATE INDEX changes_by_device ON changes (device, id);
-- A ticket has at most one change that is under way; a device is worked on by at most one change.
CREATE UNIQUE INDEX one_active_change_per_ticket ON changes (ticket_id) WHERE active = 1;
CREATE UNIQUE INDEX one_change_per_device ON changes (device) WHERE holds_device = 1;

-- Append-only.
CREATE TABLE history (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    change_id  TEXT    NOT NULL REFERENCES changes (id),
    version    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    from_state TEXT    NOT NULL,
    to_state   TEXT    NOT NULL,
    event      TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    UNIQUE (change_id, version)
);

-- What shall be done outside, written in the transaction of the event that asks for it.
CREATE TABLE outbox (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    change_id        TEXT    NOT NULL REFERENCES changes (id),
    lane             TEXT    NOT NULL,
    effect           TEXT    NOT NULL,
    body             TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    due_at           INTEGER NOT NULL,
    first_attempt_at INTEGER,
    attempts         INTEGER NOT NULL DEFAULT 0,
    lease_until      INTEGER,
    done_at          INTEGER,
    gave_up_at       INTEGER,
    last_error       TEXT
);
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE done_at IS NULL AND gave_up_at IS NULL;
CREATE INDEX outbox_of_change ON outbox (change_id, lane, id) WHERE done_at IS NULL AND gave_up_at IS NULL;
CREATE INDEX outbox_gave_up ON outbox (gave_up_at) WHERE gave_up_at IS NOT NULL;

-- The cards on record: decisions count only for these.
CREATE TABLE cards (
    message_id TEXT    PRIMARY KEY,
    change_id  TEXT    NOT NULL REFERENCES changes (id),
    round      INTEGER NOT NULL,
    recipient  TEXT    NOT NULL,
    room_id    TEXT    NOT NULL,
    sent_at    INTEGER NOT NULL,
    shows      TEXT    NOT NULL DEFAULT 'pending',
    UNIQUE (change_id, round, recipient)
);

-- What the ticket was last seen or set to by us, so that somebody else's move is noticed.
CREATE TABLE ticket_states (
    change_id TEXT    PRIMARY KEY REFERENCES changes (id),
    state     TEXT    NOT NULL,
    at        INTEGER NOT NULL
);

-- What happened to a change without moving it: decisions that do not count, requests and round trips that were needed. Append-only.
CREATE TABLE remarks (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    change_id TEXT    NOT NULL REFERENCES changes (id),
    at        INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    detail    TEXT    NOT NULL
);
CREATE INDEX remarks_of_change ON remarks (change_id, id);
