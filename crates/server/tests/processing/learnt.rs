//! Files that were announced without a hash: what the check of the pipeline reads makes them sources of duplicates.

use serde_json::json;
use windlass_protocol::sessions::{CompleteOutcome, InitAnswer};

use crate::desk::{Desk, with_extractor};
use crate::support::{Kit, Sample, until};

/// The whole way of a file whose sender says no hash.
async fn brought_without_a_hash(desk: &Desk, file: &Sample) {
    let client = desk.kit.client(&desk.own);
    let mut announced = file.init(desk.group);
    (announced.sha256, announced.race) = (None, true);
    let answer = client.init(vec![announced]).await.expect("init").remove(0).answer;
    assert!(matches!(answer, InitAnswer::Upload { .. }), "{answer:?}");
    let mut done = file.complete(desk.kit.send(&desk.own, file).await);
    done.sha256 = None;
    let outcome = client
        .complete(vec![done])
        .await
        .expect("complete")
        .remove(0)
        .outcome;
    assert!(matches!(outcome, CompleteOutcome::Settled(_)), "{outcome:?}");
}

// M2 M6 A133
#[tokio::test(flavor = "multi_thread")]
async fn m06_what_came_without_a_hash_is_a_source_of_duplicates_once_the_check_has_read_it() {
    with_extractor();
    for desk in [
        Desk::of(Kit::start(&[]).await).await,
        Desk::of(Kit::postgres(&[]).await).await,
    ] {
        let first = Sample::new("a.bin", 1_000);
        brought_without_a_hash(&desk, &first).await;
        // The same twice, told by nobody: both stay, and either may be the source.
        let twin = Sample {
            data: first.data.clone(),
            ..Sample::new("twin.bin", 0)
        };
        brought_without_a_hash(&desk, &twin).await;
        for file in [&first, &twin] {
            desk.until_job(file.id, "validate", "completed").await;
        }

        let second = Sample {
            data: first.data.clone(),
            ..Sample::new("b.bin", 0)
        };
        let client = desk.kit.client(&desk.own);
        let answer = client.init(vec![second.init(desk.group)]).await;
        let answer = answer.expect("init").remove(0).answer;
        assert!(matches!(answer, InitAnswer::Duplicate { .. }), "{answer:?}");
        let mut view = json!({});
        until("it is a duplicate", async || {
            view = desk.get(&format!("/v1/sessions/{}", second.id)).await;
            view["state"] == "deduplicated"
        })
        .await;
        let sources = [json!(first.id), json!(twin.id)];
        assert!(sources.contains(&view["canonical_id"]), "{view}");
    }
}
