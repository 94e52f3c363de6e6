//! A ledger of version 1 with all kinds of rows becomes one of the newest; a newer one is left as it is.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use windlass_core::error::ErrorCode;
use windlass_core::states::{GroupState, ObjectState, SessionState};
use windlass_server::db::Db;
use windlass_testkit::postgres::Postgres;

use crate::base::{Plain, close, connect_sqlite, eight, hex, settled};

const VERSION_1: &str = include_str!("../../migrations/sqlite/0001_ledger.sql");
/// `WDLG`
const APPLICATION_ID: i32 = 0x5744_4c47;

/// The columns that version 1 had, in the order of a row.
const TABLES: &[(&str, &str)] = &[
    ("owner", "id, kind, created_at"),
    (
        "destination",
        "id, name, kind, config, secret_keep, capabilities, max_bytes, state, created_at, updated_at",
    ),
    (
        "upload_group",
        "owner_id, id, name, destination_id, state, completed_at, created_at, updated_at, rev",
    ),
    (
        "upload_session",
        "owner_id, id, attempt, group_id, destination_id, rel_path, size, part_size, mime, sha256, canonical_id, object_id,
         state, client_id, alive_at, lease_until, fence, error_code, error_detail, error_at, uploaded_at, created_at,
         updated_at, rev, deleted_at, delete_reason",
    ),
    (
        "stored_object",
        "id, owner_id, session_id, attempt, destination_id, object_key, key_form, name_checked, state, upload_id, token, size,
         etag, crc64, sha256, proof, stored_at, checked_at, gone_at, created_at",
    ),
];

/// A session as version 1 had it: id, state, canonical, hash, created_at, and what else is set.
fn session(id: u64, state: &str, canonical: &str, hash: &str, created: u64, more: &str) -> String {
    let uploaded = if matches!(state, "uploaded" | "deduplicated") {
        "7"
    } else {
        "NULL"
    };
    let deleted = if more == "deleted" {
        "8, 'user'"
    } else {
        "NULL, NULL"
    };
    let error = if state == "failed" {
        "'storage_denied', 'no', 6"
    } else {
        "NULL, NULL, NULL"
    };
    let object = id + 1000;
    format!(
        "INSERT INTO upload_session VALUES (@1, @{id}, 1, @30, @10, 'a/f{id}', 5, 5, 'x', {hash}, {canonical}, @{object},
           '{state}', @9, 3, 0, 2, {error}, {uploaded}, {created}, 4, 3, {deleted})"
    )
}

fn object(id: u64, state: &str, hash: &str) -> String {
    let session = id - 1000;
    let (proof, stored) = if state == "stored" {
        ("'sha256'", "7")
    } else {
        ("NULL", "NULL")
    };
    let crc = if state == "stored" {
        "X'0102030405060708'"
    } else {
        "NULL"
    };
    let gone = if state == "gone" { "9" } else { "NULL" };
    format!(
        "INSERT INTO stored_object VALUES (@{id}, @1, @{session}, 1, @10, 'k{id}', 'k{id}', 1, '{state}', 'u', !{id}, 5, 'e',
           {crc}, {hash}, {proof}, {stored}, 8, {gone}, 2)"
    )
}

