//! PostgreSQL as the testkit starts it.

use windlass_testkit::postgres::{Durability, Postgres};

#[test]
fn each_test_has_a_database_of_its_own() {
    let server = Postgres::shared().unwrap();
    let (one, two) = (server.database().unwrap(), server.database().unwrap());
    assert_ne!(one.url(), two.url());
    let name = |url: &str| {
        let end = url.rsplit('/').next().unwrap_or_default();
        end.split('?').next().unwrap_or_default().to_owned()
    };
    server.sql(&name(one.url()), "CREATE TABLE mine (a int)").unwrap();
    assert!(server.sql(&name(two.url()), "SELECT * FROM mine").is_err());
}

#[test]
fn what_was_committed_is_there_after_a_crash() {
    let mut server = Postgres::start(Durability::Safe).unwrap();
    assert_eq!(server.sql("postgres", "SHOW fsync").unwrap(), "on");
    server
        .sql(
            "postgres",
            "CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)",
        )
        .unwrap();
    server.crash();
    assert!(server.sql("postgres", "SELECT a FROM kept").is_err());
    server.start_again().unwrap();
    assert_eq!(server.sql("postgres", "SELECT a FROM kept").unwrap(), "7");
}
