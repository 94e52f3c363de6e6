//! A migrated database, spoken to in plain SQL, and rows to begin with.
//!
//! In statements `@7` is an id, `~7` a hash, `!7` sixteen bytes: the two databases write bytes differently.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::types::ValueRef;
use tempfile::TempDir;
use windlass_server::db::Db;
use windlass_testkit::postgres::{Database, Postgres};

/// A connection past the product.
pub(crate) enum Plain {
    Sqlite {
        conn: rusqlite::Connection,
        _dir: TempDir,
    },
    Postgres {
        client: Box<postgres::Client>,
        database: Database,
    },
}

/// Both databases, empty and of the newest version.
pub(crate) fn both() -> Vec<Plain> {
    vec![sqlite(), postgres()]
}

/// Runs a test on both.
pub(crate) fn on_both(test: impl Fn(&mut Plain)) {
    for mut db in both() {
        test(&mut db);
    }
}

pub(crate) fn sqlite() -> Plain {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("ledger.sqlite");
    close(&Db::open_sqlite(&path).expect("migrated"));
    Plain::Sqlite {
        conn: connect_sqlite(&path),
        _dir: dir,
    }
}

pub(crate) fn connect_sqlite(path: &Path) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(path).expect("opened");
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA synchronous = OFF;")
        .expect("settings");
    conn
}

pub(crate) fn postgres() -> Plain {
    let database = Postgres::shared()
        .expect("PostgreSQL")
        .database()
        .expect("a database");
    close(&Db::open_postgres(database.url(), 1).expect("migrated"));
    let client = postgres::Client::connect(database.url(), postgres::NoTls).expect("connected");
    Plain::Postgres {
        client: Box::new(client),
        database,
    }
}

pub(crate) fn close(db: &Db) {
    futures::executor::block_on(db.close()).expect("closed");
}

impl Plain {
    pub(crate) const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// Runs statements in one transaction; the error is the database's words.
    pub(crate) fn run(&mut self, sql: &str) -> Result<(), String> {
        let sql = self.written(sql);
        match self {
            Self::Sqlite { conn, .. } => {
                let done = conn.execute_batch(&format!("BEGIN; {sql}; COMMIT"));
                if !conn.is_autocommit() {
                    conn.execute_batch("ROLLBACK").expect("rolled back");
                }
                done.map_err(|e| e.to_string())
            }
            Self::Postgres { client, .. } => {
                let done = client.batch_execute(&format!("BEGIN; {sql}; COMMIT"));
                if done.is_err() {
                    client.batch_execute("ROLLBACK").expect("rolled back");
                }
                done.map_err(|e| {
                    e.as_db_error()
                        .map_or_else(|| e.to_string(), |e| e.message().to_owned())
                })
            }
        }
    }

    #[track_caller]
    pub(crate) fn must(&mut self, sql: &str) {
        if let Err(e) = self.run(sql) {
            panic!("{sql}: {e}");
        }
    }

    /// Refused with these words.
    #[track_caller]
    pub(crate) fn refuses(&mut self, sql: &str, words: &str) {
        let done = self.run(sql);
        assert!(
            done.as_ref().is_err_and(|e| e.contains(words)),
            "{sql}: {done:?}, expected {words:?}"
        );
    }

    /// Refused by a key, an index or a CHECK of the database.
    #[track_caller]
    pub(crate) fn violates(&mut self, sql: &str) {
        let done = self.run(sql);
        let known = |e: &String| {
            ["constraint failed", "violates", "duplicate key", "cannot store"]
                .iter()
                .any(|w| e.contains(w))
        };
        assert!(done.as_ref().is_err_and(known), "{sql}: {done:?}");
    }

    /// Rows as text, `|` between columns; bytes in hex.
    pub(crate) fn rows(&mut self, sql: &str) -> Vec<String> {
        let sql = self.written(sql);
        match self {
            Self::Sqlite { conn, .. } => {
                let mut query = conn.prepare(&sql).expect("a query");
                let columns = query.column_count();
                query
                    .query_map([], |r| {
                        let mut line = Vec::new();
                        for i in 0..columns {
                            line.push(match r.get_ref(i)? {
                                ValueRef::Null => String::new(),
                                ValueRef::Integer(n) => n.to_string(),
                                ValueRef::Real(x) => x.to_string(),
                                ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
                                ValueRef::Blob(b) => hex(b),
                            });
                        }
                        Ok(line.join("|"))
                    })
                    .and_then(Iterator::collect)
                    .expect("rows")
            }
            Self::Postgres { client, .. } => client
                .simple_query(&sql)
                .expect("rows")
                .into_iter()
                .filter_map(|m| match m {
                    postgres::SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                })
                .map(|row| {
                    (0..row.len())
                        .map(|i| row.get(i).unwrap_or_default().to_owned())
                        .collect::<Vec<_>>()
                        .join("|")
                })
                .collect(),
        }
    }

    /// Another connection to the same PostgreSQL.
    pub(crate) fn another(&self) -> postgres::Client {
        match self {
            Self::Sqlite { .. } => panic!("SQLite has one writer"),
            Self::Postgres { database, .. } => {
                postgres::Client::connect(database.url(), postgres::NoTls).expect("connected")
            }
        }
    }

    pub(crate) fn one(&mut self, sql: &str) -> String {
        self.rows(sql).join("\n")
    }

