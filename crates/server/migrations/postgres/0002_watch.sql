-- What storages told that nobody could place, and what lies in them that no row knows; as sqlite/0003_watch.sql has it.

-- Events that were set aside; kept to be looked at and tried again.
CREATE TABLE dead_event (
  seq            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  destination_id uuid NOT NULL REFERENCES destination (id),
  at             bigint NOT NULL,
  reason         text NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 255),
  detail         text NOT NULL CHECK (octet_length(detail) <= 1024),
  event          text NOT NULL CHECK (octet_length(event) <= 16384),
  replayed_at    bigint
);
CREATE INDEX dead_event_at ON dead_event (destination_id, at);

-- Objects and unfinished uploads with our token and no row. Told once they were seen for long; deleted by nobody here.
CREATE TABLE stray (
  destination_id uuid NOT NULL REFERENCES destination (id),
  object_key     text NOT NULL CHECK (octet_length(object_key) <= 8192),
  upload_id      text NOT NULL DEFAULT '', -- '' is a whole object
  size           bigint CHECK (size >= 0),
  first_seen     bigint NOT NULL,
  last_seen      bigint NOT NULL,
  told_at        bigint,
  PRIMARY KEY (destination_id, object_key, upload_id)
);

-- Pages of the audit about one kind of act.
CREATE INDEX audit_by_action ON audit_row (action, seq);
