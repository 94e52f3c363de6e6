-- Rows of ten people, so that PostgreSQL knows what it has: where it has counted nothing, all indexes look alike to it.
SET session_replication_role = replica;
INSERT INTO owner (id, kind, created_at) SELECT md5('owner' || n)::uuid, 'user', n FROM generate_series(1, 10) n;
INSERT INTO upload_group (owner_id, id, name, state, created_at, updated_at)
  SELECT md5('owner' || n % 10 + 1)::uuid, md5('group' || n)::uuid, 'g', 'uploading', n, n FROM generate_series(0, 299) n;
INSERT INTO upload_session (owner_id, id, attempt, group_id, destination_id, rel_path, size, mime, sha256, object_id, state,
    alive_at, uploaded_at, created_at, updated_at)
  SELECT md5('owner' || n % 10 + 1)::uuid, md5('session' || n)::uuid, 1, md5('group' || n % 300)::uuid, md5('place')::uuid, n,
    n, 'text/plain', sha256(n::text::bytea), md5('object' || n)::uuid, CASE n % 10 WHEN 0 THEN 'uploading' WHEN 1 THEN 'failed' ELSE 'uploaded' END,
    n, CASE WHEN n % 10 < 2 THEN NULL ELSE n END, n, n FROM generate_series(0, 14999) n;
INSERT INTO stored_object (owner_id, id, session_id, attempt, destination_id, object_key, key_form, state, token, size,
    created_at)
  SELECT owner_id, object_id, id, 1, destination_id, rel_path, rel_path, 'open', decode(md5(rel_path), 'hex'), size, created_at
  FROM upload_session;
INSERT INTO file_part (owner_id, object_id, part_number, size, state)
  SELECT owner_id, id, n, 1, 'pending' FROM stored_object, generate_series(1, 2) n;
INSERT INTO processing_job (owner_id, id, session_id, type, state, due_at, created_at, updated_at, finished_at)
  SELECT owner_id, md5('job' || rel_path)::uuid, id, 'validate', CASE size % 100 WHEN 1 THEN 'pending' ELSE 'completed' END,
    size, size, size, CASE size % 100 WHEN 1 THEN NULL ELSE size END FROM upload_session;
INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, at)
  SELECT owner_id, 'session', id, 'state', '', 'pending', 1, size FROM upload_session;
INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, at)
  SELECT owner_id, 'job', id, 'state', '', 'pending', 1, due_at FROM processing_job;
SET session_replication_role = origin;
ANALYZE;
