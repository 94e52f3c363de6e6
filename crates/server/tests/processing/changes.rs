//! The feed: in order, nothing skipped, by pages, by waiting and as a stream.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use serde_json::{Value, json};
use windlass_server::serve::settings::Database;

use crate::desk::{Desk, list, text};
use crate::support::{Kit, code, until};

async fn all_after(desk: &Desk, cursor: &str) -> (Vec<Value>, String) {
    let (mut events, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let page = desk.get(&format!("/v1/changes?limit=3&cursor={cursor}")).await;
        cursor = text(&page["cursor"]);
        let some = list(&page["events"]);
        if some.is_empty() {
            return (events, cursor);
        }
        events.extend(some);
    }
}

/// Everything that was written so far. A reader waits below whatever else still runs in the database.
pub(crate) async fn whole(desk: &Desk) -> (Vec<Value>, String) {
    let server = desk.kit.server.as_ref().expect("running");
    let db = server.service().store().db().clone();
    let mut got = (Vec::new(), String::new());
    until("all is told", async || {
        let count = db.read(|tx| {
            tx.query_one("SELECT COUNT(*) FROM outbox_entry", &[])?
                .get::<usize>(0)
        });
        got = all_after(desk, "").await;
        got.0.len() == count.await.expect("read")
    })
    .await;
    got
}

/// A place called now that is not before this one: with others at work in the database, now is where the oldest of them began.
pub(crate) async fn behind(desk: &Desk, cursor: &str) -> String {
    let place = |c: &str| {
        c.split('-')
            .map(|n| n.parse::<u64>().expect("a number"))
            .collect::<Vec<_>>()
    };
    let mut now = String::new();
    until("now is behind it", async || {
        now = text(&desk.get("/v1/changes?cursor=now").await["cursor"]);
        place(&now) >= place(cursor)
    })
    .await;
    now
}

// M13 D-7
#[tokio::test(flavor = "multi_thread")]
async fn m13_each_change_is_told_once_in_order_and_from_a_cursor_on() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let (events, cursor) = whole(&desk).await;
        let session: Vec<_> = events
            .iter()
            .filter(|e| e["subject_id"] == file.id.to_string())
            .map(|e| (text(&e["from"]), text(&e["to"])))
            .collect();
        let steps = ["", "pending", "uploading", "verifying", "uploaded"];
        let wanted: Vec<_> = steps
            .windows(2)
            .map(|s| (s[0].to_owned(), s[1].to_owned()))
            .collect();
        assert_eq!(session, wanted);
        let jobs = events.iter().filter(|e| e["machine"] == "job").count();
        assert_eq!(jobs, 2);
        let ids: std::collections::BTreeSet<_> = events.iter().map(|e| text(&e["id"])).collect();
        assert_eq!(ids.len(), events.len(), "none twice");

        assert_eq!(all_after(&desk, &cursor).await.0.len(), 0);
        let now = behind(&desk, &cursor).await;
        desk.delete(file.id).await;
        whole(&desk).await;
        for from in [cursor, now] {
            let (more, _) = all_after(&desk, &from).await;
            let told: Vec<_> = more
                .iter()
                .map(|e| (text(&e["kind"]), text(&e["reason"])))
                .collect();
            assert_eq!(told, [("deleted".to_owned(), "user".to_owned())]);
        }
        for bad in ["x", "1", "-1-2", "1-2-3"] {
            let refused = code(
                desk.kit
                    .get(&format!("/v1/changes?cursor={bad}"), &desk.own)
                    .await,
            )
            .await;
            assert_eq!(refused, (400, "bad_cursor".into()), "{bad}");
        }
        let bob = desk.kit.token("bob", &crate::desk::OWN).await;
        let his = crate::desk::answer(desk.kit.get("/v1/changes", &bob).await).await;
        assert_eq!(list(&his["events"]).len(), 0, "one's own only");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_waits_is_answered_when_something_happens() {
    for desk in Desk::both().await {
        let cursor = text(&desk.get("/v1/changes?cursor=now").await["cursor"]);
        let began = Instant::now();
        let path = format!("/v1/changes?cursor={cursor}&wait=30");
        let (answer, ()) = tokio::join!(desk.get(&path), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            desk.upload("a.bin").await;
        });
        assert!(!list(&answer["events"]).is_empty());
        assert!(began.elapsed() < Duration::from_secs(20));
        let (_, cursor) = whole(&desk).await;
        let nothing = desk.get(&format!("/v1/changes?cursor={cursor}&wait=1")).await;
        assert_eq!(
            (list(&nothing["events"]).len(), text(&nothing["cursor"])),
            (0, cursor)
        );
    }
}