    /// With the bytes of this database.
    pub(crate) fn written(&self, sql: &str) -> String {
        let mut out = String::new();
        let mut rest = sql;
        while let Some(at) = rest.find(['@', '~', '!']) {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            let digits = after[1..].chars().take_while(char::is_ascii_digit).count();
            let number = after[1..=digits].parse::<u64>();
            if let Ok(n) = number {
                let len = if after.starts_with('~') { 32 } else { 16 };
                let bytes = format!("{n:0width$x}", width = len * 2);
                match (self.is_sqlite(), after.starts_with('@')) {
                    (true, _) => write!(out, "X'{bytes}'"),
                    (false, true) => write!(out, "'{bytes}'::uuid"),
                    (false, false) => write!(out, "'\\x{bytes}'::bytea"),
                }
                .expect("written");
            } else {
                out.push_str(&after[..1]);
            }
            rest = &after[1 + digits..];
        }
        out + rest
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, b| {
        write!(text, "{b:02x}").expect("written");
        text
    })
}

/// Two owners, a bucket, a template `record` with a required and an optional slot, and an open group @30 of owner @1.
pub(crate) const BEGIN: &str = "
    INSERT INTO owner (id, kind, created_at) VALUES (@1, 'user', 1), (@2, 'user', 1);
    INSERT INTO destination (id, name, kind, config, state, created_at, updated_at)
      VALUES (@10, 'bucket', 's3', '{}', 'active', 1, 1), (@11, 'other', 's3', '{}', 'active', 1, 1);
    INSERT INTO template (id, entity_type, version, key_word, draft_days) VALUES (@20, 'record', 1, 'records', 7);
    INSERT INTO template_slot (template_id, file_type, is_required, destination_id, key_word)
      VALUES (@20, 'processed', 1, @10, 'processed'), (@20, 'raw', 0, @10, 'raw');
    INSERT INTO upload_group (owner_id, id, name, destination_id, state, created_at, updated_at)
      VALUES (@1, @30, 'Trip', @10, 'draft', 1, 1)";

/// What a session begins with.
#[derive(Clone, Copy)]
pub(crate) struct Begun<'a> {
    pub(crate) id: u64,
    pub(crate) group: Option<u64>,
    pub(crate) hash: u64,
    /// More columns, each with its value: `, file_type = 'raw'`.
    pub(crate) more: &'a [(&'a str, &'a str)],
}

/// A pending session of owner @1 with its open object of 1,000 more.
pub(crate) fn begun(b: Begun<'_>) -> String {
    let Begun {
        id,
        group,
        hash,
        more,
    } = b;
    let object = id + 1000;
    let group = group.map_or("NULL".to_owned(), |g| format!("@{g}"));
    let columns: String = more.iter().map(|(c, _)| format!(", {c}")).collect();
    let values: String = more.iter().map(|(_, v)| format!(", {v}")).collect();
    format!(
        "INSERT INTO stored_object (owner_id, id, session_id, attempt, destination_id, object_key, key_form, state, token,
           size, created_at) VALUES (@1, @{object}, @{id}, 1, @10, 'k{id}', 'k{id}', 'open', !{id}, 5, 1);
         INSERT INTO upload_session (owner_id, id, attempt, group_id, destination_id, rel_path, size, part_size, mime,
           sha256, object_id, state, client_id, alive_at, created_at, updated_at{columns})
         VALUES (@1, @{id}, 1, {group}, @10, 'a/f{id}', 5, 5, 'text/plain', ~{hash}, @{object}, 'pending', @9, 1, 1, 1{values})"
    )
}

pub(crate) fn pending(id: u64) -> String {
    begun(Begun {
        id,
        group: Some(30),
        hash: id,
        more: &[],
    })
}

/// Pending → verifying → uploaded, with its object.
pub(crate) fn settled(id: u64, hash: u64) -> String {
    let object = id + 1000;
    format!(
        "UPDATE upload_session SET state = 'verifying' WHERE id = @{id};
         UPDATE stored_object SET state = 'stored', crc64 = {CRC}, sha256 = ~{hash}, proof = 'read_back', stored_at = 2
           WHERE id = @{object};
         UPDATE upload_session SET state = 'uploaded', uploaded_at = 2, verified_at = 2, rev = rev + 1 WHERE id = @{id}"
    )
}

/// Eight bytes for both.
const CRC: &str = "(SELECT crc64 FROM eight)";

/// A place for eight bytes, which have no sign of their own.
pub(crate) fn eight(db: &mut Plain) {
    let (kind, value) = if db.is_sqlite() {
        ("BLOB", "X'0102030405060708'")
    } else {
        ("bytea", "'\\x0102030405060708'::bytea")
    };
    db.must(&format!(
        "CREATE TABLE eight (crc64 {kind}); INSERT INTO eight VALUES ({value})"
    ));
}

/// A database with [`BEGIN`], ready for [`settled`].
pub(crate) fn ready(db: &mut Plain) {
    eight(db);
    db.must(BEGIN);
}

/// An uploaded file of the group @30.
pub(crate) fn uploaded(db: &mut Plain, id: u64) {
    db.must(&pending(id));
    db.must(&settled(id, id));
}

/// The group @30 with one uploaded file @40, completed.
pub(crate) fn completed(db: &mut Plain) {
    uploaded(db, 40);
    db.must("UPDATE upload_group SET state = 'uploading' WHERE id = @30");
    db.must("UPDATE upload_group SET state = 'completed', completed_at = 3 WHERE id = @30");
}
