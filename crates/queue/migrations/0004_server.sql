-- Windlass servers behind destinations, and what they do with files that arrived.

-- A row stays when its destination is taken off the list: receipts still name it. The token is elsewhere.
CREATE TABLE server_place (
    destination_id BLOB PRIMARY KEY NOT NULL CHECK (length(destination_id) = 16),
    url            TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 1024),
    -- The destination of the server.
    remote_id      BLOB NOT NULL CHECK (length(remote_id) = 16),
    remote_name    TEXT NOT NULL,
    keep           TEXT NOT NULL CHECK (keep = 'keyring' OR keep = 'file' OR keep = 'session')
) STRICT, WITHOUT ROWID;

-- The processing track of a file that arrived at a server, as it was told last; asked about again when due.
CREATE TABLE processing (
    file_id BLOB    PRIMARY KEY NOT NULL REFERENCES upload_file (id) ON DELETE CASCADE,
    state   TEXT    NOT NULL CHECK (state = 'none' OR state = 'waiting' OR state = 'running' OR state = 'done' OR state = 'failed'),
    code    TEXT    CHECK (length(code) BETWEEN 1 AND 255),
    detail  TEXT,
    asks    INTEGER NOT NULL DEFAULT 0 CHECK (asks >= 0),
    due_at  INTEGER NOT NULL,
    CHECK (state = 'failed' OR (code IS NULL AND detail IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX processing_due ON processing (due_at) WHERE state = 'waiting' OR state = 'running';

-- What arrived at a server is processed there from then on. Unchanged files were before.
CREATE TRIGGER receipt_of_server AFTER INSERT ON receipt
WHEN NEW.result <> 'unchanged'
 AND EXISTS (SELECT 1 FROM server_place WHERE destination_id = NEW.destination_id)
 AND EXISTS (SELECT 1 FROM upload_file WHERE id = NEW.file_id)
BEGIN
    INSERT INTO processing (file_id, state, due_at) VALUES (NEW.file_id, 'waiting', NEW.recorded_at)
    ON CONFLICT DO NOTHING;
END;
