//! The layer below the ledger: what both databases promise alike, and what PostgreSQL does when it is lost and found.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_core::time::Timestamp;
use windlass_server::db::{Db, Dialect, Kind, Tx, Value, is_unique, params, refused_word, values_list};
use windlass_server::db::{rows_list, skip_locked};
use windlass_testkit::postgres::{Durability, Postgres};

use crate::databases::Keep;
use crate::support::raw_id;

async fn fresh() -> (Db, TempDir, Keep) {
    let home = TempDir::new().expect("a home");
    std::fs::create_dir(home.path().join("data")).expect("made");
    let keep = Keep::fresh().await;
    let db = keep.open(home.path()).await.expect("opened");
    (db, home, keep)
}

fn owner() -> OwnerId {
    OwnerId::new(Timestamp::from_millis(1), raw_id())
}

fn add_owner(tx: &mut dyn Tx, id: OwnerId) -> Result<u64, Failure> {
    tx.execute(
        "INSERT INTO owner (id, kind, created_at) VALUES (?1, 'user', ?2)",
        params![id, Timestamp::from_millis(7)],
    )
}

async fn owners(db: &Db) -> i64 {
    let count = "SELECT COUNT(*) FROM owner WHERE kind = 'user'";
    db.read(move |tx| tx.query_one(count, params![])?.get(0))
        .await
        .expect("counted")
}

async fn values_come_back_as_they_went() {
    let (db, _home, _keep) = fresh().await;
    let id = owner();
    let read = db
        .write(None, move |tx| {
            add_owner(tx, id)?;
            add_owner(tx, owner())?;
            tx.query_one(
                "SELECT id, kind, created_at, email, kind = 'user', created_at + 1 > ?2 FROM owner WHERE id = ?1",
                params![id, 8],
            )
        })
        .await
        .expect("written");
    assert_eq!(read.get::<OwnerId>(0), Ok(id));
    assert_eq!(read.get::<String>(1).as_deref(), Ok("user"));
    assert_eq!(read.get::<Timestamp>(2), Ok(Timestamp::from_millis(7)));
    assert_eq!(read.get::<Option<String>>(3), Ok(None));
    assert_eq!(read.get::<bool>(4), Ok(true));
    assert_eq!(read.get::<bool>(5), Ok(false));
    assert_eq!(read.get::<i64>(1).map_err(|e| e.code), Err(ErrorCode::Internal));
    let sum = "SELECT SUM(created_at), MAX(created_at) FROM owner WHERE kind = 'user'";
    let sum = db
        .read(move |tx| tx.query_one(sum, params![]))
        .await
        .expect("read");
    assert_eq!(
        (sum.get(0), sum.get(1)),
        (Ok(14_i64), Ok(7_i64)),
        "a sum is a number too"
    );
}

async fn many_rows_go_in_and_are_joined_in_one_statement() {
    let (db, _home, _keep) = fresh().await;
    let ids: Vec<OwnerId> = (0..100).map(|_| owner()).collect();
    let found = db
        .write(None, move |tx| {
            let values: Vec<Value> = ids
                .iter()
                .flat_map(|id| [(*id).into(), "user".into(), 1.into()])
                .collect();
            let insert = rows_list(1, 100, 3);
            tx.execute(
                &format!("INSERT INTO owner (id, kind, created_at) VALUES {insert}"),
                &values,
            )?;
            let values: Vec<Value> = (0..)
                .zip(&ids)
                .flat_map(|(n, id)| [(*id).into(), Value::from(n)])
                .collect();
            let list = values_list(tx.dialect(), 1, 100, &[Kind::Id, Kind::Int]);
            tx.execute(
                &format!(
                    "WITH v(id, n) AS ({list}) UPDATE owner AS o SET created_at = v.n FROM v WHERE o.id = v.id"
                ),
                &values,
            )?;
            let locked = skip_locked(tx.dialect());
            tx.query(
                &format!("SELECT id, created_at FROM owner WHERE kind = 'user' ORDER BY created_at{locked}"),
                params![],
            )
            .map(|rows| (rows, ids.clone()))
        })
        .await
        .expect("written");
    for ((n, row), id) in (0_i64..).zip(found.0).zip(found.1) {
        assert_eq!((row.get(0), row.get(1)), (Ok(id), Ok(n)));
    }
}

