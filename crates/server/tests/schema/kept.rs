//! What stays: settled facts, tombstones, logs, and rows that nobody may delete.

use crate::base::{Begun, begun, completed, on_both, pending, ready, settled, uploaded};

// L-8 M3
#[test]
fn facts_of_a_settled_file_never_change() {
    on_both(|db| {
        ready(db);
        uploaded(db, 40);
        db.must(&pending(41));
        for fact in [
            "attempt = 2",
            "rel_path = 'c'",
            "file_type = 'x'",
            "size = 6",
            "part_size = 6",
            "part_count = 2",
            "mime = 'y'",
            "sha256 = NULL",
            "sha256 = ~41",
            "object_id = @1041",
            "object_id = NULL",
            "client_id = @8",
            "error_code = 'e'",
            "retry_count = 1",
            "uploaded_at = 9",
            "verified_at = NULL",
            "metadata = '{\"a\":1}'",
            "created_at = 9",
            "group_id = NULL",
            "destination_id = @11",
            "owner_id = @2",
            "id = @99",
        ] {
            db.refuses(
                &format!("UPDATE upload_session SET {fact} WHERE id = @40"),
                "windlass:frozen",
            );
        }
        for fact in [
            "object_key = 'x'",
            "size = 6",
            "etag = 'e'",
            "version_id = 'v'",
            "crc64 = NULL",
            "sha256 = ~41",
            "sha256 = NULL",
            "proof = 'sha256'",
            "stored_at = 9",
            "token = !9",
            "session_id = @41",
            "upload_id = 'u'",
        ] {
            db.refuses(
                &format!("UPDATE stored_object SET {fact} WHERE id = @1040"),
                "windlass:frozen",
            );
        }
        db.refuses(
            "UPDATE stored_object SET state = 'open' WHERE id = @1040",
            "windlass:transition",
        );
        // Its life goes on around them.
        db.must("UPDATE upload_session SET is_required = 0, rev = rev + 1, updated_at = 9 WHERE id = @40");
        db.must("UPDATE stored_object SET checked_at = 9 WHERE id = @1040");
    });
}

// M6: a hash that was not known is proved later, once.
#[test]
fn a_hash_is_proved_later_only_once() {
    on_both(|db| {
        ready(db);
        db.must(&pending(40));
        db.must(&settled(40, 40).replace("sha256 = ~40, proof = 'read_back'", "proof = 'token'"));
        db.refuses(
            "UPDATE stored_object SET proof = 'read_back' WHERE id = @1040",
            "windlass:frozen",
        );
        db.must("UPDATE stored_object SET sha256 = ~40, proof = 'read_back' WHERE id = @1040");
        db.refuses(
            "UPDATE stored_object SET sha256 = ~41 WHERE id = @1040",
            "windlass:frozen",
        );
    });
}

// M3 M6: a file that said no hash says the one that was proved, and then for good.
#[test]
fn a_settled_file_learns_its_proved_hash_once_and_no_other() {
    on_both(|db| {
        ready(db);
        db.must(&pending(40).replace("~40", "NULL"));
        db.must(&settled(40, 40).replace("sha256 = ~40, proof = 'read_back'", "proof = 'token'"));
        let learns = |hash: &str| format!("UPDATE upload_session SET sha256 = {hash} WHERE id = @40");
        db.refuses(&learns("~40"), "windlass:frozen");
        db.must("UPDATE stored_object SET sha256 = ~40, proof = 'read_back' WHERE id = @1040");
        db.refuses(&learns("~41"), "windlass:frozen");
        db.must(&learns("~40"));
        for other in ["~41", "NULL"] {
            db.refuses(&learns(other), "windlass:frozen");
        }
    });
}

