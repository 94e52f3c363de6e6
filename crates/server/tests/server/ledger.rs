//! The ledger by itself: what plain SQL may not do, and which ledgers are opened.

use rusqlite::Connection;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::states::{GroupState, ObjectState, SessionState};
use windlass_server::db::{Db, Dialect, Value};
use windlass_server::embedded::{EmbeddedConfig, start};

use crate::databases::Keep;
use crate::support::{Kit, Sample, bytes};

/// A ledger with one row a machine in any state, made with the gates away that are not about steps.
fn bare(kit: &Kit) -> Connection {
    let ledger = kit.ledger();
    ledger
        .execute_batch(
            "PRAGMA recursive_triggers = ON; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
             DROP TRIGGER session_uploaded; DROP TRIGGER session_duplicate; DROP TRIGGER session_duplicate_made;
             DROP TRIGGER group_completed; DROP TRIGGER session_deleted_frozen; DROP TRIGGER session_kept;
             DROP TRIGGER object_kept; DROP TRIGGER group_kept; DROP TRIGGER group_completed_frozen;
             DROP TRIGGER session_into_closed;",
        )
        .expect("bare");
    ledger
}

/// Tries every step of a machine with triggers only, and what is no state at all.
fn only_the_table_passes(
    ledger: &Connection,
    table: &str,
    states: &[&str],
    may: impl Fn(Option<&str>, &str) -> bool,
    insert: impl Fn(Option<&str>) -> rusqlite::Result<usize>,
) {
    let step = format!("{table}_step")
        .replace("upload_", "")
        .replace("stored_", "");
    let sql: String = ledger
        .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [&step], |r| {
            r.get(0)
        })
        .expect("the trigger of steps");
    for to in states
        .iter()
        .copied()
        .map(Some)
        .chain([None, Some("nonsense"), Some("")])
    {
        ledger
            .execute(&format!("DELETE FROM {table}"), [])
            .expect("empty");
        let expected = to.is_some_and(|to| may(None, to));
        assert_eq!(insert(to).is_ok(), expected, "{table}: made as {to:?}");
        for from in states {
            // The row is brought into its state without the trigger, then the trigger is asked.
            ledger
                .execute(&format!("DELETE FROM {table}"), [])
                .expect("empty");
            let first = states.iter().find(|s| may(None, s)).expect("a first state");
            insert(Some(first)).expect("made");
            ledger
                .execute_batch(&format!("DROP TRIGGER {step}"))
                .expect("dropped");
            ledger
                .execute(&format!("UPDATE {table} SET state = ?1"), [from])
                .expect("brought");
            ledger.execute_batch(&sql).expect("made again");
            let expected = to.is_some_and(|to| to == *from || may(Some(from), to));
            let done = ledger.execute(&format!("UPDATE {table} SET state = ?1"), [to]);
            assert_eq!(done.is_ok(), expected, "{table}: {from} to {to:?}: {done:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f110_every_step_that_is_not_in_the_table_is_refused_by_plain_sql() {
    let kit = Kit::folder().await;
    let ledger = bare(&kit);
    let states: Vec<_> = SessionState::ALL.iter().map(|s| s.as_str()).collect();
    let allowed = |rows: Vec<windlass_core::states::TransitionRow>| {
        move |from: Option<&str>, to: &str| rows.iter().any(|r| r.from == from.unwrap_or("") && r.to == to)
    };
    let session = |state: Option<&str>| {
        ledger.execute(
            "INSERT INTO upload_session (owner_id, id, attempt, group_id, destination_id, rel_path, size, part_size, mime,
               state, client_id, alive_at, created_at, updated_at)
             VALUES (zeroblob(16), zeroblob(16), 1, zeroblob(16), zeroblob(16), 'a', 0, 1, 'x', ?1, zeroblob(16), 0, 0, 0)",
            [state],
        )
    };
    only_the_table_passes(
        &ledger,
        "upload_session",
        &states,
        allowed(SessionState::rows().collect()),
        session,
    );

    let states: Vec<_> = ObjectState::ALL.iter().map(|s| s.as_str()).collect();
    let object = |state: Option<&str>| {
        ledger.execute(
            "INSERT INTO stored_object (id, owner_id, session_id, attempt, destination_id, object_key, key_form, state, token,
               size, created_at)
             VALUES (zeroblob(16), zeroblob(16), zeroblob(16), 1, zeroblob(16), 'a', 'a', ?1, zeroblob(16), 0, 0)",
            [state],
        )
    };
    only_the_table_passes(
        &ledger,
        "stored_object",
        &states,
        allowed(ObjectState::rows().collect()),
        object,
    );

    let states: Vec<_> = GroupState::ALL.iter().map(|s| s.as_str()).collect();
    let group = |state: Option<&str>| {
        ledger.execute(
            "INSERT INTO upload_group (owner_id, id, name, destination_id, state, created_at, updated_at)
             VALUES (zeroblob(16), zeroblob(16), 'g', zeroblob(16), ?1, 0, 0)",
            [state],
        )
    };
    only_the_table_passes(
        &ledger,
        "upload_group",
        &states,
        allowed(GroupState::rows().collect()),
        group,
    );
}

