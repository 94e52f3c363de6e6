//! Every step of every machine, tried with plain SQL: those of `core`'s tables pass, all others are refused.

use std::collections::BTreeSet;

use windlass_core::states::{
    FilePartState, GroupState, JobState, ObjectState, RunState, SessionState, TransitionRow,
};

use crate::base::{Plain, on_both};

struct Machine {
    name: &'static str,
    table: &'static str,
    words: Vec<&'static str>,
    rows: Vec<TransitionRow>,
    /// Columns without a default, and their values; the state comes after them.
    columns: &'static str,
    values: &'static str,
}

fn machines() -> Vec<Machine> {
    macro_rules! machine {
        ($state:ident, $table:literal, $columns:literal, $values:literal) => {
            Machine {
                name: $state::MACHINE,
                table: $table,
                words: $state::ALL.iter().map(|s| s.as_str()).collect(),
                rows: $state::rows().collect(),
                columns: $columns,
                values: $values,
            }
        };
    }
    vec![
        machine!(
            SessionState,
            "upload_session",
            "owner_id, id, attempt, destination_id, rel_path, mime, alive_at, created_at, updated_at",
            "@1, @1, 1, @1, 'a', 'x', 0, 0, 0"
        ),
        machine!(
            ObjectState,
            "stored_object",
            "owner_id, id, session_id, attempt, destination_id, object_key, key_form, token, created_at",
            "@1, @1, @1, 1, @1, 'a', 'a', !1, 0"
        ),
        machine!(
            GroupState,
            "upload_group",
            "owner_id, id, name, created_at, updated_at",
            "@1, @1, 'g', 0, 0"
        ),
        machine!(
            FilePartState,
            "file_part",
            "owner_id, object_id, part_number, size",
            "@1, @1, 1, 1"
        ),
        machine!(
            JobState,
            "processing_job",
            "owner_id, id, session_id, type, due_at, created_at, updated_at",
            "@1, @1, @1, 'validate', 0, 0, 0"
        ),
        machine!(
            RunState,
            "processing_run",
            "owner_id, id, kind, created_at, updated_at",
            "@1, @1, 'train', 0, 0"
        ),
    ]
}

/// Leaves only the gate of steps of a machine, so that nothing else can refuse in its place.
fn only_steps(db: &mut Plain, m: &Machine) {
    let (name, table) = (m.name, m.table);
    match db {
        Plain::Sqlite { conn, .. } => {
            conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
                .expect("bare");
            let others = db.rows(&format!(
                "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{table}'
                   AND name NOT IN ('{name}_insert', '{name}_step')"
            ));
            for other in others {
                db.must(&format!("DROP TRIGGER {other}"));
            }
        }
        Plain::Postgres { .. } => {
            let checks = db.rows(&format!(
                "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = '{table}'::regclass"
            ));
            for check in checks {
                db.must(&format!("ALTER TABLE {table} DROP CONSTRAINT \"{check}\""));
            }
            db.must(&format!(
                "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_insert"
            ));
            db.must("SET session_replication_role = replica");
        }
    }
}

/// The gate of steps, on or off.
fn step_gate(db: &mut Plain, m: &Machine, on: bool, definition: &str) {
    let (name, table) = (m.name, m.table);
    if db.is_sqlite() {
        db.must(
            if on {
                definition.to_owned()
            } else {
                format!("DROP TRIGGER {name}_step")
            }
            .as_str(),
        );
    } else {
        let how = if on { "ENABLE ALWAYS" } else { "DISABLE" };
        db.must(&format!("ALTER TABLE {table} {how} TRIGGER {name}_step"));
    }
}

fn word(state: Option<&str>) -> String {
    state.map_or("NULL".to_owned(), |w| format!("'{w}'"))
}

// L-2 L-3 G-2 G-4 G-5 G-6 D-2 D-6 T-8 I7
#[test]
fn f110_every_step_that_is_not_in_the_table_is_refused_on_both_databases() {
    on_both(|db| {
        for m in machines() {
            only_steps(db, &m);
            let table = m.table;
            let definition = if db.is_sqlite() {
                db.one(&format!(
                    "SELECT sql FROM sqlite_schema WHERE name = '{}_step'",
                    m.name
                ))
            } else {
                String::new()
            };
            let targets: Vec<Option<&str>> = m
                .words
                .iter()
                .copied()
                .map(Some)
                .chain([None, Some("nonsense"), Some("")])
                .collect();
            let may = |from: &str, to: &str| m.rows.iter().any(|r| r.from == from && r.to == to);
            let make = |state: Option<&str>| {
                format!(
                    "INSERT INTO {table} ({}, state) VALUES ({}, {})",
                    m.columns,
                    m.values,
                    word(state)
                )
            };
            for to in &targets {
                let done = db.run(&make(*to));
                let expected = to.is_some_and(|to| may("", to));
                assert_eq!(done.is_ok(), expected, "{table}: made as {to:?}: {done:?}");
                db.must(&format!("DELETE FROM {table}"));
            }
            for from in &m.words {
                // Brought into its state without the gate, then the gate is asked.
                step_gate(db, &m, false, &definition);
                let first = m.rows.iter().find(|r| r.from.is_empty()).expect("a first state");
                db.must(&make(Some(first.to)));
                for to in &targets {
                    db.must(&format!("UPDATE {table} SET state = '{from}'"));
                    step_gate(db, &m, true, &definition);
                    let done = db.run(&format!("UPDATE {table} SET state = {}", word(*to)));
                    step_gate(db, &m, false, &definition);
                    let stays = *to == Some(*from);
                    let expected = stays || to.is_some_and(|to| may(from, to));
                    assert_eq!(done.is_ok(), expected, "{table}: {from} to {to:?}: {done:?}");
                    if let (Err(e), false) = (&done, expected) {
                        let not_null = to.is_none();
                        assert!(
                            e.contains("windlass:transition") || not_null,
                            "{table}: {from} to {to:?}: {e}"
                        );
                    }
                }
                db.must(&format!("DELETE FROM {table}"));
                step_gate(db, &m, true, &definition);
            }
        }
    });
}

#[test]
fn i07_the_rows_of_both_databases_are_the_table_of_the_code() {
    let code: BTreeSet<String> = machines()
        .iter()
        .flat_map(|m| {
            m.rows
                .iter()
                .map(|r| format!("{}|{}|{}", r.machine, r.from, r.to))
        })
        .collect();
    on_both(|db| {
        let rows = db.rows("SELECT machine, from_state, to_state FROM allowed_transition");
        assert_eq!(rows.len(), code.len());
        assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), code);
    });
}

// L-3: the gates are there with everything else in place, too.
#[test]
fn a_completed_group_and_a_settled_file_go_nowhere() {
    on_both(|db| {
        crate::base::ready(db);
        crate::base::completed(db);
        for to in ["draft", "uploading", "failed", "cancelled"] {
            db.refuses(
                &format!("UPDATE upload_group SET state = '{to}' WHERE id = @30"),
                "windlass:transition",
            );
        }
        for to in ["pending", "uploading", "verifying", "failed", "rejected"] {
            db.refuses(
                &format!("UPDATE upload_session SET state = '{to}' WHERE id = @40"),
                "windlass:transition",
            );
        }
        db.must(
            "INSERT INTO upload_group (owner_id, id, name, state, created_at, updated_at)
             VALUES (@1, @31, 'g', 'draft', 1, 1)",
        );
        db.refuses(
            "UPDATE upload_group SET state = 'completed', completed_at = 1 WHERE id = @31",
            "windlass:",
        );
    });
}
