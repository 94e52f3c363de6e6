//! The two databases a ledger may be in. A test runs on PostgreSQL when it runs inside [`on_postgres`]; everything else
//! about it is the same.

use std::path::Path;
use std::sync::Arc;

use windlass_core::error::Failure;
use windlass_server::clock::World;
use windlass_server::db::Db;
use windlass_server::embedded::{Embedded, EmbeddedConfig, start_on, start_with};
use windlass_testkit::postgres::{Database, Postgres};

tokio::task_local! {
    static ON_POSTGRES: ();
}

/// Connections of a control plane; more than one, so that its transactions meet.
const CONNECTIONS: usize = 4;

/// Runs a test with its ledgers in PostgreSQL.
pub(crate) async fn on_postgres<F: Future>(test: F) -> F::Output {
    ON_POSTGRES.scope((), test).await
}

/// Where a ledger is kept.
#[derive(Clone)]
pub(crate) enum Keep {
    Sqlite,
    Postgres(Arc<Database>),
}

impl Keep {
    /// A fresh one, of the kind that the test runs on.
    pub(crate) async fn fresh() -> Self {
        if ON_POSTGRES.try_with(|()| ()).is_err() {
            return Self::Sqlite;
        }
        let database = tokio::task::spawn_blocking(|| {
            let server = Postgres::shared().expect("PostgreSQL");
            server.database().expect("a database")
        });
        Self::Postgres(Arc::new(database.await.expect("made")))
    }

    /// Opens the ledger of a home, beside whoever has it open.
    pub(crate) async fn open(&self, home: &Path) -> Result<Db, Failure> {
        let (keep, file) = (self.clone(), home.join("data/ledger.sqlite"));
        let open = move || match keep {
            Self::Sqlite => Db::open_sqlite(&file),
            Self::Postgres(database) => Db::open_postgres(database.url(), CONNECTIONS),
        };
        tokio::task::spawn_blocking(open).await.expect("opened")
    }

    /// Starts a control plane on the ledger of a home.
    pub(crate) async fn start(&self, home: &Path, world: Arc<dyn World>) -> Result<Embedded, Failure> {
        let config = EmbeddedConfig {
            home: home.join("data"),
        };
        match self {
            Self::Sqlite => start_with(config, world).await,
            Self::Postgres(_) => start_on(config, self.open(home).await?, world).await,
        }
    }
}

/// Makes a test of each function, on both databases.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name().await; })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
                crate::databases::on_postgres(super::$name()).await;
            })+
        }
    };
}
pub(crate) use both;