/// Runs a statement past the control plane, as somebody with the database in hand would.
async fn plain(db: &Db, sql: &'static str, params: Vec<Value>) -> Result<u64, Failure> {
    db.write(None, move |tx| tx.execute(sql, &params)).await
}

async fn i05_nothing_is_uploaded_completed_or_changed_by_plain_sql() {
    let kit = Kit::folder().await;
    let (done, open) = (Sample::new("a", bytes(1, 100)), Sample::new("b", bytes(2, 100)));
    kit.upload(&done).await;
    kit.init(&open).await;
    kit.sign(&open).await;
    let ledger = kit.keep.open(kit.home.path()).await.expect("the ledger");
    let refused = async |sql: &'static str, id: &Sample| {
        let result = plain(&ledger, sql, vec![id.id.into()]).await;
        assert!(result.is_err(), "{sql}: {result:?}");
    };
    plain(
        &ledger,
        "UPDATE upload_session SET state = 'verifying' WHERE id = ?1",
        vec![open.id.into()],
    )
    .await
    .expect("allowed");
    for sql in [
        "UPDATE upload_session SET state = 'uploaded', uploaded_at = 1, verified_at = 1 WHERE id = ?1",
        "UPDATE upload_session SET state = 'uploaded' WHERE id = ?1",
        "UPDATE upload_session SET state = 'deduplicated', uploaded_at = 1, canonical_id = id WHERE id = ?1",
        "DELETE FROM upload_session WHERE id = ?1",
    ] {
        refused(sql, &open).await;
    }
    if ledger.dialect() == Dialect::Sqlite {
        let replace = "INSERT OR REPLACE INTO upload_session SELECT * FROM upload_session WHERE id = ?1";
        refused(replace, &open).await;
    }
    for sql in [
        "UPDATE upload_session SET size = 1 WHERE id = ?1",
        "UPDATE upload_session SET sha256 = NULL WHERE id = ?1",
        "UPDATE upload_session SET rel_path = 'c' WHERE id = ?1",
        "UPDATE upload_session SET uploaded_at = 1 WHERE id = ?1",
        "UPDATE upload_session SET attempt = 2 WHERE id = ?1",
        "UPDATE upload_session SET state = 'failed', uploaded_at = NULL WHERE id = ?1",
        "UPDATE stored_object SET crc64 = NULL WHERE session_id = ?1",
        "UPDATE stored_object SET object_key = 'x' WHERE session_id = ?1",
        "UPDATE stored_object SET state = 'open' WHERE session_id = ?1",
        "DELETE FROM stored_object WHERE session_id = ?1",
        "DELETE FROM upload_session WHERE id = ?1",
    ] {
        refused(sql, &done).await;
    }
    let complete = "UPDATE upload_group SET state = 'completed', completed_at = 1";
    let completed = plain(&ledger, complete, Vec::new()).await;
    assert!(completed.is_err(), "one file is open");
    kit.delete(&open).await;
    kit.client.finalize_group(kit.group).await.expect("complete");
    for sql in [
        "UPDATE upload_group SET name = 'x' WHERE id <> ?1",
        "DELETE FROM upload_group WHERE id <> ?1",
        "UPDATE upload_session SET size = 1 WHERE id = ?1",
    ] {
        refused(sql, &open).await;
    }
}

/// A ledger that no control plane has open.
async fn closed() -> Kit {
    let mut kit = Kit::folder().await;
    let server = kit.server.take().expect("running");
    server.shutdown().await.expect("closed");
    kit
}

