-- What storages told that nobody could place, and what lies in them that no row knows.

-- Events that were set aside; kept to be looked at and tried again.
CREATE TABLE dead_event (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  destination_id BLOB NOT NULL REFERENCES destination (id),
  at             INTEGER NOT NULL,
  reason         TEXT NOT NULL CHECK (length(CAST(reason AS BLOB)) BETWEEN 1 AND 255),
  detail         TEXT NOT NULL CHECK (length(CAST(detail AS BLOB)) <= 1024),
  event          TEXT NOT NULL CHECK (length(CAST(event AS BLOB)) <= 16384),
  replayed_at    INTEGER
) STRICT;
CREATE INDEX dead_event_at ON dead_event (destination_id, at);

-- Objects and unfinished uploads with our token and no row. Told once they were seen for long; deleted by nobody here.
CREATE TABLE stray (
  destination_id BLOB NOT NULL REFERENCES destination (id),
  object_key     TEXT NOT NULL CHECK (length(CAST(object_key AS BLOB)) <= 8192),
  upload_id      TEXT NOT NULL DEFAULT '', -- '' is a whole object
  size           INTEGER CHECK (size >= 0),
  first_seen     INTEGER NOT NULL,
  last_seen      INTEGER NOT NULL,
  told_at        INTEGER,
  PRIMARY KEY (destination_id, object_key, upload_id)
) STRICT, WITHOUT ROWID;

-- Pages of the audit about one kind of act.
CREATE INDEX audit_by_action ON audit_row (action, seq);
