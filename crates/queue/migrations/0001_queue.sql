-- The desktop's queue. Ids are UUIDv7 (16 bytes), times are milliseconds since 1970 UTC, hashes are raw bytes.
-- `dev` and `inode` are unsigned 64-bit numbers kept in SQLite's signed ones bit by bit.
--
-- Words are compared one by one where a row is written: for each `IN` with more than two words SQLite builds a table at every
-- statement. "Open" (queued, registered, uploading, verifying) is said as "not done, not failed, not removed".

CREATE TABLE engine (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    install_id  BLOB    NOT NULL CHECK (length(install_id) = 16),
    -- 0 while a Windlass works on this file, so a launch that finds 0 knows that the last one was cut.
    clean_exit  INTEGER NOT NULL CHECK (clean_exit IN (0, 1)),
    last_alive  INTEGER
) STRICT;

-- Every allowed step of every machine; '' is the making of a row. Held against the code's tables at each start.
CREATE TABLE allowed_transition (
    machine    TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    PRIMARY KEY (machine, from_state, to_state)
) STRICT, WITHOUT ROWID;

CREATE TABLE destination (
    id           BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name         TEXT    NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 1024),
    kind         TEXT    NOT NULL CHECK (kind = 'folder' OR kind = 's3' OR kind = 'server'),
    location     TEXT    NOT NULL,
    is_default   INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
    position     INTEGER NOT NULL,
    content_hash TEXT    NOT NULL DEFAULT 'always' CHECK (content_hash = 'always' OR content_hash = 'after' OR content_hash = 'never'),
    -- Taken out of the list while groups still name it.
    hidden       INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    CHECK (hidden = 0 OR is_default = 0)
) STRICT;
CREATE UNIQUE INDEX destination_default ON destination (is_default) WHERE is_default = 1;

CREATE TABLE upload_group (
    id             BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name           TEXT    NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 1024),
    destination_id BLOB    NOT NULL REFERENCES destination (id),
    origin         TEXT    NOT NULL CHECK (origin = 'drop' OR origin = 'dialog' OR origin = 'paste' OR origin = 'cli' OR origin = 'open_with' OR origin = 'watch'),
    intent         TEXT    NOT NULL CHECK (intent = 'run' OR intent = 'paused' OR intent = 'cancelled'),
    state          TEXT    NOT NULL CHECK (state = 'draft' OR state = 'uploading' OR state = 'completed' OR state = 'failed' OR state = 'cancelled'),
    position       INTEGER NOT NULL,
    -- Dropped paths are still being walked.
    scanning       INTEGER NOT NULL CHECK (scanning IN (0, 1)),
    -- The person took its card away; it stays for its receipts.
    hidden         INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    created_at     INTEGER NOT NULL,
    finished_at    INTEGER,
    told_at        INTEGER,
    CHECK ((state IN ('completed', 'cancelled')) = (finished_at IS NOT NULL))
) STRICT;
CREATE INDEX upload_group_destination ON upload_group (destination_id);

