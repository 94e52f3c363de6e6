-- Stretches of time in which work was held up, and what of a group had to be sent again.

CREATE TABLE span (
    id             INTEGER PRIMARY KEY,
    cause          TEXT    NOT NULL CHECK (length(cause) BETWEEN 1 AND 40),
    -- Neither: everything that was open. Both: one group.
    destination_id BLOB    CHECK (length(destination_id) = 16),
    group_id       BLOB    CHECK (length(group_id) = 16),
    -- Bytes a second, where the cause is the limit of an hour.
    rate_limit     INTEGER,
    -- The error behind it.
    code           TEXT,
    from_at        INTEGER NOT NULL,
    -- Absent while it goes on.
    to_at          INTEGER,
    CHECK (group_id IS NULL OR destination_id IS NOT NULL),
    CHECK (to_at IS NULL OR to_at >= from_at)
) STRICT;
-- What goes on goes on once.
CREATE UNIQUE INDEX span_open ON span (cause, coalesce(destination_id, x''), coalesce(group_id, x''), coalesce(rate_limit, -1))
    WHERE to_at IS NULL;
CREATE INDEX span_ended ON span (to_at) WHERE to_at IS NOT NULL;

-- Bytes that went to a destination in vain, by group; they outlive the card, as the history does.
CREATE TABLE sent_again (
    group_id BLOB    PRIMARY KEY NOT NULL CHECK (length(group_id) = 16),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;
