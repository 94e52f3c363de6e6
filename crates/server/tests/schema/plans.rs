//! What is asked often is answered by an index, on both databases.

use crate::base::{BEGIN, Plain, eight, on_both, pending, settled};

/// A question, and the index that answers it; `pk` is the key of the table named after it.
const QUESTIONS: &[(&str, &str)] = &[
    // Status of a file with its object.
    (
        "SELECT * FROM upload_session s LEFT JOIN stored_object o ON o.id = s.object_id WHERE s.owner_id = @1 AND s.id = @40",
        "pk upload_session",
    ),
    ("SELECT * FROM upload_group WHERE owner_id = @1 AND id = @30", "pk upload_group"),
    ("SELECT * FROM stored_object WHERE owner_id = @1 AND id = @1040", "pk stored_object"),
    ("SELECT * FROM processing_job WHERE owner_id = @1 AND id = @60", "pk processing_job"),
    ("SELECT * FROM file_part WHERE owner_id = @1 AND object_id = @1040 ORDER BY part_number", "pk file_part"),
    // Counts of a group.
    (
        "SELECT state, COUNT(*) FROM upload_session WHERE owner_id = @1 AND group_id = @30 AND deleted_at IS NULL GROUP BY state",
        "session_by_group",
    ),
    // Pages.
    (
        "SELECT * FROM upload_session WHERE owner_id = @1 AND deleted_at IS NULL AND (created_at, id) > (1, @3)
         ORDER BY created_at, id LIMIT 50",
        "session_page",
    ),
    (
        "SELECT * FROM upload_session WHERE owner_id = @1 AND deleted_at IS NULL
           AND state IN ('failed', 'rejected') AND (created_at, id) > (1, @3)
         ORDER BY created_at, id LIMIT 50",
        "session_failed_page",
    ),
    (
        "SELECT * FROM upload_group WHERE owner_id = @1 AND deleted_at IS NULL AND (created_at, id) > (1, @3)
         ORDER BY created_at, id LIMIT 50",
        "group_page",
    ),
    // Duplicates.
    (
        "SELECT id FROM upload_session WHERE owner_id = @1 AND destination_id = @10 AND sha256 = ~7 AND canonical_id IS NULL
           AND deleted_at IS NULL AND state = 'uploaded'",
        "session_by_content",
    ),
    (
        "SELECT 1 FROM upload_session WHERE owner_id = @1 AND destination_id = @10 AND size = 5 AND state = 'uploaded'
           AND deleted_at IS NULL LIMIT 1",
        "session_by_size",
    ),
    ("SELECT id FROM upload_session WHERE owner_id = @1 AND canonical_id = @40 AND deleted_at IS NULL", "session_by_canonical"),
    ("SELECT id FROM upload_session WHERE owner_id = @1 AND object_id = @1040", "session_by_object"),
    ("SELECT 1 FROM stored_object WHERE destination_id = @10 AND key_form = 'k40'", "object_by_name"),
    // Sweep, janitor, cleaner.
    (
        "SELECT id FROM upload_session WHERE alive_at < 5 AND deleted_at IS NULL
           AND state IN ('pending', 'uploading', 'verifying') LIMIT 100",
        "session_open_alive",
    ),
    (
        "SELECT id FROM upload_session WHERE owner_id = @1 AND alive_at < 5 AND deleted_at IS NULL
           AND state IN ('pending', 'uploading', 'verifying') ORDER BY alive_at LIMIT 100",
        "session_open_alive",
    ),
    (
        "SELECT id FROM upload_session WHERE updated_at < 5 AND deleted_at IS NULL AND state = 'failed' LIMIT 100",
        "session_failed",
    ),
    (
        "SELECT id FROM stored_object WHERE state = 'condemned' AND delete_after <= 5 AND lease_until <= 5
         ORDER BY delete_after LIMIT 100",
        "object_to_clean",
    ),
    ("SELECT id FROM stored_object WHERE state = 'gone' AND gone_at < 5 LIMIT 100", "object_to_forget"),
    ("SELECT id FROM upload_group WHERE deleted_at IS NULL AND state = 'draft' AND created_at < 5", "group_draft"),
    // Jobs.
    (
        "SELECT owner_id, id FROM processing_job WHERE state IN ('pending', 'sending', 'running') AND due_at <= 5
           AND lease_until <= 5 ORDER BY due_at, id LIMIT 10",
        "job_due",
    ),
    ("SELECT * FROM processing_job WHERE owner_id = @1 AND session_id = @40 AND type = 'embed' ORDER BY id DESC", "job_by_session"),
    ("SELECT state, COUNT(*) FROM processing_job WHERE owner_id = @1 AND run_id = @70 GROUP BY state", "job_by_run"),
    (
        "SELECT * FROM processing_job WHERE owner_id = @1 AND state = 'failed' ORDER BY finished_at, id LIMIT 50",
        "job_dead",
    ),
    // The feed, and the status of a job by its entries.
    (
        "SELECT * FROM outbox_entry WHERE owner_id = @1 AND (txid, seq) > (0, 5) ORDER BY txid, seq LIMIT 100",
        "outbox_by_owner",
    ),
    (
        "SELECT to_state FROM outbox_entry WHERE owner_id = @1 AND subject_id = @60 AND machine = 'job'
         ORDER BY txid DESC, seq DESC LIMIT 1",
        "outbox_by_job",
    ),
    // Who asks.
    ("SELECT * FROM api_token WHERE token_hash = ~1", "unique api_token"),
    ("SELECT * FROM upload_group WHERE public_id = !1", "group_by_public"),
    ("SELECT * FROM upload_group WHERE owner_id = @1 AND entity_type = 'record' AND entity_id = @30 ORDER BY created_at", "group_by_entity"),
];

