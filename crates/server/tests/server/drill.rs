//! The restore drill: the ledger is an hour old, the storage is ahead of it. What was acknowledged is not lost, and nothing
//! that the ledger does not know is deleted (docs/server/backup.md).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_core::error::ErrorCode;
use windlass_core::states::SessionState;
use windlass_protocol::sessions::{Ids, InitAnswer, Query};

use windlass_testkit::postgres::{Durability, Postgres};

use crate::databases::Keep;
use crate::s3::kit;
use crate::support::{Kit, Sample, bytes};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

impl Kit {
    /// As the guide says it: SQLite's own copy of a ledger in use, or pg_dump.
    async fn back_up(&self, to: &Path) -> PathBuf {
        let file = to.join("backup");
        match &self.keep {
            Keep::Sqlite => {
                let copy = self
                    .ledger()
                    .execute("VACUUM INTO ?1", [file.to_str().expect("text")]);
                copy.expect("copied");
            }
            Keep::Postgres(database) => {
                let (database, file) = (Arc::clone(database), file.clone());
                let dump = move || database.dump(&file).expect("dumped");
                tokio::task::spawn_blocking(dump).await.expect("done");
            }
        }
        file
    }

    /// The server ends, the ledger is that of the back-up, and the server starts again.
    async fn restore(&mut self, from: &Path) {
        self.restore_in(from, false).await;
    }

    /// The same, in the cluster where it was or in another one.
    async fn restore_in(&mut self, from: &Path, another: bool) {
        drop(self.server.take().expect("running").shutdown().await);
        if let Keep::Postgres(database) = &self.keep {
            let (server, from) = (Arc::clone(database.server()), from.to_owned());
            let restore = move || {
                let server = match another {
                    true => Arc::new(Postgres::start(Durability::Fast).expect("a cluster")),
                    false => server,
                };
                server.restored(&from).expect("restored")
            };
            let restored = tokio::task::spawn_blocking(restore).await.expect("done");
            self.keep = Keep::Postgres(Arc::new(restored));
        } else {
            let ledger = self.home.path().join("data/ledger.sqlite");
            for beside in ["-wal", "-shm"] {
                let beside = PathBuf::from(format!("{}{beside}", ledger.display()));
                if beside.exists() {
                    std::fs::remove_file(beside).expect("removed");
                }
            }
            std::fs::copy(from, ledger).expect("copied");
        }
        let server = self.keep.start(self.home.path(), self.world.clone()).await;
        let server = server.expect("a server");
        self.client = windlass_protocol::ControlClient::new(server.endpoint()).expect("a client");
        self.server = Some(server);
    }

    /// What is stored, by key.
    async fn stored(&self) -> Vec<String> {
        let Some(bucket) = &self.bucket else {
            let entries = std::fs::read_dir(self.root().join("Trip")).expect("the group");
            let mut names: Vec<_> = entries
                .map(|e| format!("Trip/{}", e.expect("an entry").file_name().to_string_lossy()))
                .collect();
            names.sort();
            return names;
        };
        let (oracle, place) = (bucket.oracle().expect("an oracle"), self.key(""));
        let list = move || {
            oracle
                .objects(&place)
                .expect("objects")
                .into_iter()
                .map(|o| o.key)
                .collect()
        };
        tokio::task::spawn_blocking(list).await.expect("done")
    }

    async fn runs(&self) -> Vec<String> {
        let service = self.server.as_ref().expect("running").service().clone();
        let report = service.run_janitor(None, false).await.expect("a run");
        assert!(report.unseen.is_empty(), "{report:?}");
        let steps = report.steps.iter().map(|s| s.action.as_str().to_owned());
        steps.collect()
    }
}