/// A ledger as the first release left it.
fn version_1(path: &Path) {
    let mut db = Plain::Sqlite {
        conn: Connection::open(path).expect("made"),
        _dir: TempDir::new().expect("a folder"),
    };
    let (tables, gates) = VERSION_1.split_at(VERSION_1.find("-- Closed world").expect("the gates"));
    db.must(tables);
    for row in SessionState::rows()
        .chain(ObjectState::rows())
        .chain(GroupState::rows())
    {
        db.must(&format!(
            "INSERT INTO allowed_transition VALUES ('{}', '{}', '{}')",
            row.machine, row.from, row.to
        ));
    }
    db.must("INSERT INTO owner VALUES (@1, 'local', 1)");
    db.must(
        "INSERT INTO destination VALUES
           (@10, 'disk', 'folder', '{\"kind\":\"folder\"}', NULL, NULL, NULL, 'active', 1, 1),
           (@11, 'disk', 's3', '{}', 'keyring', '{\"a\":1}', 99, 'retired', 1, 2)",
    );
    for (id, state, completed) in [
        (30, "uploading", "NULL"),
        (31, "draft", "NULL"),
        (32, "completed", "5"),
        (33, "failed", "NULL"),
        (34, "cancelled", "NULL"),
    ] {
        db.must(&format!(
            "INSERT INTO upload_group VALUES (@1, @{id}, 'g{id}', @10, '{state}', {completed}, 1, 2, 3)"
        ));
    }
    let rows = [
        // Two of one content that arrived side by side, and their duplicate.
        object(1040, "stored", "~7") + ";" + &session(40, "uploaded", "NULL", "~7", 2, ""),
        object(1041, "stored", "NULL") + ";" + &session(41, "uploaded", "NULL", "~7", 1, ""),
        object(1042, "stored", "~7") + ";" + &session(42, "deduplicated", "@40", "~7", 1, ""),
        // Two that race, a follower, and one that is past.
        object(1044, "open", "NULL") + ";" + &session(44, "uploading", "NULL", "~8", 2, ""),
        object(1043, "open", "NULL") + ";" + &session(43, "pending", "@44", "~8", 3, ""),
        object(1045, "open", "NULL") + ";" + &session(45, "pending", "NULL", "~8", 1, ""),
        object(1046, "condemned", "NULL") + ";" + &session(46, "failed", "NULL", "~8", 1, ""),
        object(1047, "gone", "NULL") + ";" + &session(47, "uploaded", "NULL", "~9", 1, "deleted"),
        object(1048, "open", "NULL") + ";" + &session(48, "verifying", "NULL", "NULL", 1, ""),
        object(1049, "condemned", "NULL") + ";" + &session(49, "rejected", "NULL", "~9", 1, ""),
    ];
    for row in rows {
        db.must(&row);
    }
    db.must(gates);
    db.must(&format!(
        "PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID}"
    ));
    assert_eq!(db.rows("PRAGMA foreign_key_check"), Vec::<String>::new());
}

fn contents(db: &mut Plain) -> Vec<Vec<String>> {
    TABLES
        .iter()
        .map(|(table, columns)| db.rows(&format!("SELECT {columns} FROM {table} ORDER BY id")))
        .collect()
}

fn open(path: &Path) -> Plain {
    Plain::Sqlite {
        conn: connect_sqlite(path),
        _dir: TempDir::new().expect("a folder"),
    }
}

#[test]
fn i15_a_ledger_of_version_1_keeps_every_row() {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("ledger.sqlite");
    version_1(&path);
    let before = contents(&mut open(&path));
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 5, 10, 10]);

    close(&Db::open_sqlite(&path).expect("migrated"));
    let mut db = open(&path);
    assert_eq!(contents(&mut db), before);
    assert_eq!(db.rows("PRAGMA foreign_key_check"), Vec::<String>::new());
    assert_eq!(db.one("PRAGMA integrity_check"), "ok");
    assert_eq!(
        db.one("SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE '%\\_1' ESCAPE '\\' AND type = 'table'"),
        "0"
    );

    // One of each content holds its slot: the older uploaded one, the older open one.
    assert_eq!(
        db.rows("SELECT id FROM upload_session WHERE holds_slot = 1 ORDER BY id"),
        [format!("{:032x}", 41), format!("{:032x}", 45)]
    );
    // What is new is as if it had always been there.
    assert_eq!(
        db.rows("SELECT DISTINCT is_required, part_count, metadata, retry_count FROM upload_session"),
        ["1|1|{}|0"]
    );
    assert_eq!(
        db.one("SELECT COUNT(*) FROM upload_session WHERE (state = 'uploaded') <> (verified_at IS NOT NULL)"),
        "0"
    );
    assert_eq!(
        db.one("SELECT role, name, email, disabled_at FROM owner"),
        "member|||"
    );
    assert_eq!(
        db.rows("SELECT visibility, naming, allow_anonymous, url_ttl_s FROM destination"),
        ["private|group|0|900"; 2]
    );

    // It is a ledger like any other from here on.
    eight(&mut db);
    db.must("UPDATE upload_session SET state = 'uploading' WHERE id = @45");
    db.must(&settled(45, 8));
    db.refuses(
        "UPDATE upload_session SET state = 'pending' WHERE id = @45",
        "windlass:transition",
    );
    db.refuses(
        "UPDATE upload_group SET state = 'uploading' WHERE id = @32",
        "windlass:transition",
    );
    db.refuses("DELETE FROM upload_session", "windlass:kept");
    assert_eq!(db.one("SELECT COUNT(*) FROM outbox_entry"), "3");

    // Opened again, nothing happens to it.
    drop(db);
    close(&Db::open_sqlite(&path).expect("opened"));
}

