//! What must be true before a row may be what it says: proofs, duplicates, completion, owners.

use crate::base::{Begun, begun, on_both, pending, ready, settled, uploaded};

// M2
#[test]
fn i05_a_file_is_uploaded_only_with_a_stored_object_of_its_own_and_a_time() {
    on_both(|db| {
        ready(db);
        db.must(&pending(40));
        db.must("UPDATE upload_session SET state = 'verifying' WHERE id = @40");
        let up =
            "UPDATE upload_session SET state = 'uploaded', uploaded_at = 2, verified_at = 2 WHERE id = @40";
        db.refuses(up, "windlass:unproved");
        // Another's object of the same content does not do while its maker lives; of a removed one it does (M8).
        uploaded(db, 41);
        db.refuses(
            "UPDATE upload_session SET object_id = @1041, sha256 = NULL WHERE id = @40;
             UPDATE upload_session SET sha256 = ~41, state = 'uploaded', uploaded_at = 2, verified_at = 2 WHERE id = @40",
            "windlass:unproved",
        );
        db.must("UPDATE upload_session SET deleted_at = 3, delete_reason = 'user' WHERE id = @41");
        db.refuses(
            "UPDATE upload_session SET object_id = @1041, state = 'uploaded', uploaded_at = 2, verified_at = 2 WHERE id = @40",
            "windlass:unproved",
        );
        db.must("UPDATE upload_session SET object_id = @1041, sha256 = NULL WHERE id = @40");
        db.must("UPDATE upload_session SET sha256 = ~41 WHERE id = @40");
        db.refuses(
            "UPDATE upload_session SET state = 'uploaded', uploaded_at = 2 WHERE id = @40",
            "windlass:unproved",
        );
        db.must(up);
        // Of another size, or in another place.
        db.must(&begun(Begun {
            id: 42,
            group: Some(30),
            hash: 42,
            more: &[],
        }));
        db.refuses(
            &settled(42, 42).replace("state = 'verifying'", "state = 'verifying', size = 6"),
            "windlass:unproved",
        );
        // A settled file has a size.
        db.must("UPDATE upload_session SET size = NULL WHERE id = @42");
        assert!(db.run(&settled(42, 42)).is_err());
    });
}

// D-5 M6 M11
#[test]
fn a_duplicate_points_at_a_proved_canonical_and_is_never_one() {
    on_both(|db| {
        ready(db);
        uploaded(db, 40);
        db.must(&pending(41));
        let link = |id: u64, hash: u64, canonical: &str, object: u64| {
            format!(
                "INSERT INTO upload_session (owner_id, id, attempt, group_id, destination_id, rel_path, size, part_size, mime,
                   sha256, canonical_id, object_id, state, alive_at, uploaded_at, created_at, updated_at)
                 VALUES (@1, @{id}, 1, @30, @10, 'b', 5, 5, 'x', ~{hash}, {canonical}, @{object}, 'deduplicated', 1, 2, 1, 1)"
            )
        };
        db.refuses(&link(50, 40, "NULL", 1040), "windlass:unproved");
        db.refuses(&link(50, 40, "@50", 1040), "windlass:unproved");
        db.refuses(&link(50, 40, "@99", 1040), "windlass:unproved");
        db.refuses(&link(50, 41, "@41", 1041), "windlass:unproved");
        db.refuses(&link(50, 77, "@40", 1040), "windlass:unproved");
        db.refuses(&link(50, 40, "@40", 1041), "windlass:unproved");
        db.must(&link(50, 40, "@40", 1040));
        // Nothing follows or duplicates a duplicate.
        db.refuses(&link(51, 40, "@50", 1040), "windlass:");
        let follow = |id: u64, canonical: u64| {
            begun(Begun {
                id,
                group: Some(30),
                hash: 40,
                more: &[("canonical_id", &format!("@{canonical}"))],
            })
        };
        db.refuses(&follow(52, 50), "windlass:chain");
        db.violates(&follow(52, 52));
        db.must(&follow(52, 40));
        db.refuses(
            "UPDATE upload_session SET canonical_id = @50 WHERE id = @52",
            "windlass:chain",
        );
        // Who is followed follows nobody.
        db.must(&begun(Begun {
            id: 53,
            group: Some(30),
            hash: 41,
            more: &[("canonical_id", "@41")],
        }));
        db.refuses(
            "UPDATE upload_session SET canonical_id = @40 WHERE id = @41",
            "windlass:chain",
        );
        // A duplicate keeps a canonical, and gets another only of the same proved content.
        for canonical in ["NULL", "@50", "@41", "@99"] {
            assert!(
                db.run(&format!(
                    "UPDATE upload_session SET canonical_id = {canonical} WHERE id = @50"
                ))
                .is_err()
            );
        }
        // Only what waits or is settled by another has a canonical.
        db.violates("UPDATE upload_session SET state = 'uploading' WHERE id = @52");
        // A follower is settled by a stored object of the content, not before.
        let settle = "UPDATE upload_session SET state = 'deduplicated', uploaded_at = 2 WHERE id = @52";
        db.refuses(settle, "windlass:unproved");
        db.must(&format!(
            "UPDATE upload_session SET object_id = @1040 WHERE id = @52; {settle}"
        ));
    });
}