#[test]
fn what_content_is_said_to_be_changes_only_with_the_attempt() {
    on_both(|db| {
        ready(db);
        db.must(&pending(40));
        db.refuses(
            "UPDATE upload_session SET sha256 = ~41 WHERE id = @40",
            "windlass:frozen",
        );
        db.must("UPDATE upload_session SET sha256 = ~41, attempt = 2 WHERE id = @40");
        db.must("UPDATE upload_session SET sha256 = NULL WHERE id = @40");
        db.must("UPDATE upload_session SET sha256 = ~42 WHERE id = @40");
    });
}

// L-8
#[test]
fn facts_of_a_completed_group_never_change() {
    on_both(|db| {
        ready(db);
        completed(db);
        for fact in [
            "name = 'x'",
            "description = 'x'",
            "destination_id = NULL",
            "error_code = 'e'",
            "retry_count = 1",
            "metadata = '{\"a\":1}'",
            "client_id = @8",
            "completed_at = 9",
            "created_at = 9",
            "id = @99",
        ] {
            db.refuses(
                &format!("UPDATE upload_group SET {fact} WHERE id = @30"),
                "windlass:frozen",
            );
        }
        // Released, withdrawn, removed: that is not what it was.
        db.must("UPDATE upload_group SET released_at = 5, public_id = !7, rev = rev + 1, updated_at = 5 WHERE id = @30");
        db.must("UPDATE upload_group SET released_at = NULL, public_id = NULL WHERE id = @30");
        db.must("UPDATE upload_group SET deleted_at = 6, delete_reason = 'user' WHERE id = @30");
        db.must("UPDATE upload_session SET deleted_at = 6, delete_reason = 'user' WHERE id = @40");
    });
}

// D-11: a tombstone is the last word.
#[test]
fn what_has_a_tombstone_is_not_changed_any_more() {
    on_both(|db| {
        ready(db);
        uploaded(db, 40);
        db.must("UPDATE upload_session SET deleted_at = 3, delete_reason = 'user' WHERE id = @40");
        for change in [
            "deleted_at = NULL, delete_reason = NULL",
            "state = 'failed'",
            "rev = 9",
            "alive_at = 9",
        ] {
            db.refuses(
                &format!("UPDATE upload_session SET {change} WHERE id = @40"),
                "windlass:",
            );
        }
        assert_eq!(
            db.one("SELECT state FROM upload_session WHERE id = @40"),
            "uploaded"
        );
        db.must("UPDATE upload_group SET deleted_at = 3, delete_reason = 'user' WHERE id = @30");
        db.refuses(
            "UPDATE upload_group SET name = 'x' WHERE id = @30",
            "windlass:frozen",
        );
        db.refuses(&pending(41), "windlass:group_closed");
    });
}

// M15 L-20
#[test]
fn f111_rows_of_what_happened_are_never_deleted() {
    on_both(|db| {
        ready(db);
        completed(db);
        db.must(
            "INSERT INTO processing_run (owner_id, id, kind, state, created_at, updated_at)
             VALUES (@1, @70, 'train', 'queued', 1, 1);
             INSERT INTO processing_job (owner_id, id, session_id, run_id, type, state, due_at, created_at, updated_at)
             VALUES (@1, @60, @40, @70, 'validate', 'pending', 1, 1, 1)",
        );
        for table in [
            "upload_session",
            "upload_group",
            "stored_object",
            "processing_job",
            "processing_run",
            "owner",
            "destination",
            "template",
            "template_slot",
        ] {
            db.refuses(&format!("DELETE FROM {table}"), "windlass:kept");
        }
        // TRUNCATE asks no row.
        if !db.is_sqlite() {
            for table in [
                "upload_session",
                "upload_group",
                "stored_object",
                "processing_job",
                "processing_run",
            ] {
                db.refuses(&format!("TRUNCATE {table} CASCADE"), "windlass:");
            }
        }
    });
}

