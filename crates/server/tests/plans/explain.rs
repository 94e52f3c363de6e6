//! Plans of statements, without what differs from run to run.

use std::collections::BTreeSet;

use tempfile::TempDir;
use windlass_server::db::{Db, Dialect};
use windlass_testkit::postgres::{Database, Postgres};

use crate::story::GROW;

/// Indexes that hold what is still to be done and nothing else: reading one in order is reading a queue.
const QUEUES: &[&str] = &[
    "job_due",
    "session_open_alive",
    "session_failed",
    "object_to_clean",
    "object_to_forget",
    "group_draft",
];

/// Indexes of lists, in the order of their pages.
const PAGES: &[&str] = &[
    "session_page",
    "session_failed_page",
    "group_page",
    "job_page",
    "run_page",
    "outbox_by_owner",
];

/// Who asks for these asks for few rows of an owner, and not for a page of all.
const FEW: &[&str] = &["group_id = ?", "session_id = ?", "run_id = ?"];

/// As the product's connections are set.
const LIKE_THE_PRODUCT: &str =
    "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

/// A statement with its plan.
#[derive(Debug)]
pub(crate) struct Explained {
    pub(crate) statement: String,
    pub(crate) plan: String,
}

/// Rows of a long batch.
const LONG: usize = 256;

/// The same with a long list where a statement has a list: there SQLite once turned to reading the whole table.
pub(crate) fn lengthened(statements: &BTreeSet<String>) -> BTreeSet<String> {
    let long = |sql: &String| {
        let (head, rest) = sql.split_once(" AS (VALUES ")?;
        let (row, tail) = rest.split_once(')')?;
        let rows = vec![format!("{row})"); LONG].join(", ");
        Some(format!("{head} AS (VALUES {rows}{tail}"))
    };
    statements.iter().filter_map(long).collect()
}

/// Explains statements on a ledger of their own.
pub(crate) fn explain(dialect: Dialect, statements: &BTreeSet<String>) -> Vec<Explained> {
    let plans = match dialect {
        Dialect::Sqlite => on_sqlite(statements),
        Dialect::Postgres => on_postgres(statements),
    };
    let both = statements.iter().zip(plans);
    both.map(|(statement, plan)| Explained {
        statement: shortened(statement),
        plan,
    })
    .collect()
}

fn close(db: &Db) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(db.close()).expect("closed");
}

fn on_sqlite(statements: &BTreeSet<String>) -> Vec<String> {
    let dir = TempDir::new().expect("a folder");
    let file = dir.path().join("ledger.sqlite");
    close(&Db::open_sqlite(&file).expect("migrated"));
    let ledger = rusqlite::Connection::open(file).expect("opened");
    // As the product's connections are set.
    ledger.execute_batch("PRAGMA automatic_index = OFF").expect("set");
    let plan = |sql: &String| {
        let mut asked = ledger.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
        let (mut rows, mut depths, mut lines) =
            (asked.raw_query(), std::collections::BTreeMap::new(), Vec::new());
        while let Some(row) = rows.next().expect("a row") {
            let (id, above, text): (i64, i64, String) = (
                row.get(0).expect("an id"),
                row.get(1).expect("an id"),
                row.get(3).expect("a text"),
            );
            let depth = depths.get(&above).map_or(1, |d| d + 1);
            depths.insert(id, depth);
            lines.push(format!("{}{text}", "  ".repeat(depth)));
        }
        lines.join("\n")
    };
    statements.iter().map(plan).collect()
}

