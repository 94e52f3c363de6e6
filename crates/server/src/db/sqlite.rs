//! SQLite: one file, one writer thread, a few readers.
//!
//! Born when it is first opened (mode 0600, migrated to the newest version); ended by `close`. What was answered was
//! committed with `synchronous=FULL`, so it survives kill -9 and a power cut. It is never on a share: the data folder is
//! on this computer. A file of a newer program is refused without a byte being written (I15).

mod open;
mod readers;
mod writer;

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use windlass_core::error::Failure;

use super::error::sqlite as sql;
use super::{Dialect, Row, STATEMENTS, Tx, Value};

pub(super) use open::version_of;

/// A database in a file.
pub(super) struct Sqlite {
    writer: writer::Writer,
    readers: readers::Readers,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let conn = open::open(path)?;
        Ok(Self {
            writer: writer::Writer::start(conn, path.to_owned())?,
            readers: readers::Readers::new(path.to_owned()),
        })
    }

    pub(super) async fn write<T, F>(&self, mut f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<T, Failure> + Send + 'static,
    {
        self.writer.write(move |conn| run(conn, &mut f)).await
    }

    pub(super) async fn read<T, F>(&self, mut f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<T, Failure> + Send + 'static,
    {
        self.readers.read(move |conn| run(conn, &mut f)).await
    }

    pub(super) async fn close(&self) -> Result<(), Failure> {
        let closed = self.writer.close().await;
        self.readers.close().await;
        closed
    }
}

/// Runs a closure on a connection whose transaction is open.
fn run<T>(conn: &Connection, f: &mut dyn FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut tx = SqliteTx { conn, broken: None };
    let result = f(&mut tx);
    // As on PostgreSQL: after a statement that failed nothing of the transaction counts.
    match tx.broken {
        Some(failure) => Err(failure),
        None => result,
    }
}

struct SqliteTx<'a> {
    conn: &'a Connection,
    broken: Option<Failure>,
}

impl SqliteTx<'_> {
    fn attempt<T>(&mut self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        f(self.conn).map_err(|e| {
            let failure = sql(e);
            self.broken = Some(failure.clone());
            failure
        })
    }
}

impl Tx for SqliteTx<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Failure> {
        tracing::trace!(target: STATEMENTS, sql);
        self.attempt(|conn| {
            let mut statement = conn.prepare_cached(sql)?;
            statement.execute(params_from_iter(params)).map(|n| n as u64)
        })
    }

    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
        tracing::trace!(target: STATEMENTS, sql);
        self.attempt(|conn| {
            let mut statement = conn.prepare_cached(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query(params_from_iter(params))?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..columns)
                    .map(|at| value(row.get_ref(at)?, at))
                    .collect::<rusqlite::Result<_>>()?;
                out.push(Row::new(values));
            }
            Ok(out)
        })
    }
}

fn value(value: ValueRef<'_>, at: usize) -> rusqlite::Result<Value> {
    let wrong =
        |why: &str| rusqlite::Error::FromSqlConversionFailure(at, value.data_type(), why.to_owned().into());
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(_) => return Err(wrong("a ledger has no fractions")),
        ValueRef::Text(text) => Value::Text(
            std::str::from_utf8(text)
                .map_err(|_| wrong("text that is no UTF-8"))?
                .to_owned(),
        ),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
