-- A file that was announced without a hash says its content once the server has read it; as sqlite/0007_learnt.sql has it.
DROP TRIGGER session_settled_frozen ON upload_session;
CREATE TRIGGER session_settled_frozen BEFORE UPDATE OF attempt, rel_path, file_type, size, part_size, part_count,
  mime, sha256, object_id, client_id, error_code, error_detail, error_at, retry_count, uploaded_at, verified_at,
  metadata ON upload_session FOR EACH ROW WHEN (OLD.state IN ('uploaded', 'deduplicated') AND ( NEW.attempt IS
  DISTINCT FROM OLD.attempt OR NEW.rel_path IS DISTINCT FROM OLD.rel_path OR NEW.file_type IS DISTINCT FROM
  OLD.file_type OR NEW.size IS DISTINCT FROM OLD.size OR NEW.part_size IS DISTINCT FROM OLD.part_size OR
  NEW.part_count IS DISTINCT FROM OLD.part_count OR NEW.mime IS DISTINCT FROM OLD.mime OR NEW.object_id IS DISTINCT
  FROM OLD.object_id OR NEW.client_id IS DISTINCT FROM OLD.client_id OR NEW.error_code IS DISTINCT FROM OLD.error_code
  OR NEW.error_detail IS DISTINCT FROM OLD.error_detail OR NEW.error_at IS DISTINCT FROM OLD.error_at OR
  NEW.retry_count IS DISTINCT FROM OLD.retry_count OR NEW.uploaded_at IS DISTINCT FROM OLD.uploaded_at OR
  NEW.verified_at IS DISTINCT FROM OLD.verified_at OR NEW.metadata IS DISTINCT FROM OLD.metadata OR (NEW.sha256 IS
  DISTINCT FROM OLD.sha256 AND NOT (OLD.sha256 IS NULL AND OLD.state = 'uploaded')))) EXECUTE FUNCTION
  windlass_refuse('frozen');
-- From nothing to what its stored object was proved to have, once (M6).
CREATE FUNCTION windlass_session_learnt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS
  (SELECT 1 FROM stored_object o WHERE o.owner_id = NEW.owner_id AND o.id = NEW.object_id AND o.state = 'stored'
     AND o.sha256 = NEW.sha256) THEN
    RAISE EXCEPTION 'windlass:frozen' USING ERRCODE = 'WL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_learnt BEFORE UPDATE OF sha256 ON upload_session FOR EACH ROW WHEN (OLD.state = 'uploaded' AND
  OLD.sha256 IS NULL AND NEW.sha256 IS NOT NULL) EXECUTE FUNCTION windlass_session_learnt();

-- What was read before this version.
UPDATE upload_session s SET sha256 = o.sha256 FROM stored_object o
  WHERE o.owner_id = s.owner_id AND o.id = s.object_id AND o.state = 'stored' AND o.sha256 IS NOT NULL
    AND s.state = 'uploaded' AND s.sha256 IS NULL AND s.deleted_at IS NULL;
