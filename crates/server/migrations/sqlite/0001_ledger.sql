-- The ledger: groups, sessions, objects, destinations. Times are milliseconds since 1970. What may become what stands in
-- allowed_transition, filled from core::states; the triggers below refuse every other step, also for an INSERT and NULL.

CREATE TABLE allowed_transition (
  machine    TEXT NOT NULL,
  from_state TEXT NOT NULL, -- '' is the making of a row
  to_state   TEXT NOT NULL,
  PRIMARY KEY (machine, from_state, to_state)
) STRICT, WITHOUT ROWID;

CREATE TABLE owner (
  id         BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  kind       TEXT NOT NULL CHECK (kind IN ('local', 'user', 'anonymous')),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX owner_local ON owner (kind) WHERE kind = 'local';

CREATE TABLE destination (
  id           BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  name         TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 1024),
  kind         TEXT NOT NULL CHECK (kind IN ('folder', 's3')),
  config       TEXT NOT NULL CHECK (json_valid(config)), -- never a secret
  secret_keep  TEXT CHECK (secret_keep IN ('keyring', 'file', 'session')),
  capabilities TEXT CHECK (capabilities IS NULL OR json_valid(capabilities)),
  max_bytes    INTEGER CHECK (max_bytes >= 0),
  state        TEXT NOT NULL CHECK (state IN ('active', 'retired')),
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX destination_name ON destination (name) WHERE state = 'active';

CREATE TABLE upload_group (
  owner_id       BLOB NOT NULL REFERENCES owner (id),
  id             BLOB NOT NULL CHECK (length(id) = 16),
  name           TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) <= 1024),
  destination_id BLOB NOT NULL REFERENCES destination (id),
  state          TEXT NOT NULL CHECK (state IN ('draft', 'uploading', 'completed', 'failed', 'cancelled')),
  completed_at   INTEGER,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  rev            INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (owner_id, id),
  CHECK ((state = 'completed') = (completed_at IS NOT NULL))
) STRICT;

CREATE TABLE upload_session (
  owner_id       BLOB NOT NULL,
  id             BLOB NOT NULL CHECK (length(id) = 16),
  attempt        INTEGER NOT NULL CHECK (attempt >= 1),
  group_id       BLOB NOT NULL,
  destination_id BLOB NOT NULL REFERENCES destination (id),
  rel_path       TEXT NOT NULL,
  size           INTEGER NOT NULL CHECK (size >= 0),
  part_size      INTEGER NOT NULL CHECK (part_size > 0),
  mime           TEXT NOT NULL CHECK (length(CAST(mime AS BLOB)) <= 1024),
  sha256         BLOB CHECK (sha256 IS NULL OR length(sha256) = 32),
  canonical_id   BLOB,
  object_id      BLOB REFERENCES stored_object (id),
  state          TEXT NOT NULL CHECK (state IN
                   ('pending', 'uploading', 'verifying', 'uploaded', 'deduplicated', 'failed', 'rejected')),
  client_id      BLOB NOT NULL CHECK (length(client_id) = 16),
  alive_at       INTEGER NOT NULL,
  lease_until    INTEGER NOT NULL DEFAULT 0,
  fence          INTEGER NOT NULL DEFAULT 0,
  error_code     TEXT,
  error_detail   TEXT,
  error_at       INTEGER,
  uploaded_at    INTEGER,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  rev            INTEGER NOT NULL DEFAULT 1,
  deleted_at     INTEGER,
  delete_reason  TEXT CHECK (delete_reason IN ('user', 'cancelled', 'mismatch', 'vanished', 'admin')),
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (owner_id, group_id) REFERENCES upload_group (owner_id, id),
  FOREIGN KEY (owner_id, canonical_id) REFERENCES upload_session (owner_id, id),
  CHECK ((state IN ('uploaded', 'deduplicated')) = (uploaded_at IS NOT NULL)),
  CHECK (canonical_id IS NULL OR (canonical_id <> id AND state IN ('pending', 'deduplicated'))),
  CHECK (state <> 'deduplicated' OR canonical_id IS NOT NULL),
  CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
) STRICT;
-- Counts of a group; finalize.
CREATE INDEX session_group ON upload_session (owner_id, group_id, state);
-- Maybe a duplicate.
CREATE INDEX session_size ON upload_session (owner_id, destination_id, size)
  WHERE state = 'uploaded' AND deleted_at IS NULL;
