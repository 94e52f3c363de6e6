//! The words of the sources for both tracks, reached through the routes (T-9, T-10, G-4, D-6).

use serde_json::{Value, json};
use windlass_core::states::{JobState, SessionState};
use windlass_server::compat::words::{Facts, parse_word};

use crate::desk::{Desk, text};
use crate::support::Sample;

/// What the ledger knows of an uploaded file.
async fn facts(desk: &Desk, file: &Sample) -> Facts {
    let jobs = desk.jobs(&format!("session={}", file.id)).await;
    let state = |j: &Value| text(&j["state"]).parse::<JobState>().expect("a state");
    Facts {
        state: SessionState::Uploaded,
        removed: None,
        follows: false,
        jobs: jobs.iter().map(|j| (text(&j["type"]), state(j))).collect(),
    }
}

// T-9 T-10 G-4
#[tokio::test(flavor = "multi_thread")]
async fn t09_t10_the_words_of_sources_and_files_are_walked_through() {
    for desk in Desk::both().await {
        for (ends_as, parsed, trained) in [
            ("completed", "processed", "trained"),
            ("failed", "processing_failed", "training_failed"),
        ] {
            let file = desk.upload(&format!("{ends_as}.bin")).await;
            let words = async || {
                let facts = facts(&desk, &file).await;
                (
                    facts.training_source(),
                    facts.training_file().unwrap_or("-"),
                    facts.file_status(),
                )
            };
            let end = json!({ "status": ends_as, "retry": false });
            assert_eq!(words().await, ("created", "uploaded", "UPLOADED"));
            let check = desk.claim(&["validate"], 1, 60).await.remove(0);
            assert_eq!(words().await.2, "PROCESSING");
            desk.ends(&check, json!({ "status": "completed" })).await;
            let parse = desk.claim(&["extract_text"], 1, 60).await.remove(0);
            assert_eq!(words().await, ("created", "processing", "PROCESSING"));
            desk.ends(&parse, end.clone()).await;
            assert_eq!(words().await.1, parsed);
            desk.make(file.id, "embed", json!({})).await;
            assert_eq!(words().await.0, "queued_for_training");
            let train = desk.claim(&["embed"], 1, 60).await.remove(0);
            assert_eq!(words().await.0, "training");
            desk.ends(&train, end).await;
            let status = if ends_as == "completed" {
                "COMPLETED"
            } else {
                "FAILED"
            };
            assert_eq!(words().await, (trained, parsed, status));
        }
    }
}

// D-6
#[test]
fn d06_the_parse_words_of_all_states_of_a_job() {
    let told: Vec<_> = JobState::ALL.iter().map(|s| parse_word(*s)).collect();
    assert_eq!(
        told,
        [
            "pending",
            "sending",
            "processing",
            "completed",
            "failed",
            "failed"
        ]
    );
}