async fn f185_a_ledger_that_allows_other_steps_is_not_opened() {
    let kit = closed().await;
    let ledger = kit.keep.open(kit.home.path()).await.expect("the ledger");
    let more = "INSERT INTO allowed_transition VALUES ('session', 'failed', 'uploaded')";
    plain(&ledger, more, Vec::new()).await.expect("written");
    let started = kit.keep.start(kit.home.path(), kit.world.clone()).await;
    let refused = started.err().expect("refused");
    assert_eq!(refused.code, ErrorCode::QueueDamaged);
    let back = "DELETE FROM allowed_transition WHERE to_state = 'uploaded' AND from_state = 'failed'";
    plain(&ledger, back, Vec::new()).await.expect("back");
    ledger.close().await.expect("closed");
    let started = kit.keep.start(kit.home.path(), kit.world.clone()).await;
    started.expect("opened").shutdown().await.expect("closed");
}

async fn i15_a_newer_ledger_is_refused_without_a_byte_written() {
    let kit = closed().await;
    let path = kit.home.path().join("data/ledger.sqlite");
    let mut before = None;
    match kit.keep {
        Keep::Sqlite => {
            kit.ledger()
                .execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE);")
                .expect("newer");
            before = Some(std::fs::read(&path).expect("the ledger"));
        }
        Keep::Postgres(_) => {
            let ledger = kit.keep.open(kit.home.path()).await.expect("the ledger");
            let newer = "INSERT INTO schema_version (version, applied_at) VALUES (99, 1)";
            plain(&ledger, newer, Vec::new()).await.expect("newer");
            ledger.close().await.expect("closed");
        }
    }
    let started = kit.keep.start(kit.home.path(), kit.world.clone()).await;
    let refused = started.err().expect("refused");
    assert_eq!(refused.code, ErrorCode::QueueNewer);
    assert!(refused.detail.contains("99"), "{refused:?}");
    if let Some(before) = before {
        assert_eq!(std::fs::read(&path).expect("the ledger"), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_control_plane_has_a_data_folder_at_a_time() {
    let kit = Kit::folder().await;
    let refused = start(EmbeddedConfig {
        home: kit.home.path().join("data"),
    })
    .await
    .err()
    .expect("refused");
    assert_eq!(refused.code, ErrorCode::AlreadyRunning);
}

async fn f112_completing_and_deleting_at_once_has_one_winner() {
    let kit = Kit::folder().await;
    for seed in 0..20 {
        let file = Sample::new(&format!("f{seed}"), bytes(seed + 1, 2_000));
        kit.init(&file).await;
        let parts = kit.send(&file).await;
        let (outcome, deleted) = tokio::join!(kit.complete(&file, parts), kit.delete(&file));
        let known = kit.session(&file).await;
        assert!(known.deleted, "{deleted:?}");
        let there = kit.root().join(kit.key(&file.path)).exists();
        let settled = matches!(outcome, windlass_protocol::sessions::CompleteOutcome::Settled(_));
        assert_eq!(there, settled, "{outcome:?} {deleted:?}");
        assert_eq!(known.settled.is_some(), settled);
    }
}

async fn f091_two_completes_at_once_end_the_same() {
    let kit = Kit::folder().await;
    let file = Sample::new("a", bytes(1, 250_001)).cut(100_000);
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    let all = futures::future::join_all((0..8).map(|_| kit.complete(&file, parts.clone()))).await;
    assert!(
        all.iter()
            .any(|o| matches!(o, windlass_protocol::sessions::CompleteOutcome::Settled(_)))
    );
    assert!(all.iter().all(|o| {
        matches!(
            o,
            windlass_protocol::sessions::CompleteOutcome::Settled(_)
                | windlass_protocol::sessions::CompleteOutcome::Verifying
        )
    }));
    let again = crate::support::settled(kit.complete(&file, parts).await);
    assert_eq!(again.object_key, "Trip/a");
}

crate::databases::both! {
    i05_nothing_is_uploaded_completed_or_changed_by_plain_sql,
    f185_a_ledger_that_allows_other_steps_is_not_opened,
    i15_a_newer_ledger_is_refused_without_a_byte_written,
    f112_completing_and_deleting_at_once_has_one_winner,
    f091_two_completes_at_once_end_the_same,
}