// D-3 M7
#[test]
fn one_session_holds_the_slot_of_a_content() {
    on_both(|db| {
        ready(db);
        let holder = |id: u64| {
            begun(Begun {
                id,
                group: Some(30),
                hash: 7,
                more: &[("holds_slot", "1")],
            })
        };
        db.must(&holder(40));
        db.violates(&holder(41));
        db.must(&begun(Begun {
            id: 42,
            group: Some(30),
            hash: 7,
            more: &[],
        }));
        db.violates("UPDATE upload_session SET holds_slot = 1 WHERE id = @42");
        // It leaves the slot by failing, and comes back only while it is free.
        db.must("UPDATE upload_session SET state = 'failed' WHERE id = @40");
        db.must("UPDATE upload_session SET holds_slot = 1 WHERE id = @42");
        db.violates("UPDATE upload_session SET state = 'uploading' WHERE id = @40");
        db.must("UPDATE upload_session SET deleted_at = 2, delete_reason = 'user' WHERE id = @42");
        db.must("UPDATE upload_session SET state = 'uploading' WHERE id = @40");
    });
}

// L-6 L-7 G-8 M4
#[test]
fn a_group_is_completed_only_with_its_required_files_and_says_how_many() {
    on_both(|db| {
        ready(db);
        let complete = "UPDATE upload_group SET state = 'completed', completed_at = 3 WHERE id = @30";
        db.must("UPDATE upload_group SET state = 'uploading' WHERE id = @30");
        db.refuses(
            complete,
            "windlass:incomplete: only 0 of 1 required files uploaded",
        );
        uploaded(db, 40);
        db.must(&pending(41));
        db.must(&pending(42));
        db.refuses(
            complete,
            "windlass:incomplete: only 1 of 3 required files uploaded",
        );
        db.must("UPDATE upload_session SET is_required = 0 WHERE id = @41");
        db.refuses(
            complete,
            "windlass:incomplete: only 1 of 2 required files uploaded",
        );
        db.must("UPDATE upload_session SET deleted_at = 2, delete_reason = 'user' WHERE id = @42");
        db.violates("UPDATE upload_group SET state = 'completed' WHERE id = @30");
        db.must(complete);
        // Nothing is added to it, and nothing made optional or taken out.
        db.refuses(&pending(43), "windlass:group_closed");
        db.refuses(
            "UPDATE upload_session SET is_required = 0 WHERE id = @40",
            "windlass:required",
        );
        db.refuses(
            "UPDATE upload_session SET deleted_at = 4, delete_reason = 'user' WHERE id = @40",
            "windlass:group_completed",
        );
        // What the storage lost is told all the same (M10).
        db.must("UPDATE upload_session SET deleted_at = 4, delete_reason = 'vanished' WHERE id = @40");
    });
}