// I15, M12, F143: in a bucket every object carries its token, so what was finished in the lost hour is known again.
async fn a_restored_ledger_and_a_bucket_that_is_ahead_come_together_again() {
    let (_, mut kit) = kit().await;
    let backups = tempfile::TempDir::new().expect("a folder");
    let old = Sample::new("old", bytes(1, 1_000));
    let deleted = Sample::new("deleted", bytes(2, 1_001));
    kit.upload(&old).await;
    kit.upload(&deleted).await;
    let [small, large, half] = [
        Sample::new("small", bytes(3, 1_002)),
        Sample::new("large", bytes(4, 250_001)).cut(100_000),
        Sample::new("half", bytes(5, 250_001)).cut(100_000),
    ];
    for file in [&small, &large, &half] {
        kit.init(file).await;
        kit.sign(file).await;
    }
    let backup = kit.back_up(backups.path()).await;

    // The hour that is lost: acknowledged uploads, a deletion, half an upload.
    for file in [&small, &large] {
        let parts = kit.send(file).await;
        crate::support::settled(kit.complete(file, parts).await);
    }
    let unknown = Sample::new("unknown", bytes(6, 1_003));
    kit.upload(&unknown).await;
    let begun = Sample::new("begun", bytes(7, 250_001)).cut(100_000);
    kit.init(&begun).await;
    kit.sign(&begun).await;
    kit.remove_object("deleted").await;
    let signed = kit.sign(&half).await;
    assert!(
        kit.put(&signed[0], half.bodies()[0].clone())
            .await
            .status()
            .is_success()
    );
    let before = kit.stored().await;
    kit.world.later(HOUR);

    kit.restore(&backup).await;
    assert_eq!(kit.state(&small).await, SessionState::Uploading);
    let service = kit.server.as_ref().expect("running").service().clone();
    service.sweep_quiet().await.expect("swept");
    assert_eq!(kit.runs().await, ["stray_seen"; 2]);
    // What the ledger knew of is settled again, also what was acknowledged in the lost hour.
    for file in [&old, &small, &large] {
        assert_eq!(kit.state(file).await, SessionState::Uploaded, "{}", file.path);
    }
    assert_eq!(kit.state(&half).await, SessionState::Uploading);
    let parts = kit.send(&half).await;
    crate::support::settled(kit.complete(&half, parts).await);
    // What was deleted behind its back is found when it is asked for.
    let verified = kit
        .client
        .verify(&Ids {
            ids: vec![old.id, deleted.id],
        })
        .await
        .expect("verified");
    assert!(verified[0].settled.is_some());
    let lost = verified[1].error.as_ref().map(|e| e.code.as_str());
    assert_eq!(lost, Some(ErrorCode::ObjectMissing.as_str()));
    // What it knows nothing of stays, for years, and its client brings it again beside it.
    let asked = Query {
        ids: vec![unknown.id],
        parts: false,
    };
    assert_eq!(
        kit.client.query(&asked).await.expect("an answer").unknown,
        [unknown.id]
    );
    let settled = kit.upload(&unknown).await;
    assert_eq!(settled.object_key, kit.key("unknown (2)"));
    kit.world.later(DAY);
    assert_eq!(kit.runs().await, ["stray_told"; 2]);
    kit.world.later(400 * DAY);
    assert_eq!(kit.runs().await, ["forget_parts"; 2]);
    assert_eq!(kit.runs().await, Vec::<String>::new());
    let after = kit.stored().await;
    assert!(
        before.iter().all(|key| after.contains(key)),
        "{before:?} {after:?}"
    );
    let (oracle, key) = (
        kit.bucket
            .as_ref()
            .expect("a bucket")
            .oracle()
            .expect("an oracle"),
        kit.key("begun"),
    );
    let uploads = move || {
        oracle
            .uploads()
            .expect("uploads")
            .iter()
            .filter(|u| u.key == key)
            .count()
    };
    assert_eq!(tokio::task::spawn_blocking(uploads).await.expect("done"), 1);
}

