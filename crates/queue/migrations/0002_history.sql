-- History: what ended, searchable; and figures over time.

-- One line a group that ended or was taken from the list. Written by triggers in the transaction of the end, so that it is
-- there after any crash; it outlives its group, as receipts do.
CREATE TABLE history (
    group_id         BLOB    PRIMARY KEY NOT NULL CHECK (length(group_id) = 16),
    name             TEXT    NOT NULL,
    destination_id   BLOB    NOT NULL CHECK (length(destination_id) = 16),
    destination_name TEXT    NOT NULL,
    origin           TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state = 'completed' OR state = 'cancelled' OR state = 'failed'),
    created_at       INTEGER NOT NULL,
    ended_at         INTEGER NOT NULL,
    files            INTEGER NOT NULL,
    done             INTEGER NOT NULL,
    deduplicated     INTEGER NOT NULL,
    unchanged        INTEGER NOT NULL,
    failed           INTEGER NOT NULL,
    bytes            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX history_ended ON history (ended_at, group_id);

CREATE TRIGGER history_of_end AFTER UPDATE OF state ON upload_group
WHEN NEW.state IN ('completed', 'cancelled') AND OLD.state IS NOT NEW.state
BEGIN
    INSERT OR REPLACE INTO history
    SELECT NEW.id, NEW.name, NEW.destination_id, d.name, NEW.origin, NEW.state, NEW.created_at,
           coalesce(NEW.finished_at, NEW.created_at), count(f.state), count(*) FILTER (WHERE f.state = 'done'),
           count(*) FILTER (WHERE f.result = 'deduplicated'), count(*) FILTER (WHERE f.result = 'unchanged'),
           count(*) FILTER (WHERE f.state = 'failed'), coalesce(sum(f.size) FILTER (WHERE f.state = 'done'), 0)
    FROM destination d LEFT JOIN upload_file f ON f.group_id = NEW.id WHERE d.id = NEW.destination_id;
END;

-- A group of which every file was left out never ends by itself.
CREATE TRIGGER history_of_removal AFTER UPDATE OF hidden ON upload_group
WHEN NEW.hidden = 1 AND OLD.hidden = 0 AND NEW.state NOT IN ('completed', 'cancelled')
BEGIN
    INSERT OR REPLACE INTO history
    SELECT NEW.id, NEW.name, NEW.destination_id, d.name, NEW.origin, 'failed', NEW.created_at,
           coalesce(NEW.told_at, NEW.created_at), count(f.state), count(*) FILTER (WHERE f.state = 'done'),
           count(*) FILTER (WHERE f.result = 'deduplicated'), count(*) FILTER (WHERE f.result = 'unchanged'),
           count(*) FILTER (WHERE f.state = 'failed'), coalesce(sum(f.size) FILTER (WHERE f.state = 'done'), 0)
    FROM destination d LEFT JOIN upload_file f ON f.group_id = NEW.id WHERE d.id = NEW.destination_id;
END;

CREATE TRIGGER history_of_name AFTER UPDATE OF name ON upload_group
BEGIN
    UPDATE history SET name = NEW.name WHERE group_id = NEW.id;
END;

INSERT INTO history
SELECT g.id, g.name, g.destination_id, d.name, g.origin,
       CASE WHEN g.state IN ('completed', 'cancelled') THEN g.state ELSE 'failed' END, g.created_at,
       coalesce(g.finished_at, g.told_at, g.created_at), count(f.state), count(*) FILTER (WHERE f.state = 'done'),
       count(*) FILTER (WHERE f.result = 'deduplicated'), count(*) FILTER (WHERE f.result = 'unchanged'),
       count(*) FILTER (WHERE f.state = 'failed'), coalesce(sum(f.size) FILTER (WHERE f.state = 'done'), 0)
FROM upload_group g JOIN destination d ON d.id = g.destination_id LEFT JOIN upload_file f ON f.group_id = g.id
WHERE g.state IN ('completed', 'cancelled') OR g.hidden = 1
GROUP BY g.id;

-- Words of the paths and checksums of receipts, by `receipt.seq`. Filled behind the writer, so that ten thousand small files a
-- second pay nothing for it; what is not in it yet is looked through row by row.
CREATE VIRTUAL TABLE receipt_text USING fts5(
    words, content = '', detail = 'none', prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE receipt_text_upto (
    id   INTEGER PRIMARY KEY CHECK (id = 0),
    upto INTEGER NOT NULL
) STRICT;
INSERT INTO receipt_text_upto (id, upto) VALUES (0, 0);

-- What went over the network, by minute and destination.
CREATE TABLE sample (
    at             INTEGER NOT NULL,
    destination_id BLOB    NOT NULL CHECK (length(destination_id) = 16),
    -- All that sockets took, and of it what the storage did not keep.
    sent           INTEGER NOT NULL CHECK (sent >= 0),
    lost           INTEGER NOT NULL CHECK (lost >= 0),
    PRIMARY KEY (at, destination_id)
) STRICT, WITHOUT ROWID;

-- The history of one file or group.
CREATE INDEX event_scope ON event (scope_id, seq) WHERE scope_id IS NOT NULL;
