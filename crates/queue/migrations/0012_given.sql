-- What a person gave to a group that is being walked: each gesture with its paths and with the answer to its own look. Forgotten
-- when all of it was taken in; walked again after a crash. Before, this was one choice of at most 1 MiB for each group.
CREATE TABLE given (
    seq       INTEGER PRIMARY KEY,
    group_id  BLOB    NOT NULL REFERENCES upload_group (id) ON DELETE CASCADE,
    looked_at INTEGER NOT NULL CHECK (looked_at = 0 OR looked_at = 1),
    unchanged INTEGER NOT NULL CHECK (unchanged = 0 OR unchanged = 1),
    troubled  INTEGER NOT NULL CHECK (troubled = 0 OR troubled = 1),
    same_name INTEGER NOT NULL CHECK (same_name = 0 OR same_name = 1)
) STRICT;
CREATE INDEX given_group ON given (group_id);

-- Its paths, made storable as all text of paths is.
CREATE TABLE given_root (
    given INTEGER NOT NULL REFERENCES given (seq) ON DELETE CASCADE,
    n     INTEGER NOT NULL,
    path  TEXT    NOT NULL,
    PRIMARY KEY (given, n)
) STRICT, WITHOUT ROWID;

-- Files that the answer left out, by their paths inside the group; with a fingerprint, only as long as they stay this version.
CREATE TABLE given_left (
    given    INTEGER NOT NULL REFERENCES given (seq) ON DELETE CASCADE,
    rel_path TEXT    NOT NULL,
    dev      INTEGER,
    inode    INTEGER,
    size     INTEGER,
    mtime_ns INTEGER,
    ctime_ns INTEGER,
    PRIMARY KEY (given, rel_path),
    CHECK ((dev IS NULL) = (ctime_ns IS NULL) AND (dev IS NULL) = (inode IS NULL)
        AND (dev IS NULL) = (size IS NULL) AND (dev IS NULL) = (mtime_ns IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TEMP TABLE walked AS
    SELECT id, lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-'
        || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)) AS word
    FROM upload_group WHERE scanning = 1;
INSERT INTO given (group_id, looked_at, unchanged, troubled, same_name)
    SELECT w.id, l.value IS NOT NULL, coalesce(json_extract(l.value, '$.unchanged'), 0),
        coalesce(json_extract(l.value, '$.troubled'), 0), coalesce(json_extract(l.value, '$.same_name'), 0)
    FROM walked w JOIN setting s ON s.key = 'intake:' || w.word LEFT JOIN setting l ON l.key = 'intake:leave:' || w.word;
INSERT INTO given_root (given, n, path)
    SELECT g.seq, j.key, j.value FROM given g JOIN walked w ON w.id = g.group_id
    JOIN setting s ON s.key = 'intake:' || w.word, json_each(s.value) j;
INSERT OR IGNORE INTO given_left (given, rel_path)
    SELECT g.seq, j.value FROM given g JOIN walked w ON w.id = g.group_id
    JOIN setting l ON l.key = 'intake:leave:' || w.word, json_each(l.value, '$.names') j;
DROP TABLE walked;
DELETE FROM setting WHERE key LIKE 'intake:%';

-- Where a destination lies was changed after this receipt: what was proved up to it was proved elsewhere.
ALTER TABLE destination ADD COLUMN receipts_after INTEGER NOT NULL DEFAULT 0;
