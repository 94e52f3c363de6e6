//! I7: states move along the table only, also for somebody who writes SQL by hand.

use windlass_core::states::{FileState, GroupState, PartState};
use windlass_queue::{Connection, QueueError};

use crate::support::{Sandbox, insert, new_file, sandbox};

/// Columns that the checks want in a state, so that only the step itself can be what is refused.
const FILE_DRESS: &str = "result = CASE WHEN ?1 = 'done' THEN 'uploaded' END,
    finished_at = CASE WHEN ?1 IN ('done', 'removed') THEN 1 END,
    error_code = CASE WHEN ?1 = 'failed' THEN 'internal' END, error_detail = CASE WHEN ?1 = 'failed' THEN '' END,
    object_key = CASE WHEN ?1 <> 'queued' THEN 'k' END";
const PART_DRESS: &str = "etag = CASE WHEN ?1 = 'uploaded' THEN 'e' END,
    uploaded_at = CASE WHEN ?1 = 'uploaded' THEN 1 END, crc64 = zeroblob(8)";
const GROUP_DRESS: &str = "finished_at = CASE WHEN ?1 IN ('completed', 'cancelled') THEN 1 END";

fn refused<T: std::fmt::Debug>(result: Result<T, rusqlite::Error>, what: &str) {
    let e = result.map_err(QueueError::from).expect_err(what);
    assert!(matches!(e, QueueError::Refused(_)), "{what}: {e}");
}

/// Brings the row into the state by the shortest allowed way.
fn bring<S: Copy + PartialEq>(
    c: &Connection,
    all: &[S],
    may: fn(S, S) -> bool,
    word: fn(S) -> &'static str,
    first: S,
    to: S,
    sql: &str,
) {
    let mut ways = vec![vec![first]];
    let way = loop {
        if let Some(way) = ways.iter().find(|w| w.last() == Some(&to)) {
            break way.clone();
        }
        let longer = |w: &Vec<S>| {
            let last = w[w.len() - 1];
            all.iter()
                .filter(move |s| may(last, **s))
                .map(|s| [w.as_slice(), &[*s]].concat())
                .collect::<Vec<_>>()
        };
        ways = ways.iter().flat_map(longer).collect();
    };
    for state in &way[1..] {
        c.execute(sql, [word(*state)]).unwrap();
    }
}

/// Tries every pair in a savepoint that is rolled back.
fn all_pairs<S>(
    s: &Sandbox,
    table: &'static str,
    dress: &'static str,
    all: &'static [S],
    may: fn(S, S) -> bool,
    word: fn(S) -> &'static str,
    first: S,
) where
    S: Copy + PartialEq + std::fmt::Debug + Send + Sync + 'static,
{
    let refused_pairs = s.queue.write_blocking(move |c| {
        let mut count = 0;
        let sql = format!("UPDATE {table} SET state = ?1, {dress}");
        for from in all {
            for to in all.iter().filter(|to| *to != from) {
                c.execute_batch("SAVEPOINT pair")?;
                if from != &first {
                    bring(c, all, may, word, first, *from, &sql);
                }
                let moved = c.execute(&sql, [word(*to)]);
                if may(*from, *to) {
                    assert_eq!(moved, Ok(1), "{from:?} -> {to:?}");
                } else {
                    refused(moved, &format!("{from:?} -> {to:?}"));
                    refused(
                        c.execute(
                            &format!("UPDATE OR REPLACE {table} SET state = ?1, {dress}"),
                            [word(*to)],
                        ),
                        "or replace",
                    );
                    count += 1;
                }
                for nonsense in [Some("nonsense"), Some(""), Some("QUEUED"), None] {
                    refused(
                        c.execute(&format!("UPDATE {table} SET state = ?1"), [nonsense]),
                        "nonsense",
                    );
                }
                c.execute_batch("ROLLBACK TO pair; RELEASE pair")?;
            }
        }
        Ok(count)
    });
    let allowed = all
        .iter()
        .flat_map(|a| all.iter().map(move |b| (*a, *b)))
        .filter(|(a, b)| may(*a, *b))
        .count();
    assert_eq!(refused_pairs.unwrap(), all.len() * (all.len() - 1) - allowed);
}

#[test]
fn i07_sql_can_move_a_file_along_the_table_only() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    // The gate of `done` is another test; here a receipt lies ready.
    s.queue
        .write_blocking(|c| {
            Ok(c.execute(
                "INSERT INTO receipt (group_id, file_id, attempt, destination_id, destination_name, path, rel_path, dev, inode,
                     size, mtime_ns, ctime_ns, result, object_key, proof, uploaded_at, recorded_at)
                 SELECT group_id, id, 1, group_id, 'd', path, rel_path, 0, 0, 0, 0, 0, 'uploaded', 'k', 'sha256', 1, 1
                 FROM upload_file",
                [],
            )?)
        })
        .unwrap();
    all_pairs(
        &s,
        "upload_file",
        FILE_DRESS,
        FileState::ALL,
        FileState::may_become,
        FileState::as_str,
        FileState::Queued,
    );
}

#[test]
fn i07_sql_can_move_a_part_along_the_table_only() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    crate::support::apply(&s.queue, vec![crate::support::register(1)]);
    all_pairs(
        &s,
        "part",
        PART_DRESS,
        PartState::ALL,
        PartState::may_become,
        PartState::as_str,
        PartState::Pending,
    );
}