async fn a_statement_that_failed_ends_its_transaction() {
    let (db, _home, _keep) = fresh().await;
    let (id, other) = (owner(), owner());
    let twice = db
        .write(None, move |tx| {
            add_owner(tx, other)?;
            add_owner(tx, id)?;
            // Whatever is made of the refusal, nothing of this counts.
            assert!(add_owner(tx, id).is_err());
            assert!(add_owner(tx, owner()).is_err());
            Ok(())
        })
        .await;
    let failure = twice.expect_err("refused");
    assert!(is_unique(&failure), "{failure:?}");
    assert_eq!(failure.code, ErrorCode::StateConflict);
    assert_eq!(refused_word(&failure), None);
    assert_eq!(owners(&db).await, 0);
    db.write(None, move |tx| add_owner(tx, id))
        .await
        .expect("goes on");
    let gone = db
        .write(None, |tx| tx.execute("DELETE FROM owner", params![]))
        .await;
    let failure = gone.expect_err("kept");
    assert_eq!(refused_word(&failure), Some("kept"), "{failure:?}");
    assert!(!is_unique(&failure));
    assert_eq!(owners(&db).await, 1);
}

async fn what_a_closure_refuses_was_not_written_and_reads_write_nothing() {
    let (db, _home, _keep) = fresh().await;
    let refused: Result<(), _> = db
        .write(None, |tx| {
            add_owner(tx, owner())?;
            Err(Failure::new(ErrorCode::QuotaExceeded, "no"))
        })
        .await;
    assert_eq!(refused.map_err(|e| e.code), Err(ErrorCode::QuotaExceeded));
    let read = db.read(|tx| add_owner(tx, owner())).await;
    assert!(read.is_err());
    assert_eq!(owners(&db).await, 0);
}

// I7: what is read and then written by one owner is not overtaken.
async fn all_writes_of_one_owner_are_one_after_another() {
    let (db, _home, _keep) = fresh().await;
    let (mine, theirs) = (owner(), owner());
    let add = move |tx: &mut dyn Tx| add_owner(tx, mine).and_then(|_| add_owner(tx, theirs));
    db.write(None, add).await.expect("written");
    let count = |whose: OwnerId| {
        let db = db.clone();
        async move {
            let step = move |tx: &mut dyn Tx| {
                let read = "SELECT created_at FROM owner WHERE id = ?1";
                let n: i64 = tx.query_one(read, params![whose])?.get(0)?;
                tx.execute(
                    "UPDATE owner SET created_at = ?2 WHERE id = ?1",
                    params![whose, n + 1],
                )
            };
            db.write(Some(whose), step).await.expect("written");
        }
    };
    futures::future::join_all((0..200).map(|n| count(if n % 2 == 0 { mine } else { theirs }))).await;
    let all = "SELECT created_at FROM owner WHERE kind = 'user'";
    for row in db.read(move |tx| tx.query(all, params![])).await.expect("read") {
        assert_eq!(row.get(0), Ok(107_i64));
    }
}

// M20: a transaction that met another one runs again, whole.
async fn transactions_that_stand_in_each_others_way_are_repeated() {
    let (db, _home, _keep) = fresh().await;
    let (a, b) = (owner(), owner());
    let add = move |tx: &mut dyn Tx| add_owner(tx, a).and_then(|_| add_owner(tx, b));
    db.write(None, add).await.expect("written");
    let crossing = |first: OwnerId, second: OwnerId| {
        let db = db.clone();
        async move {
            let step = move |tx: &mut dyn Tx| {
                let more = "UPDATE owner SET created_at = created_at + 1 WHERE id = ?1";
                tx.execute(more, params![first])?;
                if tx.dialect() == Dialect::Postgres {
                    tx.query("SELECT pg_sleep(0.05)", params![])?;
                }
                tx.execute(more, params![second])
            };
            db.write(None, step).await.expect("written in the end");
        }
    };
    tokio::join!(crossing(a, b), crossing(b, a));
    let all = "SELECT created_at FROM owner WHERE kind = 'user'";
    for row in db.read(move |tx| tx.query(all, params![])).await.expect("read") {
        assert_eq!(row.get(0), Ok(9_i64), "each once");
    }
}

