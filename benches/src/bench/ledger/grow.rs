//! Growing a ledger: the rows of a first thousand sessions, which the product wrote, again and again under other ids.
//!
//! Triggers and foreign keys are passed by meanwhile; what they ask for holds of the copies as it does of what was copied.

use anyhow::{Context as _, Result};
use windlass_core::error::Failure;
use windlass_server::db::{Db, Dialect, Tx};
use windlass_server::params;

/// Sessions of the template.
pub(super) const TEMPLATE: u64 = 1_000;
/// Copies of one transaction.
const TOGETHER: u64 = 20;

/// How a column becomes another one's.
#[derive(Clone, Copy)]
enum Other {
    Id,
    Hash,
    Text,
    /// Always this.
    Is(&'static str),
}

/// Tables in the order in which they refer to each other, with the columns that change.
const TABLES: &[(&str, &[(&str, Other)])] = &[
    ("upload_group", &[("id", Other::Id)]),
    (
        "stored_object",
        &[
            ("id", Other::Id),
            ("session_id", Other::Id),
            ("object_key", Other::Text),
            ("key_form", Other::Text),
            ("sha256", Other::Hash),
        ],
    ),
    (
        "upload_session",
        &[
            ("id", Other::Id),
            ("group_id", Other::Id),
            ("object_id", Other::Id),
            ("sha256", Other::Hash),
        ],
    ),
    (
        "processing_job",
        &[
            ("id", Other::Id),
            ("session_id", Other::Id),
            ("state", Other::Is("'completed'")),
            ("attempts", Other::Is("1")),
            ("finished_at", Other::Is("t.created_at")),
            ("started_at", Other::Is("t.created_at")),
        ],
    ),
    ("outbox_entry", &[("subject_id", Other::Id)]),
];

/// Filled in by the database.
const OWN: [&str; 2] = ["seq", "txid"];

/// How far a ledger is.
#[derive(Debug, Default)]
pub(super) struct Grown {
    /// Copies, the template not counted.
    copies: u64,
    has_template: bool,
}

impl Grown {
    /// Grows to so many sessions. The first call takes what is there for the template.
    pub(super) async fn to(&mut self, db: &Db, sessions: u64) -> Result<()> {
        if !self.has_template {
            db.write(None, |tx| {
                TABLES.iter().try_for_each(|(table, _)| {
                    let sql = format!("CREATE TABLE bench_{table} AS SELECT * FROM {table}");
                    tx.execute(&sql, params![]).map(drop)
                })
            })
            .await
            .context("the template")?;
            self.has_template = true;
        }
        let wanted = (sessions / TEMPLATE).saturating_sub(1);
        while self.copies < wanted {
            let (from, to) = (self.copies + 1, wanted.min(self.copies + TOGETHER));
            db.write(None, move |tx| copy(tx, from, to))
                .await
                .context("growing")?;
            self.copies = to;
        }
        // As PostgreSQL does by itself now and then; SQLite plans by its indexes alone.
        if db.dialect() == Dialect::Postgres {
            db.write(None, |tx| tx.execute("ANALYZE", params![]).map(drop))
                .await?;
        }
        Ok(())
    }
}

fn copy(tx: &mut dyn Tx, from: u64, to: u64) -> Result<(), Failure> {
    let triggers = loosen(tx)?;
    let numbers: Vec<String> = (from..=to).map(|k| format!("({k})")).collect();
    for (table, changed) in TABLES {
        let columns = columns(tx, table)?;
        let values: Vec<String> = columns
            .iter()
            .map(|c| match changed.iter().find(|(name, _)| name == c) {
                Some((_, other)) => other.sql(tx.dialect(), c),
                None => format!("t.{c}"),
            })
            .collect();
        let sql = format!(
            "WITH n(k) AS (VALUES {}) INSERT INTO {table} ({}) SELECT {} FROM n CROSS JOIN bench_{table} t",
            numbers.join(", "),
            columns.join(", "),
            values.join(", ")
        );
        tx.execute(&sql, params![])?;
    }
    triggers
        .iter()
        .try_for_each(|sql| tx.execute(sql, params![]).map(drop))
}

impl Other {
    /// The copy's number stands in front, so that copies lie one after the other, as new rows do.
    fn sql(self, dialect: Dialect, column: &str) -> String {
        let c = format!("t.{column}");
        match (self, dialect) {
            (Self::Is(value), _) => value.to_owned(),
            (Self::Text, _) => format!("{c} || '.' || n.k"),
            (Self::Id, Dialect::Postgres) => {
                format!("(lpad(to_hex(n.k), 8, '0') || substr(replace({c}::text, '-', ''), 9))::uuid")
            }
            (Self::Id | Self::Hash, Dialect::Sqlite) => {
                format!("CAST(printf('%08x', n.k) || substr({c}, 9) AS BLOB)")
            }
            (Self::Hash, Dialect::Postgres) => {
                format!("decode(lpad(to_hex(n.k), 8, '0'), 'hex') || substr({c}, 5)")
            }
        }
    }
}

/// Lets triggers and keys rest until the end of the transaction. Answers what makes them again.
fn loosen(tx: &mut dyn Tx) -> Result<Vec<String>, Failure> {
    match tx.dialect() {
        Dialect::Postgres => {
            tx.execute("SET LOCAL session_replication_role = replica", params![])?;
            tx.execute("SET LOCAL statement_timeout = 0", params![])?;
            Ok(Vec::new())
        }
        Dialect::Sqlite => {
            tx.execute("PRAGMA defer_foreign_keys = ON", params![])?;
            let rows = tx.query(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
                params![],
            )?;
            let mut again = Vec::with_capacity(rows.len());
            for row in &rows {
                let (name, sql): (String, String) = (row.get(0)?, row.get(1)?);
                tx.execute(&format!("DROP TRIGGER {name}"), params![])?;
                again.push(sql);
            }
            Ok(again)
        }
    }
}

fn columns(tx: &mut dyn Tx, table: &str) -> Result<Vec<String>, Failure> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT name FROM pragma_table_info(?1)",
        Dialect::Postgres => {
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema()
               AND table_name = ?1 ORDER BY ordinal_position"
        }
    };
    let rows = tx.query(sql, params![table])?;
    let names = rows.iter().map(|r| r.get::<String>(0));
    names
        .filter(|n| !matches!(n, Ok(n) if OWN.contains(&n.as_str())))
        .collect()
}
