//! The database below the ledger: SQLite in a file, or PostgreSQL. What stands above is written once, for both.
//!
//! A write is a closure in one transaction, so no await and no network call fits into it, and it may run more than once:
//! it has no effect outside its transaction. All writes of one owner run one after another on both databases: on SQLite
//! because there is one writer, on PostgreSQL by a lock of the transaction. What was answered was committed. A statement
//! that failed ends its transaction on both, whatever the closure makes of it.
//!
//! The SQL is what both understand: placeholders are `?1`, `?2`; booleans are 0 and 1; JSON is text; ids and hashes are
//! bytes; times and counts are 64 bits. The little that differs comes from helpers that know the [`Dialect`].

mod error;
pub mod migrate;
mod postgres;
mod sql;
mod sqlite;
mod value;

use std::path::Path;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_core::time::Timestamp;

use crate::failure::internal;
pub use error::{is_unique, refused_word};
pub use sql::{Kind, list, rows_list, skip_locked, values_list};
pub use value::{FromValue, Row, Value};

/// Parameters of a statement: `params![id, now, "word"]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::db::Value::from($value)),*] as &[$crate::db::Value]
    };
}
pub use crate::params;

/// Where each statement tells its text in the log, on the lowest level. Values are never told.
pub const STATEMENTS: &str = "windlass_server::sql";

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A transaction that runs.
pub trait Tx {
    /// Which database it is.
    fn dialect(&self) -> Dialect;

    /// Runs a statement; answers how many rows it changed.
    ///
    /// # Errors
    /// As the database answers; the transaction can only be given up then.
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Failure>;

    /// Runs a query, or a statement with `RETURNING`.
    ///
    /// # Errors
    /// As the database answers; the transaction can only be given up then.
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Failure>;

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Tx::query`].
    fn query_opt(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, Failure> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// The row that is always there.
    ///
    /// # Errors
    /// As [`Tx::query`]; `internal` when there is none.
    fn query_one(&mut self, sql: &str, params: &[Value]) -> Result<Row, Failure> {
        self.query_opt(sql, params)?
            .ok_or_else(|| internal("a row that is always there is not there"))
    }

    /// True when there is a row.
    ///
    /// # Errors
    /// As [`Tx::query`].
    fn exists(&mut self, sql: &str, params: &[Value]) -> Result<bool, Failure> {
        Ok(!self.query(sql, params)?.is_empty())
    }
}

/// A database, migrated, with its states held against `core`'s. Clones share it.
#[derive(Clone)]
pub struct Db {
    kind: Arc<Opened>,
}

/// How far a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Migrations that it has; none when there is no database.
    pub has: Option<usize>,
    /// Migrations that this program knows.
    pub wants: usize,
}

impl Version {
    /// Of a file, without touching it. Blocks.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn of_sqlite(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            has: sqlite::version_of(path)?,
            wants: migrate::SQLITE.len(),
        })
    }

    /// Of a database by its URL, without touching it. Blocks.
    ///
    /// # Errors
    /// As [`Db::open_postgres`].
    pub fn of_postgres(url: &str) -> Result<Self, Failure> {
        Ok(Self {
            has: Some(postgres::version_of(url)?).filter(|n| *n > 0),
            wants: migrate::POSTGRES.len(),
        })
    }
}

enum Opened {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Pool),
}

impl Db {
    /// Opens or makes a database in a file, and brings it to the newest version. Blocks: call it before serving.
    ///
    /// # Errors
    /// `queue_newer` for a file of a newer program, of which no byte is written; `queue_damaged` when code and database do
    /// not agree on the states; `queue_read_only`, `queue_disk_full` and `internal` as the disk answers.
    pub fn open_sqlite(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            kind: Arc::new(Opened::Sqlite(sqlite::Sqlite::open(path)?)),
        })
    }

    /// Opens a database by its URL with so many connections, and brings it to the newest version. Any number of replicas
    /// may do that at once. Blocks: call it before serving.
    ///
    /// With `sslmode=disable` nothing is encrypted; with `prefer` (the default) and `require` a server that offers TLS
    /// must show a certificate that this computer trusts (`SSL_CERT_FILE` names others).
    ///
    /// # Errors
    /// `queue_newer` for a database of a newer program; `queue_damaged` when code and database do not agree on the states;
    /// `invalid_field` for a URL that is none; `database_down` when it does not answer.
    pub fn open_postgres(url: &str, connections: usize) -> Result<Self, Failure> {
        Ok(Self {
            kind: Arc::new(Opened::Postgres(postgres::Pool::open(url, connections)?)),
        })
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.kind.as_ref() {
            Opened::Sqlite(_) => Dialect::Sqlite,
            Opened::Postgres(_) => Dialect::Postgres,
        }
    }

    /// What the database's own clock shows, which all replicas share. SQLite has none: one program works on it at a time.
    #[must_use]
    pub fn clock(&self) -> Option<Timestamp> {
        match self.kind.as_ref() {
            Opened::Sqlite(_) => None,
            Opened::Postgres(pool) => pool.now(),
        }
    }

    /// Runs a closure in a transaction and answers after its commit. With an owner, after all earlier writes of that
    /// owner. The closure may run several times and has no effect outside.
    ///
    /// # Cancel safety
    /// Dropping the future does not stop a write that was handed over.
    ///
    /// # Errors
    /// What the closure answers; what the database answers. Nothing was written then, unless the code is `database_down`:
    /// the answer to a commit may have been lost, so whoever asks again asks in a way that may be repeated.
    pub async fn write<T, F>(&self, owner: Option<OwnerId>, f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<T, Failure> + Send + 'static,
    {
        match self.kind.as_ref() {
            Opened::Sqlite(db) => db.write(f).await,
            Opened::Postgres(pool) => pool.write(owner, f).await,
        }
    }

    /// Runs a closure on one snapshot that can't be written to. The closure may run several times.
    ///
    /// # Errors
    /// What the closure answers; what the database answers.
    pub async fn read<T, F>(&self, f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<T, Failure> + Send + 'static,
    {
        match self.kind.as_ref() {
            Opened::Sqlite(db) => db.read(f).await,
            Opened::Postgres(pool) => pool.read(f).await,
        }
    }

    /// Lets what was handed over end, and closes.
    ///
    /// # Errors
    /// Never at present; what was answered is safe in any case.
    pub async fn close(&self) -> Result<(), Failure> {
        match self.kind.as_ref() {
            Opened::Sqlite(db) => db.close().await,
            Opened::Postgres(pool) => pool.close().await,
        }
    }
}

/// Asked after [`Db::close`].
pub(crate) fn closed() -> Failure {
    Failure::new(ErrorCode::ShuttingDown, "the ledger is closed")
}
