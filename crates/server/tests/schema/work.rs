//! Jobs, runs, and the log that tells of each change.

use crate::base::{Begun, Plain, begun, on_both, pending, ready, settled, uploaded};

fn job(id: u64, session: u64, more: &[(&str, &str)]) -> String {
    let columns: String = more.iter().map(|(c, _)| format!(", {c}")).collect();
    let values: String = more.iter().map(|(_, v)| format!(", {v}")).collect();
    format!(
        "INSERT INTO processing_job (owner_id, id, session_id, type, state, due_at, created_at, updated_at{columns})
         VALUES (@1, @{id}, @{session}, 'embed', 'pending', 1, 1, 1{values})"
    )
}

fn run(id: u64, kind: &str) -> String {
    format!(
        "INSERT INTO processing_run (owner_id, id, kind, state, created_at, updated_at)
         VALUES (@1, @{id}, '{kind}', 'queued', 1, 1)"
    )
}

/// A job on its way to an end.
fn ends(db: &mut Plain, id: u64, how: &str) {
    db.must(&format!(
        "UPDATE processing_job SET state = 'sending', fence = fence + 1 WHERE id = @{id}"
    ));
    db.must(&format!(
        "UPDATE processing_job SET state = 'running', attempts = attempts + 1 WHERE id = @{id}"
    ));
    db.must(&format!(
        "UPDATE processing_job SET state = '{how}', finished_at = 5 WHERE id = @{id}"
    ));
}

// G-6 G-9 D-10
#[test]
fn jobs_are_of_settled_canonicals_and_one_of_a_type_lives() {
    on_both(|db| {
        ready(db);
        db.must(&pending(40));
        db.refuses(&job(60, 40, &[]), "windlass:unsettled");
        db.refuses(&job(60, 99, &[]), "windlass:unsettled");
        db.must(&settled(40, 40));
        db.must(&job(60, 40, &[]));
        db.violates(&job(61, 40, &[]));
        for bad in [
            "priority = 0",
            "priority = 11",
            "attempts = 4",
            "max_attempts = 101",
            "max_attempts = 0",
            "finished_at = 1",
        ] {
            db.violates(&format!("UPDATE processing_job SET {bad}"));
        }
        db.violates("UPDATE processing_job SET state = 'cancelled'");
        for fact in [
            "session_id = @41",
            "type = 'other'",
            "run_id = @9",
            "created_at = 9",
        ] {
            db.refuses(&format!("UPDATE processing_job SET {fact}"), "windlass:frozen");
        }
        ends(db, 60, "failed");
        // A dead letter goes again, unless a new one lives.
        db.must(&job(61, 40, &[]));
        db.violates("UPDATE processing_job SET state = 'pending', finished_at = NULL WHERE id = @60");
        ends(db, 61, "completed");
        db.must(
            "UPDATE processing_job SET state = 'pending', finished_at = NULL, attempts = 0 WHERE id = @60",
        );
        for fact in [
            "result = '1'",
            "error_code = 'x'",
            "fence = 9",
            "attempts = 2",
            "finished_at = 9",
        ] {
            db.refuses(
                &format!("UPDATE processing_job SET {fact} WHERE id = @61"),
                "windlass:frozen",
            );
        }
        // A removed file is cleaned by a job.
        db.must("UPDATE upload_session SET deleted_at = 3, delete_reason = 'user' WHERE id = @40");
        db.must(&job(62, 40, &[]).replace("'embed'", "'cleanup'"));
    });
}