// I15, F143: files of a folder carry no token. What was finished in the lost hour stays where it is; its client brings it
// again beside it.
async fn a_restored_ledger_and_a_folder_that_is_ahead_lose_nothing() {
    let mut kit = Kit::folder().await;
    let backups = tempfile::TempDir::new().expect("a folder");
    let [old, open] = [
        Sample::new("old", bytes(1, 1_000)),
        Sample::new("open", bytes(2, 250_001)).cut(100_000),
    ];
    kit.upload(&old).await;
    kit.init(&open).await;
    kit.sign(&open).await;
    let backup = kit.back_up(backups.path()).await;
    let parts = kit.send(&open).await;
    crate::support::settled(kit.complete(&open, parts).await);
    let unknown = Sample::new("unknown", bytes(3, 1_003));
    kit.upload(&unknown).await;
    // Half a file that the ledger of the back-up knows nothing of.
    let lost = Sample::new("lost", bytes(4, 250_001)).cut(100_000);
    kit.init(&lost).await;
    let signed = kit.sign(&lost).await;
    assert!(
        kit.put(&signed[0], lost.bodies()[0].clone())
            .await
            .status()
            .is_success()
    );
    let before = kit.stored().await;
    kit.world.later(HOUR);

    kit.restore(&backup).await;
    let service = kit.server.as_ref().expect("running").service().clone();
    service.sweep_quiet().await.expect("swept");
    assert_eq!(kit.runs().await, ["stray_seen"]);
    assert_eq!(kit.state(&old).await, SessionState::Uploaded);
    assert_eq!(kit.state(&open).await, SessionState::Uploading);
    let parts = kit.send(&open).await;
    let settled = crate::support::settled(kit.complete(&open, parts).await);
    assert_eq!(settled.object_key, "Trip/open (2)");
    assert!(matches!(kit.init(&unknown).await, InitAnswer::Upload { .. }));
    let parts = kit.send(&unknown).await;
    let settled = crate::support::settled(kit.complete(&unknown, parts).await);
    assert_eq!(settled.object_key, "Trip/unknown (2)");
    kit.world.later(400 * DAY);
    assert_eq!(kit.runs().await, ["stray_told", "forget_parts"]);
    let after = kit.stored().await;
    assert!(
        before.iter().all(|key| after.contains(key)),
        "{before:?} {after:?}"
    );
    let work = std::fs::read_dir(kit.root().join(".windlass")).expect("the folder");
    let partials = work.filter(|e| {
        let name = e.as_ref().expect("an entry").file_name();
        name.to_string_lossy().ends_with(".partial")
    });
    assert_eq!(partials.count(), 1);
}

/// Transactions that other work in a cluster counts up.
const OTHERS: usize = 3_000;

// F129: whoever reads the log on from where it was, also from a place in the lost hour, is told of all that comes, wherever
// the ledger is restored and however its transactions are numbered there.
async fn f129_a_reader_of_a_restored_log_misses_nothing_that_comes() {
    for another in [false, true] {
        let mut kit = Kit::folder().await;
        let backups = tempfile::TempDir::new().expect("a folder");
        if let Keep::Postgres(database) = &kit.keep {
            let database = Arc::clone(database);
            let count_up = move || {
                let url = database.url().to_owned();
                let name = url.rsplit('/').next().and_then(|n| n.split('?').next());
                let each = "SELECT pg_current_xact_id();\n".repeat(OTHERS);
                database
                    .server()
                    .sql(name.expect("a name"), &each)
                    .expect("counted");
            };
            tokio::task::spawn_blocking(count_up).await.expect("done");
        }
        let old = Sample::new("old", bytes(1, 1_000));
        kit.upload(&old).await;
        let backup = kit.back_up(backups.path()).await;
        let at_backup = kit.reads("", &old).await;
        let mut in_the_lost_hour = at_backup.clone();
        for n in 0..20 {
            let lost = Sample::new(&format!("lost {n}"), bytes(n + 2, 1_001));
            kit.upload(&lost).await;
            in_the_lost_hour = kit.reads(&in_the_lost_hour, &lost).await;
        }
        kit.restore_in(&backup, another).await;
        // What was written before is told as ever.
        kit.reads("", &old).await;
        let new = Sample::new("new", bytes(99, 1_000));
        kit.upload(&new).await;
        for from in [&at_backup, &in_the_lost_hour] {
            kit.reads(from, &new).await;
        }
    }
}

impl Kit {
    /// Reads the log on from a place until a file is told of as uploaded. The place behind that.
    async fn reads(&self, from: &str, wanted: &Sample) -> String {
        let (id, mut at) = (wanted.id.to_string(), from.to_owned());
        for _ in 0..12 {
            let path = format!("/v1/changes?cursor={at}&limit=200&wait=5");
            let (status, page) = self.call(reqwest::Method::GET, &path, None).await;
            assert_eq!(status, 200, "{page}");
            at = page["cursor"].as_str().expect("a place").to_owned();
            let told = |e: &serde_json::Value| e["subject_id"] == id.as_str() && e["to"] == "uploaded";
            if page["events"].as_array().expect("events").iter().any(told) {
                return at;
            }
        }
        panic!("nobody who reads from {from:?} is told of {}", wanted.path);
    }
}

both!(
    f129_a_reader_of_a_restored_log_misses_nothing_that_comes,
    a_restored_ledger_and_a_bucket_that_is_ahead_come_together_again,
    a_restored_ledger_and_a_folder_that_is_ahead_lose_nothing,
);
