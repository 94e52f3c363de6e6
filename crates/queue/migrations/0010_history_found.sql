-- What ended is found by where it went, how it ended, from which folder it came, and when; what was done besides stands among it.

CREATE INDEX history_destination ON history (destination_id, ended_at, group_id);
CREATE INDEX history_state ON history (state, ended_at, group_id);
CREATE INDEX history_destination_state ON history (destination_id, state, ended_at, group_id);

-- Each folder that a group's originals lay in, and each folder above it, byte for byte, without a slash at its end ('' is the
-- root): "what came from here" is one stretch of the key, newest first. Filled behind the writer, as the words of receipts are.
CREATE TABLE history_folder (
    folder   BLOB    NOT NULL,
    ended_at INTEGER NOT NULL,
    group_id BLOB    NOT NULL CHECK (length(group_id) = 16),
    PRIMARY KEY (folder, ended_at, group_id)
) STRICT, WITHOUT ROWID;

-- Groups whose folders are not all in it yet. They are looked through file by file.
CREATE TABLE history_folder_due (
    group_id BLOB PRIMARY KEY NOT NULL CHECK (length(group_id) = 16)
) STRICT, WITHOUT ROWID;
INSERT INTO history_folder_due (group_id) SELECT group_id FROM history;

CREATE TRIGGER history_of_folders AFTER INSERT ON history
BEGIN
    INSERT INTO history_folder_due (group_id) VALUES (NEW.group_id) ON CONFLICT DO NOTHING;
END;

-- What was done besides uploads: a check at the start, originals that were moved away and brought back, a destination that was
-- asked again. One line an act, not one a file.
CREATE TABLE act (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    group_id BLOB    CHECK (length(group_id) = 16),
    files    INTEGER NOT NULL CHECK (files >= 0),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    -- Files with which it did not go well.
    failed   INTEGER NOT NULL CHECK (failed >= 0),
    data     TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(data) AND length(CAST(data AS BLOB)) <= 65536)
) STRICT;
CREATE INDEX act_at ON act (at, seq);

-- When processing of a file was heard to have ended, by this computer's clock; absent while it goes on, and of what ended before
-- this was written down.
ALTER TABLE processing ADD COLUMN ended_at INTEGER CHECK (ended_at IS NULL OR state = 'done' OR state = 'failed');
CREATE INDEX processing_ended ON processing (ended_at) WHERE ended_at IS NOT NULL;
