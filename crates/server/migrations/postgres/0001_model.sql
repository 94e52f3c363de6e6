-- The ledger: the whole model, as sqlite/0002_model.sql has it. Times are milliseconds since 1970. Truth values are 0 and 1,
-- JSON is text. What may become what stands in allowed_transition, filled from core::states; the triggers refuse every
-- other step, also for an INSERT and NULL. A refusal is `windlass:WORD` with the state WL001.

CREATE TABLE allowed_transition (
  machine    text NOT NULL,
  from_state text NOT NULL, -- '' is the making of a row
  to_state   text NOT NULL,
  PRIMARY KEY (machine, from_state, to_state)
);

CREATE TABLE owner (
  id          uuid PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('local', 'user', 'anonymous')),
  created_at  bigint NOT NULL,
  role        text NOT NULL DEFAULT 'member'
    CHECK (role IN ('member', 'worker', 'admin') AND (kind <> 'anonymous' OR role = 'member')),
  name        text NOT NULL DEFAULT '' CHECK (octet_length(name) <= 1024),
  email       text CHECK (octet_length(email) BETWEEN 3 AND 1024),
  quota_bytes bigint CHECK (quota_bytes >= 0),
  disabled_at bigint
);
CREATE UNIQUE INDEX owner_local ON owner (kind) WHERE kind = 'local';
CREATE UNIQUE INDEX owner_email ON owner (lower(email)) WHERE email IS NOT NULL;

CREATE TABLE api_token (
  owner_id     uuid NOT NULL REFERENCES owner (id),
  id           uuid NOT NULL,
  name         text NOT NULL CHECK (octet_length(name) <= 1024),
  token_hash   bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32), -- SHA-256; the secret is shown once
  scopes       text NOT NULL CHECK (jsonb_typeof(scopes::jsonb) = 'array'
                 AND octet_length(scopes) <= 65536),
  destinations text CHECK (destinations IS NULL OR (jsonb_typeof(destinations::jsonb) = 'array'
                 AND octet_length(destinations) <= 65536)), -- NULL is all
  client_id    uuid,
  expires_at   bigint,
  last_used_at bigint,
  revoked_at   bigint,
  created_at   bigint NOT NULL,
  PRIMARY KEY (owner_id, id)
);