#[test]
fn i07_sql_can_move_a_group_along_the_table_only() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    crate::support::apply(&s.queue, crate::support::whole_life(1, 1));
    all_pairs(
        &s,
        "upload_group",
        GROUP_DRESS,
        GroupState::ALL,
        GroupState::may_become,
        GroupState::as_str,
        GroupState::Draft,
    );
}

#[test]
fn i05_rows_are_made_in_their_first_state_only() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 2)]);
    s.queue
        .write_blocking(|c| {
            let file = |state: Option<&str>, how: &str, id: &str| {
                c.execute(
                    &format!(
                        "{how} INTO upload_file (id, group_id, position, path, rel_path, dev, inode, size, mtime_ns, ctime_ns, intent,
                             state, part_size, part_count, created_at, result, finished_at, error_code, error_detail, object_key)
                         SELECT {id}, group_id, position + 7, path, rel_path, dev, inode, size, mtime_ns, ctime_ns, intent, ?1,
                             part_size, part_count, created_at, CASE ?1 WHEN 'done' THEN 'uploaded' END,
                             CASE WHEN ?1 IN ('done', 'removed') THEN 1 END, 'internal', '', CASE WHEN ?1 <> 'queued' THEN 'k' END FROM upload_file"
                    ),
                    [state],
                )
            };
            let states = FileState::ALL.iter().map(|s| Some(s.as_str())).chain([None, Some("nonsense"), Some("")]);
            for state in states.filter(|s| *s != Some("queued")) {
                refused(file(state, "INSERT", "randomblob(16)"), "file");
                refused(file(state, "INSERT OR REPLACE", "id"), "replaced file");
            }
            // Not even as `queued`: what is there would be gone.
            refused(file(Some("queued"), "INSERT OR REPLACE", "id"), "replaced file");
            for state in PartState::ALL.iter().map(|s| Some(s.as_str())).chain([None, Some("x")]).filter(|s| *s != Some("pending")) {
                let sql = "INSERT INTO part (file_id, number, state, size, crc64, etag, uploaded_at)
                           SELECT id, 9, ?1, 1, zeroblob(8), 'e', 1 FROM upload_file";
                refused(c.execute(sql, [state]), "part");
            }
            for state in GroupState::ALL.iter().map(|s| Some(s.as_str())).chain([None, Some("x")]).filter(|s| *s != Some("draft")) {
                let sql = "INSERT INTO upload_group (id, name, destination_id, origin, intent, state, position, scanning, created_at,
                               finished_at)
                           SELECT randomblob(16), 'g', destination_id, 'drop', 'run', ?1, 0, 0, 0,
                               CASE WHEN ?1 IN ('completed', 'cancelled') THEN 1 END FROM upload_group";
                refused(c.execute(sql, [state]), "group");
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn i05_sql_can_not_call_a_file_done_without_its_receipt() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    s.queue
        .write_blocking(|c| {
            refused(
                c.execute("UPDATE upload_file SET state = 'done', result = 'uploaded', finished_at = 1, object_key = 'k'", []),
                "done",
            );
            Ok(())
        })
        .unwrap();
}

#[test]
fn i04_what_is_settled_and_what_is_proved_can_not_be_touched_by_sql() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 2)]);
    crate::support::apply(&s.queue, crate::support::whole_life(1, 2));
    s.queue
        .write_blocking(|c| {
            for sql in [
                "UPDATE upload_file SET object_key = 'other'",
                "UPDATE upload_file SET size = size + 1",
                "UPDATE upload_file SET sha256 = zeroblob(32)",
                "UPDATE upload_file SET intent = 'cancelled'",
                "UPDATE upload_file SET path = x'2f'",
                "DELETE FROM upload_file",
                "UPDATE part SET state = 'failed', etag = NULL, uploaded_at = NULL",
                "DELETE FROM part",
                "UPDATE receipt SET object_key = 'other'",
                "UPDATE OR REPLACE receipt SET seq = 77",
                "DELETE FROM receipt",
                "INSERT OR REPLACE INTO receipt SELECT * FROM receipt",
                "DELETE FROM upload_group",
                "DELETE FROM engine",
                "INSERT INTO allowed_transition VALUES ('file', 'done', 'queued')",
                "UPDATE allowed_transition SET to_state = 'queued'",
                "DELETE FROM allowed_transition",
            ] {
                refused(c.execute(sql, []), sql);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn i06_sql_can_not_complete_a_group_with_an_open_file_or_with_none_done() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    let complete = "UPDATE upload_group SET state = 'completed', finished_at = 1";
    s.queue
        .write_blocking(move |c| {
            c.execute("UPDATE upload_group SET state = 'uploading'", [])?;
            refused(c.execute(complete, []), "open file");
            refused(
                c.execute("UPDATE upload_group SET state = 'cancelled', finished_at = 1", []),
                "open file",
            );
            c.execute("UPDATE upload_file SET state = 'removed', finished_at = 1", [])?;
            refused(c.execute(complete, []), "none done");
            Ok(())
        })
        .unwrap();
}

#[test]
fn f110_a_table_of_steps_that_differs_refuses_to_start() {
    let s = sandbox();
    let path = s.path();
    crate::support::block_on(s.queue.close_clean()).unwrap();
    let c = Connection::open(&path).unwrap();
    c.execute_batch(
        "DROP TRIGGER allowed_transition_grown; INSERT INTO allowed_transition VALUES ('file', 'done', 'queued')",
    )
    .unwrap();
    drop(c);
    let e = crate::support::open(&path).unwrap_err();
    assert!(
        matches!(&e, QueueError::Internal(why) if why.contains("done")),
        "{e}"
    );
}