async fn a_text_that_the_database_has_no_room_for_is_the_callers_fault() {
    let (db, _home, _keep) = fresh().await;
    let write = db
        .write(None, |tx| {
            tx.execute(
                "INSERT INTO owner (id, kind, name, created_at) VALUES (?1, 'user', ?2, 1)",
                params![owner(), "a\0b"],
            )
        })
        .await;
    match db.dialect() {
        Dialect::Sqlite => assert_eq!(write, Ok(1)),
        Dialect::Postgres => assert_eq!(write.map_err(|e| e.code), Err(ErrorCode::InvalidField)),
    }
}

async fn after_close_nothing_is_taken() {
    let (db, _home, _keep) = fresh().await;
    let late = db.clone();
    db.close().await.expect("closed");
    let refused = late.write(None, |tx| add_owner(tx, owner())).await;
    assert_eq!(refused.map_err(|e| e.code), Err(ErrorCode::ShuttingDown));
}

crate::databases::both! {
    values_come_back_as_they_went,
    many_rows_go_in_and_are_joined_in_one_statement,
    a_statement_that_failed_ends_its_transaction,
    what_a_closure_refuses_was_not_written_and_reads_write_nothing,
    all_writes_of_one_owner_are_one_after_another,
    transactions_that_stand_in_each_others_way_are_repeated,
    a_text_that_the_database_has_no_room_for_is_the_callers_fault,
    after_close_nothing_is_taken,
}

async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(f).await.expect("done")
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_on_postgres_migrate_once() {
    let database = blocking(|| {
        Postgres::shared()
            .expect("PostgreSQL")
            .database()
            .expect("a database")
    })
    .await;
    let database = Arc::new(database);
    let replicas = (0..4).map(|_| {
        let database = Arc::clone(&database);
        blocking(move || Db::open_postgres(database.url(), 1))
    });
    for replica in futures::future::join_all(replicas).await {
        let replica = replica.expect("opened");
        assert_eq!(owners(&replica).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_was_lost_is_told_and_found_again() {
    let mut server = blocking(|| Postgres::start(Durability::Safe).expect("PostgreSQL")).await;
    let url = {
        let name = "CREATE DATABASE lost";
        server.sql("postgres", name).expect("made");
        server.url("lost")
    };
    let db = blocking(move || Db::open_postgres(&url, 2))
        .await
        .expect("opened");
    let written = owner();
    db.write(Some(written), move |tx| add_owner(tx, written))
        .await
        .expect("written");
    let mut server = blocking(move || {
        server.crash();
        server
    })
    .await;
    for _ in 0..3 {
        let late = db.write(None, |tx| add_owner(tx, owner())).await;
        assert_eq!(late.map_err(|e| e.code), Err(ErrorCode::DatabaseDown));
    }
    let _server = blocking(move || {
        server.start_again().expect("again");
        server
    })
    .await;
    assert_eq!(owners(&db).await, 1, "what was answered is there");
    db.write(None, |tx| add_owner(tx, owner()))
        .await
        .expect("goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_none_is_refused_without_being_quoted() {
    for url in [
        "windlass:hunter2@db/windlass",
        "postgres://u:hunter2@h/db?sslmode=maybe",
    ] {
        let refused = blocking(move || Db::open_postgres(url, 1))
            .await
            .err()
            .expect("refused");
        assert_eq!(refused.code, ErrorCode::InvalidField);
        assert!(!refused.detail.contains("hunter2"), "{refused:?}");
    }
    let began = std::time::Instant::now();
    let url = "postgres://u:hunter2@127.0.0.1:1/db";
    let refused = blocking(move || Db::open_postgres(url, 1))
        .await
        .err()
        .expect("refused");
    assert_eq!(refused.code, ErrorCode::DatabaseDown);
    assert!(!refused.detail.contains("hunter2"), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
}