CREATE TABLE destination (
  id               uuid PRIMARY KEY,
  name             text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 1024),
  kind             text NOT NULL CHECK (kind IN ('folder', 's3')),
  config           text NOT NULL CHECK (config::jsonb IS NOT NULL AND octet_length(config) <= 65536), -- never a secret
  secret_keep      text CHECK (secret_keep IN ('keyring', 'file', 'session')),
  capabilities     text CHECK (capabilities IS NULL OR (capabilities::jsonb IS NOT NULL
                     AND octet_length(capabilities) <= 65536)),
  max_bytes        bigint CHECK (max_bytes >= 0),
  allowed_mime     text CHECK (allowed_mime IS NULL OR (jsonb_typeof(allowed_mime::jsonb) = 'array'
                     AND octet_length(allowed_mime) <= 65536)), -- NULL is all; image/* is a pattern
  visibility       text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'public')),
  naming           text NOT NULL DEFAULT 'group' CHECK (naming IN ('group', 'owner')), -- {group}/… or {owner}/{group_id}/…
  duplicates       text CHECK (duplicates IN ('copy', 'link')), -- NULL: folder copies, s3 links
  pipeline         text NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(pipeline::jsonb) = 'array'
                     AND octet_length(pipeline) <= 65536),
  allow_anonymous  bigint NOT NULL DEFAULT 0 CHECK (allow_anonymous IN (0, 1)),
  url_ttl_s        bigint NOT NULL DEFAULT 900 CHECK (url_ttl_s BETWEEN 60 AND 3600),
  hook_secret_hash bytea CHECK (octet_length(hook_secret_hash) = 32),
  state            text NOT NULL CHECK (state IN ('active', 'read_only', 'retired')),
  created_at       bigint NOT NULL,
  updated_at       bigint NOT NULL
);

-- What files an entity has. Rows never change; a new version is a new template.
CREATE TABLE template (
  id          uuid PRIMARY KEY,
  entity_type text NOT NULL CHECK (octet_length(entity_type) BETWEEN 1 AND 1024),
  version     bigint NOT NULL CHECK (version >= 1),
  key_word    text NOT NULL CHECK (octet_length(key_word) BETWEEN 1 AND 255),
  draft_days  bigint CHECK (draft_days >= 1), -- NULL: drafts don't age
  UNIQUE (entity_type, version),
  UNIQUE (id, entity_type)
);
CREATE TABLE template_slot (
  template_id    uuid NOT NULL REFERENCES template (id),
  file_type      text NOT NULL CHECK (octet_length(file_type) BETWEEN 1 AND 255),
  is_required    bigint NOT NULL CHECK (is_required IN (0, 1)),
  destination_id uuid NOT NULL REFERENCES destination (id),
  key_word       text NOT NULL CHECK (octet_length(key_word) BETWEEN 1 AND 255),
  PRIMARY KEY (template_id, file_type)
);

CREATE TABLE upload_group (
  owner_id       uuid NOT NULL REFERENCES owner (id),
  id             uuid NOT NULL,
  name           text NOT NULL CHECK (octet_length(name) <= 1024),
  description    text CHECK (octet_length(description) <= 1024),
  destination_id uuid REFERENCES destination (id), -- of files without a slot
  template_id    uuid,
  entity_type    text,
  entity_id      uuid, -- the group's own id when the caller has none
  parent_id      uuid,
  state          text NOT NULL CHECK (state IN ('draft', 'uploading', 'completed', 'failed', 'cancelled')),
  error_code     text,
  error_detail   text,
  retry_count    bigint NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
  released_at    bigint,
  public_id      bytea CHECK (octet_length(public_id) = 16),
  metadata       text NOT NULL DEFAULT '{}' CHECK (metadata::jsonb IS NOT NULL AND octet_length(metadata) <= 65536),
  client_id      uuid,
  completed_at   bigint,
  created_at     bigint NOT NULL,
  updated_at     bigint NOT NULL,
  rev            bigint NOT NULL DEFAULT 1,
  deleted_at     bigint,
  delete_reason  text CHECK (delete_reason IN ('user', 'cancelled', 'admin')),
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (template_id, entity_type) REFERENCES template (id, entity_type),
  FOREIGN KEY (owner_id, parent_id) REFERENCES upload_group (owner_id, id),
  CHECK ((state = 'completed') = (completed_at IS NOT NULL)),
  CHECK ((template_id IS NULL) = (entity_type IS NULL) AND (template_id IS NULL) = (entity_id IS NULL)),
  CHECK ((released_at IS NULL) = (public_id IS NULL)),
  CHECK ((deleted_at IS NULL) = (delete_reason IS NULL)),
  CHECK (parent_id <> id)
) WITH (fillfactor = 85);
-- Groups whose parent is released; options of a project.
CREATE INDEX group_by_parent ON upload_group (owner_id, parent_id) WHERE parent_id IS NOT NULL;

-- One file. Its name is the last part of rel_path, and is kept nowhere else.
CREATE TABLE upload_session (
  owner_id       uuid NOT NULL REFERENCES owner (id),
  id             uuid NOT NULL,
  attempt        bigint NOT NULL CHECK (attempt >= 1),
  group_id       uuid,
  destination_id uuid NOT NULL REFERENCES destination (id),
  rel_path       text NOT NULL,
  file_type      text CHECK (octet_length(file_type) BETWEEN 1 AND 255), -- a slot of the group's template
  is_required    bigint NOT NULL DEFAULT 1 CHECK (is_required IN (0, 1)),
  size           bigint CHECK (size >= 0), -- NULL only of callers that don't tell it, until it is proved
  part_size      bigint CHECK (part_size > 0),
  part_count     bigint CHECK (part_count BETWEEN 1 AND 10000),
  mime           text NOT NULL CHECK (octet_length(mime) <= 1024),
  sha256         bytea CHECK (octet_length(sha256) = 32), -- what the content is said to be
  holds_slot     bigint NOT NULL DEFAULT 0 CHECK (holds_slot IN (0, 1)), -- 1: claims to be the blocking canonical
  canonical_id   uuid,
  object_id      uuid,
  state          text NOT NULL CHECK (state IN
                   ('pending', 'uploading', 'verifying', 'uploaded', 'deduplicated', 'failed', 'rejected')),
  client_id      uuid,
  alive_at       bigint NOT NULL,
  lease_until    bigint NOT NULL DEFAULT 0,
  fence          bigint NOT NULL DEFAULT 0,
  error_code     text,
  error_detail   text,
  error_at       bigint,
  retry_count    bigint NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
  uploaded_at    bigint,
  verified_at    bigint,
  metadata       text NOT NULL DEFAULT '{}' CHECK (metadata::jsonb IS NOT NULL AND octet_length(metadata) <= 65536),
  created_at     bigint NOT NULL,
  updated_at     bigint NOT NULL,
  rev            bigint NOT NULL DEFAULT 1,
  deleted_at     bigint,
  delete_reason  text CHECK (delete_reason IN ('user', 'cancelled', 'mismatch', 'vanished', 'admin')),
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (owner_id, group_id) REFERENCES upload_group (owner_id, id) ON DELETE CASCADE,
  FOREIGN KEY (owner_id, canonical_id) REFERENCES upload_session (owner_id, id),
  CHECK ((state IN ('uploaded', 'deduplicated')) = (uploaded_at IS NOT NULL)),
  CHECK (state NOT IN ('uploaded', 'deduplicated') OR size IS NOT NULL),
  CHECK (canonical_id IS NULL OR (canonical_id <> id AND state IN ('pending', 'deduplicated'))),
  CHECK (state <> 'deduplicated' OR canonical_id IS NOT NULL),
  CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
) WITH (fillfactor = 85);
-- Who follows or duplicates.
CREATE INDEX session_by_canonical ON upload_session (owner_id, canonical_id) WHERE canonical_id IS NOT NULL;
-- Who refers to an object.
CREATE INDEX session_by_object ON upload_session (owner_id, object_id);

CREATE TABLE stored_object (
  owner_id       uuid NOT NULL REFERENCES owner (id),
  id             uuid NOT NULL UNIQUE,
  session_id     uuid NOT NULL,
  attempt        bigint NOT NULL CHECK (attempt >= 1),
  destination_id uuid NOT NULL REFERENCES destination (id),
  object_key     text NOT NULL CHECK (octet_length(object_key) <= 8192),
  key_form       text NOT NULL, -- NFC, case-folded on a folder; of a given-up name on a folder: freed
  name_checked   bigint NOT NULL DEFAULT 0 CHECK (name_checked IN (0, 1)),
  state          text NOT NULL CHECK (state IN ('open', 'stored', 'condemned', 'gone')),
  upload_id      text,
  token          bytea NOT NULL CHECK (octet_length(token) = 16),
  size           bigint CHECK (size >= 0),
  etag           text,
  version_id     text,
  crc64          bytea CHECK (octet_length(crc64) = 8),
  sha256         bytea CHECK (octet_length(sha256) = 32), -- only what one read and the storage proved
  proof          text CHECK (proof IN ('sha256', 'crc64nvme', 'read_back', 'token')), -- token: no checksum was told
  stored_at      bigint,
  checked_at     bigint,
  delete_after   bigint NOT NULL DEFAULT 0,
  lease_until    bigint NOT NULL DEFAULT 0,
  gone_at        bigint,
  created_at     bigint NOT NULL,
  PRIMARY KEY (owner_id, id),
  -- Written before its session, which points at it; the other way round each insert would search all sessions.
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id) DEFERRABLE INITIALLY DEFERRED,
  CHECK (state <> 'stored' OR (size IS NOT NULL AND proof IS NOT NULL AND stored_at IS NOT NULL
    AND (crc64 IS NOT NULL OR proof = 'token'))),
  CHECK (sha256 IS NULL OR (proof IS NOT NULL AND proof <> 'token')),
  CHECK ((state = 'gone') = (gone_at IS NOT NULL))
) WITH (fillfactor = 85);
ALTER TABLE upload_session ADD FOREIGN KEY (owner_id, object_id) REFERENCES stored_object (owner_id, id);
CREATE UNIQUE INDEX object_by_attempt ON stored_object (owner_id, session_id, attempt);

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
  owner_id    uuid NOT NULL,
  object_id   uuid NOT NULL,
  part_number bigint NOT NULL CHECK (part_number BETWEEN 1 AND 10000),
  size        bigint NOT NULL CHECK (size >= 0),
  crc64       bytea CHECK (octet_length(crc64) = 8),
  etag        text,
  state       text NOT NULL CHECK (state IN ('pending', 'uploading', 'uploaded', 'failed')),
  attempts    bigint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  uploaded_at bigint,
  PRIMARY KEY (owner_id, object_id, part_number),
  FOREIGN KEY (owner_id, object_id) REFERENCES stored_object (owner_id, id) ON DELETE CASCADE,
  CHECK (state <> 'uploaded' OR (etag IS NOT NULL AND uploaded_at IS NOT NULL))
);

CREATE TABLE processing_run (
  owner_id     uuid NOT NULL REFERENCES owner (id),
  id           uuid NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('train', 'cleanup')),
  name         text CHECK (octet_length(name) <= 1024),
  group_id     uuid,
  config       text NOT NULL DEFAULT '{}' CHECK (config::jsonb IS NOT NULL AND octet_length(config) <= 65536),
  state        text NOT NULL CHECK (state IN
                 ('queued', 'processing', 'completed', 'partially_completed', 'failed', 'cleanup_completed')),
  error_code   text,
  error_detail text,
  rev          bigint NOT NULL DEFAULT 1,
  created_at   bigint NOT NULL,
  updated_at   bigint NOT NULL,
  started_at   bigint,
  finished_at  bigint,
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (owner_id, group_id) REFERENCES upload_group (owner_id, id),
  CHECK ((state IN ('queued', 'processing')) = (finished_at IS NULL))
);
CREATE INDEX run_by_group ON processing_run (owner_id, group_id) WHERE group_id IS NOT NULL;

CREATE TABLE processing_job (
  owner_id     uuid NOT NULL,
  id           uuid NOT NULL,
  session_id   uuid NOT NULL, -- the canonical, for duplicates
  run_id       uuid,
  type         text NOT NULL CHECK (octet_length(type) BETWEEN 1 AND 255),
  state        text NOT NULL CHECK (state IN ('pending', 'sending', 'running', 'completed', 'failed', 'cancelled')),
  priority     bigint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 10), -- lower first
  attempts     bigint NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND max_attempts),
  max_attempts bigint NOT NULL DEFAULT 3 CHECK (max_attempts BETWEEN 1 AND 100),
  due_at       bigint NOT NULL, -- earliest start + priority × 10 min: claims go by it
  lease_owner  text CHECK (octet_length(lease_owner) <= 1024),
  lease_until  bigint NOT NULL DEFAULT 0,
  fence        bigint NOT NULL DEFAULT 0,
  config       text NOT NULL DEFAULT '{}' CHECK (config::jsonb IS NOT NULL AND octet_length(config) <= 65536),
  result       text CHECK (result IS NULL OR (result::jsonb IS NOT NULL AND octet_length(result) <= 1048576)),
  error_code   text,
  error_detail text,
  created_at   bigint NOT NULL,
  updated_at   bigint NOT NULL,
  started_at   bigint,
  finished_at  bigint,
  rev          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (owner_id, id),
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (owner_id, run_id) REFERENCES processing_run (owner_id, id),
  CHECK ((state IN ('pending', 'sending', 'running')) = (finished_at IS NULL))
) WITH (fillfactor = 85);
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
  owner_id   uuid NOT NULL,
  session_id uuid NOT NULL,
  n          bigint NOT NULL CHECK (n >= 0),
  place      text CHECK (octet_length(place) <= 1024), -- a page, a sheet
  text       text NOT NULL CHECK (octet_length(text) <= 1048576),
  created_at bigint NOT NULL,
  PRIMARY KEY (owner_id, session_id, n),
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id)
);
CREATE TABLE chunk (
  owner_id   uuid NOT NULL,
  session_id uuid NOT NULL,
  n          bigint NOT NULL CHECK (n >= 0),
  text       text NOT NULL CHECK (octet_length(text) <= 1048576),
  vector     bytea NOT NULL CHECK (octet_length(vector) > 0 AND octet_length(vector) % 4 = 0), -- 32-bit floats, little end first
  model      text NOT NULL CHECK (octet_length(model) BETWEEN 1 AND 1024),
  created_at bigint NOT NULL,
  PRIMARY KEY (owner_id, session_id, n),
  FOREIGN KEY (owner_id, session_id) REFERENCES upload_session (owner_id, id)
);

-- The log of all changes. seq is given before the commit, so readers stop below the oldest running transaction and order
-- by (txid, seq): none is skipped.
CREATE TABLE outbox_entry (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  txid       bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  owner_id   uuid NOT NULL,
  machine    text NOT NULL CHECK (machine IN ('session', 'group', 'job', 'run')),
  subject_id uuid NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('state', 'deleted', 'canonical', 'released')),
  from_state text NOT NULL, -- '' is the making of a row
  to_state   text NOT NULL,
  rev        bigint NOT NULL,
  attempt    bigint,
  reason     text,
  data       text CHECK (data IS NULL OR data::jsonb IS NOT NULL),
  at         bigint NOT NULL
);
-- The feed of an owner.
CREATE INDEX outbox_by_owner ON outbox_entry (owner_id, txid, seq);
-- The log of a job, whose newest entry is its status (D-7).
CREATE INDEX outbox_by_job ON outbox_entry (owner_id, subject_id, txid, seq) WHERE machine = 'job';

CREATE TABLE audit_row (
  seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at           bigint NOT NULL,
  actor_id     uuid,
  actor_kind   text NOT NULL CHECK (actor_kind IN ('owner', 'worker', 'janitor', 'webhook', 'admin')),
  action       text NOT NULL CHECK (octet_length(action) BETWEEN 1 AND 255),
  subject_kind text NOT NULL CHECK (octet_length(subject_kind) BETWEEN 1 AND 255),
  subject_id   uuid,
  owner_id     uuid,
  reason       text,
  data         text NOT NULL DEFAULT '{}' CHECK (data::jsonb IS NOT NULL AND octet_length(data) <= 65536)
);

CREATE TABLE webhook_endpoint (
  owner_id      uuid NOT NULL REFERENCES owner (id),
  id            uuid NOT NULL,
  url           text NOT NULL CHECK (octet_length(url) BETWEEN 1 AND 8192),
  secret        bytea NOT NULL, -- sealed
  events        text NOT NULL CHECK (jsonb_typeof(events::jsonb) = 'array'
                  AND octet_length(events) <= 65536),
  cursor        text NOT NULL DEFAULT '',
  state         text NOT NULL CHECK (state IN ('active', 'failing', 'disabled')),
  failures      bigint NOT NULL DEFAULT 0 CHECK (failures >= 0),
  failing_since bigint,
  retry_at      bigint,
  lease_until   bigint NOT NULL DEFAULT 0,
  created_at    bigint NOT NULL,
  updated_at    bigint NOT NULL,
  PRIMARY KEY (owner_id, id)
);

-- Who alone does what there is one of: janitor, sweep.
CREATE TABLE lease (
  name   text PRIMARY KEY,
  holder text NOT NULL,
  until  bigint NOT NULL,
  fence  bigint NOT NULL DEFAULT 0
);

-- Refuses; which rows, the triggers' WHEN says.
CREATE FUNCTION windlass_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'windlass:%', TG_ARGV[0] USING ERRCODE = 'WL001';
END $$;

-- Closed world (I7, F110).
CREATE FUNCTION windlass_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before text := '';
BEGIN
  IF TG_OP = 'UPDATE' THEN before := OLD.state; END IF;
  IF NOT EXISTS (SELECT 1 FROM allowed_transition
      WHERE machine = TG_ARGV[0] AND from_state = before AND to_state = NEW.state) THEN
    RAISE EXCEPTION 'windlass:transition' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_insert BEFORE INSERT ON upload_session
  FOR EACH ROW EXECUTE FUNCTION windlass_transition('session');
CREATE TRIGGER session_step BEFORE UPDATE OF state ON upload_session FOR EACH ROW
  WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION windlass_transition('session');
CREATE TRIGGER object_insert BEFORE INSERT ON stored_object
  FOR EACH ROW EXECUTE FUNCTION windlass_transition('object');
CREATE TRIGGER object_step BEFORE UPDATE OF state ON stored_object FOR EACH ROW
  WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION windlass_transition('object');
CREATE TRIGGER group_insert BEFORE INSERT ON upload_group
  FOR EACH ROW EXECUTE FUNCTION windlass_transition('group');
CREATE TRIGGER group_step BEFORE UPDATE OF state ON upload_group FOR EACH ROW
  WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION windlass_transition('group');
CREATE TRIGGER file_part_insert BEFORE INSERT ON file_part
  FOR EACH ROW EXECUTE FUNCTION windlass_transition('file_part');
CREATE TRIGGER file_part_step BEFORE UPDATE OF state ON file_part FOR EACH ROW
  WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION windlass_transition('file_part');
CREATE TRIGGER job_insert BEFORE INSERT ON processing_job
  FOR EACH ROW EXECUTE FUNCTION windlass_transition('job');
CREATE TRIGGER job_step BEFORE UPDATE OF state ON processing_job FOR EACH ROW
  WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION windlass_transition('job');
CREATE TRIGGER run_insert BEFORE INSERT ON processing_run
  FOR EACH ROW EXECUTE FUNCTION windlass_transition('run');
CREATE TRIGGER run_step BEFORE UPDATE OF state ON processing_run FOR EACH ROW
  WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION windlass_transition('run');

-- Uploaded only with a proved object of equal size: its own, or one of the same proved content whose maker is removed (M2, M8).
CREATE FUNCTION windlass_session_uploaded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.verified_at IS NULL OR NOT EXISTS
  (SELECT 1 FROM stored_object o WHERE o.owner_id = NEW.owner_id AND o.id = NEW.object_id
     AND o.destination_id = NEW.destination_id AND o.state = 'stored' AND o.size = NEW.size
     AND ((o.session_id = NEW.id AND o.attempt = NEW.attempt)
       OR (o.sha256 = NEW.sha256 AND EXISTS (SELECT 1 FROM upload_session m WHERE m.owner_id = o.owner_id
             AND m.id = o.session_id AND m.deleted_at IS NOT NULL))))) THEN
    RAISE EXCEPTION 'windlass:unproved' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_uploaded BEFORE UPDATE OF state ON upload_session FOR EACH ROW WHEN (NEW.state = 'uploaded' AND
  OLD.state <> 'uploaded') EXECUTE FUNCTION windlass_session_uploaded();

-- Deduplicated only by a settled canonical of the same owner, place and proved content; no chains (M6, M11).
CREATE FUNCTION windlass_session_duplicate_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS
  (SELECT 1 FROM upload_session c JOIN stored_object o ON o.owner_id = c.owner_id AND o.id = c.object_id
   WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id AND c.destination_id = NEW.destination_id
     AND c.canonical_id IS NULL AND c.state = 'uploaded' AND c.deleted_at IS NULL AND c.size = NEW.size
     AND c.sha256 = NEW.sha256 AND o.state = 'stored' AND o.sha256 = NEW.sha256 AND NEW.object_id = o.id) THEN
    RAISE EXCEPTION 'windlass:unproved' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_duplicate_made BEFORE INSERT ON upload_session FOR EACH ROW WHEN (NEW.state = 'deduplicated')
  EXECUTE FUNCTION windlass_session_duplicate_made();
CREATE FUNCTION windlass_session_duplicate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS
  (SELECT 1 FROM upload_session c JOIN stored_object o ON o.owner_id = c.owner_id AND o.id = c.object_id
     JOIN stored_object mine ON mine.owner_id = NEW.owner_id AND mine.id = NEW.object_id
   WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id AND c.destination_id = NEW.destination_id
     AND c.canonical_id IS NULL AND c.state = 'uploaded' AND c.size = NEW.size AND c.sha256 = NEW.sha256
     AND o.state = 'stored' AND mine.state = 'stored' AND mine.size = NEW.size
     AND (mine.session_id = NEW.id OR mine.id = o.id) AND (o.sha256 = NEW.sha256 OR mine.sha256 = NEW.sha256)) THEN
    RAISE EXCEPTION 'windlass:unproved' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_duplicate BEFORE UPDATE OF state ON upload_session FOR EACH ROW WHEN (NEW.state =
  'deduplicated' AND OLD.state <> 'deduplicated') EXECUTE FUNCTION windlass_session_duplicate();

-- A canonical has none itself; who is followed or duplicated gets none (M11, D-5).
CREATE FUNCTION windlass_session_chain_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS
  (SELECT 1 FROM upload_session c WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id
     AND c.canonical_id IS NOT NULL) THEN
    RAISE EXCEPTION 'windlass:chain' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_chain_made BEFORE INSERT ON upload_session FOR EACH ROW WHEN (NEW.canonical_id IS NOT NULL)
  EXECUTE FUNCTION windlass_session_chain_made();
CREATE FUNCTION windlass_session_no_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (
    EXISTS (SELECT 1 FROM upload_session f WHERE f.owner_id = NEW.owner_id AND f.canonical_id = NEW.id
              AND f.deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM upload_session c WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id
                 AND c.canonical_id IS NOT NULL)) THEN
    RAISE EXCEPTION 'windlass:chain' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_no_chain BEFORE UPDATE OF canonical_id ON upload_session FOR EACH ROW WHEN (NEW.canonical_id IS
  NOT NULL AND NEW.canonical_id IS DISTINCT FROM OLD.canonical_id) EXECUTE FUNCTION windlass_session_no_chain();

-- A duplicate is only ever pointed at another proved copy of its content (M8).
CREATE FUNCTION windlass_session_canonical_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS
  (SELECT 1 FROM upload_session c WHERE c.owner_id = NEW.owner_id AND c.id = NEW.canonical_id
     AND c.destination_id = NEW.destination_id AND c.sha256 = NEW.sha256 AND c.state = 'uploaded'
     AND c.deleted_at IS NULL) THEN
    RAISE EXCEPTION 'windlass:unproved' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_canonical_moved BEFORE UPDATE OF canonical_id ON upload_session FOR EACH ROW WHEN (OLD.state =
  'deduplicated' AND NEW.canonical_id IS DISTINCT FROM OLD.canonical_id) EXECUTE FUNCTION
  windlass_session_canonical_moved();

-- A group takes files only while it is open, and slots are those of its template.
CREATE FUNCTION windlass_session_into_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Completing waits for this, and this for completing.
  PERFORM 1 FROM upload_group g WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id FOR SHARE;
  IF NOT EXISTS
  (SELECT 1 FROM upload_group g WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id
     AND g.deleted_at IS NULL AND g.state NOT IN ('completed', 'cancelled')) THEN
    RAISE EXCEPTION 'windlass:group_closed' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_into_closed BEFORE INSERT ON upload_session FOR EACH ROW WHEN (NEW.group_id IS NOT NULL)
  EXECUTE FUNCTION windlass_session_into_closed();
CREATE FUNCTION windlass_session_into_slot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS
  (SELECT 1 FROM upload_group g JOIN template_slot t ON t.template_id = g.template_id AND t.file_type = NEW.file_type
   WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id AND NEW.is_required >= t.is_required) THEN
    RAISE EXCEPTION 'windlass:slot' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_into_slot BEFORE INSERT ON upload_session FOR EACH ROW WHEN (NEW.file_type IS NOT NULL) EXECUTE
  FUNCTION windlass_session_into_slot();

-- Required by its slot it stays; of a completed group nothing becomes optional.
CREATE FUNCTION windlass_session_required() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Completing waits for this, and this for completing.
  PERFORM 1 FROM upload_group g WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id FOR SHARE;
  IF EXISTS
  (SELECT 1 FROM upload_group g LEFT JOIN template_slot t ON t.template_id = g.template_id AND t.file_type = NEW.file_type
   WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id AND (g.state = 'completed' OR NEW.is_required < t.is_required)) THEN
    RAISE EXCEPTION 'windlass:required' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_required BEFORE UPDATE OF is_required ON upload_session FOR EACH ROW WHEN (NEW.is_required IS
  DISTINCT FROM OLD.is_required) EXECUTE FUNCTION windlass_session_required();

-- Completed only with a settled file, all required slots settled, and all other required files settled (M4).
CREATE FUNCTION windlass_group_completed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  slots bigint;
  done_slots bigint;
  files bigint;
  done_files bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
                  AND s.state IN ('uploaded', 'deduplicated') AND s.deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
                 AND s.state IN ('pending', 'uploading', 'verifying', 'failed', 'rejected') AND s.deleted_at IS NULL
                 AND s.is_required = 1 AND NOT EXISTS (SELECT 1 FROM template_slot t
                   WHERE t.template_id = NEW.template_id AND t.file_type = s.file_type AND t.is_required = 1))
    OR EXISTS (SELECT 1 FROM template_slot t WHERE t.template_id = NEW.template_id AND t.is_required = 1
                 AND NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
                   AND s.file_type = t.file_type AND s.state IN ('uploaded', 'deduplicated') AND s.deleted_at IS NULL)) THEN
    SELECT
    (SELECT COUNT(*) FROM template_slot t WHERE t.template_id = NEW.template_id AND t.is_required = 1),
    (SELECT COUNT(*) FROM template_slot t WHERE t.template_id = NEW.template_id AND t.is_required = 1
       AND EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id
         AND s.file_type = t.file_type AND s.state IN ('uploaded', 'deduplicated') AND s.deleted_at IS NULL)),
    COUNT(*), COUNT(*) FILTER (WHERE s.state IN ('uploaded', 'deduplicated'))
    INTO slots, done_slots, files, done_files FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.group_id = NEW.id AND s.deleted_at IS NULL
      AND s.is_required = 1 AND NOT EXISTS (SELECT 1 FROM template_slot t
        WHERE t.template_id = NEW.template_id AND t.file_type = s.file_type AND t.is_required = 1);
    RAISE EXCEPTION 'windlass:incomplete: only % of % required files uploaded', done_slots + done_files,
      GREATEST(1, slots + files) USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER group_completed BEFORE UPDATE OF state ON upload_group FOR EACH ROW
  WHEN (NEW.state = 'completed' AND OLD.state <> 'completed') EXECUTE FUNCTION windlass_group_completed();

-- One level: a parent has no parent.
CREATE FUNCTION windlass_group_parent_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS
  (SELECT 1 FROM upload_group p WHERE p.owner_id = NEW.owner_id AND p.id = NEW.parent_id AND p.parent_id IS NOT NULL) THEN
    RAISE EXCEPTION 'windlass:parent' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER group_parent_made BEFORE INSERT ON upload_group FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE
  FUNCTION windlass_group_parent_made();
CREATE FUNCTION windlass_group_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (
    EXISTS (SELECT 1 FROM upload_group p WHERE p.owner_id = NEW.owner_id AND p.id = NEW.parent_id
              AND p.parent_id IS NOT NULL)
    OR EXISTS (SELECT 1 FROM upload_group c WHERE c.owner_id = NEW.owner_id AND c.parent_id = NEW.id)) THEN
    RAISE EXCEPTION 'windlass:parent' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER group_parent BEFORE UPDATE OF parent_id ON upload_group FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL
  AND NEW.parent_id IS DISTINCT FROM OLD.parent_id) EXECUTE FUNCTION windlass_group_parent();

-- What a row is, it stays.
CREATE TRIGGER session_same BEFORE UPDATE OF owner_id, id, group_id, destination_id, created_at ON upload_session FOR
  EACH ROW WHEN (NEW.owner_id IS DISTINCT FROM OLD.owner_id OR NEW.id IS DISTINCT FROM OLD.id OR NEW.group_id IS
  DISTINCT FROM OLD.group_id OR NEW.destination_id IS DISTINCT FROM OLD.destination_id OR NEW.created_at IS DISTINCT
  FROM OLD.created_at) EXECUTE FUNCTION windlass_refuse('frozen');
CREATE TRIGGER object_same BEFORE UPDATE OF owner_id, id, session_id, attempt, destination_id, token, created_at ON
  stored_object FOR EACH ROW WHEN (NEW.owner_id IS DISTINCT FROM OLD.owner_id OR NEW.id IS DISTINCT FROM OLD.id OR
  NEW.session_id IS DISTINCT FROM OLD.session_id OR NEW.attempt IS DISTINCT FROM OLD.attempt OR NEW.destination_id IS
  DISTINCT FROM OLD.destination_id OR NEW.token IS DISTINCT FROM OLD.token OR NEW.created_at IS DISTINCT FROM
  OLD.created_at) EXECUTE FUNCTION windlass_refuse('frozen');
CREATE TRIGGER group_same BEFORE UPDATE OF owner_id, id, template_id, entity_type, entity_id, created_at ON
  upload_group FOR EACH ROW WHEN (NEW.owner_id IS DISTINCT FROM OLD.owner_id OR NEW.id IS DISTINCT FROM OLD.id OR
  NEW.template_id IS DISTINCT FROM OLD.template_id OR NEW.entity_type IS DISTINCT FROM OLD.entity_type OR
  NEW.entity_id IS DISTINCT FROM OLD.entity_id OR NEW.created_at IS DISTINCT FROM OLD.created_at) EXECUTE FUNCTION
  windlass_refuse('frozen');
CREATE TRIGGER job_same BEFORE UPDATE OF owner_id, id, session_id, run_id, type, created_at ON processing_job FOR EACH
  ROW WHEN (NEW.owner_id IS DISTINCT FROM OLD.owner_id OR NEW.id IS DISTINCT FROM OLD.id OR NEW.session_id IS DISTINCT
  FROM OLD.session_id OR NEW.run_id IS DISTINCT FROM OLD.run_id OR NEW.type IS DISTINCT FROM OLD.type OR
  NEW.created_at IS DISTINCT FROM OLD.created_at) EXECUTE FUNCTION windlass_refuse('frozen');
CREATE TRIGGER run_same BEFORE UPDATE OF owner_id, id, kind, group_id, created_at ON processing_run FOR EACH ROW WHEN
  (NEW.owner_id IS DISTINCT FROM OLD.owner_id OR NEW.id IS DISTINCT FROM OLD.id OR NEW.kind IS DISTINCT FROM OLD.kind
  OR NEW.group_id IS DISTINCT FROM OLD.group_id OR NEW.created_at IS DISTINCT FROM OLD.created_at) EXECUTE FUNCTION
  windlass_refuse('frozen');
-- What the content is said to be changes only with the attempt, or by being forgotten first.
CREATE TRIGGER session_said BEFORE UPDATE OF sha256 ON upload_session FOR EACH ROW WHEN (OLD.sha256 IS NOT NULL AND
  NEW.sha256 IS NOT NULL AND NEW.sha256 <> OLD.sha256 AND NEW.attempt = OLD.attempt) EXECUTE FUNCTION
  windlass_refuse('frozen');

-- What is settled stays as it is; what is deleted too (M3, I4).
CREATE TRIGGER session_settled_frozen BEFORE UPDATE OF attempt, rel_path, file_type, size, part_size, part_count,
  mime, sha256, object_id, client_id, error_code, error_detail, error_at, retry_count, uploaded_at, verified_at,
  metadata ON upload_session FOR EACH ROW WHEN (OLD.state IN ('uploaded', 'deduplicated') AND ( NEW.attempt IS
  DISTINCT FROM OLD.attempt OR NEW.rel_path IS DISTINCT FROM OLD.rel_path OR NEW.file_type IS DISTINCT FROM
  OLD.file_type OR NEW.size IS DISTINCT FROM OLD.size OR NEW.part_size IS DISTINCT FROM OLD.part_size OR
  NEW.part_count IS DISTINCT FROM OLD.part_count OR NEW.mime IS DISTINCT FROM OLD.mime OR NEW.sha256 IS DISTINCT FROM
  OLD.sha256 OR NEW.object_id IS DISTINCT FROM OLD.object_id OR NEW.client_id IS DISTINCT FROM OLD.client_id OR
  NEW.error_code IS DISTINCT FROM OLD.error_code OR NEW.error_detail IS DISTINCT FROM OLD.error_detail OR NEW.error_at
  IS DISTINCT FROM OLD.error_at OR NEW.retry_count IS DISTINCT FROM OLD.retry_count OR NEW.uploaded_at IS DISTINCT
  FROM OLD.uploaded_at OR NEW.verified_at IS DISTINCT FROM OLD.verified_at OR NEW.metadata IS DISTINCT FROM
  OLD.metadata)) EXECUTE FUNCTION windlass_refuse('frozen');
CREATE TRIGGER session_deleted_frozen BEFORE UPDATE ON upload_session FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL)
  EXECUTE FUNCTION windlass_refuse('frozen');
-- A required file of a completed group goes only with its group, or when the storage lost it (L-8, M10).
CREATE FUNCTION windlass_session_of_completed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Completing waits for this, and this for completing.
  PERFORM 1 FROM upload_group g WHERE g.owner_id = NEW.owner_id AND g.id = NEW.group_id FOR SHARE;
  IF EXISTS
    (SELECT 1 FROM upload_group g WHERE g.owner_id = OLD.owner_id AND g.id = OLD.group_id AND g.state = 'completed'
       AND g.deleted_at IS NULL) THEN
    RAISE EXCEPTION 'windlass:group_completed' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_of_completed BEFORE UPDATE OF deleted_at ON upload_session FOR EACH ROW WHEN (OLD.deleted_at IS
  NULL AND NEW.deleted_at IS NOT NULL AND OLD.is_required = 1 AND OLD.state IN ('uploaded', 'deduplicated') AND
  NEW.delete_reason IN ('user', 'cancelled')) EXECUTE FUNCTION windlass_session_of_completed();
-- A key is fixed once the object is not open; facts once it is stored. A hash may be proved later, once.
CREATE TRIGGER object_stored_frozen BEFORE UPDATE OF object_key, upload_id, size, etag, version_id, crc64, sha256,
  proof, stored_at ON stored_object FOR EACH ROW WHEN (OLD.state <> 'open' AND ( NEW.object_key IS DISTINCT FROM
  OLD.object_key OR NEW.upload_id IS DISTINCT FROM OLD.upload_id OR NEW.size IS DISTINCT FROM OLD.size OR NEW.etag IS
  DISTINCT FROM OLD.etag OR NEW.version_id IS DISTINCT FROM OLD.version_id OR NEW.stored_at IS DISTINCT FROM
  OLD.stored_at OR (NEW.crc64 IS DISTINCT FROM OLD.crc64 AND NOT (OLD.crc64 IS NULL AND OLD.state = 'stored')) OR
  (NEW.sha256 IS DISTINCT FROM OLD.sha256 AND NOT (OLD.sha256 IS NULL AND OLD.state = 'stored')) OR (NEW.proof IS
  DISTINCT FROM OLD.proof AND NOT (OLD.sha256 IS NULL AND NEW.sha256 IS NOT NULL)))) EXECUTE FUNCTION
  windlass_refuse('frozen');
-- Of a completed group only the tombstone, the release and what counts changes may be written (L-8).
CREATE TRIGGER group_completed_frozen BEFORE UPDATE OF name, description, destination_id, parent_id, error_code,
  error_detail, retry_count, metadata, client_id, completed_at ON upload_group FOR EACH ROW WHEN (OLD.state =
  'completed' AND ( NEW.name IS DISTINCT FROM OLD.name OR NEW.description IS DISTINCT FROM OLD.description OR
  NEW.destination_id IS DISTINCT FROM OLD.destination_id OR NEW.parent_id IS DISTINCT FROM OLD.parent_id OR
  NEW.error_code IS DISTINCT FROM OLD.error_code OR NEW.error_detail IS DISTINCT FROM OLD.error_detail OR
  NEW.retry_count IS DISTINCT FROM OLD.retry_count OR NEW.metadata IS DISTINCT FROM OLD.metadata OR NEW.client_id IS
  DISTINCT FROM OLD.client_id OR NEW.completed_at IS DISTINCT FROM OLD.completed_at)) EXECUTE FUNCTION
  windlass_refuse('frozen');
CREATE TRIGGER group_deleted_frozen BEFORE UPDATE ON upload_group FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL)
  EXECUTE FUNCTION windlass_refuse('frozen');
-- An ended job stays as it is; only what it got may be forgotten, by a cleanup.
CREATE TRIGGER job_ended_frozen BEFORE UPDATE ON processing_job FOR EACH ROW WHEN (OLD.state IN ('completed',
  'cancelled') AND ( NEW.priority IS DISTINCT FROM OLD.priority OR NEW.attempts IS DISTINCT FROM OLD.attempts OR
  NEW.max_attempts IS DISTINCT FROM OLD.max_attempts OR NEW.due_at IS DISTINCT FROM OLD.due_at OR NEW.fence IS
  DISTINCT FROM OLD.fence OR NEW.config IS DISTINCT FROM OLD.config OR (NEW.result IS DISTINCT FROM OLD.result AND
  NEW.result IS NOT NULL) OR NEW.error_code IS DISTINCT FROM OLD.error_code OR NEW.error_detail IS DISTINCT FROM
  OLD.error_detail OR NEW.started_at IS DISTINCT FROM OLD.started_at OR NEW.finished_at IS DISTINCT FROM
  OLD.finished_at)) EXECUTE FUNCTION windlass_refuse('frozen');
CREATE TRIGGER run_ended_frozen BEFORE UPDATE ON processing_run FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL)
  EXECUTE FUNCTION windlass_refuse('frozen');
CREATE TRIGGER template_frozen BEFORE UPDATE ON template FOR EACH ROW EXECUTE FUNCTION windlass_refuse('frozen');
CREATE TRIGGER template_slot_frozen BEFORE UPDATE ON template_slot FOR EACH ROW EXECUTE FUNCTION
  windlass_refuse('frozen');
CREATE FUNCTION windlass_template_slot_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS
  (SELECT 1 FROM upload_group g WHERE g.template_id = NEW.template_id) THEN
    RAISE EXCEPTION 'windlass:frozen' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER template_slot_late BEFORE INSERT ON template_slot FOR EACH ROW EXECUTE FUNCTION
  windlass_template_slot_late();

-- Jobs are of settled canonicals; a cleanup is of whatever was removed. A run that has ended gets none.
CREATE FUNCTION windlass_job_of_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS
  (SELECT 1 FROM upload_session s WHERE s.owner_id = NEW.owner_id AND s.id = NEW.session_id AND s.state = 'uploaded'
     AND s.canonical_id IS NULL) THEN
    RAISE EXCEPTION 'windlass:unsettled' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER job_of_settled BEFORE INSERT ON processing_job FOR EACH ROW WHEN (NEW.type <> 'cleanup') EXECUTE
  FUNCTION windlass_job_of_settled();
CREATE FUNCTION windlass_job_into_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS
  (SELECT 1 FROM processing_run r WHERE r.owner_id = NEW.owner_id AND r.id = NEW.run_id AND r.finished_at IS NULL) THEN
    RAISE EXCEPTION 'windlass:run_ended' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER job_into_ended BEFORE INSERT ON processing_job FOR EACH ROW WHEN (NEW.run_id IS NOT NULL) EXECUTE
  FUNCTION windlass_job_into_ended();
CREATE FUNCTION windlass_job_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS
  (SELECT 1 FROM processing_run r WHERE r.owner_id = NEW.owner_id AND r.id = NEW.run_id AND r.finished_at IS NULL) THEN
    RAISE EXCEPTION 'windlass:run_ended' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER job_again BEFORE UPDATE OF state ON processing_job FOR EACH ROW WHEN (OLD.state = 'failed' AND
  NEW.state = 'pending' AND NEW.run_id IS NOT NULL) EXECUTE FUNCTION windlass_job_again();

-- A run is what its jobs count to (M14).
CREATE FUNCTION windlass_run_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.state = 'processing' AND NOT EXISTS (SELECT 1 FROM processing_job j WHERE j.owner_id = NEW.owner_id
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
    OR (NEW.state = 'completed' AND NEW.kind <> 'train') OR (NEW.state = 'cleanup_completed' AND NEW.kind <> 'cleanup') THEN
    RAISE EXCEPTION 'windlass:run_count' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER run_counted BEFORE UPDATE OF state ON processing_run FOR EACH ROW WHEN (NEW.state IS DISTINCT FROM
  OLD.state) EXECUTE FUNCTION windlass_run_counted();

-- Rows stay (M15). A file goes only with its group, and only while nothing of it is settled or stored; then the
-- deletion stops there. Objects' rows go when the objects are gone.
CREATE FUNCTION windlass_session_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.group_id IS NULL
    OR OLD.state IN ('uploaded', 'deduplicated')
    OR EXISTS (SELECT 1 FROM upload_group g WHERE g.owner_id = OLD.owner_id AND g.id = OLD.group_id) THEN
    RAISE EXCEPTION 'windlass:kept' USING ERRCODE = 'WL001';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER session_kept BEFORE DELETE ON upload_session FOR EACH ROW EXECUTE FUNCTION windlass_session_kept();
CREATE TRIGGER group_kept BEFORE DELETE ON upload_group FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION
  windlass_refuse('kept');
CREATE TRIGGER object_kept BEFORE DELETE ON stored_object FOR EACH ROW WHEN (OLD.state <> 'gone') EXECUTE FUNCTION
  windlass_refuse('kept');
CREATE TRIGGER job_kept BEFORE DELETE ON processing_job FOR EACH ROW EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER run_kept BEFORE DELETE ON processing_run FOR EACH ROW EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER owner_kept BEFORE DELETE ON owner FOR EACH ROW EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER destination_kept BEFORE DELETE ON destination FOR EACH ROW EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER template_kept BEFORE DELETE ON template FOR EACH ROW EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER template_slot_kept BEFORE DELETE ON template_slot FOR EACH ROW EXECUTE FUNCTION
  windlass_refuse('kept');
-- Logs only grow. What is older than its term is removed from the old end: 90 days, and two years.
CREATE TRIGGER outbox_append BEFORE UPDATE ON outbox_entry FOR EACH ROW EXECUTE FUNCTION
  windlass_refuse('append_only');
CREATE TRIGGER outbox_kept BEFORE DELETE ON outbox_entry FOR EACH ROW WHEN (OLD.at > extract(epoch FROM now()) * 1000 - 7776000000)
  EXECUTE FUNCTION windlass_refuse('append_only');
CREATE TRIGGER audit_append BEFORE UPDATE ON audit_row FOR EACH ROW EXECUTE FUNCTION windlass_refuse('append_only');
CREATE TRIGGER audit_kept BEFORE DELETE ON audit_row FOR EACH ROW WHEN (OLD.at > extract(epoch FROM now()) * 1000 - 63072000000)
  EXECUTE FUNCTION windlass_refuse('append_only');
-- TRUNCATE is a deletion of all.
CREATE TRIGGER session_emptied BEFORE TRUNCATE ON upload_session EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER object_emptied BEFORE TRUNCATE ON stored_object EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER group_emptied BEFORE TRUNCATE ON upload_group EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER job_emptied BEFORE TRUNCATE ON processing_job EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER run_emptied BEFORE TRUNCATE ON processing_run EXECUTE FUNCTION windlass_refuse('kept');
CREATE TRIGGER outbox_emptied BEFORE TRUNCATE ON outbox_entry EXECUTE FUNCTION windlass_refuse('append_only');
CREATE TRIGGER audit_emptied BEFORE TRUNCATE ON audit_row EXECUTE FUNCTION windlass_refuse('append_only');

-- Each change is told in its own transaction, whoever made it (M13).
CREATE FUNCTION windlass_session_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, reason, at)
  VALUES (NEW.owner_id, 'session', NEW.id, 'state', '', NEW.state, NEW.rev, NEW.attempt, NEW.error_code, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER session_told AFTER INSERT ON upload_session FOR EACH ROW EXECUTE FUNCTION windlass_session_told();
CREATE FUNCTION windlass_session_step_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, reason, at)
  VALUES (NEW.owner_id, 'session', NEW.id, 'state', OLD.state, NEW.state, NEW.rev, NEW.attempt,
    CASE WHEN NEW.state IN ('failed', 'rejected') THEN NEW.error_code END, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER session_step_told AFTER UPDATE OF state ON upload_session FOR EACH ROW WHEN (NEW.state IS DISTINCT FROM
  OLD.state) EXECUTE FUNCTION windlass_session_step_told();
CREATE FUNCTION windlass_session_deleted_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, reason, at)
  VALUES (NEW.owner_id, 'session', NEW.id, 'deleted', NEW.state, NEW.state, NEW.rev, NEW.attempt, NEW.delete_reason,
    NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER session_deleted_told AFTER UPDATE OF deleted_at ON upload_session FOR EACH ROW WHEN (NEW.deleted_at IS
  NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION windlass_session_deleted_told();
CREATE FUNCTION windlass_session_canonical_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, data, at)
  VALUES (NEW.owner_id, 'session', NEW.id, 'canonical', NEW.state, NEW.state, NEW.rev, NEW.attempt,
    CASE WHEN NEW.canonical_id IS NULL THEN '{"canonical_id":null}'
      ELSE '{"canonical_id":"' || replace(NEW.canonical_id::text, '-', '') || '"}' END, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER session_canonical_told AFTER UPDATE OF canonical_id ON upload_session FOR EACH ROW WHEN
  (NEW.canonical_id IS DISTINCT FROM OLD.canonical_id AND NEW.state IS NOT DISTINCT FROM OLD.state) EXECUTE FUNCTION
  windlass_session_canonical_told();
CREATE FUNCTION windlass_group_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, at)
  VALUES (NEW.owner_id, 'group', NEW.id, 'state', '', NEW.state, NEW.rev, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER group_told AFTER INSERT ON upload_group FOR EACH ROW EXECUTE FUNCTION windlass_group_told();
CREATE FUNCTION windlass_group_step_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, reason, at)
  VALUES (NEW.owner_id, 'group', NEW.id, 'state', OLD.state, NEW.state, NEW.rev,
    CASE WHEN NEW.state = 'failed' THEN NEW.error_code END, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER group_step_told AFTER UPDATE OF state ON upload_group FOR EACH ROW WHEN (NEW.state IS DISTINCT FROM
  OLD.state) EXECUTE FUNCTION windlass_group_step_told();
CREATE FUNCTION windlass_group_deleted_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, reason, at)
  VALUES (NEW.owner_id, 'group', NEW.id, 'deleted', NEW.state, NEW.state, NEW.rev, NEW.delete_reason, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER group_deleted_told AFTER UPDATE OF deleted_at ON upload_group FOR EACH ROW WHEN (NEW.deleted_at IS NOT
  NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION windlass_group_deleted_told();
CREATE FUNCTION windlass_group_released_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, data, at)
  VALUES (NEW.owner_id, 'group', NEW.id, 'released', NEW.state, NEW.state, NEW.rev,
    CASE WHEN NEW.released_at IS NULL THEN '{"released":false}' ELSE '{"released":true}' END, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER group_released_told AFTER UPDATE OF released_at ON upload_group FOR EACH ROW WHEN (NEW.released_at IS
  DISTINCT FROM OLD.released_at) EXECUTE FUNCTION windlass_group_released_told();
CREATE FUNCTION windlass_job_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, at)
  VALUES (NEW.owner_id, 'job', NEW.id, 'state', '', NEW.state, NEW.rev, NEW.attempts, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER job_told AFTER INSERT ON processing_job FOR EACH ROW EXECUTE FUNCTION windlass_job_told();
CREATE FUNCTION windlass_job_step_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, attempt, reason, at)
  VALUES (NEW.owner_id, 'job', NEW.id, 'state', OLD.state, NEW.state, NEW.rev, NEW.attempts,
    CASE WHEN NEW.state = 'failed' THEN NEW.error_code END, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER job_step_told AFTER UPDATE OF state ON processing_job FOR EACH ROW WHEN (NEW.state IS DISTINCT FROM
  OLD.state) EXECUTE FUNCTION windlass_job_step_told();
CREATE FUNCTION windlass_run_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, at)
  VALUES (NEW.owner_id, 'run', NEW.id, 'state', '', NEW.state, NEW.rev, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER run_told AFTER INSERT ON processing_run FOR EACH ROW EXECUTE FUNCTION windlass_run_told();
CREATE FUNCTION windlass_run_step_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, reason, at)
  VALUES (NEW.owner_id, 'run', NEW.id, 'state', OLD.state, NEW.state, NEW.rev,
    CASE WHEN NEW.state = 'failed' THEN NEW.error_code END, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER run_step_told AFTER UPDATE OF state ON processing_run FOR EACH ROW WHEN (NEW.state IS DISTINCT FROM
  OLD.state) EXECUTE FUNCTION windlass_run_step_told();
