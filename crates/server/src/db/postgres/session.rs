//! One connection: its transactions, its prepared statements, its migrations.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use postgres::types::ToSql;
use postgres::{Client, SimpleQueryMessage, Statement};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;

use super::clock::{self, Clock};
use super::connect::Server;
use crate::db::sql::dollars;
use crate::db::{Dialect, Row, STATEMENTS, Tx, Value, error, migrate};

/// A closure runs again at most so often.
const AGAIN: u32 = 5;
/// Prepared statements of a connection; at more all are let go.
const PREPARED: usize = 512;
/// The lock of migrations; two numbers, so that it is no owner's.
const MIGRATING: &str = "SELECT pg_advisory_xact_lock(1464093767, 1)";

/// Tables that are several times as large as when the database last looked at them, or that it has never looked at.
const GROWN: &str = "SELECT quote_ident(relname)::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
      AND pg_relation_size(oid) > 4 * 8192 * GREATEST(relpages, 1)::bigint";

/// A connection that is opened when it is needed.
pub(super) struct Session {
    server: Arc<Server>,
    clock: Arc<Clock>,
    open: Option<Connection>,
}

struct Connection {
    client: Client,
    prepared: HashMap<String, Statement>,
}

/// How a transaction ended.
enum Ended<T> {
    Done(Result<T, Failure>),
    /// Nothing was written; it may run again.
    Again(Failure),
}

impl Session {
    pub(super) fn new(server: Arc<Server>, clock: Arc<Clock>) -> Self {
        Self {
            server,
            clock,
            open: None,
        }
    }

    /// Runs a closure in a transaction, again where the database asks for that.
    pub(super) fn transaction<T>(
        &mut self,
        begin: &str,
        f: &mut dyn FnMut(&mut dyn Tx) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut wait = Duration::from_millis(2);
        let mut last = None;
        for _ in 0..=AGAIN {
            match self.once(begin, f) {
                Ended::Done(result) => return result,
                Ended::Again(failure) => last = Some(failure),
            }
            thread::sleep(wait);
            wait *= 3;
        }
        let detail = last.map(|f| f.detail).unwrap_or_default();
        Err(Failure::new(ErrorCode::Overloaded, detail))
    }