// L-20
#[test]
fn deleting_a_draft_takes_its_files_along_and_stops_at_what_is_stored() {
    on_both(|db| {
        ready(db);
        let bare = |id: u64, group: u64| {
            format!(
                "INSERT INTO upload_session (owner_id, id, attempt, group_id, destination_id, rel_path, mime, state, alive_at,
                   created_at, updated_at) VALUES (@1, @{id}, 1, @{group}, @10, 'a', 'x', 'pending', 1, 1, 1)"
            )
        };
        db.must(&bare(40, 30));
        db.must(&bare(41, 30));
        db.refuses("DELETE FROM upload_session WHERE id = @40", "windlass:kept");
        db.must("DELETE FROM upload_group WHERE id = @30");
        assert_eq!(db.one("SELECT COUNT(*) FROM upload_session"), "0");

        let again =
            "INSERT INTO upload_group (owner_id, id, name, destination_id, state, created_at, updated_at)
                     VALUES (@1, @30, 'g', @10, 'draft', 1, 1)";
        // A key that may have been written to stays in the ledger (I18).
        db.must(again);
        db.must(&pending(42));
        db.violates("DELETE FROM upload_group WHERE id = @30");
        // What is settled stops it.
        db.must(&settled(42, 42));
        db.refuses("DELETE FROM upload_group WHERE id = @30", "windlass:kept");
        assert_eq!(db.one("SELECT COUNT(*) FROM upload_session"), "1");
        // A file without a group goes with nothing.
        db.must(&begun(Begun {
            id: 43,
            group: None,
            hash: 43,
            more: &[],
        }));
        db.refuses("DELETE FROM upload_session WHERE id = @43", "windlass:kept");
    });
}

#[test]
fn objects_are_forgotten_when_they_are_gone_and_their_parts_with_them() {
    on_both(|db| {
        ready(db);
        db.must(&pending(40));
        db.must(
            "INSERT INTO file_part (owner_id, object_id, part_number, size, state) VALUES (@1, @1040, 1, 5, 'pending');
             UPDATE upload_session SET object_id = NULL WHERE id = @40;
             UPDATE stored_object SET state = 'condemned' WHERE id = @1040",
        );
        db.refuses("DELETE FROM stored_object WHERE id = @1040", "windlass:kept");
        db.must("UPDATE stored_object SET state = 'gone', gone_at = 2 WHERE id = @1040");
        db.must("DELETE FROM stored_object WHERE id = @1040");
        assert_eq!(db.one("SELECT COUNT(*) FROM file_part"), "0");
    });
}

// D-7
#[test]
fn logs_are_only_added_to() {
    on_both(|db| {
        ready(db);
        db.must(&pending(40));
        // Dated after now, whatever the clock.
        db.must(
            "INSERT INTO audit_row (at, actor_kind, action, subject_kind) VALUES (9000000000000, 'janitor', 'run', 'janitor');
             INSERT INTO outbox_entry (owner_id, machine, subject_id, kind, from_state, to_state, rev, at)
             VALUES (@1, 'job', @1, 'state', '', 'pending', 1, 9000000000000)",
        );
        for sql in [
            "UPDATE outbox_entry SET to_state = 'x'",
            "UPDATE audit_row SET reason = 'x'",
            "DELETE FROM outbox_entry",
            "DELETE FROM audit_row",
        ] {
            db.refuses(sql, "windlass:append_only");
        }
        if db.is_sqlite() {
            for table in ["outbox_entry", "audit_row"] {
                let replace = format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}");
                db.refuses(&replace, "windlass:append_only");
            }
        } else {
            db.refuses("TRUNCATE outbox_entry", "windlass:append_only");
            db.refuses("TRUNCATE audit_row", "windlass:append_only");
        }
        // What is older than its term goes from the old end, and numbers are not given twice.
        let last = db.one("SELECT MAX(seq) FROM outbox_entry");
        db.must("DELETE FROM outbox_entry WHERE at < 1000000");
        assert_eq!(db.one("SELECT COUNT(*) FROM outbox_entry"), "1");
        db.must(&pending(41));
        let next = db.one("SELECT MAX(seq) FROM outbox_entry");
        assert!(next.parse::<i64>().expect("a number") > last.parse::<i64>().expect("a number"));
    });
}