/// Reads a stream until it has so many events: their ids and data.
async fn streamed(desk: &Desk, last: &str, many: usize) -> Vec<(String, Value)> {
    let request = desk
        .kit
        .request(reqwest::Method::GET, "/v1/changes/stream", &desk.own);
    let response = request
        .header("last-event-id", last)
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut got, mut buffer) = (Vec::new(), String::new());
    let mut bytes = response.bytes_stream();
    while got.len() < many {
        let next = tokio::time::timeout(Duration::from_secs(30), bytes.next()).await;
        let chunk = next.expect("in time").expect("more").expect("bytes");
        buffer.push_str(std::str::from_utf8(&chunk).expect("text"));
        while let Some((event, rest)) = buffer
            .split_once("\n\n")
            .map(|(e, r)| (e.to_owned(), r.to_owned()))
        {
            buffer = rest;
            let field = |name: &str| {
                let line = event.lines().find_map(|l| l.strip_prefix(name));
                line.map(|l| l.trim_start_matches(": ").to_owned())
            };
            if let (Some(id), Some(data)) = (field("id"), field("data")) {
                got.push((id, serde_json::from_str(&data).expect("JSON")));
            }
        }
    }
    got
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_behind_the_last_event_that_was_seen() {
    for desk in Desk::both().await {
        desk.upload("a.bin").await;
        let (events, _) = whole(&desk).await;
        let first = streamed(&desk, "0-0", 3).await;
        let ids: Vec<_> = first.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(
            ids[..3],
            events.iter().map(|e| text(&e["id"])).collect::<Vec<_>>()[..3]
        );
        assert_eq!(first[0].1, events[0]);
        // It broke, and comes back.
        let rest = streamed(&desk, &ids[2], events.len() - 3).await;
        assert_eq!(rest.last().map(|(_, e)| e.clone()), events.last().cloned());
        // What happens while it is open comes by itself.
        let last = text(&events[events.len() - 1]["id"]);
        let (live, _) = tokio::join!(streamed(&desk, &last, 1), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            desk.upload("b.bin").await
        });
        assert_eq!(live[0].1["machine"], "session");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_server() {
    let mut desk = Desk::of(Kit::start(&[("workers", "0")]).await).await;
    let request = desk
        .kit
        .request(reqwest::Method::GET, "/v1/changes/stream", &desk.own);
    let response = request.send().await.expect("an answer");
    let server = desk.kit.server.take().expect("running");
    let reading = tokio::spawn(async move { response.bytes().await.is_ok() });
    assert!(server.shutdown().await.expect("closed"), "nothing had to be cut");
    assert!(reading.await.expect("read"), "it ended, it did not break");
}

// F129: numbers are given before a commit; a reader that went by them alone would skip what commits late.
#[tokio::test(flavor = "multi_thread")]
async fn f129_what_commits_late_is_not_skipped() {
    let desk = Desk::of(Kit::postgres(&[("workers", "0")]).await).await;
    let file = desk.upload("a.bin").await;
    let Database::Postgres(url) = desk.kit.settings.database.clone() else {
        panic!("a PostgreSQL");
    };
    let (_, cursor) = whole(&desk).await;
    let (begun, wait) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel::<()>();
    // A transaction that writes an entry, and takes its time.
    let slow = std::thread::spawn(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("connected");
        let mut tx = client.transaction().expect("begun");
        let done = tx.execute(
            "UPDATE processing_job SET state = 'cancelled', fence = fence + 1, finished_at = 1, updated_at = 1
             WHERE type = 'validate' AND state = 'pending'",
            &[],
        );
        assert_eq!(done.expect("written"), 1);
        begun.send(()).expect("told");
        gone.recv().expect("told");
        tx.commit().expect("committed");
    });
    wait.recv().expect("it has its number");
    // Later ones commit before it.
    for n in 0..5 {
        desk.make(file.id, &format!("kind{n}"), json!({})).await;
    }
    let (before, behind) = all_after(&desk, &cursor).await;
    assert_eq!(before.len(), 0, "a reader waits below it: {before:?}");
    go.send(()).expect("told");
    slow.join().expect("ended");
    let mut after = Vec::new();
    until("all are told", async || {
        after = all_after(&desk, &behind).await.0;
        after.len() == 6
    })
    .await;
    let cancelled = after.iter().filter(|e| e["to"] == "cancelled").count();
    assert_eq!(cancelled, 1, "the late one too: {after:?}");
}

// F129: many writers, a reader beside them; what it saw is everything, in one order, whenever it looks.
#[tokio::test(flavor = "multi_thread")]
async fn f129_a_reader_beside_writers_sees_all_of_it() {
    for desk in Desk::both().await {
        let mut files = Vec::new();
        for n in 0..4 {
            files.push(desk.upload(&format!("f{n}")).await.id);
        }
        let (_, start) = whole(&desk).await;
        let writers = files.iter().map(|file| {
            let desk = &desk;
            async move {
                for n in 0..10 {
                    desk.make(*file, &format!("kind{n}"), json!({})).await;
                }
            }
        });
        let mut cursor = start.clone();
        let mut seen = Vec::new();
        let reader = async {
            while seen.len() < 40 {
                let (some, next) = all_after(&desk, &cursor).await;
                seen.extend(some.iter().map(|e| text(&e["id"])));
                cursor = next;
            }
        };
        tokio::join!(futures::future::join_all(writers), reader);
        let again: Vec<_> = all_after(&desk, &start)
            .await
            .0
            .iter()
            .map(|e| text(&e["id"]))
            .collect();
        assert_eq!(seen, again);
    }
}