// L-4 L-6
#[test]
fn slots_are_those_of_the_template_and_stay_required() {
    on_both(|db| {
        ready(db);
        let record = |id: u64, entity: &str| {
            format!(
                "INSERT INTO upload_group (owner_id, id, name, template_id, entity_type, entity_id, state, created_at, updated_at)
                 VALUES (@1, @{id}, 'r', @20, {entity}, 'draft', 1, 1)"
            )
        };
        db.must(&record(31, "'record', @31"));
        db.violates(&record(32, "'project', @32"));
        db.violates(&record(32, "'record', NULL"));
        // One open group an entity.
        db.violates(&record(32, "'record', @31"));
        let file = |id: u64, group: u64, kind: &str, required: &str| {
            let more = [("file_type", kind), ("is_required", required)];
            begun(Begun {
                id,
                group: Some(group),
                hash: id,
                more: &more,
            })
        };
        db.refuses(&file(40, 31, "'heat'", "0"), "windlass:slot");
        db.refuses(&file(40, 30, "'raw'", "0"), "windlass:slot");
        db.refuses(&file(40, 31, "'processed'", "0"), "windlass:slot");
        db.must(&file(40, 31, "'processed'", "1"));
        db.must(&file(41, 31, "'raw'", "0"));
        db.refuses(
            "UPDATE upload_session SET is_required = 0 WHERE id = @40",
            "windlass:required",
        );
        db.must("UPDATE upload_group SET state = 'uploading' WHERE id = @31");
        db.must(&settled(41, 41));
        let complete = "UPDATE upload_group SET state = 'completed', completed_at = 3 WHERE id = @31";
        db.refuses(
            complete,
            "windlass:incomplete: only 0 of 1 required files uploaded",
        );
        // A second version of the slot's file fills it as well.
        db.must(&file(42, 31, "'processed'", "1"));
        db.must(&settled(42, 42));
        db.must(complete);
        // Completed, it leaves its entity to a new one.
        db.must(&record(32, "'record', @31"));
    });
}

#[test]
fn templates_never_change() {
    on_both(|db| {
        ready(db);
        db.refuses("UPDATE template SET draft_days = 8", "windlass:frozen");
        db.refuses("UPDATE template_slot SET is_required = 0", "windlass:frozen");
        db.refuses("DELETE FROM template_slot", "windlass:kept");
        db.refuses("DELETE FROM template", "windlass:kept");
        db.must(
            "INSERT INTO upload_group (owner_id, id, name, template_id, entity_type, entity_id, state, created_at, updated_at)
             VALUES (@1, @31, 'r', @20, 'record', @31, 'draft', 1, 1)",
        );
        db.refuses(
            "INSERT INTO template_slot (template_id, file_type, is_required, destination_id, key_word)
             VALUES (@20, 'late', 1, @10, 'late')",
            "windlass:frozen",
        );
    });
}

#[test]
fn a_parent_has_no_parent() {
    on_both(|db| {
        ready(db);
        let child = |id: u64, parent: u64| {
            format!(
                "INSERT INTO upload_group (owner_id, id, name, parent_id, state, created_at, updated_at)
                 VALUES (@1, @{id}, 'g', @{parent}, 'draft', 1, 1)"
            )
        };
        db.must(&child(31, 30));
        db.refuses(&child(32, 31), "windlass:parent");
        assert!(
            db.run("UPDATE upload_group SET parent_id = @31 WHERE id = @30")
                .is_err()
        );
        assert!(db.run(&child(33, 33)).is_err());
    });
}

// L-12: a row can't point at another owner's.
#[test]
fn nothing_points_at_what_another_owner_has() {
    on_both(|db| {
        ready(db);
        uploaded(db, 40);
        db.refuses(
            &pending(41).replace("VALUES (@1", "VALUES (@2"),
            "windlass:group_closed",
        );
        db.violates(
            &begun(Begun {
                id: 41,
                group: None,
                hash: 41,
                more: &[("canonical_id", "@40")],
            })
            .replace("VALUES (@1", "VALUES (@2"),
        );
        db.violates(
            &begun(Begun {
                id: 41,
                group: None,
                hash: 41,
                more: &[],
            })
            .replace("VALUES (@1", "VALUES (@2")
            .replace("~41, @1041", "~41, @1040"),
        );
        db.violates(
            "INSERT INTO file_part (owner_id, object_id, part_number, size, state) VALUES (@2, @1040, 1, 5, 'pending')",
        );
        db.refuses(
            "INSERT INTO processing_job (owner_id, id, session_id, type, state, due_at, created_at, updated_at)
             VALUES (@2, @60, @40, 'validate', 'pending', 1, 1, 1)",
            "windlass:unsettled",
        );
        db.violates(
            "INSERT INTO document_text (owner_id, session_id, n, text, created_at) VALUES (@2, @40, 0, 'a', 1)",
        );
        // The same id under another owner is another row.
        db.must(
            "INSERT INTO upload_group (owner_id, id, name, state, created_at, updated_at)
             VALUES (@2, @30, 'mine', 'draft', 1, 1)",
        );
    });
}