fn plan(db: &mut Plain, question: &str) -> String {
    let explain = if db.is_sqlite() {
        "EXPLAIN QUERY PLAN"
    } else {
        "EXPLAIN"
    };
    db.one(&format!("{explain} {question}"))
}

/// The index by its name in this database.
fn names(db: &Plain, index: &str) -> Vec<String> {
    match (index.split_once(' '), db.is_sqlite()) {
        // A table without row ids is its key.
        (Some(("pk", table)), true) => vec![format!("sqlite_autoindex_{table}_"), "PRIMARY KEY".to_owned()],
        // Workers' own index of ids finds the row as well.
        (Some(("pk", "processing_job")), false) => {
            vec!["processing_job_pkey".to_owned(), "job_by_id".to_owned()]
        }
        (Some(("pk", table)), false) => vec![format!("{table}_pkey"), format!("{table}_id_key")],
        (Some((_, table)), true) => vec![format!("sqlite_autoindex_{table}_")],
        (Some((_, table)), false) => vec![format!("{table}_token_hash_key")],
        (None, _) => vec![index.to_owned()],
    }
}

// L-5: found by entity, state and type.
#[test]
fn hot_reads_use_their_indexes() {
    on_both(|db| {
        eight(db);
        db.must(BEGIN);
        let rows: Vec<String> = (40..240).map(pending).collect();
        db.must(&rows.join(";"));
        let done: Vec<String> = (40..140).map(|id| settled(id, id)).collect();
        db.must(&done.join(";"));
        db.must(
            "INSERT INTO processing_run (owner_id, id, kind, state, created_at, updated_at)
             VALUES (@1, @70, 'train', 'queued', 1, 1)",
        );
        db.must(
            "INSERT INTO processing_job (owner_id, id, session_id, run_id, type, state, due_at, created_at, updated_at)
             SELECT owner_id, id, id, CASE WHEN id < @50 THEN @70 END, 'embed', 'pending', 1, 1, 1 FROM upload_session
             WHERE state = 'uploaded'",
        );
        db.must("UPDATE processing_job SET state = 'sending' WHERE id < @60");
        db.must("UPDATE processing_job SET state = 'failed', finished_at = 2 WHERE id < @50");
        if !db.is_sqlite() {
            // So few rows are read whole otherwise; the question is whether an index can answer.
            db.must("ANALYZE");
            db.must("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off");
        }
        for (question, index) in QUESTIONS {
            let plan = plan(db, question);
            let named = names(db, index).iter().any(|name| plan.contains(name.as_str()));
            assert!(named, "{question}\nexpected {index}\n{plan}");
            for whole in [
                "SCAN upload_",
                "SCAN stored_",
                "SCAN processing_",
                "SCAN outbox_",
                "Seq Scan",
                "TEMP B-TREE",
            ] {
                // An index that holds just these rows in their order may be read from its end.
                let in_order = whole.starts_with("SCAN") && plan.contains(&format!("USING INDEX {index}"));
                assert!(!plan.contains(whole) || in_order, "{question}\n{plan}");
            }
        }
        // Nothing was counted by reading rows.
        let counts = plan(db, QUESTIONS[5].0);
        assert!(
            counts.contains("COVERING INDEX") || counts.contains("Index Only Scan"),
            "{counts}"
        );
    });
}
