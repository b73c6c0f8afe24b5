-- A decision that does not count is recorded once, however often its webhook is worked on, and who made it is told once.

-- The webhook that brought the remark; none where it came by another way.
ALTER TABLE remarks ADD COLUMN delivery INTEGER;
CREATE UNIQUE INDEX one_remark_per_delivery ON remarks (delivery) WHERE delivery IS NOT NULL;

-- What the chat is told in answer to a webhook. Forgotten with the webhook.
CREATE TABLE replies (
    inbox_id  INTEGER PRIMARY KEY REFERENCES inbox (id) ON DELETE CASCADE,
    change_id TEXT    NOT NULL REFERENCES changes (id),
    text      TEXT    NOT NULL,
    sent      INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX replies_of_change ON replies (change_id);