    fn once<T>(&mut self, begin: &str, f: &mut dyn FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Ended<T> {
        let mut connection = match self.begin(begin) {
            Ok(connection) => connection,
            Err(failure) => return Ended::Done(Err(failure)),
        };
        let mut tx = PostgresTx {
            connection: &mut connection,
            broken: None,
        };
        let result = f(&mut tx);
        let broken = tx.broken.take();
        let (ended, command) = match (broken, result) {
            (Some((failure, true)), _) => (Ended::Again(failure), "ROLLBACK"),
            (Some((failure, false)), _) | (None, Err(failure)) => (Ended::Done(Err(failure)), "ROLLBACK"),
            (None, Ok(value)) => (Ended::Done(Ok(value)), "COMMIT"),
        };
        match connection.client.batch_execute(command) {
            Ok(()) => {
                self.open = Some(connection);
                ended
            }
            // A connection that can't even roll back is let go, and its transaction with it.
            Err(_) if command == "ROLLBACK" => ended,
            Err(e) if e.as_db_error().is_some() => {
                self.open = Some(connection);
                let failure = error::postgres(&e);
                if error::is_again(&e) {
                    Ended::Again(failure)
                } else {
                    Ended::Done(Err(failure))
                }
            }
            Err(e) => {
                let detail = format!("the answer to a commit was lost: {}", error::chain(&e));
                Ended::Done(Err(Failure::new(ErrorCode::DatabaseDown, detail)))
            }
        }
    }

    /// A connection with an open transaction. One that broke while nobody used it is opened again, once.
    fn begin(&mut self, begin: &str) -> Result<Connection, Failure> {
        if let Some(mut old) = self.open.take() {
            match run(&mut old.client, begin, &self.clock) {
                Ok(()) => return Ok(old),
                Err(e) if old.client.is_closed() || e.as_db_error().is_none() => {
                    tracing::info!(error = %error::chain(&e), "the connection to the database is opened again");
                }
                Err(e) => {
                    // Waiting for a lock took too long; what was begun is given up with the connection.
                    return Err(error::postgres(&e));
                }
            }
        }
        let mut client = self.server.connect()?;
        run(&mut client, begin, &self.clock).map_err(|e| error::postgres(&e))?;
        Ok(Connection {
            client,
            prepared: HashMap::new(),
        })
    }

    /// How many migrations the database has, without touching it.
    pub(super) fn version(&mut self) -> Result<usize, Failure> {
        let mut connection = self.begin("BEGIN READ ONLY")?;
        version(&mut connection)
    }

    /// Lets the database look at tables that have grown. By itself it does so each minute at best; until then it takes
    /// them for empty, and the first who upload much would wait for it.
    pub(super) fn learn(&mut self) {
        let done = self.begin("SELECT 1").and_then(|mut connection| {
            let mut tx = PostgresTx {
                connection: &mut connection,
                broken: None,
            };
            for row in tx.query(GROWN, &[])? {
                let table: String = row.get(0)?;
                let client = &mut connection.client;
                client
                    .batch_execute(&format!("ANALYZE {table}"))
                    .map_err(|e| error::postgres(&e))?;
            }
            self.open = Some(connection);
            Ok(())
        });
        if let Err(e) = done {
            tracing::debug!(error = %e, "the database could not look at its tables");
        }
    }

    /// Brings the database to the newest version. Replicas that start together do it one after another.
    pub(super) fn migrate(&mut self) -> Result<(), Failure> {
        let mut connection =
            self.begin("BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")?;
        let run = |connection: &mut Connection, sql: &str| {
            connection
                .client
                .batch_execute(sql)
                .map_err(|e| error::postgres(&e))
        };
        run(&mut connection, MIGRATING)?;
        let missing = migrate::missing(migrate::POSTGRES, version(&mut connection)?)?;
        let first = migrate::POSTGRES.len() - missing.len() + 1;
        for (n, migration) in (first..).zip(missing) {
            run(&mut connection, migration)?;
            run(
                &mut connection,
                &format!(
                    "CREATE TABLE IF NOT EXISTS schema_version
                       (version bigint PRIMARY KEY, applied_at bigint NOT NULL);
                     INSERT INTO schema_version VALUES ({n}, (extract(epoch FROM now()) * 1000)::bigint)"
                ),
            )?;
        }
        let mut tx = PostgresTx {
            connection: &mut connection,
            broken: None,
        };
        if !missing.is_empty() {
            migrate::fill_states(&mut tx)?;
        }
        migrate::compare_states(&mut tx)?;
        migrate::go_on_behind(&mut tx)?;
        // Whatever fails above drops the connection, and its transaction with it.
        run(&mut connection, "COMMIT")?;
        self.open = Some(connection);
        Ok(())
    }
}

/// Runs what begins a transaction, and reads the clock with it where that is due.
fn run(client: &mut Client, begin: &str, clock: &Clock) -> Result<(), postgres::Error> {
    if !clock.is_stale() {
        return client.batch_execute(begin);
    }
    let answers = client.simple_query(&format!("{begin}; {}", clock::READ))?;
    let row = answers.iter().rev().find_map(|m| match m {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    if let Some(now) = row.and_then(|text| text.parse().ok()) {
        clock.shows(Timestamp::from_millis(now));
    }
    Ok(())
}

/// How many migrations the database has.
fn version(connection: &mut Connection) -> Result<usize, Failure> {
    let mut tx = PostgresTx {
        connection,
        broken: None,
    };
    if tx
        .query_one("SELECT to_regclass('schema_version')::text", &[])?
        .is_null(0)
    {
        return Ok(0);
    }
    tx.query_one("SELECT COALESCE(MAX(version), 0) FROM schema_version", &[])?
        .get(0)
}

struct PostgresTx<'a> {
    connection: &'a mut Connection,
    /// The first error, and whether the transaction may run again.
    broken: Option<(Failure, bool)>,
}

impl PostgresTx<'_> {
    fn attempt<T>(
        &mut self,
        sql: &str,
        params: &[Value],
        f: impl FnOnce(&mut Client, &Statement, &[&(dyn ToSql + Sync)]) -> Result<T, postgres::Error>,
    ) -> Result<T, Failure> {
        tracing::trace!(target: STATEMENTS, sql);
        if let Some((failure, _)) = &self.broken {
            return Err(failure.clone());
        }
        let params: Vec<_> = params.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
        let connection = &mut *self.connection;
        let result = connection
            .statement(sql)
            .and_then(|statement| f(&mut connection.client, &statement, &params));
        result.map_err(|e| {
            let failure = error::postgres(&e);
            self.broken = Some((failure.clone(), error::is_again(&e)));
            failure
        })
    }
}

impl Connection {
    fn statement(&mut self, sql: &str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&dollars(sql))?;
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Tx for PostgresTx<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Failure> {
        self.attempt(sql, params, |client, statement, params| {
            client.execute(statement, params)
        })
    }

    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
        self.attempt(sql, params, |client, statement, params| {
            let rows = client.query(statement, params)?;
            rows.iter()
                .map(|row| {
                    (0..row.len())
                        .map(|at| row.try_get(at))
                        .collect::<Result<_, _>>()
                        .map(Row::new)
                })
                .collect()
        })
    }
}