/// The program before kept foreign keys on while migrating; the script is right both ways.
#[test]
fn the_migration_is_right_with_foreign_keys_on() {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("ledger.sqlite");
    version_1(&path);
    let before = contents(&mut open(&path));
    let conn = connect_sqlite(&path);
    conn.execute_batch("BEGIN").expect("begun");
    conn.execute_batch(include_str!("../../migrations/sqlite/0002_model.sql"))
        .expect("migrated");
    conn.execute_batch("COMMIT").expect("committed");
    drop(conn);
    let mut db = open(&path);
    assert_eq!(contents(&mut db), before);
    assert_eq!(db.rows("PRAGMA foreign_key_check"), Vec::<String>::new());
}

fn refused(opened: Result<Db, windlass_core::error::Failure>) -> ErrorCode {
    match opened {
        Ok(_) => panic!("opened"),
        Err(failure) => failure.code,
    }
}

#[test]
fn i15_a_ledger_of_a_newer_program_is_left_as_it_is() {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("ledger.sqlite");
    close(&Db::open_sqlite(&path).expect("made"));
    connect_sqlite(&path)
        .execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
        .expect("newer");
    let before = std::fs::read(&path).expect("the ledger");
    assert_eq!(refused(Db::open_sqlite(&path)), ErrorCode::QueueNewer);
    assert_eq!(hex(&std::fs::read(&path).expect("the ledger")), hex(&before));

    let database = Postgres::shared()
        .expect("PostgreSQL")
        .database()
        .expect("a database");
    close(&Db::open_postgres(database.url(), 1).expect("made"));
    let mut client = postgres::Client::connect(database.url(), postgres::NoTls).expect("connected");
    let newer = "INSERT INTO schema_version SELECT 99, MAX(applied_at) FROM schema_version";
    client.batch_execute(newer).expect("newer");
    assert_eq!(
        refused(Db::open_postgres(database.url(), 1)),
        ErrorCode::QueueNewer
    );
}

#[test]
fn f185_a_ledger_that_allows_other_steps_is_not_opened() {
    let odd = "INSERT INTO allowed_transition VALUES ('job', 'completed', 'pending')";
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("ledger.sqlite");
    close(&Db::open_sqlite(&path).expect("made"));
    connect_sqlite(&path).execute_batch(odd).expect("written");
    assert_eq!(refused(Db::open_sqlite(&path)), ErrorCode::QueueDamaged);

    let database = Postgres::shared()
        .expect("PostgreSQL")
        .database()
        .expect("a database");
    close(&Db::open_postgres(database.url(), 1).expect("made"));
    let mut client = postgres::Client::connect(database.url(), postgres::NoTls).expect("connected");
    client.batch_execute(odd).expect("written");
    assert_eq!(
        refused(Db::open_postgres(database.url(), 1)),
        ErrorCode::QueueDamaged
    );
}