CREATE TABLE upload_file (
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    group_id     BLOB    NOT NULL REFERENCES upload_group (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL CHECK (position >= 0),
    path         BLOB    NOT NULL CHECK (length(path) > 0),
    rel_path     TEXT    NOT NULL,
    dev          INTEGER NOT NULL,
    inode        INTEGER NOT NULL,
    size         INTEGER NOT NULL CHECK (size >= 0),
    mtime_ns     INTEGER NOT NULL,
    ctime_ns     INTEGER NOT NULL,
    mime         TEXT,
    intent       TEXT    NOT NULL CHECK (intent = 'run' OR intent = 'paused' OR intent = 'cancelled'),
    state        TEXT    NOT NULL
                 CHECK (state = 'queued' OR state = 'registered' OR state = 'uploading' OR state = 'verifying' OR state = 'done' OR state = 'failed' OR state = 'removed'),
    attempt      INTEGER NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    part_size    INTEGER NOT NULL CHECK (part_size > 0),
    part_count   INTEGER NOT NULL CHECK (part_count BETWEEN 1 AND 10000),
    sha256       BLOB    CHECK (length(sha256) = 32),
    crc64        BLOB    CHECK (length(crc64) = 8),
    tries        INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next_try_at  INTEGER,
    error_code   TEXT,
    error_detail TEXT,
    result       TEXT    CHECK (result = 'uploaded' OR result = 'deduplicated' OR result = 'unchanged'),
    object_key   TEXT,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK ((state IN ('done', 'removed')) = (finished_at IS NOT NULL)),
    CHECK (state <> 'failed' OR error_code IS NOT NULL),
    CHECK (state <> 'done' OR error_code IS NULL),
    CHECK (object_key IS NOT NULL OR state = 'queued' OR state = 'failed' OR state = 'removed'),
    CHECK (object_key IS NULL OR state <> 'queued'),
    CHECK ((error_code IS NULL) = (error_detail IS NULL)),
    CHECK (next_try_at IS NULL OR (state <> 'done' AND state <> 'failed' AND state <> 'removed'))
) STRICT;
-- A page of the list.
CREATE UNIQUE INDEX upload_file_position ON upload_file (group_id, position);
-- Totals and pages of one state, without touching the rows.
CREATE INDEX upload_file_totals ON upload_file (group_id, state, position, size, result, error_code);
-- What is still to be done, in its order; the snapshot of a launch.
CREATE INDEX upload_file_open ON upload_file (group_id, position, state, intent, next_try_at)
    WHERE state <> 'done' AND state <> 'failed' AND state <> 'removed';

CREATE TABLE part (
    file_id     BLOB    NOT NULL REFERENCES upload_file (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
    state       TEXT    NOT NULL CHECK (state = 'pending' OR state = 'uploading' OR state = 'uploaded' OR state = 'failed'),
    size        INTEGER NOT NULL CHECK (size >= 0),
    crc64       BLOB    CHECK (length(crc64) = 8),
    etag        TEXT,
    uploaded_at INTEGER,
    PRIMARY KEY (file_id, number),
    CHECK ((state = 'uploaded') = (etag IS NOT NULL)),
    CHECK ((state = 'uploaded') = (uploaded_at IS NOT NULL)),
    CHECK (state <> 'uploaded' OR crc64 IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- Proofs. Written in the transaction that makes a file `done`, never changed, never deleted; they outlive their group and
-- their destination, so they name both by what they were.
CREATE TABLE receipt (
    seq              INTEGER PRIMARY KEY,
    group_id         BLOB    NOT NULL CHECK (length(group_id) = 16),
    file_id          BLOB    NOT NULL UNIQUE CHECK (length(file_id) = 16),
    attempt          INTEGER NOT NULL,
    destination_id   BLOB    NOT NULL CHECK (length(destination_id) = 16),
    destination_name TEXT    NOT NULL,
    path             BLOB    NOT NULL,
    rel_path         TEXT    NOT NULL,
    dev              INTEGER NOT NULL,
    inode            INTEGER NOT NULL,
    size             INTEGER NOT NULL CHECK (size >= 0),
    mtime_ns         INTEGER NOT NULL,
    ctime_ns         INTEGER NOT NULL,
    result           TEXT    NOT NULL CHECK (result = 'uploaded' OR result = 'deduplicated' OR result = 'unchanged'),
    object_key       TEXT    NOT NULL,
    proof            TEXT    NOT NULL CHECK (length(proof) > 0),
    sha256           BLOB    CHECK (length(sha256) = 32),
    crc64            BLOB    CHECK (length(crc64) = 8),
    uploaded_at      INTEGER NOT NULL,
    recorded_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX receipt_group ON receipt (group_id);
-- "Unchanged since its receipt?"; the newest has the highest seq.
CREATE INDEX receipt_path ON receipt (destination_id, path);

-- The hash of a file that was done by another proof and hashed later.
CREATE TABLE receipt_hash (
    file_id BLOB PRIMARY KEY NOT NULL REFERENCES receipt (file_id),
    sha256  BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE hash_cache (
    dev      INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    size     INTEGER NOT NULL CHECK (size >= 0),
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    sha256   BLOB    NOT NULL CHECK (length(sha256) = 32),
    crc64    BLOB    CHECK (length(crc64) = 8),
    used_at  INTEGER NOT NULL,
    PRIMARY KEY (dev, inode, size, mtime_ns, ctime_ns)
) STRICT, WITHOUT ROWID;
CREATE INDEX hash_cache_used ON hash_cache (used_at);

CREATE TABLE setting (
    key   TEXT PRIMARY KEY NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    value TEXT NOT NULL CHECK (json_valid(value) AND length(CAST(value AS BLOB)) <= 1048576)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    scope    TEXT    NOT NULL CHECK (scope = 'app' OR scope = 'destination' OR scope = 'group' OR scope = 'file'),
    scope_id BLOB    CHECK (length(scope_id) = 16),
    kind     TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 255),
    code     TEXT,
    data     TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(data) AND length(CAST(data AS BLOB)) <= 65536),
    CHECK ((scope = 'app') = (scope_id IS NULL))
) STRICT;
CREATE INDEX event_at ON event (at);

-- Steps. The same shape for each machine: making, moving.

CREATE TRIGGER upload_file_made BEFORE INSERT ON upload_file
WHEN NOT EXISTS (SELECT 1 FROM allowed_transition
                 WHERE machine = 'file' AND from_state = '' AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'forbidden transition: file, made'); END;

CREATE TRIGGER upload_file_moved BEFORE UPDATE OF state ON upload_file
WHEN NEW.state IS NOT OLD.state
 AND NOT EXISTS (SELECT 1 FROM allowed_transition
                 WHERE machine = 'file' AND from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'forbidden transition: file'); END;

CREATE TRIGGER part_made BEFORE INSERT ON part
WHEN NOT EXISTS (SELECT 1 FROM allowed_transition
                 WHERE machine = 'part' AND from_state = '' AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'forbidden transition: part, made'); END;

CREATE TRIGGER part_moved BEFORE UPDATE OF state ON part
WHEN NEW.state IS NOT OLD.state
 AND NOT EXISTS (SELECT 1 FROM allowed_transition
                 WHERE machine = 'part' AND from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'forbidden transition: part'); END;

CREATE TRIGGER upload_group_made BEFORE INSERT ON upload_group
WHEN NOT EXISTS (SELECT 1 FROM allowed_transition
                 WHERE machine = 'group' AND from_state = '' AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'forbidden transition: group, made'); END;

CREATE TRIGGER upload_group_moved BEFORE UPDATE OF state ON upload_group
WHEN NEW.state IS NOT OLD.state
 AND NOT EXISTS (SELECT 1 FROM allowed_transition
                 WHERE machine = 'group' AND from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'forbidden transition: group'); END;

-- Gates.

CREATE TRIGGER upload_file_proved BEFORE UPDATE OF state ON upload_file
WHEN NEW.state = 'done' AND OLD.state IS NOT 'done'
 AND NOT EXISTS (SELECT 1 FROM receipt WHERE file_id = OLD.id AND attempt = OLD.attempt AND result = NEW.result)
BEGIN SELECT RAISE(ABORT, 'no file is done without its receipt'); END;

CREATE TRIGGER upload_group_settled BEFORE UPDATE OF state ON upload_group
WHEN NEW.state = 'completed' AND OLD.state IS NOT 'completed'
 AND (NOT EXISTS (SELECT 1 FROM upload_file WHERE group_id = OLD.id AND state = 'done')
      OR EXISTS (SELECT 1 FROM upload_file
                 WHERE group_id = OLD.id AND state <> 'done' AND state <> 'failed' AND state <> 'removed'
                   AND intent <> 'cancelled'))
BEGIN SELECT RAISE(ABORT, 'a group is complete when a file is done and none is open'); END;

CREATE TRIGGER upload_group_cleaned BEFORE UPDATE OF state ON upload_group
WHEN NEW.state = 'cancelled' AND OLD.state IS NOT 'cancelled'
 AND EXISTS (SELECT 1 FROM upload_file
             WHERE group_id = OLD.id AND state <> 'done' AND state <> 'failed' AND state <> 'removed')
BEGIN SELECT RAISE(ABORT, 'a group is cancelled when none of its files is open'); END;

CREATE TRIGGER upload_file_into_ended_group BEFORE INSERT ON upload_file
WHEN EXISTS (SELECT 1 FROM upload_group
             WHERE id = NEW.group_id AND (hidden = 1 OR state IN ('completed', 'cancelled')))
BEGIN SELECT RAISE(ABORT, 'the group has ended'); END;

CREATE TRIGGER part_of_closed_file BEFORE UPDATE OF state ON part
WHEN NEW.state IS NOT OLD.state AND NEW.state <> 'pending'
 AND EXISTS (SELECT 1 FROM upload_file WHERE id = OLD.file_id
             AND (object_key IS NULL OR state = 'done' OR state = 'removed'))
BEGIN SELECT RAISE(ABORT, 'parts move only while the control plane expects them'); END;

-- What never changes.

CREATE TRIGGER upload_file_fixed BEFORE UPDATE OF id, group_id, position, path, rel_path, created_at ON upload_file
BEGIN SELECT RAISE(ABORT, 'a file keeps its id, group, place and path'); END;

CREATE TRIGGER upload_file_final BEFORE UPDATE ON upload_file
WHEN OLD.state IN ('done', 'removed')
 AND NOT (NEW.state = 'done' AND OLD.sha256 IS NULL AND NEW.sha256 IS NOT NULL
          AND (NEW.dev, NEW.inode, NEW.size, NEW.mtime_ns, NEW.ctime_ns, NEW.attempt, NEW.result, NEW.object_key, NEW.intent,
               NEW.finished_at, NEW.part_size, NEW.part_count)
            = (OLD.dev, OLD.inode, OLD.size, OLD.mtime_ns, OLD.ctime_ns, OLD.attempt, OLD.result, OLD.object_key, OLD.intent,
               OLD.finished_at, OLD.part_size, OLD.part_count)
          AND NEW.crc64 IS OLD.crc64 AND NEW.mime IS OLD.mime)
BEGIN SELECT RAISE(ABORT, 'what is settled stays settled'); END;

CREATE TRIGGER upload_file_kept BEFORE DELETE ON upload_file
WHEN EXISTS (SELECT 1 FROM upload_group WHERE id = OLD.group_id AND hidden = 0)
BEGIN SELECT RAISE(ABORT, 'files leave with their group only'); END;

CREATE TRIGGER upload_group_kept BEFORE DELETE ON upload_group
WHEN OLD.hidden = 0 OR EXISTS (SELECT 1 FROM receipt WHERE group_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'a group that is shown or has receipts stays'); END;

CREATE TRIGGER part_fixed BEFORE UPDATE OF file_id, number, size ON part
BEGIN SELECT RAISE(ABORT, 'a plan is made once'); END;

CREATE TRIGGER part_kept BEFORE DELETE ON part
WHEN EXISTS (SELECT 1 FROM upload_file f JOIN upload_group g ON g.id = f.group_id
             WHERE f.id = OLD.file_id AND f.state <> 'queued' AND g.hidden = 0)
BEGIN SELECT RAISE(ABORT, 'a plan is made anew only before the file is announced'); END;

CREATE TRIGGER receipt_fixed BEFORE UPDATE ON receipt
BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END;

CREATE TRIGGER receipt_kept BEFORE DELETE ON receipt
BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END;

CREATE TRIGGER receipt_hash_fixed BEFORE UPDATE ON receipt_hash
BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END;

CREATE TRIGGER receipt_hash_kept BEFORE DELETE ON receipt_hash
BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END;

CREATE TRIGGER event_fixed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER engine_kept BEFORE DELETE ON engine
BEGIN SELECT RAISE(ABORT, 'the installation stays'); END;

CREATE TRIGGER engine_fixed BEFORE UPDATE OF install_id ON engine
BEGIN SELECT RAISE(ABORT, 'the installation stays'); END;

INSERT INTO allowed_transition (machine, from_state, to_state) VALUES
    ('file', '', 'queued'),
    ('file', 'queued', 'registered'),
    ('file', 'queued', 'done'),
    ('file', 'registered', 'done'),
    ('file', 'uploading', 'done'),
    ('file', 'registered', 'uploading'),
    ('file', 'uploading', 'verifying'),
    ('file', 'verifying', 'uploading'),
    ('file', 'verifying', 'done'),
    ('file', 'queued', 'failed'),
    ('file', 'registered', 'failed'),
    ('file', 'uploading', 'failed'),
    ('file', 'verifying', 'failed'),
    ('file', 'registered', 'queued'),
    ('file', 'uploading', 'queued'),
    ('file', 'verifying', 'queued'),
    ('file', 'failed', 'queued'),
    ('file', 'failed', 'registered'),
    ('file', 'failed', 'uploading'),
    ('file', 'queued', 'removed'),
    ('file', 'registered', 'removed'),
    ('file', 'uploading', 'removed'),
    ('file', 'verifying', 'removed'),
    ('file', 'failed', 'removed'),
    ('part', '', 'pending'),
    ('part', 'pending', 'uploading'),
    ('part', 'failed', 'uploading'),
    ('part', 'uploading', 'uploaded'),
    ('part', 'pending', 'uploaded'),
    ('part', 'failed', 'uploaded'),
    ('part', 'uploading', 'failed'),
    ('part', 'uploaded', 'failed'),
    ('part', 'uploading', 'pending'),
    ('part', 'uploaded', 'pending'),
    ('part', 'failed', 'pending'),
    ('part', 'uploaded', 'uploading'),
    ('group', '', 'draft'),
    ('group', 'draft', 'uploading'),
    ('group', 'draft', 'failed'),
    ('group', 'uploading', 'completed'),
    ('group', 'uploading', 'failed'),
    ('group', 'failed', 'uploading'),
    ('group', 'failed', 'draft'),
    ('group', 'draft', 'cancelled'),
    ('group', 'uploading', 'cancelled'),
    ('group', 'failed', 'cancelled');

CREATE TRIGGER allowed_transition_grown BEFORE INSERT ON allowed_transition
BEGIN SELECT RAISE(ABORT, 'the tables of steps change by migration only'); END;

CREATE TRIGGER allowed_transition_fixed BEFORE UPDATE ON allowed_transition
BEGIN SELECT RAISE(ABORT, 'the tables of steps change by migration only'); END;

CREATE TRIGGER allowed_transition_kept BEFORE DELETE ON allowed_transition
BEGIN SELECT RAISE(ABORT, 'the tables of steps change by migration only'); END;