-- A duplicate, settled or on its way.
CREATE INDEX session_content ON upload_session (owner_id, destination_id, sha256)
  WHERE sha256 IS NOT NULL AND canonical_id IS NULL AND deleted_at IS NULL;
CREATE INDEX session_followers ON upload_session (owner_id, canonical_id) WHERE canonical_id IS NOT NULL;
CREATE INDEX session_open ON upload_session (destination_id)
  WHERE deleted_at IS NULL AND state IN ('pending', 'uploading', 'verifying');

CREATE TABLE stored_object (
  id             BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  owner_id       BLOB NOT NULL,
  session_id     BLOB NOT NULL,
  attempt        INTEGER NOT NULL CHECK (attempt >= 1),
  destination_id BLOB NOT NULL REFERENCES destination (id),
  object_key     TEXT NOT NULL,
  key_form       TEXT NOT NULL, -- NFC, case-folded on a folder; of a given-up name on a folder: freed
  name_checked   INTEGER NOT NULL DEFAULT 0 CHECK (name_checked IN (0, 1)),
  state          TEXT NOT NULL CHECK (state IN ('open', 'stored', 'condemned', 'gone')),
  upload_id      TEXT,
  token          BLOB NOT NULL CHECK (length(token) = 16),
  size           INTEGER NOT NULL CHECK (size >= 0),
  etag           TEXT,
  crc64          BLOB CHECK (crc64 IS NULL OR length(crc64) = 8),
  sha256         BLOB CHECK (sha256 IS NULL OR length(sha256) = 32), -- only what one read and the storage proved
  proof          TEXT CHECK (proof IN ('sha256', 'crc64nvme', 'read_back')),
  stored_at      INTEGER,
  checked_at     INTEGER,
  gone_at        INTEGER,
  created_at     INTEGER NOT NULL,
  -- Written before its session, which points at it; the other way round each insert would search all sessions.
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id) DEFERRABLE INITIALLY DEFERRED,
  CHECK (state <> 'stored' OR (proof IS NOT NULL AND crc64 IS NOT NULL AND stored_at IS NOT NULL)),
  CHECK ((state = 'gone') = (gone_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX object_attempt ON stored_object (owner_id, session_id, attempt);
-- Every key that may be written or deleted is here first (I18), and once.
CREATE UNIQUE INDEX object_name ON stored_object (destination_id, key_form);

-- What is to be cleaned.
CREATE INDEX object_condemned ON stored_object (id) WHERE state = 'condemned';

-- Closed world (I7, F110). IS NOT tells NULL from a state; OF state also fires when nothing changes, which passes.
CREATE TRIGGER session_insert BEFORE INSERT ON upload_session WHEN NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'session' AND from_state = '' AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER session_step BEFORE UPDATE OF state ON upload_session WHEN NEW.state IS NOT OLD.state AND NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'session' AND from_state = OLD.state AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER object_insert BEFORE INSERT ON stored_object WHEN NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'object' AND from_state = '' AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER object_step BEFORE UPDATE OF state ON stored_object WHEN NEW.state IS NOT OLD.state AND NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'object' AND from_state = OLD.state AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER group_insert BEFORE INSERT ON upload_group WHEN NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'group' AND from_state = '' AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER group_step BEFORE UPDATE OF state ON upload_group WHEN NEW.state IS NOT OLD.state AND NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'group' AND from_state = OLD.state AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;

-- Uploaded only with an object of its own making that was proved, of equal size (M2).
CREATE TRIGGER session_uploaded BEFORE UPDATE OF state ON upload_session
  WHEN NEW.state = 'uploaded' AND OLD.state <> 'uploaded' AND NOT EXISTS
  (SELECT 1 FROM stored_object o WHERE o.id = NEW.object_id AND o.owner_id = NEW.owner_id AND o.session_id = NEW.id
     AND o.attempt = NEW.attempt AND o.state = 'stored' AND o.size = NEW.size)
  BEGIN SELECT RAISE(ABORT, 'windlass:unproved'); END;
-- Deduplicated only by a settled canonical of the same owner, place and proved content; no chains (M6, M11).
CREATE TRIGGER session_duplicate_made BEFORE INSERT ON upload_session WHEN NEW.state = 'deduplicated' AND NOT EXISTS
  (SELECT 1 FROM upload_session c JOIN stored_object o ON o.id = c.object_id
   WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id AND c.destination_id = NEW.destination_id
     AND c.canonical_id IS NULL AND c.state = 'uploaded' AND c.deleted_at IS NULL AND c.size = NEW.size
     AND o.state = 'stored' AND o.sha256 = NEW.sha256 AND NEW.object_id = o.id)
  BEGIN SELECT RAISE(ABORT, 'windlass:unproved'); END;
CREATE TRIGGER session_duplicate BEFORE UPDATE OF state ON upload_session
  WHEN NEW.state = 'deduplicated' AND OLD.state <> 'deduplicated' AND NOT EXISTS
  (SELECT 1 FROM upload_session c JOIN stored_object o ON o.id = c.object_id
     JOIN stored_object mine ON mine.id = NEW.object_id
   WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id AND c.destination_id = NEW.destination_id
     AND c.canonical_id IS NULL AND c.state = 'uploaded' AND c.size = NEW.size
     AND o.state = 'stored' AND o.sha256 = NEW.sha256
     AND mine.state = 'stored' AND mine.size = NEW.size AND mine.sha256 = NEW.sha256)
  BEGIN SELECT RAISE(ABORT, 'windlass:unproved'); END;
CREATE TRIGGER session_no_chain BEFORE UPDATE OF canonical_id ON upload_session
  WHEN NEW.canonical_id IS NOT NULL AND EXISTS
  (SELECT 1 FROM upload_session f WHERE f.owner_id = NEW.owner_id AND f.canonical_id = NEW.id AND f.deleted_at IS NULL)
  BEGIN SELECT RAISE(ABORT, 'windlass:chain'); END;

-- A group takes files only while it is open, and is completed only when every living file is settled (M4).
CREATE TRIGGER session_into_closed BEFORE INSERT ON upload_session WHEN NOT EXISTS
  (SELECT 1 FROM upload_group g WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id
     AND g.state NOT IN ('completed', 'cancelled'))
  BEGIN SELECT RAISE(ABORT, 'windlass:group_closed'); END;
CREATE TRIGGER group_completed BEFORE UPDATE OF state ON upload_group
  WHEN NEW.state = 'completed' AND OLD.state <> 'completed' AND (
    NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
                  AND s.deleted_at IS NULL AND s.state IN ('uploaded', 'deduplicated'))
    OR EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
                  AND s.deleted_at IS NULL AND s.state NOT IN ('uploaded', 'deduplicated')))
  BEGIN SELECT RAISE(ABORT, 'windlass:incomplete'); END;

