-- The whole model: groups with templates, sessions without a group or a size, parts, jobs and runs, the log of changes,
-- tokens, webhooks, the audit. Rows of version 1 are carried over as they are.
--
-- Tables are made anew beside the old ones, which go at the end; that is right with foreign keys on and off. Indexes have
-- names of their own, because the old ones live until then and find the rows that point at what is dropped.

PRAGMA defer_foreign_keys = ON;

DROP TRIGGER session_insert;
DROP TRIGGER session_step;
DROP TRIGGER object_insert;
DROP TRIGGER object_step;
DROP TRIGGER group_insert;
DROP TRIGGER group_step;
DROP TRIGGER session_uploaded;
DROP TRIGGER session_duplicate_made;
DROP TRIGGER session_duplicate;
DROP TRIGGER session_no_chain;
DROP TRIGGER session_into_closed;
DROP TRIGGER group_completed;
DROP TRIGGER session_settled_frozen;
DROP TRIGGER session_deleted_frozen;
DROP TRIGGER object_stored_frozen;
DROP TRIGGER group_completed_frozen;
DROP TRIGGER session_kept;
DROP TRIGGER group_kept;
DROP TRIGGER object_kept;

ALTER TABLE destination RENAME TO destination_1;
ALTER TABLE upload_group RENAME TO upload_group_1;
ALTER TABLE upload_session RENAME TO upload_session_1;
ALTER TABLE stored_object RENAME TO stored_object_1;

-- Who. The local owner of an embedded ledger is owner and admin in one, by its kind.
ALTER TABLE owner ADD COLUMN role TEXT NOT NULL DEFAULT 'member'
  CHECK (role IN ('member', 'worker', 'admin') AND (kind <> 'anonymous' OR role = 'member'));
ALTER TABLE owner ADD COLUMN name TEXT NOT NULL DEFAULT '' CHECK (length(CAST(name AS BLOB)) <= 1024);
ALTER TABLE owner ADD COLUMN email TEXT CHECK (length(CAST(email AS BLOB)) BETWEEN 3 AND 1024);
ALTER TABLE owner ADD COLUMN quota_bytes INTEGER CHECK (quota_bytes >= 0);
ALTER TABLE owner ADD COLUMN disabled_at INTEGER;
CREATE UNIQUE INDEX owner_email ON owner (lower(email)) WHERE email IS NOT NULL;

