//! The feed of changes over several replicas: whoever read at one that died goes on at another one.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use windlass_server::clock::SystemWorld;
use windlass_server::serve::Server;

use crate::changes::whole;
use crate::desk::{Desk, list, text};
use crate::support::{Kit, until};

/// Changes that are seen at a replica before it dies.
const SEEN: usize = 12;

/// A replica that can die as a process does: all it was doing stops where it is, and nobody says good-bye.
struct Mortal {
    runtime: Option<Runtime>,
    server: Server,
}

impl Mortal {
    fn born(desk: &Desk) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let server =
            tokio::task::block_in_place(|| runtime.block_on(desk.kit.replica(Arc::new(SystemWorld))));
        Self {
            runtime: Some(runtime),
            server,
        }
    }

    fn dies(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Reads the stream of a server behind a place until it breaks. `told` hears the id of each change.
async fn follow(desk: &Desk, url: &str, behind: &str, mut told: impl FnMut(String)) {
    let request = desk.kit.http.get(format!("{url}/v1/changes/stream"));
    let request = request.bearer_auth(&desk.own).header("last-event-id", behind);
    let Ok(response) = request.send().await else {
        return;
    };
    let (mut bytes, mut buffer) = (response.bytes_stream(), String::new());
    while let Some(Ok(chunk)) = bytes.next().await {
        buffer.push_str(std::str::from_utf8(&chunk).expect("text"));
        // What was cut off in the middle was not told.
        while let Some(end) = buffer.find("\n\n") {
            let event: String = buffer.drain(..end + 2).collect();
            if let Some(id) = event.lines().find_map(|l| l.strip_prefix("id:")) {
                told(id.trim().to_owned());
            }
        }
    }
}

/// All ids behind a place, as the ledger has them.
async fn ids(desk: &Desk, behind: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), behind.to_owned());
    loop {
        let page = desk.get(&format!("/v1/changes?limit=100&cursor={cursor}")).await;
        cursor = text(&page["cursor"]);
        let events = list(&page["events"]);
        if events.is_empty() {
            return all;
        }
        all.extend(events.iter().map(|e| text(&e["id"])));
    }
}

// M13 F129
#[tokio::test(flavor = "multi_thread")]
async fn m13_whoever_reads_at_a_replica_that_dies_goes_on_at_another_and_misses_and_doubles_nothing() {
    let desk = Desk::of(Kit::postgres(&[("workers", "0")]).await).await;
    let file = desk.upload("a.bin").await;
    let (_, start) = whole(&desk).await;
    for round in 0..3 {
        let mut mortal = Mortal::born(&desk);
        let dying = mortal.server.url().to_owned();
        let seen = Arc::new(Mutex::new(Vec::<String>::new()));
        let count = || seen.lock().unwrap_or_else(PoisonError::into_inner).len();
        let behind = ids(&desk, &start).await.pop().unwrap_or_else(|| start.clone());
        let reader = async {
            let tell = |id: String| seen.lock().unwrap_or_else(PoisonError::into_inner).push(id);
            // Nobody but its death ends this one.
            let last = follow(&desk, &dying, &behind, |id| {
                tell(id);
                if count() == SEEN {
                    mortal.dies();
                }
            });
            last.await;
            loop {
                let last = seen
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .last()
                    .cloned();
                follow(
                    &desk,
                    &desk.kit.url,
                    &last.unwrap_or_else(|| behind.clone()),
                    tell,
                )
                .await;
            }
        };
        let writers = async {
            let of = |n: usize, who: &str| {
                let id = desk.job_id();
                json!({ "id": id, "session_id": file.id, "type": format!("{who}{round}.{n}") })
            };
            let here = async {
                for n in 0..40 {
                    desk.post("/v1/jobs", of(n, "here")).await;
                }
            };
            // Through the one that dies, too: what it was at may be written or not.
            let there = async {
                let ask = |body: Value| desk.kit.http.post(format!("{dying}/v1/jobs")).json(&body);
                for n in 0..200 {
                    let asked = ask(of(n, "there")).bearer_auth(&desk.own).send().await;
                    if asked.is_err() {
                        break;
                    }
                }
            };
            tokio::join!(here, there);
            let mut all = Vec::new();
            until("everything was told", async || {
                all = ids(&desk, &behind).await;
                count() >= all.len()
            })
            .await;
            all
        };
        let all = tokio::select! {
            all = writers => all,
            () = reader => unreachable!("it goes on"),
        };
        assert!(mortal.runtime.is_none(), "it died while it was read from");
        assert!(all.len() >= 40, "{}", all.len());
        assert_eq!(
            *seen.lock().unwrap_or_else(PoisonError::into_inner),
            all,
            "round {round}"
        );
    }
}
