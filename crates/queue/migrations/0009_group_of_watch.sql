-- Which watched folder made a group: what the person chose for the folder holds for its groups, also after the last file joined.
ALTER TABLE upload_group ADD COLUMN watch_id BLOB CHECK (length(watch_id) = 16);
UPDATE upload_group SET watch_id = (SELECT folder_id FROM watched_group WHERE group_id = upload_group.id);
CREATE INDEX upload_group_watch ON upload_group (watch_id) WHERE watch_id IS NOT NULL AND finished_at IS NULL;
