//! How both databases answer what the product asks all the time: the statements are heard while a story runs on a real
//! server, and explained on a ledger of their own. SQLite plans by the indexes alone, so that one is empty; PostgreSQL's has
//! the same rows each time.
//!
//! `WINDLASS_BLESS=1 cargo test -p windlass-server --test plans` writes `docs/server/plans/` anew.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

mod explain;
mod listen;
mod story;
#[path = "../serve/support.rs"]
#[expect(dead_code, reason = "it serves other tests too")]
mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use windlass_server::db::Dialect;

use crate::explain::{Explained, explain, lengthened};

fn kept(name: &str) -> PathBuf {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/server/plans");
    plans.join(name)
}

fn text(title: &str, plans: &[Explained]) -> String {
    let mut out = format!(
        "How {title} answers what is asked all the time: from announce to proof, status, lists, jobs, the feed.\n\
         Written by `WINDLASS_BLESS=1 cargo test -p windlass-server --test plans`, and held by the same test.\n"
    );
    for one in plans {
        // Writing to a string does not fail.
        write!(out, "\n{}\n{}\n", one.statement, one.plan).ok();
    }
    out
}

/// Compares with what is kept, or keeps it.
fn held(name: &str, made: &str) {
    let path = kept(name);
    if std::env::var_os("WINDLASS_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, made).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = made.lines().zip(kept.lines()).find(|(m, k)| m != k);
    assert!(
        kept == made,
        "{name} is not current: {differs:?}. Look at the plans, then: WINDLASS_BLESS=1 cargo test -p windlass-server --test plans"
    );
}

// L-5: found by entity, state and type; and nothing that grows is read as a whole.
#[test]
fn what_is_asked_all_the_time_is_answered_by_indexes_on_both_databases_and_its_plans_are_kept() {
    let mut whole = Vec::new();
    for (dialect, title, name) in [
        (Dialect::Sqlite, "SQLite", "sqlite.txt"),
        (Dialect::Postgres, "PostgreSQL", "postgres.txt"),
    ] {
        let statements: BTreeSet<String> = story::told(dialect);
        assert!(
            statements.len() > 40,
            "only {} statements were heard",
            statements.len()
        );
        let plans = explain(dialect, &statements);
        for one in &plans {
            whole.extend(
                one.reads_whole(dialect)
                    .map(|line| format!("{title}: {line}\n   of {}", one.statement)),
            );
        }
        held(name, &text(title, &plans));
        if dialect == Dialect::Sqlite {
            let long = explain(dialect, &lengthened(&statements));
            assert!(long.len() > 5, "only {} statements have lists", long.len());
            for one in &long {
                whole.extend(
                    one.reads_whole(dialect)
                        .map(|line| format!("{title}, a long list: {line}\n   of {}", one.statement)),
                );
            }
        }
    }
    assert!(
        whole.is_empty(),
        "tables that grow are read as a whole:\n{}",
        whole.join("\n")
    );
}

#[test]
fn a_planted_question_that_reads_a_whole_table_is_found_on_both_databases() {
    let planted = [
        "SELECT id FROM upload_session WHERE rel_path = ?1",
        "SELECT id FROM upload_session WHERE owner_id = ?1 AND deleted_at IS NULL AND group_id = ?2
         ORDER BY created_at DESC, id DESC LIMIT 1",
    ];
    for (dialect, many) in [(Dialect::Sqlite, 2), (Dialect::Postgres, 1)] {
        let plans = explain(dialect, &planted.map(str::to_owned).into());
        let found = plans.iter().filter_map(|p| p.reads_whole(dialect)).count();
        // PostgreSQL has counted the groups, and takes the other index.
        assert_eq!(found, many, "{plans:?}");
    }
}
