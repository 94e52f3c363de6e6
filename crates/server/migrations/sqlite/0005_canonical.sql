-- Deleted canonicals whose bytes may be adopted, and whose duplicates are pointed at the next one (M8).
CREATE INDEX session_orphaned ON upload_session (owner_id, destination_id, sha256)
  WHERE canonical_id IS NULL AND deleted_at IS NOT NULL AND state = 'uploaded';
