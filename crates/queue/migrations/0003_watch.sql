-- Watched folders, and what is known of each file in them.

CREATE TABLE watched_folder (
    id             BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name           TEXT    NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 1024),
    -- Absolute, byte for byte.
    path           BLOB    NOT NULL UNIQUE CHECK (length(path) > 0),
    -- The disk, and what tells the folder from another one at the same place.
    dev            INTEGER NOT NULL,
    marker         TEXT    NOT NULL,
    destination_id BLOB    NOT NULL REFERENCES destination (id),
    group_rule     TEXT    NOT NULL CHECK (group_rule = 'batch' OR group_rule = 'day' OR group_rule = 'folder'),
    -- Patterns, sizes, depth, waits.
    rules          TEXT    NOT NULL CHECK (json_valid(rules) AND length(CAST(rules AS BLOB)) <= 65536),
    after          TEXT    NOT NULL CHECK (after = 'keep' OR after = 'move' OR after = 'delete'),
    after_path     BLOB    CHECK (length(after_path) > 0),
    intent         TEXT    NOT NULL CHECK (intent = 'run' OR intent = 'paused'),
    -- 1 until the files that were there before were all written down as such.
    only_new       INTEGER NOT NULL CHECK (only_new IN (0, 1)),
    last_scan_at   INTEGER,
    created_at     INTEGER NOT NULL,
    CHECK ((after = 'move') = (after_path IS NOT NULL))
) STRICT;
CREATE INDEX watched_folder_destination ON watched_folder (destination_id);

CREATE TABLE watched_entry (
    folder_id   BLOB    NOT NULL REFERENCES watched_folder (id) ON DELETE CASCADE,
    -- Below the folder, byte for byte.
    rel_path    BLOB    NOT NULL CHECK (length(rel_path) > 0),
    dev         INTEGER NOT NULL,
    inode       INTEGER NOT NULL,
    size        INTEGER NOT NULL CHECK (size >= 0),
    mtime_ns    INTEGER NOT NULL,
    ctime_ns    INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state = 'settling' OR state = 'queued' OR state = 'uploaded' OR state = 'ignored' OR state = 'failed'),
    why         TEXT    NOT NULL,
    detail      TEXT    NOT NULL DEFAULT '',
    -- The newest upload of it.
    file_id     BLOB    CHECK (length(file_id) = 16),
    versions    INTEGER NOT NULL DEFAULT 0 CHECK (versions >= 0),
    -- 0 when it left the folder.
    present     INTEGER NOT NULL DEFAULT 1 CHECK (present IN (0, 1)),
    after_state TEXT    NOT NULL DEFAULT 'none' CHECK (after_state = 'none' OR after_state = 'due' OR after_state = 'done' OR after_state = 'failed'),
    PRIMARY KEY (folder_id, rel_path),
    CHECK (state <> 'queued' OR file_id IS NOT NULL),
    -- Nothing is done with an original that was not proved.
    CHECK (after_state = 'none' OR file_id IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX watched_entry_state ON watched_entry (folder_id, state, last_change);
-- "Is it a file that was here under another name?"
CREATE INDEX watched_entry_inode ON watched_entry (folder_id, dev, inode);
CREATE UNIQUE INDEX watched_entry_file ON watched_entry (file_id) WHERE file_id IS NOT NULL;
CREATE INDEX watched_entry_after ON watched_entry (folder_id, after_state) WHERE after_state <> 'none';

-- Groups that files of a watched folder still join.
CREATE TABLE watched_group (
    folder_id BLOB    NOT NULL REFERENCES watched_folder (id) ON DELETE CASCADE,
    key       TEXT    NOT NULL,
    group_id  BLOB    NOT NULL UNIQUE REFERENCES upload_group (id) ON DELETE CASCADE,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (folder_id, key)
) STRICT, WITHOUT ROWID;

-- An upload is handed over once: an entry never goes back to an upload that it had before, nor loses one that is open.
CREATE TRIGGER watched_entry_upload_kept BEFORE UPDATE OF file_id ON watched_entry
WHEN OLD.file_id IS NOT NULL AND NEW.file_id IS NOT OLD.file_id
 AND EXISTS (SELECT 1 FROM upload_file WHERE id = OLD.file_id AND state <> 'done' AND state <> 'failed' AND state <> 'removed')
BEGIN SELECT RAISE(ABORT, 'an open upload of a watched file is not replaced'); END;