// T-8 M14
#[test]
fn a_run_is_what_its_jobs_count_to() {
    on_both(|db| {
        ready(db);
        for (n, ends_as, word) in [
            (0, ["completed", "completed"], "completed"),
            (1, ["completed", "failed"], "partially_completed"),
            (2, ["failed", "cancelled"], "failed"),
        ] {
            let (id, base) = (70 + n, 100 + 10 * n);
            db.must(&run(id, "train"));
            let state = |to: &str| {
                format!("UPDATE processing_run SET state = '{to}', finished_at = 6 WHERE id = @{id}")
            };
            let begin =
                format!("UPDATE processing_run SET state = 'processing', started_at = 2 WHERE id = @{id}");
            db.refuses(&begin, "windlass:run_count");
            for k in 0..2 {
                uploaded(db, base + k);
                db.must(&job(base + 5 + k, base + k, &[("run_id", &format!("@{id}"))]));
            }
            db.refuses(&begin, "windlass:run_count");
            db.must(&format!(
                "UPDATE processing_job SET state = 'sending' WHERE id = @{}",
                base + 5
            ));
            db.must(&begin);
            for to in ["completed", "partially_completed", "failed", "cleanup_completed"] {
                db.refuses(&state(to), "windlass:run_count");
            }
            db.must(&format!(
                "UPDATE processing_job SET state = 'running', attempts = 1 WHERE id = @{}",
                base + 5
            ));
            db.must(&format!(
                "UPDATE processing_job SET state = '{}', finished_at = 5 WHERE id = @{}",
                ends_as[0],
                base + 5
            ));
            for to in ["completed", "partially_completed", "failed"] {
                db.refuses(&state(to), "windlass:run_count");
            }
            ends(db, base + 6, ends_as[1]);
            for to in ["completed", "partially_completed", "failed", "cleanup_completed"] {
                if to != word {
                    db.refuses(&state(to), "windlass:run_count");
                }
            }
            db.must(&state(word));
            // It has ended: no new job, no job of it again, no other word.
            uploaded(db, base + 3);
            let late = job(base + 8, base + 3, &[("run_id", &format!("@{id}"))]);
            db.refuses(&late, "windlass:run_ended");
            db.refuses(
                &format!("UPDATE processing_run SET name = 'x' WHERE id = @{id}"),
                "windlass:frozen",
            );
            if ends_as[1] == "failed" {
                db.refuses(
                    &format!(
                        "UPDATE processing_job SET state = 'pending', finished_at = NULL WHERE id = @{}",
                        base + 6
                    ),
                    "windlass:run_ended",
                );
            }
        }
        // It could not start; a cleanup has a word of its own.
        db.must(&run(80, "train"));
        db.must("UPDATE processing_run SET state = 'failed', finished_at = 2 WHERE id = @80");
        db.must(&run(81, "cleanup"));
        uploaded(db, 90);
        db.must("UPDATE upload_session SET deleted_at = 3, delete_reason = 'user' WHERE id = @90");
        db.must(&job(91, 90, &[("run_id", "@81")]).replace("'embed'", "'cleanup'"));
        ends(db, 91, "completed");
        db.must("UPDATE processing_run SET state = 'processing' WHERE id = @81");
        db.refuses(
            "UPDATE processing_run SET state = 'completed', finished_at = 2 WHERE id = @81",
            "windlass:run_count",
        );
        db.must("UPDATE processing_run SET state = 'cleanup_completed', finished_at = 2 WHERE id = @81");
    });
}

fn told(db: &mut Plain, machine: &str, id: u64) -> Vec<String> {
    db.rows(&format!(
        "SELECT kind, from_state, to_state, rev, COALESCE(reason, '') FROM outbox_entry
         WHERE machine = '{machine}' AND subject_id = @{id} ORDER BY txid, seq"
    ))
}