fn on_postgres(statements: &BTreeSet<String>) -> Vec<String> {
    let database: Database = Postgres::shared().and_then(|p| p.database()).expect("a database");
    close(&Db::open_postgres(database.url(), 1).expect("migrated"));
    let name = database
        .url()
        .rsplit('/')
        .next()
        .and_then(|n| n.split('?').next());
    let mut script = include_str!("filled.sql").to_owned();
    script.push_str(&format!(
        "{LIKE_THE_PRODUCT}; SET plan_cache_mode = force_generic_plan;"
    ));
    for (n, sql) in statements.iter().enumerate() {
        let sql = dollars(sql);
        let count = (1..).take_while(|n| has(&sql, *n)).count();
        let nulls = vec!["NULL"; count].join(", ");
        let given = if count == 0 {
            String::new()
        } else {
            format!("({nulls})")
        };
        script.push_str(&format!(
            "PREPARE s{n} AS {sql}; SELECT '#'; EXPLAIN (COSTS OFF) EXECUTE s{n}{given};"
        ));
    }
    let told = database
        .server()
        .sql(name.expect("a name"), &script)
        .expect("explained");
    let plans = told.split("#\n").skip(1);
    let indented = |plan: &str| {
        plan.lines()
            .map(|l| format!("  {l}"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    plans.map(indented).collect()
}

/// `?7` as PostgreSQL writes it.
fn dollars(sql: &str) -> String {
    let mut out = String::new();
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        let is_placeholder = c == '?' && chars.peek().is_some_and(char::is_ascii_digit);
        out.push(if is_placeholder { '$' } else { c });
    }
    out
}

fn has(sql: &str, n: usize) -> bool {
    let wanted = format!("${n}");
    sql.match_indices(&wanted).any(|(at, found)| {
        let next = sql[at + found.len()..].chars().next();
        next.is_none_or(|c| !c.is_ascii_digit())
    })
}

/// A long list of placeholders says no more than a short one.
fn shortened(statement: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in statement.split(' ') {
        let is_placeholder = |w: &str| w.trim_matches(['(', ')', ',']).starts_with('?');
        let in_list = words
            .iter()
            .rev()
            .take_while(|w| is_placeholder(w) || **w == "…")
            .count();
        match (is_placeholder(word), in_list) {
            (true, 6) => words.push("…"),
            (true, 7..) => {}
            _ => words.push(word),
        }
    }
    words.join(" ")
}

impl Explained {
    /// The line of the plan that reads a table that grows from its one end to its other.
    pub(crate) fn reads_whole(&self, dialect: Dialect) -> Option<String> {
        let lines: Vec<&str> = self.plan.lines().collect();
        let found = (0..lines.len()).find(|at| match dialect {
            Dialect::Sqlite => sqlite_scans(&self.statement, lines[*at]),
            Dialect::Postgres => postgres_scans(&self.statement, &lines[*at..]),
        });
        found.map(|at| lines[at].trim().to_owned())
    }
}

/// `SCAN s`: of what `s` stands for in the statement.
fn sqlite_scans(statement: &str, line: &str) -> bool {
    let line = line.trim();
    let Some(rest) = line.strip_prefix("SCAN ").or_else(|| {
        let of_owner = line.strip_suffix(" (owner_id=?)");
        of_owner
            .filter(|l| passes_by(statement, l))?
            .strip_prefix("SEARCH ")
    }) else {
        return false;
    };
    let name = rest.split(' ').next().unwrap_or_default();
    let grows = GROW.iter().any(|table| {
        let said = [format!("{table} {name} "), format!("{table} AS {name} ")];
        *table == name || said.iter().any(|s| format!("{statement} ").contains(s.as_str()))
    });
    let queue = QUEUES.iter().any(|q| rest.ends_with(&format!("INDEX {q}")));
    grows && !queue
}

/// Bound by the owner alone: the page of a list, or rows of an owner that are looked through for a few.
fn passes_by(statement: &str, index: &str) -> bool {
    let is_page = PAGES.iter().any(|p| index.ends_with(p));
    !is_page || FEW.iter().any(|key| statement.contains(key))
}

/// A node that reads a table, or an index of it, without a condition.
fn postgres_scans(statement: &str, lines: &[&str]) -> bool {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let Some((node, below)) = lines.split_first() else {
        return false;
    };
    let text = node.trim().trim_start_matches("-> ").trim_start();
    let Some((kind, table)) = text.split_once(" on ") else {
        return false;
    };
    let table = table.split(' ').next().unwrap_or_default();
    if kind == "Seq Scan" {
        return GROW.contains(&table);
    }
    let Some((_, index)) = kind.split_once(" using ") else {
        return false;
    };
    // Its own lines are those up to the next node.
    let own = below
        .iter()
        .take_while(|l| depth(l) > depth(node) && !l.trim().starts_with("->"));
    let bound = own.clone().find_map(|l| l.trim().strip_prefix("Index Cond: "));
    let whole = match bound {
        None => !QUEUES.contains(&index),
        Some(by) => by.starts_with("(owner_id = ") && !by.contains(" AND ") && passes_by(statement, index),
    };
    GROW.contains(&table) && whole
}
