//! Replicas on one PostgreSQL whose own clocks are wrong: leases go by the database's.

use std::sync::Arc;

use serde_json::json;
use windlass_core::error::Failure;
use windlass_core::ids::FileId;
use windlass_core::time::Timestamp;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::{SystemWorld, World};
use windlass_server::db::Tx;
use windlass_server::serve::Server;
use windlass_server::store::{LeaseItem, Leased, lease};

use crate::desk::{Desk, OWN, list, text};
use crate::support::{Kit, Sample};

/// Ten minutes: longer than any lease.
const WRONG_MS: i64 = 600_000;

/// A computer whose clock is wrong by so much.
struct Wrong(i64);

impl World for Wrong {
    fn now(&self) -> Timestamp {
        SystemWorld.now().plus_millis(self.0)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        SystemWorld.fill(bytes)
    }
}

async fn desk() -> Desk {
    Desk::of(Kit::postgres(&[("workers", "0")]).await).await
}

/// What a worker gets that asks this server.
async fn claim(desk: &Desk, url: &str, lease_s: u32) -> Vec<serde_json::Value> {
    let body = json!({ "types": ["validate"], "max": 10, "lease_s": lease_s, "worker": "w" });
    let asked = desk
        .kit
        .http
        .post(format!("{url}/v1/jobs:claim"))
        .bearer_auth(&desk.worker)
        .json(&body);
    let answer: serde_json::Value = asked.send().await.expect("an answer").json().await.expect("JSON");
    list(&answer["jobs"])
}

// M13, M20
#[tokio::test(flavor = "multi_thread")]
async fn m13_a_replica_whose_clock_is_ten_minutes_ahead_takes_no_live_lease_of_a_job() {
    let desk = desk().await;
    let ahead = desk.kit.replica(Arc::new(Wrong(WRONG_MS))).await;
    let own = desk.kit.server.as_ref().expect("running").service();
    let file = desk.upload("a.bin").await;
    for attempt in 1..=3 {
        let held = claim(&desk, &desk.kit.url, 5).await;
        assert_eq!(held.len(), 1, "attempt {attempt}");
        // Neither claimed again, nor buried as one whose worker died in its last attempt.
        assert_eq!(claim(&desk, ahead.url(), 60).await.len(), 0, "attempt {attempt}");
        let job = desk.job_of(file.id, "validate").await;
        assert_eq!(
            (text(&job["state"]), &job["attempts"]),
            ("running".to_owned(), &json!(attempt))
        );
        if attempt < 3 {
            // Its lease is over by the one clock that counts: five seconds of it, on whichever replica.
            crate::support::until("the lease is over", async || {
                let sql = "SELECT 1 FROM processing_job WHERE type = 'validate' AND lease_until <= ?1";
                let now = own.now();
                let look = move |tx: &mut dyn Tx| tx.exists(sql, windlass_server::params![now]);
                own.store().db().read(look).await.expect("read")
            })
            .await;
        }
    }
    ahead.shutdown().await.expect("an end");
}

// M20
#[tokio::test(flavor = "multi_thread")]
async fn m20_a_replica_whose_clock_is_ten_minutes_ahead_verifies_no_file_that_another_verifies() {
    let desk = desk().await;
    let ahead = desk.kit.replica(Arc::new(Wrong(WRONG_MS))).await;
    let behind = desk.kit.replica(Arc::new(Wrong(-WRONG_MS))).await;
    let file = Sample::new("a.bin", 1_000);
    let client = desk.kit.client(&desk.own);
    client.init(vec![file.init(desk.group)]).await.expect("init");
    desk.kit.send(&desk.own, &file).await;
    let owner = client_owner(&desk).await;
    let first = verify(&behind, owner, file.id).await;
    assert!(matches!(first, Leased::Ours(_)), "{first:?}");
    let second = verify(&ahead, owner, file.id).await;
    assert!(matches!(second, Leased::Busy), "{second:?}");
    for server in [ahead, behind] {
        server.shutdown().await.expect("an end");
    }
}

// M20
#[tokio::test(flavor = "multi_thread")]
async fn m20_a_replica_whose_clock_is_ten_minutes_ahead_does_not_clean_up_beside_another() {
    let desk = desk().await;
    let ahead = desk.kit.replica(Arc::new(Wrong(WRONG_MS))).await;
    let own = desk.kit.server.as_ref().expect("running");
    let take = async |server: &Server, holder: &'static str| {
        let now = server.service().now();
        let take =
            move |tx: &mut dyn Tx| lease::take(tx, lease::JANITOR, holder, now.plus_millis(60_000), now);
        server
            .service()
            .store()
            .db()
            .write(None, take)
            .await
            .expect("asked")
    };
    assert!(take(own, "one").await.is_some());
    assert_eq!(take(&ahead, "other").await, None);
    ahead.shutdown().await.expect("an end");
}

async fn client_owner(desk: &Desk) -> windlass_core::ids::OwnerId {
    let scopes: Vec<Scope> = OWN.to_vec();
    desk.kit.made(Some("ann"), &scopes).await.about.owner_id
}

async fn verify(server: &Server, owner: windlass_core::ids::OwnerId, id: FileId) -> Leased {
    let (service, ask) = (
        server.service(),
        LeaseItem {
            id,
            attempt: 1,
            size: 1_000,
            sha256: None,
        },
    );
    let now = service.now();
    let leased = service
        .store()
        .lease(owner, vec![ask], now.plus_millis(60_000), now)
        .await;
    leased.expect("asked").remove(0).expect("may be verified")
}