CREATE TABLE api_token (
  owner_id     BLOB NOT NULL REFERENCES owner (id),
  id           BLOB NOT NULL CHECK (length(id) = 16),
  name         TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) <= 1024),
  token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32), -- SHA-256; the secret is shown once
  scopes       TEXT NOT NULL CHECK (json_valid(scopes) AND json_type(scopes) = 'array'
                 AND length(CAST(scopes AS BLOB)) <= 65536),
  destinations TEXT CHECK (destinations IS NULL OR (json_valid(destinations) AND json_type(destinations) = 'array'
                 AND length(CAST(destinations AS BLOB)) <= 65536)), -- NULL is all
  client_id    BLOB CHECK (length(client_id) = 16),
  expires_at   INTEGER,
  last_used_at INTEGER,
  revoked_at   INTEGER,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (owner_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE destination (
  id               BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  name             TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 1024),
  kind             TEXT NOT NULL CHECK (kind IN ('folder', 's3')),
  config           TEXT NOT NULL CHECK (json_valid(config) AND length(CAST(config AS BLOB)) <= 65536), -- never a secret
  secret_keep      TEXT CHECK (secret_keep IN ('keyring', 'file', 'session')),
  capabilities     TEXT CHECK (capabilities IS NULL OR (json_valid(capabilities)
                     AND length(CAST(capabilities AS BLOB)) <= 65536)),
  max_bytes        INTEGER CHECK (max_bytes >= 0),
  allowed_mime     TEXT CHECK (allowed_mime IS NULL OR (json_valid(allowed_mime) AND json_type(allowed_mime) = 'array'
                     AND length(CAST(allowed_mime AS BLOB)) <= 65536)), -- NULL is all; image/* is a pattern
  visibility       TEXT NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'public')),
  naming           TEXT NOT NULL DEFAULT 'group' CHECK (naming IN ('group', 'owner')), -- {group}/… or {owner}/{group_id}/…
  duplicates       TEXT CHECK (duplicates IN ('copy', 'link')), -- NULL: folder copies, s3 links
  pipeline         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(pipeline) AND json_type(pipeline) = 'array'
                     AND length(CAST(pipeline AS BLOB)) <= 65536),
  allow_anonymous  INTEGER NOT NULL DEFAULT 0 CHECK (allow_anonymous IN (0, 1)),
  url_ttl_s        INTEGER NOT NULL DEFAULT 900 CHECK (url_ttl_s BETWEEN 60 AND 3600),
  hook_secret_hash BLOB CHECK (length(hook_secret_hash) = 32),
  state            TEXT NOT NULL CHECK (state IN ('active', 'read_only', 'retired')),
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL
) STRICT;

-- What files an entity has. Rows never change; a new version is a new template.
CREATE TABLE template (
  id          BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  entity_type TEXT NOT NULL CHECK (length(CAST(entity_type AS BLOB)) BETWEEN 1 AND 1024),
  version     INTEGER NOT NULL CHECK (version >= 1),
  key_word    TEXT NOT NULL CHECK (length(CAST(key_word AS BLOB)) BETWEEN 1 AND 255),
  draft_days  INTEGER CHECK (draft_days >= 1), -- NULL: drafts don't age
  UNIQUE (entity_type, version),
  UNIQUE (id, entity_type)
) STRICT;
CREATE TABLE template_slot (
  template_id    BLOB NOT NULL REFERENCES template (id),
  file_type      TEXT NOT NULL CHECK (length(CAST(file_type AS BLOB)) BETWEEN 1 AND 255),
  is_required    INTEGER NOT NULL CHECK (is_required IN (0, 1)),
  destination_id BLOB NOT NULL REFERENCES destination (id),
  key_word       TEXT NOT NULL CHECK (length(CAST(key_word AS BLOB)) BETWEEN 1 AND 255),
  PRIMARY KEY (template_id, file_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_group (
  owner_id       BLOB NOT NULL REFERENCES owner (id),
  id             BLOB NOT NULL CHECK (length(id) = 16),
  name           TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) <= 1024),
  description    TEXT CHECK (length(CAST(description AS BLOB)) <= 1024),
  destination_id BLOB REFERENCES destination (id), -- of files without a slot
  template_id    BLOB,
  entity_type    TEXT,
  entity_id      BLOB CHECK (length(entity_id) = 16), -- the group's own id when the caller has none
  parent_id      BLOB,
  state          TEXT NOT NULL CHECK (state IN ('draft', 'uploading', 'completed', 'failed', 'cancelled')),
  error_code     TEXT,
  error_detail   TEXT,
  retry_count    INTEGER NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
  released_at    INTEGER,
  public_id      BLOB CHECK (length(public_id) = 16),
  metadata       TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata) AND length(CAST(metadata AS BLOB)) <= 65536),
  client_id      BLOB CHECK (length(client_id) = 16),
  completed_at   INTEGER,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  rev            INTEGER NOT NULL DEFAULT 1,
  deleted_at     INTEGER,
  delete_reason  TEXT CHECK (delete_reason IN ('user', 'cancelled', 'admin')),
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (template_id, entity_type) REFERENCES template (id, entity_type),
  FOREIGN KEY (owner_id, parent_id) REFERENCES upload_group (owner_id, id),
  CHECK ((state = 'completed') = (completed_at IS NOT NULL)),
  CHECK ((template_id IS NULL) = (entity_type IS NULL) AND (template_id IS NULL) = (entity_id IS NULL)),
  CHECK ((released_at IS NULL) = (public_id IS NULL)),
  CHECK ((deleted_at IS NULL) = (delete_reason IS NULL)),
  CHECK (parent_id <> id)
) STRICT;
-- Groups whose parent is released; options of a project.
CREATE INDEX group_by_parent ON upload_group (owner_id, parent_id) WHERE parent_id IS NOT NULL;

-- One file. Its name is the last part of rel_path, and is kept nowhere else.
CREATE TABLE upload_session (
  owner_id       BLOB NOT NULL REFERENCES owner (id),
  id             BLOB NOT NULL CHECK (length(id) = 16),
  attempt        INTEGER NOT NULL CHECK (attempt >= 1),
  group_id       BLOB,
  destination_id BLOB NOT NULL REFERENCES destination (id),
  rel_path       TEXT NOT NULL,
  file_type      TEXT CHECK (length(CAST(file_type AS BLOB)) BETWEEN 1 AND 255), -- a slot of the group's template
  is_required    INTEGER NOT NULL DEFAULT 1 CHECK (is_required IN (0, 1)),
  size           INTEGER CHECK (size >= 0), -- NULL only of callers that don't tell it, until it is proved
  part_size      INTEGER CHECK (part_size > 0),
  part_count     INTEGER CHECK (part_count BETWEEN 1 AND 10000),
  mime           TEXT NOT NULL CHECK (length(CAST(mime AS BLOB)) <= 1024),
  sha256         BLOB CHECK (length(sha256) = 32), -- what the content is said to be
  holds_slot     INTEGER NOT NULL DEFAULT 0 CHECK (holds_slot IN (0, 1)), -- 1: claims to be the blocking canonical
  canonical_id   BLOB,
  object_id      BLOB,
  state          TEXT NOT NULL CHECK (state IN
                   ('pending', 'uploading', 'verifying', 'uploaded', 'deduplicated', 'failed', 'rejected')),
  client_id      BLOB CHECK (length(client_id) = 16),
  alive_at       INTEGER NOT NULL,
  lease_until    INTEGER NOT NULL DEFAULT 0,
  fence          INTEGER NOT NULL DEFAULT 0,
  error_code     TEXT,
  error_detail   TEXT,
  error_at       INTEGER,
  retry_count    INTEGER NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
  uploaded_at    INTEGER,
  verified_at    INTEGER,
  metadata       TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata) AND length(CAST(metadata AS BLOB)) <= 65536),
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  rev            INTEGER NOT NULL DEFAULT 1,
  deleted_at     INTEGER,
  delete_reason  TEXT CHECK (delete_reason IN ('user', 'cancelled', 'mismatch', 'vanished', 'admin')),
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (owner_id, group_id) REFERENCES upload_group (owner_id, id) ON DELETE CASCADE,
  FOREIGN KEY (owner_id, canonical_id) REFERENCES upload_session (owner_id, id),
  FOREIGN KEY (owner_id, object_id) REFERENCES stored_object (owner_id, id),
  CHECK ((state IN ('uploaded', 'deduplicated')) = (uploaded_at IS NOT NULL)),
  CHECK (state NOT IN ('uploaded', 'deduplicated') OR size IS NOT NULL),
  CHECK (canonical_id IS NULL OR (canonical_id <> id AND state IN ('pending', 'deduplicated'))),
  CHECK (state <> 'deduplicated' OR canonical_id IS NOT NULL),
  CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
) STRICT;
-- Who follows or duplicates.
CREATE INDEX session_by_canonical ON upload_session (owner_id, canonical_id) WHERE canonical_id IS NOT NULL;
-- Who refers to an object.
CREATE INDEX session_by_object ON upload_session (owner_id, object_id);

CREATE TABLE stored_object (
  owner_id       BLOB NOT NULL REFERENCES owner (id),
  id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  session_id     BLOB NOT NULL,
  attempt        INTEGER NOT NULL CHECK (attempt >= 1),
  destination_id BLOB NOT NULL REFERENCES destination (id),
  object_key     TEXT NOT NULL CHECK (length(CAST(object_key AS BLOB)) <= 8192),
  key_form       TEXT NOT NULL, -- NFC, case-folded on a folder; of a given-up name on a folder: freed
  name_checked   INTEGER NOT NULL DEFAULT 0 CHECK (name_checked IN (0, 1)),
  state          TEXT NOT NULL CHECK (state IN ('open', 'stored', 'condemned', 'gone')),
  upload_id      TEXT,
  token          BLOB NOT NULL CHECK (length(token) = 16),
  size           INTEGER CHECK (size >= 0),
  etag           TEXT,
  version_id     TEXT,
  crc64          BLOB CHECK (length(crc64) = 8),
  sha256         BLOB CHECK (length(sha256) = 32), -- only what one read and the storage proved
  proof          TEXT CHECK (proof IN ('sha256', 'crc64nvme', 'read_back', 'token')), -- token: no checksum was told
  stored_at      INTEGER,
  checked_at     INTEGER,
  delete_after   INTEGER NOT NULL DEFAULT 0,
  lease_until    INTEGER NOT NULL DEFAULT 0,
  gone_at        INTEGER,
  created_at     INTEGER NOT NULL,
  PRIMARY KEY (owner_id, id),
  -- Written before its session, which points at it; the other way round each insert would search all sessions.
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id) DEFERRABLE INITIALLY DEFERRED,
  CHECK (state <> 'stored' OR (size IS NOT NULL AND proof IS NOT NULL AND stored_at IS NOT NULL
    AND (crc64 IS NOT NULL OR proof = 'token'))),
  CHECK (sha256 IS NULL OR (proof IS NOT NULL AND proof <> 'token')),
  CHECK ((state = 'gone') = (gone_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX object_by_attempt ON stored_object (owner_id, session_id, attempt);

INSERT INTO destination (id, name, kind, config, secret_keep, capabilities, max_bytes, state, created_at, updated_at)
  SELECT id, name, kind, config, secret_keep, capabilities, max_bytes, state, created_at, updated_at FROM destination_1;
INSERT INTO upload_group (owner_id, id, name, destination_id, state, completed_at, created_at, updated_at, rev)
  SELECT owner_id, id, name, destination_id, state, completed_at, created_at, updated_at, rev FROM upload_group_1;
-- Of several that block the same content one holds the slot: an uploaded one, else the oldest.
INSERT INTO upload_session (owner_id, id, attempt, group_id, destination_id, rel_path, size, part_size, part_count, mime,
    sha256, holds_slot, canonical_id, object_id, state, client_id, alive_at, lease_until, fence, error_code, error_detail,
    error_at, uploaded_at, verified_at, created_at, updated_at, rev, deleted_at, delete_reason)
  SELECT owner_id, id, attempt, group_id, destination_id, rel_path, size, part_size,
    CASE WHEN size <= part_size THEN 1 WHEN (size + part_size - 1) / part_size <= 10000
      THEN (size + part_size - 1) / part_size END,
    mime, sha256,
    blocks = 1 AND ROW_NUMBER() OVER (PARTITION BY blocks, owner_id, destination_id, sha256
      ORDER BY state <> 'uploaded', created_at, id) = 1,
    canonical_id, object_id, state, client_id, alive_at, lease_until, fence, error_code, error_detail, error_at,
    uploaded_at, CASE WHEN state = 'uploaded' THEN uploaded_at END, created_at, updated_at, rev, deleted_at, delete_reason
  FROM (SELECT *, canonical_id IS NULL AND sha256 IS NOT NULL AND deleted_at IS NULL
          AND state IN ('pending', 'uploading', 'verifying', 'uploaded') AS blocks FROM upload_session_1);
INSERT INTO stored_object (owner_id, id, session_id, attempt, destination_id, object_key, key_form, name_checked, state,
    upload_id, token, size, etag, crc64, sha256, proof, stored_at, checked_at, gone_at, created_at)
  SELECT owner_id, id, session_id, attempt, destination_id, object_key, key_form, name_checked, state,
    upload_id, token, size, etag, crc64, sha256, proof, stored_at, checked_at, gone_at, created_at FROM stored_object_1;

DROP TABLE upload_session_1;
DROP TABLE stored_object_1;
DROP TABLE upload_group_1;
DROP TABLE destination_1;

CREATE UNIQUE INDEX destination_by_name ON destination (name) WHERE state <> 'retired';

-- One open group an entity.
CREATE UNIQUE INDEX group_open_entity ON upload_group (owner_id, entity_type, entity_id)
  WHERE entity_id IS NOT NULL AND deleted_at IS NULL AND state IN ('draft', 'uploading', 'failed');
-- The groups of an entity.
CREATE INDEX group_by_entity ON upload_group (owner_id, entity_type, entity_id, created_at) WHERE entity_id IS NOT NULL;
CREATE UNIQUE INDEX group_by_public ON upload_group (public_id) WHERE public_id IS NOT NULL;
-- Pages of a list.
CREATE INDEX group_page ON upload_group (owner_id, created_at, id) WHERE deleted_at IS NULL;
-- Drafts that grow old.
CREATE INDEX group_draft ON upload_group (created_at) WHERE deleted_at IS NULL AND state = 'draft';

-- The slot: at most one blocking canonical of a content (M7).
CREATE UNIQUE INDEX session_slot ON upload_session (owner_id, destination_id, sha256)
  WHERE holds_slot = 1 AND canonical_id IS NULL AND deleted_at IS NULL
    AND state IN ('pending', 'uploading', 'verifying', 'uploaded');
-- A duplicate, settled or on its way.
CREATE INDEX session_by_content ON upload_session (owner_id, destination_id, sha256)
  WHERE sha256 IS NOT NULL AND canonical_id IS NULL AND deleted_at IS NULL;
-- Maybe a duplicate.
CREATE INDEX session_by_size ON upload_session (owner_id, destination_id, size)
  WHERE state = 'uploaded' AND deleted_at IS NULL;
-- Counts of a group, finalize, and deleting a group.
CREATE INDEX session_by_group ON upload_session (owner_id, group_id, state, deleted_at);
-- Pages of a list: all, and those that failed or were refused.
CREATE INDEX session_page ON upload_session (owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX session_failed_page ON upload_session (owner_id, created_at, id)
  WHERE deleted_at IS NULL AND state IN ('failed', 'rejected');
-- Open ones: an owner's, abandoned ones, and all for the sweep. There are as many as there is work in flight.
CREATE INDEX session_open_alive ON upload_session (owner_id, alive_at)
  WHERE deleted_at IS NULL AND state IN ('pending', 'uploading', 'verifying');
-- Failed for long.
CREATE INDEX session_failed ON upload_session (updated_at) WHERE deleted_at IS NULL AND state = 'failed';

-- Every key that may be written or deleted is here first (I18), and once.
CREATE UNIQUE INDEX object_by_name ON stored_object (destination_id, key_form);
-- What is to be cleaned, and what to be forgotten.
CREATE INDEX object_to_clean ON stored_object (delete_after, id) WHERE state = 'condemned';
CREATE INDEX object_to_forget ON stored_object (gone_at) WHERE state = 'gone';

-- Rows only for multipart; a single PUT is one part, computed.
CREATE TABLE file_part (
  owner_id    BLOB NOT NULL,
  object_id   BLOB NOT NULL,
  part_number INTEGER NOT NULL CHECK (part_number BETWEEN 1 AND 10000),
  size        INTEGER NOT NULL CHECK (size >= 0),
  crc64       BLOB CHECK (length(crc64) = 8),
  etag        TEXT,
  state       TEXT NOT NULL CHECK (state IN ('pending', 'uploading', 'uploaded', 'failed')),
  attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  uploaded_at INTEGER,
  PRIMARY KEY (owner_id, object_id, part_number),
  FOREIGN KEY (owner_id, object_id) REFERENCES stored_object (owner_id, id) ON DELETE CASCADE,
  CHECK (state <> 'uploaded' OR (etag IS NOT NULL AND uploaded_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE processing_run (
  owner_id     BLOB NOT NULL REFERENCES owner (id),
  id           BLOB NOT NULL CHECK (length(id) = 16),
  kind         TEXT NOT NULL CHECK (kind IN ('train', 'cleanup')),
  name         TEXT CHECK (length(CAST(name AS BLOB)) <= 1024),
  group_id     BLOB,
  config       TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config) AND length(CAST(config AS BLOB)) <= 65536),
  state        TEXT NOT NULL CHECK (state IN
                 ('queued', 'processing', 'completed', 'partially_completed', 'failed', 'cleanup_completed')),
  error_code   TEXT,
  error_detail TEXT,
  rev          INTEGER NOT NULL DEFAULT 1,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  started_at   INTEGER,
  finished_at  INTEGER,
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (owner_id, group_id) REFERENCES upload_group (owner_id, id),
  CHECK ((state IN ('queued', 'processing')) = (finished_at IS NULL))
) STRICT;
CREATE INDEX run_by_group ON processing_run (owner_id, group_id) WHERE group_id IS NOT NULL;

CREATE TABLE processing_job (
  owner_id     BLOB NOT NULL,
  id           BLOB NOT NULL CHECK (length(id) = 16),
  session_id   BLOB NOT NULL, -- the canonical, for duplicates
  run_id       BLOB,
  type         TEXT NOT NULL CHECK (length(CAST(type AS BLOB)) BETWEEN 1 AND 255),
  state        TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'running', 'completed', 'failed', 'cancelled')),
  priority     INTEGER NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 10), -- lower first
  attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND max_attempts),
  max_attempts INTEGER NOT NULL DEFAULT 3 CHECK (max_attempts BETWEEN 1 AND 100),
  due_at       INTEGER NOT NULL, -- earliest start + priority × 10 min: claims go by it
  lease_owner  TEXT CHECK (length(CAST(lease_owner AS BLOB)) <= 1024),
  lease_until  INTEGER NOT NULL DEFAULT 0,
  fence        INTEGER NOT NULL DEFAULT 0,
  config       TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config) AND length(CAST(config AS BLOB)) <= 65536),
  result       TEXT CHECK (result IS NULL OR (json_valid(result) AND length(CAST(result AS BLOB)) <= 1048576)),
  error_code   TEXT,
  error_detail TEXT,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  started_at   INTEGER,
  finished_at  INTEGER,
  rev          INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (owner_id, run_id) REFERENCES processing_run (owner_id, id),
  CHECK ((state IN ('pending', 'sending', 'running')) = (finished_at IS NULL))
) STRICT;
-- One live job of a type a file.
CREATE UNIQUE INDEX job_live ON processing_job (owner_id, session_id, type) WHERE state IN ('pending', 'sending', 'running');
-- The newest of each type; deleting a session.
CREATE INDEX job_by_session ON processing_job (owner_id, session_id, type, id);
CREATE INDEX job_by_run ON processing_job (owner_id, run_id, state) WHERE run_id IS NOT NULL;
-- Claims.
CREATE INDEX job_due ON processing_job (due_at, id) WHERE state IN ('pending', 'sending', 'running');
-- Dead letters: what no attempt is left for.
CREATE INDEX job_dead ON processing_job (owner_id, finished_at, id) WHERE state = 'failed';

-- What jobs got out of files: text in pieces, and vectors. Only a cleanup removes it.
CREATE TABLE document_text (
  owner_id   BLOB NOT NULL,
  session_id BLOB NOT NULL,
  n          INTEGER NOT NULL CHECK (n >= 0),
  place      TEXT CHECK (length(CAST(place AS BLOB)) <= 1024), -- a page, a sheet
  text       TEXT NOT NULL CHECK (length(CAST(text AS BLOB)) <= 1048576),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (owner_id, session_id, n),
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id)
) STRICT;
CREATE TABLE chunk (
  owner_id   BLOB NOT NULL,
  session_id BLOB NOT NULL,
  n          INTEGER NOT NULL CHECK (n >= 0),
  text       TEXT NOT NULL CHECK (length(CAST(text AS BLOB)) <= 1048576),
  vector     BLOB NOT NULL CHECK (length(vector) > 0 AND length(vector) % 4 = 0), -- 32-bit floats, little end first
  model      TEXT NOT NULL CHECK (length(CAST(model AS BLOB)) BETWEEN 1 AND 1024),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (owner_id, session_id, n),
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id)
) STRICT;

-- The log of all changes. txid is 0 here: one writer, so seq is the order of commits.
CREATE TABLE outbox_entry (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  txid       INTEGER NOT NULL DEFAULT 0,
  owner_id   BLOB NOT NULL,
  machine    TEXT NOT NULL CHECK (machine IN ('session', 'group', 'job', 'run')),
  subject_id BLOB NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('state', 'deleted', 'canonical', 'released')),
  from_state TEXT NOT NULL, -- '' is the making of a row
  to_state   TEXT NOT NULL,
  rev        INTEGER NOT NULL,
  attempt    INTEGER,
  reason     TEXT,
  data       TEXT CHECK (data IS NULL OR json_valid(data)),
  at         INTEGER NOT NULL
) STRICT;
-- The feed of an owner.
CREATE INDEX outbox_by_owner ON outbox_entry (owner_id, txid, seq);
-- The log of a job, whose newest entry is its status (D-7).
CREATE INDEX outbox_by_job ON outbox_entry (owner_id, subject_id, txid, seq) WHERE machine = 'job';

CREATE TABLE audit_row (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  at           INTEGER NOT NULL,
  actor_id     BLOB,
  actor_kind   TEXT NOT NULL CHECK (actor_kind IN ('owner', 'worker', 'janitor', 'webhook', 'admin')),
  action       TEXT NOT NULL CHECK (length(CAST(action AS BLOB)) BETWEEN 1 AND 255),
  subject_kind TEXT NOT NULL CHECK (length(CAST(subject_kind AS BLOB)) BETWEEN 1 AND 255),
  subject_id   BLOB,
  owner_id     BLOB,
  reason       TEXT,
  data         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(data) AND length(CAST(data AS BLOB)) <= 65536)
) STRICT;

CREATE TABLE webhook_endpoint (
  owner_id      BLOB NOT NULL REFERENCES owner (id),
  id            BLOB NOT NULL CHECK (length(id) = 16),
  url           TEXT NOT NULL CHECK (length(CAST(url AS BLOB)) BETWEEN 1 AND 8192),
  secret        BLOB NOT NULL, -- sealed
  events        TEXT NOT NULL CHECK (json_valid(events) AND json_type(events) = 'array'
                  AND length(CAST(events AS BLOB)) <= 65536),
  cursor        TEXT NOT NULL DEFAULT '',
  state         TEXT NOT NULL CHECK (state IN ('active', 'failing', 'disabled')),
  failures      INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  failing_since INTEGER,
  retry_at      INTEGER,
  lease_until   INTEGER NOT NULL DEFAULT 0,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  PRIMARY KEY (owner_id, id)
) STRICT, WITHOUT ROWID;

-- Who alone does what there is one of: janitor, sweep.
CREATE TABLE lease (
  name   TEXT PRIMARY KEY NOT NULL,
  holder TEXT NOT NULL,
  until  INTEGER NOT NULL,
  fence  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

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
CREATE TRIGGER file_part_insert BEFORE INSERT ON file_part WHEN NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'file_part' AND from_state = '' AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER file_part_step BEFORE UPDATE OF state ON file_part WHEN NEW.state IS NOT OLD.state AND NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'file_part' AND from_state = OLD.state AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER job_insert BEFORE INSERT ON processing_job WHEN NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'job' AND from_state = '' AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER job_step BEFORE UPDATE OF state ON processing_job WHEN NEW.state IS NOT OLD.state AND NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'job' AND from_state = OLD.state AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER run_insert BEFORE INSERT ON processing_run WHEN NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'run' AND from_state = '' AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;
CREATE TRIGGER run_step BEFORE UPDATE OF state ON processing_run WHEN NEW.state IS NOT OLD.state AND NOT EXISTS
  (SELECT 1 FROM allowed_transition WHERE machine = 'run' AND from_state = OLD.state AND to_state = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'windlass:transition'); END;

-- Uploaded only with a proved object of equal size: its own, or one of the same proved content whose maker is removed (M2, M8).
CREATE TRIGGER session_uploaded BEFORE UPDATE OF state ON upload_session
  WHEN NEW.state = 'uploaded' AND OLD.state <> 'uploaded' AND (NEW.verified_at IS NULL OR NOT EXISTS
  (SELECT 1 FROM stored_object o WHERE o.owner_id = NEW.owner_id AND o.id = NEW.object_id
     AND o.destination_id = NEW.destination_id AND o.state = 'stored' AND o.size = NEW.size
     AND ((o.session_id = NEW.id AND o.attempt = NEW.attempt)
       OR (o.sha256 = NEW.sha256 AND EXISTS (SELECT 1 FROM upload_session m WHERE m.owner_id = o.owner_id
             AND m.id = o.session_id AND m.deleted_at IS NOT NULL)))))
  BEGIN SELECT RAISE(ABORT, 'windlass:unproved'); END;
-- Deduplicated only by a settled canonical of the same owner, place and proved content; no chains (M6, M11).
CREATE TRIGGER session_duplicate_made BEFORE INSERT ON upload_session WHEN NEW.state = 'deduplicated' AND NOT EXISTS
  (SELECT 1 FROM upload_session c JOIN stored_object o ON o.owner_id = c.owner_id AND o.id = c.object_id
   WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id AND c.destination_id = NEW.destination_id
     AND c.canonical_id IS NULL AND c.state = 'uploaded' AND c.deleted_at IS NULL AND c.size = NEW.size
     AND c.sha256 = NEW.sha256 AND o.state = 'stored' AND o.sha256 = NEW.sha256 AND NEW.object_id = o.id)
  BEGIN SELECT RAISE(ABORT, 'windlass:unproved'); END;
CREATE TRIGGER session_duplicate BEFORE UPDATE OF state ON upload_session
  WHEN NEW.state = 'deduplicated' AND OLD.state <> 'deduplicated' AND NOT EXISTS
  (SELECT 1 FROM upload_session c JOIN stored_object o ON o.owner_id = c.owner_id AND o.id = c.object_id
     JOIN stored_object mine ON mine.owner_id = NEW.owner_id AND mine.id = NEW.object_id
   WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id AND c.destination_id = NEW.destination_id
     AND c.canonical_id IS NULL AND c.state = 'uploaded' AND c.size = NEW.size AND c.sha256 = NEW.sha256
     AND o.state = 'stored' AND mine.state = 'stored' AND mine.size = NEW.size
     AND (mine.session_id = NEW.id OR mine.id = o.id) AND (o.sha256 = NEW.sha256 OR mine.sha256 = NEW.sha256))
  BEGIN SELECT RAISE(ABORT, 'windlass:unproved'); END;
-- A canonical has none itself; who is followed or duplicated gets none (M11, D-5).
CREATE TRIGGER session_chain_made BEFORE INSERT ON upload_session WHEN NEW.canonical_id IS NOT NULL AND EXISTS
  (SELECT 1 FROM upload_session c WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id
     AND c.canonical_id IS NOT NULL)
  BEGIN SELECT RAISE(ABORT, 'windlass:chain'); END;
CREATE TRIGGER session_no_chain BEFORE UPDATE OF canonical_id ON upload_session
  WHEN NEW.canonical_id IS NOT NULL AND NEW.canonical_id IS NOT OLD.canonical_id AND (
    EXISTS (SELECT 1 FROM upload_session f WHERE f.owner_id = NEW.owner_id AND f.canonical_id = NEW.id
              AND f.deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM upload_session c WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id
                 AND c.canonical_id IS NOT NULL))
  BEGIN SELECT RAISE(ABORT, 'windlass:chain'); END;
-- A duplicate is only ever pointed at another proved copy of its content (M8).
CREATE TRIGGER session_canonical_moved BEFORE UPDATE OF canonical_id ON upload_session
  WHEN OLD.state = 'deduplicated' AND NEW.canonical_id IS NOT OLD.canonical_id AND NOT EXISTS
  (SELECT 1 FROM upload_session c WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id
     AND c.destination_id = NEW.destination_id AND c.sha256 = NEW.sha256 AND c.state = 'uploaded'
     AND c.deleted_at IS NULL)
  BEGIN SELECT RAISE(ABORT, 'windlass:unproved'); END;

-- A group takes files only while it is open, and slots are those of its template.
CREATE TRIGGER session_into_closed BEFORE INSERT ON upload_session WHEN NEW.group_id IS NOT NULL AND NOT EXISTS
  (SELECT 1 FROM upload_group g WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id
     AND g.deleted_at IS NULL AND g.state NOT IN ('completed', 'cancelled'))
  BEGIN SELECT RAISE(ABORT, 'windlass:group_closed'); END;
CREATE TRIGGER session_into_slot BEFORE INSERT ON upload_session WHEN NEW.file_type IS NOT NULL AND NOT EXISTS
  (SELECT 1 FROM upload_group g JOIN template_slot t ON t.template_id = g.template_id AND t.file_type = NEW.file_type
   WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id AND NEW.is_required >= t.is_required)
  BEGIN SELECT RAISE(ABORT, 'windlass:slot'); END;
-- Required by its slot it stays; of a completed group nothing becomes optional.
CREATE TRIGGER session_required BEFORE UPDATE OF is_required ON upload_session
  WHEN NEW.is_required IS NOT OLD.is_required AND EXISTS
  (SELECT 1 FROM upload_group g LEFT JOIN template_slot t ON t.template_id = g.template_id AND t.file_type = NEW.file_type
   WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id AND (g.state = 'completed' OR NEW.is_required < t.is_required))
  BEGIN SELECT RAISE(ABORT, 'windlass:required'); END;
-- Completed only with a settled file, all required slots settled, and all other required files settled (M4).
CREATE TRIGGER group_completed BEFORE UPDATE OF state ON upload_group
  WHEN NEW.state = 'completed' AND OLD.state <> 'completed' AND (
    NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
                  AND s.state IN ('uploaded', 'deduplicated') AND s.deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
                 AND s.state IN ('pending', 'uploading', 'verifying', 'failed', 'rejected') AND s.deleted_at IS NULL
                 AND s.is_required = 1 AND NOT EXISTS (SELECT 1 FROM template_slot t
                   WHERE t.template_id = NEW.template_id AND t.file_type = s.file_type AND t.is_required = 1))
    OR EXISTS (SELECT 1 FROM template_slot t WHERE t.template_id = NEW.template_id AND t.is_required = 1
                 AND NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
                   AND s.file_type = t.file_type AND s.state IN ('uploaded', 'deduplicated') AND s.deleted_at IS NULL)))
  BEGIN SELECT RAISE(ABORT, 'windlass:incomplete: only ' || (done_slots + done_files) || ' of '
      || MAX(1, slots + files) || ' required files uploaded') FROM (SELECT
    (SELECT COUNT(*) FROM template_slot t WHERE t.template_id = NEW.template_id AND t.is_required = 1) AS slots,
    (SELECT COUNT(*) FROM template_slot t WHERE t.template_id = NEW.template_id AND t.is_required = 1
       AND EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
         AND s.file_type = t.file_type AND s.state IN ('uploaded', 'deduplicated') AND s.deleted_at IS NULL)) AS done_slots,
    COUNT(*) AS files, COUNT(CASE WHEN s.state IN ('uploaded', 'deduplicated') THEN 1 END) AS done_files
    FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id AND s.deleted_at IS NULL
      AND s.is_required = 1 AND NOT EXISTS (SELECT 1 FROM template_slot t
        WHERE t.template_id = NEW.template_id AND t.file_type = s.file_type AND t.is_required = 1)); END;
-- One level: a parent has no parent.
CREATE TRIGGER group_parent_made BEFORE INSERT ON upload_group WHEN NEW.parent_id IS NOT NULL AND EXISTS
  (SELECT 1 FROM upload_group p WHERE p.owner_id = NEW.owner_id AND p.id = NEW.parent_id AND p.parent_id IS NOT NULL)
  BEGIN SELECT RAISE(ABORT, 'windlass:parent'); END;
CREATE TRIGGER group_parent BEFORE UPDATE OF parent_id ON upload_group
  WHEN NEW.parent_id IS NOT NULL AND NEW.parent_id IS NOT OLD.parent_id AND (
    EXISTS (SELECT 1 FROM upload_group p WHERE p.owner_id = NEW.owner_id AND p.id = NEW.parent_id
              AND p.parent_id IS NOT NULL)
    OR EXISTS (SELECT 1 FROM upload_group c WHERE c.owner_id = NEW.owner_id AND c.parent_id = NEW.id))
  BEGIN SELECT RAISE(ABORT, 'windlass:parent'); END;

-- What a row is, it stays.
CREATE TRIGGER session_same BEFORE UPDATE OF owner_id, id, group_id, destination_id, created_at ON upload_session
  WHEN NEW.owner_id IS NOT OLD.owner_id OR NEW.id IS NOT OLD.id OR NEW.group_id IS NOT OLD.group_id
    OR NEW.destination_id IS NOT OLD.destination_id OR NEW.created_at IS NOT OLD.created_at
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER object_same BEFORE UPDATE OF owner_id, id, session_id, attempt, destination_id, token, created_at ON stored_object
  WHEN NEW.owner_id IS NOT OLD.owner_id OR NEW.id IS NOT OLD.id OR NEW.session_id IS NOT OLD.session_id
    OR NEW.attempt IS NOT OLD.attempt OR NEW.destination_id IS NOT OLD.destination_id OR NEW.token IS NOT OLD.token
    OR NEW.created_at IS NOT OLD.created_at
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER group_same BEFORE UPDATE OF owner_id, id, template_id, entity_type, entity_id, created_at ON upload_group
  WHEN NEW.owner_id IS NOT OLD.owner_id OR NEW.id IS NOT OLD.id OR NEW.template_id IS NOT OLD.template_id
    OR NEW.entity_type IS NOT OLD.entity_type OR NEW.entity_id IS NOT OLD.entity_id
    OR NEW.created_at IS NOT OLD.created_at
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER job_same BEFORE UPDATE OF owner_id, id, session_id, run_id, type, created_at ON processing_job
  WHEN NEW.owner_id IS NOT OLD.owner_id OR NEW.id IS NOT OLD.id OR NEW.session_id IS NOT OLD.session_id
    OR NEW.run_id IS NOT OLD.run_id OR NEW.type IS NOT OLD.type OR NEW.created_at IS NOT OLD.created_at
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER run_same BEFORE UPDATE OF owner_id, id, kind, group_id, created_at ON processing_run
  WHEN NEW.owner_id IS NOT OLD.owner_id OR NEW.id IS NOT OLD.id OR NEW.kind IS NOT OLD.kind
    OR NEW.group_id IS NOT OLD.group_id OR NEW.created_at IS NOT OLD.created_at
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
-- What the content is said to be changes only with the attempt, or by being forgotten first.
CREATE TRIGGER session_said BEFORE UPDATE OF sha256 ON upload_session
  WHEN OLD.sha256 IS NOT NULL AND NEW.sha256 IS NOT NULL AND NEW.sha256 <> OLD.sha256 AND NEW.attempt = OLD.attempt
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;

-- What is settled stays as it is; what is deleted too (M3, I4).
CREATE TRIGGER session_settled_frozen BEFORE UPDATE OF attempt, rel_path, file_type, size, part_size, part_count, mime, sha256,
    object_id, client_id, error_code, error_detail, error_at, retry_count, uploaded_at, verified_at, metadata
  ON upload_session WHEN OLD.state IN ('uploaded', 'deduplicated') AND (
    NEW.attempt IS NOT OLD.attempt OR NEW.rel_path IS NOT OLD.rel_path OR NEW.file_type IS NOT OLD.file_type
    OR NEW.size IS NOT OLD.size OR NEW.part_size IS NOT OLD.part_size OR NEW.part_count IS NOT OLD.part_count
    OR NEW.mime IS NOT OLD.mime OR NEW.sha256 IS NOT OLD.sha256 OR NEW.object_id IS NOT OLD.object_id
    OR NEW.client_id IS NOT OLD.client_id OR NEW.error_code IS NOT OLD.error_code
    OR NEW.error_detail IS NOT OLD.error_detail OR NEW.error_at IS NOT OLD.error_at
    OR NEW.retry_count IS NOT OLD.retry_count OR NEW.uploaded_at IS NOT OLD.uploaded_at
    OR NEW.verified_at IS NOT OLD.verified_at OR NEW.metadata IS NOT OLD.metadata)
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER session_deleted_frozen BEFORE UPDATE ON upload_session WHEN OLD.deleted_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
-- A required file of a completed group goes only with its group, or when the storage lost it (L-8, M10).
CREATE TRIGGER session_of_completed BEFORE UPDATE OF deleted_at ON upload_session
  WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND OLD.is_required = 1
    AND OLD.state IN ('uploaded', 'deduplicated') AND NEW.delete_reason IN ('user', 'cancelled') AND EXISTS
    (SELECT 1 FROM upload_group g WHERE g.owner_id = OLD.owner_id AND g.id = OLD.group_id AND g.state = 'completed'
       AND g.deleted_at IS NULL)
  BEGIN SELECT RAISE(ABORT, 'windlass:group_completed'); END;
-- A key is fixed once the object is not open; facts once it is stored. A hash may be proved later, once.
CREATE TRIGGER object_stored_frozen
  BEFORE UPDATE OF object_key, upload_id, size, etag, version_id, crc64, sha256, proof, stored_at ON stored_object
  WHEN OLD.state <> 'open' AND (
    NEW.object_key IS NOT OLD.object_key OR NEW.upload_id IS NOT OLD.upload_id OR NEW.size IS NOT OLD.size
    OR NEW.etag IS NOT OLD.etag OR NEW.version_id IS NOT OLD.version_id OR NEW.stored_at IS NOT OLD.stored_at
    OR (NEW.crc64 IS NOT OLD.crc64 AND NOT (OLD.crc64 IS NULL AND OLD.state = 'stored'))
    OR (NEW.sha256 IS NOT OLD.sha256 AND NOT (OLD.sha256 IS NULL AND OLD.state = 'stored'))
    OR (NEW.proof IS NOT OLD.proof AND NOT (OLD.sha256 IS NULL AND NEW.sha256 IS NOT NULL)))
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
-- Of a completed group only the tombstone, the release and what counts changes may be written (L-8).
CREATE TRIGGER group_completed_frozen BEFORE UPDATE OF name, description, destination_id, parent_id, error_code, error_detail,
    retry_count, metadata, client_id, completed_at ON upload_group
  WHEN OLD.state = 'completed' AND (
    NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.destination_id IS NOT OLD.destination_id
    OR NEW.parent_id IS NOT OLD.parent_id OR NEW.error_code IS NOT OLD.error_code
    OR NEW.error_detail IS NOT OLD.error_detail OR NEW.retry_count IS NOT OLD.retry_count
    OR NEW.metadata IS NOT OLD.metadata OR NEW.client_id IS NOT OLD.client_id
    OR NEW.completed_at IS NOT OLD.completed_at)
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER group_deleted_frozen BEFORE UPDATE ON upload_group WHEN OLD.deleted_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
-- An ended job stays as it is; only what it got may be forgotten, by a cleanup.
CREATE TRIGGER job_ended_frozen BEFORE UPDATE ON processing_job WHEN OLD.state IN ('completed', 'cancelled') AND (
    NEW.priority IS NOT OLD.priority OR NEW.attempts IS NOT OLD.attempts
    OR NEW.max_attempts IS NOT OLD.max_attempts OR NEW.due_at IS NOT OLD.due_at OR NEW.fence IS NOT OLD.fence
    OR NEW.config IS NOT OLD.config OR (NEW.result IS NOT OLD.result AND NEW.result IS NOT NULL)
    OR NEW.error_code IS NOT OLD.error_code OR NEW.error_detail IS NOT OLD.error_detail
    OR NEW.started_at IS NOT OLD.started_at OR NEW.finished_at IS NOT OLD.finished_at)
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER run_ended_frozen BEFORE UPDATE ON processing_run WHEN OLD.finished_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER template_frozen BEFORE UPDATE ON template BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER template_slot_frozen BEFORE UPDATE ON template_slot BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;
CREATE TRIGGER template_slot_late BEFORE INSERT ON template_slot WHEN EXISTS
  (SELECT 1 FROM upload_group g WHERE g.template_id = NEW.template_id)
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;

-- Jobs are of settled canonicals; a cleanup is of whatever was removed. A run that has ended gets none.
CREATE TRIGGER job_of_settled BEFORE INSERT ON processing_job WHEN NEW.type <> 'cleanup' AND NOT EXISTS
  (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.id = NEW.session_id AND s.state = 'uploaded'
     AND s.canonical_id IS NULL)
  BEGIN SELECT RAISE(ABORT, 'windlass:unsettled'); END;
CREATE TRIGGER job_into_ended BEFORE INSERT ON processing_job WHEN NEW.run_id IS NOT NULL AND NOT EXISTS
  (SELECT 1 FROM processing_run r WHERE r.owner_id = NEW.owner_id AND r.id = NEW.run_id AND r.finished_at IS NULL)
  BEGIN SELECT RAISE(ABORT, 'windlass:run_ended'); END;
CREATE TRIGGER job_again BEFORE UPDATE OF state ON processing_job
  WHEN OLD.state = 'failed' AND NEW.state = 'pending' AND NEW.run_id IS NOT NULL AND NOT EXISTS
  (SELECT 1 FROM processing_run r WHERE r.owner_id = NEW.owner_id AND r.id = NEW.run_id AND r.finished_at IS NULL)
  BEGIN SELECT RAISE(ABORT, 'windlass:run_ended'); END;
-- A run is what its jobs count to (M14).
CREATE TRIGGER run_counted BEFORE UPDATE OF state ON processing_run WHEN NEW.state IS NOT OLD.state AND (
    (NEW.state = 'processing' AND NOT EXISTS (SELECT 1 FROM processing_job j WHERE j.owner_id = NEW.owner_id
       AND j.run_id = NEW.id AND j.state IN ('sending', 'running', 'completed', 'failed', 'cancelled')))
    OR (NEW.finished_at IS NOT NULL AND EXISTS (SELECT 1 FROM processing_job j WHERE j.owner_id = NEW.owner_id
       AND j.run_id = NEW.id AND j.state IN ('pending', 'sending', 'running')))
    OR (NEW.state IN ('completed', 'partially_completed', 'cleanup_completed') AND NOT EXISTS (SELECT 1
       FROM processing_job j WHERE j.owner_id = NEW.owner_id AND j.run_id = NEW.id AND j.state = 'completed'))
    OR (NEW.state IN ('completed', 'cleanup_completed') AND EXISTS (SELECT 1 FROM processing_job j
       WHERE j.owner_id = NEW.owner_id AND j.run_id = NEW.id AND j.state IN ('failed', 'cancelled')))
    OR (NEW.state = 'partially_completed' AND NOT EXISTS (SELECT 1 FROM processing_job j
       WHERE j.owner_id = NEW.owner_id AND j.run_id = NEW.id AND j.state IN ('failed', 'cancelled')))
    OR (NEW.state = 'failed' AND EXISTS (SELECT 1 FROM processing_job j WHERE j.owner_id = NEW.owner_id
       AND j.run_id = NEW.id AND j.state = 'completed'))
    OR (NEW.state = 'completed' AND NEW.kind <> 'train') OR (NEW.state = 'cleanup_completed' AND NEW.kind <> 'cleanup'))
  BEGIN SELECT RAISE(ABORT, 'windlass:run_count'); END;

-- Rows stay (M15). A file goes only with its group, and only while nothing of it is settled or stored; then the
-- deletion stops there. Objects' rows go when the objects are gone.
CREATE TRIGGER session_kept BEFORE DELETE ON upload_session WHEN OLD.group_id IS NULL
    OR OLD.state IN ('uploaded', 'deduplicated')
    OR EXISTS (SELECT 1 FROM upload_group g WHERE g.owner_id = OLD.owner_id AND g.id = OLD.group_id)
  BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER group_kept BEFORE DELETE ON upload_group WHEN OLD.state <> 'draft'
  BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER object_kept BEFORE DELETE ON stored_object WHEN OLD.state <> 'gone'
  BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER job_kept BEFORE DELETE ON processing_job BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER run_kept BEFORE DELETE ON processing_run BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER owner_kept BEFORE DELETE ON owner BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER destination_kept BEFORE DELETE ON destination BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER template_kept BEFORE DELETE ON template BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
CREATE TRIGGER template_slot_kept BEFORE DELETE ON template_slot BEGIN SELECT RAISE(ABORT, 'windlass:kept'); END;
-- Logs only grow. What is older than its term is removed from the old end: 90 days, and two years.
CREATE TRIGGER outbox_append BEFORE UPDATE ON outbox_entry BEGIN SELECT RAISE(ABORT, 'windlass:append_only'); END;
CREATE TRIGGER outbox_kept BEFORE DELETE ON outbox_entry WHEN OLD.at > unixepoch() * 1000 - 7776000000
  BEGIN SELECT RAISE(ABORT, 'windlass:append_only'); END;
CREATE TRIGGER audit_append BEFORE UPDATE ON audit_row BEGIN SELECT RAISE(ABORT, 'windlass:append_only'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit_row WHEN OLD.at > unixepoch() * 1000 - 63072000000
  BEGIN SELECT RAISE(ABORT, 'windlass:append_only'); END;

-- Each change is told in its own transaction, whoever made it (M13).
CREATE TRIGGER session_told AFTER INSERT ON upload_session BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, reason, at)
  VALUES (NEW.owner_id, 'session', NEW.id, 'state', '', NEW.state, NEW.rev, NEW.attempt, NEW.error_code, NEW.updated_at); END;
CREATE TRIGGER session_step_told AFTER UPDATE OF state ON upload_session WHEN NEW.state IS NOT OLD.state BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, reason, at)
  VALUES (NEW.owner_id, 'session', NEW.id, 'state', OLD.state, NEW.state, NEW.rev, NEW.attempt,
    CASE WHEN NEW.state IN ('failed', 'rejected') THEN NEW.error_code END, NEW.updated_at); END;
CREATE TRIGGER session_deleted_told AFTER UPDATE OF deleted_at ON upload_session
  WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, reason, at)
  VALUES (NEW.owner_id, 'session', NEW.id, 'deleted', NEW.state, NEW.state, NEW.rev, NEW.attempt, NEW.delete_reason,
    NEW.updated_at); END;
CREATE TRIGGER session_canonical_told AFTER UPDATE OF canonical_id ON upload_session
  WHEN NEW.canonical_id IS NOT OLD.canonical_id AND NEW.state IS OLD.state BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, data, at)
  VALUES (NEW.owner_id, 'session', NEW.id, 'canonical', NEW.state, NEW.state, NEW.rev, NEW.attempt,
    CASE WHEN NEW.canonical_id IS NULL THEN '{"canonical_id":null}'
      ELSE '{"canonical_id":"' || lower(hex(NEW.canonical_id)) || '"}' END, NEW.updated_at); END;
CREATE TRIGGER group_told AFTER INSERT ON upload_group BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, at)
  VALUES (NEW.owner_id, 'group', NEW.id, 'state', '', NEW.state, NEW.rev, NEW.updated_at); END;
CREATE TRIGGER group_step_told AFTER UPDATE OF state ON upload_group WHEN NEW.state IS NOT OLD.state BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, reason, at)
  VALUES (NEW.owner_id, 'group', NEW.id, 'state', OLD.state, NEW.state, NEW.rev,
    CASE WHEN NEW.state = 'failed' THEN NEW.error_code END, NEW.updated_at); END;
CREATE TRIGGER group_deleted_told AFTER UPDATE OF deleted_at ON upload_group
  WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, reason, at)
  VALUES (NEW.owner_id, 'group', NEW.id, 'deleted', NEW.state, NEW.state, NEW.rev, NEW.delete_reason, NEW.updated_at); END;
CREATE TRIGGER group_released_told AFTER UPDATE OF released_at ON upload_group
  WHEN NEW.released_at IS NOT OLD.released_at BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, data, at)
  VALUES (NEW.owner_id, 'group', NEW.id, 'released', NEW.state, NEW.state, NEW.rev,
    CASE WHEN NEW.released_at IS NULL THEN '{"released":false}' ELSE '{"released":true}' END, NEW.updated_at); END;
CREATE TRIGGER job_told AFTER INSERT ON processing_job BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, at)
  VALUES (NEW.owner_id, 'job', NEW.id, 'state', '', NEW.state, NEW.rev, NEW.attempts, NEW.updated_at); END;
CREATE TRIGGER job_step_told AFTER UPDATE OF state ON processing_job WHEN NEW.state IS NOT OLD.state BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, reason, at)
  VALUES (NEW.owner_id, 'job', NEW.id, 'state', OLD.state, NEW.state, NEW.rev, NEW.attempts,
    CASE WHEN NEW.state = 'failed' THEN NEW.error_code END, NEW.updated_at); END;
CREATE TRIGGER run_told AFTER INSERT ON processing_run BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, at)
  VALUES (NEW.owner_id, 'run', NEW.id, 'state', '', NEW.state, NEW.rev, NEW.updated_at); END;
CREATE TRIGGER run_step_told AFTER UPDATE OF state ON processing_run WHEN NEW.state IS NOT OLD.state BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, reason, at)
  VALUES (NEW.owner_id, 'run', NEW.id, 'state', OLD.state, NEW.state, NEW.rev,
    CASE WHEN NEW.state = 'failed' THEN NEW.error_code END, NEW.updated_at); END;
