//! Notes from when to when work was held up, and by what; and tells it again.
//!
//! The task of the deltas looks at each card anyway whenever something of it changes, and hands over here what holds those with
//! work left ([`Spans::see`]). A task of its own asks the core what begins and ends, and writes that; what could not be written
//! is tried again with the next look. While work is open it also writes down that the program lives, so that the next launch
//! knows from when on it did not ([`begin`]). What was noted is read for the insights, for a line of the history, and for
//! nothing that is decided.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::names::shown;
use windlass_core::spans::{self as core, Book, Key, OpenGroup, Reach, Span, SpanCause, Told};
use windlass_core::time::Timestamp;
use windlass_queue::history::HistoryRow;
use windlass_queue::{Connection, Queue, QueueError, destinations, installation, spans};

use crate::clock;
use crate::shell::Shared;
use crate::view::{GroupView, Interruptions, SpanView};

/// While work is open, it is written down so often that the program lives.
const ALIVE: Duration = Duration::from_secs(30);
/// A write that failed is tried again after so long.
const AGAIN: Duration = Duration::from_secs(1);
/// Spans that a line of the history tells.
const MOST_OF_GROUP: usize = 20;

/// What was seen last, for the task that writes.
pub(crate) struct Spans {
    seen: watch::Sender<Seen>,
}

/// The open groups, and bytes a second of the hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    open: Vec<OpenGroup>,
    limit: Option<u64>,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            seen: watch::channel(Seen::default()).0,
        }
    }
}

impl Spans {
    /// Takes the cards as they are now, and what the hour allows, bytes a second.
    pub(crate) fn see<'a>(&self, cards: impl Iterator<Item = &'a GroupView>, limit: Option<u64>) {
        let now = Seen {
            open: cards.filter(|g| is_open(g)).map(open_group).collect(),
            limit,
        };
        self.seen.send_if_modified(|seen| {
            let other = *seen != now;
            *seen = now;
            other
        });
    }
}

/// Whether anything is left that could go by itself: files, or an end that does not come.
fn is_open(g: &GroupView) -> bool {
    let settled = g.files.done + g.files.failed + g.files.rejected;
    g.accepts_files && (settled < g.files.total || g.because.is_some())
}

fn open_group(g: &GroupView) -> OpenGroup {
    OpenGroup {
        group: g.id,
        destination: g.destination_id,
        reasons: g.blocked_by.clone(),
        code: g.because.as_ref().map(|e| e.code),
    }
}

/// Ends what the run before left open, and notes since when the program did not run. Answers with the book of this run.
pub(crate) async fn begin(queue: &Queue, said: Option<Timestamp>) -> Result<Book, Failure> {
    let now = clock::now();
    let ended = queue.write(move |conn| {
        let Some(alive) = spans::last_sign_of_life(conn, said, now)? else {
            return Ok(Vec::new());
        };
        let ended = spans::end_all(conn, alive)?;
        if let Some((from, to)) = core::not_running(Some(alive), now, spans::work_is_open(conn)?) {
            let key = Key {
                cause: SpanCause::NotRunning,
                limit: None,
                reach: Reach::Everything,
            };
            spans::add(conn, key, from, to)?;
        }
        Ok(ended)
    });
    Ok(Book::after(ended.await?))
}

/// Writes until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>, mut book: Book) {
    let mut seen = shared.spans.seen.subscribe();
    let mut alive = tokio::time::interval(ALIVE);
    alive.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            changed = seen.changed() => if changed.is_err() { return },
            _ = alive.tick() => {
                if !seen.borrow().open.is_empty() {
                    say_alive(&shared).await;
                }
                continue;
            }
            () = shared.stop.cancelled() => return,
        }
        let now = seen.borrow_and_update().clone();
        let held = core::held(&now.open, now.limit);
        let (steps, after) = book.next(&held, clock::now());
        if steps.is_empty() {
            book = after;
            continue;
        }
        let written = shared.queue.write(move |conn| {
            for step in &steps {
                if !spans::apply(conn, step)? {
                    tracing::warn!(?step, "a span was not as expected");
                }
            }
            Ok(())
        });
        match written.await {
            Ok(()) => book = after,
            Err(e) => {
                tracing::warn!(error = %Failure::from(&e), "what holds work up could not be noted");
                seen.mark_changed();
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    () = shared.stop.cancelled() => return,
                }
            }
        }
    }
}

/// The engine ends: the next launch is to know when.
pub(crate) async fn end(shared: &Shared) {
    if !shared.spans.seen.borrow().open.is_empty() {
        say_alive(shared).await;
    }
}

async fn say_alive(shared: &Shared) {
    let now = clock::now();
    let written = shared
        .queue
        .write(move |conn| installation::alive(conn, now))
        .await;
    if let Err(e) = written {
        tracing::warn!(error = %Failure::from(&e), "a sign of life could not be written");
    }
}

/// Of more than `most` only the longest, as people read them; the oldest first.
pub(crate) fn views(conn: &Connection, told: &[Told], most: usize) -> Result<Vec<SpanView>, QueueError> {
    let mut longest: Vec<&Told> = told.iter().collect();
    longest.sort_by_key(|t| std::cmp::Reverse(t.lasted_ms()));
    longest.truncate(most);
    longest.sort_by_key(|t| (t.from, t.to));
    let of: Vec<GroupId> = longest.iter().filter_map(|t| t.group).collect();
    let groups: BTreeMap<GroupId, String> = spans::names(conn, &of)?.into_iter().collect();
    let places: BTreeMap<DestinationId, String> = destinations::list(conn)?
        .into_iter()
        .map(|d| (d.id, d.name))
        .collect();
    let view = |t: &Told| SpanView {
        cause: t.cause,
        interruption: t.cause.is_interruption(),
        from: t.from.as_millis(),
        to: t.to.as_millis(),
        open: t.open,
        destination: t.destination.and_then(|id| places.get(&id)).map(|n| shown(n)),
        one_group: t.group.is_some(),
        group: t.group.and_then(|id| groups.get(&id)).map(|n| shown(n)),
        code: t.code,
        number: t.code.map(|c| c.label()),
        limit: t.limit,
    };
    Ok(longest.into_iter().map(view).collect())
}

/// What held a group that ended.
pub(crate) fn of_group(conn: &Connection, row: &HistoryRow) -> Result<Interruptions, QueueError> {
    let (from, to) = (row.created_at, row.ended_at);
    let all: Vec<Span> = spans::between(conn, from, to)?;
    let told = core::of_group(&all, row.group, row.destination, from, to);
    let paused = core::summed(&told)
        .into_iter()
        .find(|(cause, _)| *cause == SpanCause::User);
    Ok(Interruptions {
        count: u32::try_from(core::interruptions(&told)).unwrap_or(u32::MAX),
        spans: views(conn, &told, MOST_OF_GROUP)?,
        again: spans::sent_again(conn, row.group)?,
        paused_ms: paused.map_or(0, |(_, ms)| ms),
    })
}