// D-7 M13
#[test]
fn i24_each_change_is_told_once_in_its_own_transaction() {
    on_both(|db| {
        ready(db);
        uploaded(db, 40);
        assert_eq!(
            told(db, "session", 40),
            [
                "state||pending|1|",
                "state|pending|verifying|1|",
                "state|verifying|uploaded|2|"
            ]
        );
        // A statement that changes no state tells nothing; one that is taken back neither.
        db.must("UPDATE upload_session SET alive_at = 5, state = state WHERE id = @40");
        db.refuses("UPDATE upload_session SET rev = 9, deleted_at = 1, delete_reason = 'user' WHERE id = @40; SELECT 1/0, no", "");
        assert_eq!(told(db, "session", 40).len(), 3);
        db.must(&begun(Begun {
            id: 41,
            group: Some(30),
            hash: 40,
            more: &[("canonical_id", "@40")],
        }));
        db.must("UPDATE upload_session SET canonical_id = NULL, rev = 2 WHERE id = @41");
        db.must("UPDATE upload_session SET canonical_id = @40, rev = 3 WHERE id = @41");
        db.must(
            "UPDATE upload_session SET state = 'failed', canonical_id = NULL, error_code = 'storage_denied', rev = 4 WHERE id = @41",
        );
        db.must("UPDATE upload_session SET deleted_at = 2, delete_reason = 'user', rev = 5 WHERE id = @41");
        assert_eq!(
            told(db, "session", 41),
            [
                "state||pending|1|",
                "canonical|pending|pending|2|",
                "canonical|pending|pending|3|",
                "state|pending|failed|4|storage_denied",
                "deleted|failed|failed|5|user"
            ]
        );
        assert_eq!(
            db.rows("SELECT data FROM outbox_entry WHERE kind = 'canonical' ORDER BY txid, seq"),
            [
                "{\"canonical_id\":null}".to_owned(),
                format!("{{\"canonical_id\":\"{:032x}\"}}", 40)
            ]
        );
        db.must("UPDATE upload_group SET released_at = 2, public_id = !7, rev = 2 WHERE id = @30");
        db.must("UPDATE upload_group SET state = 'cancelled', rev = 3 WHERE id = @30");
        db.must("UPDATE upload_group SET deleted_at = 3, delete_reason = 'user', rev = 4 WHERE id = @30");
        assert_eq!(
            told(db, "group", 30),
            [
                "state||draft|1|",
                "released|draft|draft|2|",
                "state|draft|cancelled|3|",
                "deleted|cancelled|cancelled|4|user"
            ]
        );
        db.must(&run(70, "train"));
        db.must(&job(60, 40, &[("run_id", "@70")]));
        ends(db, 60, "failed");
        db.must("UPDATE processing_run SET state = 'processing' WHERE id = @70");
        db.must("UPDATE processing_run SET state = 'failed', finished_at = 4, error_code = 'attempts_exhausted' WHERE id = @70");
        assert_eq!(
            told(db, "job", 60),
            [
                "state||pending|1|",
                "state|pending|sending|1|",
                "state|sending|running|1|",
                "state|running|failed|1|"
            ]
        );
        assert_eq!(
            told(db, "run", 70),
            [
                "state||queued|1|",
                "state|queued|processing|1|",
                "state|processing|failed|1|attempts_exhausted"
            ]
        );
        // The newest entry of a job is its state.
        let apart = db.one(
            "SELECT COUNT(*) FROM processing_job j WHERE j.state <> (SELECT e.to_state FROM outbox_entry e
               WHERE e.owner_id = j.owner_id AND e.subject_id = j.id AND e.machine = 'job'
               ORDER BY e.txid DESC, e.seq DESC LIMIT 1)",
        );
        assert_eq!(apart, "0");
    });
}

// Derived data is one row a piece, of a file that is there; a cleanup removes it.
#[test]
fn text_and_vectors_belong_to_a_file_and_are_cleaned_alone() {
    on_both(|db| {
        ready(db);
        uploaded(db, 40);
        db.must("INSERT INTO document_text (owner_id, session_id, n, text, created_at) VALUES (@1, @40, 0, 'a', 1)");
        let chunk = |n: u64, bytes: &str| {
            format!(
                "INSERT INTO chunk (owner_id, session_id, n, text, vector, model, created_at)
                 VALUES (@1, @40, {n}, 'a', {bytes}, 'm', 1)"
            )
        };
        db.must(&chunk(0, "!1"));
        db.violates(&chunk(0, "!2"));
        db.violates(&chunk(1, "(SELECT crc64 FROM eight WHERE 1 = 0)"));
        db.must("UPDATE upload_session SET deleted_at = 3, delete_reason = 'user' WHERE id = @40");
        assert_eq!(db.one("SELECT COUNT(*) FROM chunk"), "1");
        db.must("DELETE FROM chunk; DELETE FROM document_text");
    });
}
