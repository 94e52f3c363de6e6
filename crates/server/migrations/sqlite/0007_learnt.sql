-- A file that was announced without a hash says its content once the server has read it: from nothing to what its stored
-- object was proved to have, once (M6). Everything else of a settled file stays (M3).
DROP TRIGGER session_settled_frozen;
CREATE TRIGGER session_settled_frozen BEFORE UPDATE OF attempt, rel_path, file_type, size, part_size, part_count, mime, sha256,
    object_id, client_id, error_code, error_detail, error_at, retry_count, uploaded_at, verified_at, metadata
  ON upload_session WHEN OLD.state IN ('uploaded', 'deduplicated') AND (
    NEW.attempt IS NOT OLD.attempt OR NEW.rel_path IS NOT OLD.rel_path OR NEW.file_type IS NOT OLD.file_type
    OR NEW.size IS NOT OLD.size OR NEW.part_size IS NOT OLD.part_size OR NEW.part_count IS NOT OLD.part_count
    OR NEW.mime IS NOT OLD.mime OR NEW.object_id IS NOT OLD.object_id
    OR NEW.client_id IS NOT OLD.client_id OR NEW.error_code IS NOT OLD.error_code
    OR NEW.error_detail IS NOT OLD.error_detail OR NEW.error_at IS NOT OLD.error_at
    OR NEW.retry_count IS NOT OLD.retry_count OR NEW.uploaded_at IS NOT OLD.uploaded_at
    OR NEW.verified_at IS NOT OLD.verified_at OR NEW.metadata IS NOT OLD.metadata
    OR (NEW.sha256 IS NOT OLD.sha256 AND NOT (OLD.sha256 IS NULL AND OLD.state = 'uploaded' AND EXISTS
      (SELECT 1 FROM stored_object o WHERE o.owner_id = NEW.owner_id AND o.id = NEW.object_id AND o.state = 'stored'
         AND o.sha256 = NEW.sha256))))
  BEGIN SELECT RAISE(ABORT, 'windlass:frozen'); END;

-- What was read before this version.
UPDATE upload_session SET sha256 = (SELECT o.sha256 FROM stored_object o
    WHERE o.owner_id = upload_session.owner_id AND o.id = upload_session.object_id)
  WHERE state = 'uploaded' AND sha256 IS NULL AND deleted_at IS NULL AND EXISTS (SELECT 1 FROM stored_object o
    WHERE o.owner_id = upload_session.owner_id AND o.id = upload_session.object_id AND o.state = 'stored'
      AND o.sha256 IS NOT NULL);