-- What is settled stays as it is; what is deleted too (M3, I4).
CREATE TRIGGER session_settled_frozen
  BEFORE UPDATE OF id, owner_id, attempt, group_id, destination_id, rel_path, size, part_size, sha256, object_id, uploaded_at
  ON upload_session WHEN OLD.state IN ('uploaded', 'deduplicated') AND (
    NEW.id IS NOT OLD.id OR NEW.owner_id IS NOT OLD.owner_id OR NEW.attempt IS NOT OLD.attempt
    OR NEW.group_id IS NOT OLD.group_id OR NEW.destination_id IS NOT OLD.destination_id
    OR NEW.rel_path IS NOT OLD.rel_path OR NEW.size IS NOT OLD.size OR NEW.part_size IS NOT OLD.part_size
    OR NEW.sha256 IS NOT OLD.sha256 OR NEW.object_id IS NOT OLD.object_id OR NEW.uploaded_at IS NOT OLD.uploaded_at)
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER session_deleted_frozen BEFORE UPDATE ON upload_session WHEN OLD.deleted_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER object_stored_frozen BEFORE UPDATE OF object_key, size, crc64, sha256, proof, etag, stored_at, token, session_id
  ON stored_object WHEN OLD.state = 'stored' AND (
    NEW.object_key IS NOT OLD.object_key OR NEW.size IS NOT OLD.size OR NEW.crc64 IS NOT OLD.crc64
    OR NEW.sha256 IS NOT OLD.sha256 OR NEW.proof IS NOT OLD.proof OR NEW.etag IS NOT OLD.etag
    OR NEW.stored_at IS NOT OLD.stored_at OR NEW.token IS NOT OLD.token OR NEW.session_id IS NOT OLD.session_id)
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER group_completed_frozen BEFORE UPDATE ON upload_group WHEN OLD.state = 'completed'
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;

-- Rows are never deleted; objects' rows only when they are gone (M15).
CREATE TRIGGER session_kept BEFORE DELETE ON upload_session BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER group_kept BEFORE DELETE ON upload_group BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER object_kept BEFORE DELETE ON stored_object WHEN OLD.state <> 'gone'
  BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
