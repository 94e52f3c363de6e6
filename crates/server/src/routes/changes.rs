//! The feed of an owner's changes: by pages, by a question that waits, and as a stream that goes on.
//!
//! Whoever comes back with the cursor of what they saw last misses nothing; a stream is that, with the cursor as the id of
//! each event. A stream ends by itself after a while, so that who has it is asked for a token again.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::StreamExt as _;
use tokio::time::Instant;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_protocol::changes::{Change, Changes};

use super::Site;
use super::jobs::{asked, limit};
use super::wire::{Json, Problems};
use crate::auth::{Principal, Read, Scoped};
use crate::failure::Refusal;
use crate::store::changes::{self, Cursor};

/// The longest that a question waits, seconds.
const MAX_WAIT_S: u64 = 50;
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);
/// A comment when nothing happens.
const BEAT: Duration = Duration::from_secs(15);
/// A stream ends after this.
const STREAM: Duration = Duration::from_secs(600);
/// Changes that a stream reads at a time.
const PAGE: u32 = 200;

fn everywhere(who: &Principal) -> Result<(), Refusal> {
    if who.destinations.is_some() {
        let what = "the token is for some destinations; the feed is about all";
        return Err(Refusal::new(ErrorCode::Forbidden, what));
    }
    Ok(())
}

async fn place(site: &Site, text: &str) -> Result<Cursor, Failure> {
    match text {
        "now" => site.service.store().db().read(changes::head).await,
        text => text.parse(),
    }
}

async fn after(site: &Site, owner: OwnerId, at: Cursor, most: u32) -> Result<Vec<(Cursor, Change)>, Failure> {
    let db = site.service.store().db();
    db.read(move |tx| changes::after(tx, owner, at, most)).await
}

pub(super) async fn page(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Changes>, Problems> {
    everywhere(&who)?;
    let mut at = place(&site, query.get("cursor").map_or("", String::as_str)).await?;
    let most = limit(&query)?;
    let wait = asked::<u64>(&query, "wait")?.unwrap_or(0).min(MAX_WAIT_S);
    let until = Instant::now() + Duration::from_secs(wait);
    let found = loop {
        let found = after(&site, who.owner, at, most).await?;
        if !found.is_empty() || Instant::now() >= until || site.ending.is_cancelled() {
            break found;
        }
        tokio::select! {
            () = site.ending.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    };
    if let Some((last, _)) = found.last() {
        at = *last;
    }
    Ok(Json(Changes {
        events: found.into_iter().map(|(_, change)| change).collect(),
        cursor: at.to_string(),
    }))
}

struct Stream {
    site: Site,
    owner: OwnerId,
    at: Cursor,
    ready: VecDeque<Change>,
    until: Instant,
}

impl Stream {
    /// The next change; none when the stream is to end.
    async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Some(change);
            }
            if Instant::now() >= self.until || self.site.ending.is_cancelled() {
                return None;
            }
            // The ledger that does not answer is asked again by the client, with its last id.
            let found = after(&self.site, self.owner, self.at, PAGE).await.ok()?;
            if let Some((last, _)) = found.last() {
                self.at = *last;
            }
            let none = found.is_empty();
            self.ready.extend(found.into_iter().map(|(_, change)| change));
            if none {
                tokio::select! {
                    () = self.site.ending.cancelled() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
    }
}

pub(super) async fn stream(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Problems> {
    everywhere(&who)?;
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let from = last.or(query.get("cursor").map(String::as_str));
    let stream = Stream {
        at: place(&site, from.unwrap_or("now")).await?,
        owner: who.owner,
        ready: VecDeque::new(),
        until: Instant::now() + STREAM,
        site,
    };
    let events = futures::stream::unfold(stream, async |mut stream| {
        let change = stream.next().await?;
        let event = Event::default()
            .id(&change.id)
            .event(&change.machine)
            .json_data(&change);
        // A change is always JSON; one that were not is left out.
        Some((event.ok(), stream))
    });
    let events = events.filter_map(async |e| e.map(Ok::<Event, Infallible>));
    let alive = KeepAlive::new().interval(BEAT);
    Ok(Sse::new(events.boxed()).keep_alive(alive).into_response())
}