// G-7
#[test]
fn a_session_needs_no_group_and_no_size() {
    on_both(|db| {
        ready(db);
        let alone = begun(Begun {
            id: 40,
            group: None,
            hash: 40,
            more: &[],
        });
        db.must(&alone.replace("'a/f40', 5, 5,", "'a/f40', NULL, NULL,"));
        db.must("UPDATE upload_session SET size = 5 WHERE id = @40");
        db.must(&settled(40, 40));
    });
}

#[test]
fn words_and_lengths_are_checked() {
    on_both(|db| {
        ready(db);
        db.must(&pending(40));
        for bad in [
            "UPDATE owner SET role = 'king'",
            "UPDATE owner SET kind = 'anonymous', role = 'admin' WHERE id = @2",
            "UPDATE owner SET quota_bytes = -1",
            "UPDATE destination SET visibility = 'secret'",
            "UPDATE destination SET url_ttl_s = 59",
            "UPDATE destination SET url_ttl_s = 3601",
            "UPDATE destination SET allow_anonymous = 2",
            "UPDATE destination SET duplicates = 'both'",
            "UPDATE destination SET naming = 'none'",
            "UPDATE destination SET state = 'gone'",
            "UPDATE destination SET name = 'bucket' WHERE id = @11",
            "UPDATE upload_group SET public_id = !1",
            "UPDATE upload_group SET released_at = 1",
            "UPDATE upload_group SET deleted_at = 1",
            "UPDATE upload_session SET delete_reason = 'user'",
            "UPDATE upload_session SET deleted_at = 1, delete_reason = 'bored'",
            "UPDATE upload_session SET part_count = 10001",
            "UPDATE upload_session SET part_count = 0",
            "UPDATE upload_session SET part_size = 0",
            "UPDATE upload_session SET size = -1",
            "UPDATE upload_session SET sha256 = NULL, holds_slot = 2",
            "UPDATE upload_session SET retry_count = -1",
            "UPDATE stored_object SET state = 'stored', stored_at = 1",
            "UPDATE stored_object SET sha256 = ~1",
            "UPDATE stored_object SET state = 'condemned', gone_at = 1",
            "UPDATE stored_object SET proof = 'hope'",
            "INSERT INTO file_part (owner_id, object_id, part_number, size, state) VALUES (@1, @1040, 0, 5, 'pending')",
            "INSERT INTO file_part (owner_id, object_id, part_number, size, state) VALUES (@1, @1040, 10001, 5, 'pending')",
        ] {
            db.violates(bad);
        }
        for bad in ["metadata = 'no json'", "metadata = NULL"] {
            assert!(
                db.run(&format!("UPDATE upload_session SET {bad}")).is_err(),
                "{bad}"
            );
            assert!(
                db.run(&format!("UPDATE upload_group SET {bad}")).is_err(),
                "{bad}"
            );
        }
    });
}

// M4: on SQLite there is one writer; on PostgreSQL completing waits for whoever adds a file, and sees it then.
#[test]
fn f112_a_group_is_not_completed_past_a_file_that_is_being_added() {
    let mut db = crate::base::postgres();
    ready(&mut db);
    uploaded(&mut db, 40);
    db.must("UPDATE upload_group SET state = 'uploading' WHERE id = @30");
    let add = db.written(&pending(41));
    let complete = db.written("UPDATE upload_group SET state = 'completed', completed_at = 3 WHERE id = @30");
    let mut adding = db.another();
    let mut completing = db.another();
    adding.batch_execute(&format!("BEGIN; {add}")).expect("added");
    let completed =
        std::thread::spawn(move || completing.batch_execute(&complete).map_err(|e| e.to_string()));
    windlass_testkit::wait::until("a writer that waits", windlass_testkit::wait::PATIENCE, || {
        (db.one("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "0").then_some(())
    })
    .expect("completing waits");
    adding.batch_execute("COMMIT").expect("committed");
    assert!(completed.join().expect("no panic").is_err());
    assert_eq!(
        db.one("SELECT state FROM upload_group WHERE id = @30"),
        "uploading"
    );
}
