-- Groups that are put together and taken apart; what a person notes of them; folders without a file.

ALTER TABLE upload_group ADD COLUMN note TEXT NOT NULL DEFAULT '' CHECK (length(CAST(note AS BLOB)) <= 16384);
-- Keys and values of the person, an object of texts.
ALTER TABLE upload_group ADD COLUMN pairs TEXT NOT NULL DEFAULT '{}'
    CHECK (json_valid(pairs) AND length(CAST(pairs AS BLOB)) <= 65536);
-- All that it had went over to this group: it is given up at the control plane, and has no card and no line in the history.
ALTER TABLE upload_group ADD COLUMN merged_into BLOB CHECK (length(merged_into) = 16);

-- It goes on as a file of this group. Its row stays until the control plane gave it up, and keeps its place after that.
ALTER TABLE upload_file ADD COLUMN moved_to BLOB CHECK (length(moved_to) = 16);

-- Folders in which nothing was, below what was given.
CREATE TABLE group_folder (
    group_id BLOB    NOT NULL REFERENCES upload_group (id) ON DELETE CASCADE,
    rel_path TEXT    NOT NULL CHECK (length(CAST(rel_path AS BLOB)) BETWEEN 1 AND 4096),
    -- It stands at the destination too.
    made     INTEGER NOT NULL DEFAULT 0 CHECK (made IN (0, 1)),
    PRIMARY KEY (group_id, rel_path)
) STRICT, WITHOUT ROWID;

DROP TRIGGER history_of_end;
CREATE TRIGGER history_of_end AFTER UPDATE OF state ON upload_group
WHEN NEW.state IN ('completed', 'cancelled') AND OLD.state IS NOT NEW.state AND NEW.merged_into IS NULL
BEGIN
    INSERT OR REPLACE INTO history
    SELECT NEW.id, NEW.name, NEW.destination_id, d.name, NEW.origin, NEW.state, NEW.created_at,
           coalesce(NEW.finished_at, NEW.created_at), count(f.state), count(*) FILTER (WHERE f.state = 'done'),
           count(*) FILTER (WHERE f.result = 'deduplicated'), count(*) FILTER (WHERE f.result = 'unchanged'),
           count(*) FILTER (WHERE f.state = 'failed'), coalesce(sum(f.size) FILTER (WHERE f.state = 'done'), 0)
    FROM destination d LEFT JOIN upload_file f ON f.group_id = NEW.id AND f.moved_to IS NULL WHERE d.id = NEW.destination_id;
END;

DROP TRIGGER history_of_removal;
CREATE TRIGGER history_of_removal AFTER UPDATE OF hidden ON upload_group
WHEN NEW.hidden = 1 AND OLD.hidden = 0 AND NEW.state NOT IN ('completed', 'cancelled')
BEGIN
    INSERT OR REPLACE INTO history
    SELECT NEW.id, NEW.name, NEW.destination_id, d.name, NEW.origin, 'failed', NEW.created_at,
           coalesce(NEW.told_at, NEW.created_at), count(f.state), count(*) FILTER (WHERE f.state = 'done'),
           count(*) FILTER (WHERE f.result = 'deduplicated'), count(*) FILTER (WHERE f.result = 'unchanged'),
           count(*) FILTER (WHERE f.state = 'failed'), coalesce(sum(f.size) FILTER (WHERE f.state = 'done'), 0)
    FROM destination d LEFT JOIN upload_file f ON f.group_id = NEW.id AND f.moved_to IS NULL WHERE d.id = NEW.destination_id;
END;

-- What was given up at the control plane, and went on in another group, leaves.
CREATE TRIGGER merged_group_leaves AFTER UPDATE OF state ON upload_group
WHEN NEW.state = 'cancelled' AND OLD.state IS NOT 'cancelled' AND NEW.merged_into IS NOT NULL
BEGIN
    UPDATE upload_group SET hidden = 1, scanning = 0 WHERE id = NEW.id;
END;
