//! The history: what ended, its proofs in pages, and files found among a million.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::names::{decode_path_text, shown};
use windlass_core::time::Timestamp;
use windlass_queue::acts::{self, Act, ActKind};
use windlass_queue::events::{self, EventScope};
use windlass_queue::history::{self, Ended, HistoryFilter, HistoryRow};
use windlass_queue::search::{self, FileFilter, Proved};
use windlass_queue::{folders, groups, receipts};

use crate::changes;
use crate::receipts::{DOUBTED, VERIFIED, line};
use crate::shell::Shared;
use crate::view::{
    EmptyFolder, FoundFile, FoundFiles, HistoryAct, HistoryActKind, HistoryAsk, HistoryChange,
    HistoryDetails, HistoryEnd, HistoryEntry, HistoryPage, HistoryPlace, Notes, ProvedAsk, ProvedKind,
    ReceiptPage,
};

/// Lines of one page.
const PAGE: u32 = 200;
/// Groups of which the folders are entered in one step, and files after which it ends.
const DUE_GROUPS: usize = 500;
const DUE_FILES: usize = 20_000;
/// Events looked through for the last answer of the destination.
const EVENTS: usize = 50;

fn count(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn entry(r: HistoryRow) -> HistoryEntry {
    HistoryEntry {
        group: r.group,
        name: shown(&r.name),
        destination_id: r.destination,
        destination_name: shown(&r.destination_name),
        origin: r.origin.as_str().to_owned(),
        ended: match r.ended {
            Ended::Completed => HistoryEnd::Completed,
            Ended::Cancelled => HistoryEnd::Cancelled,
            Ended::Failed => HistoryEnd::Failed,
        },
        created_at: r.created_at.as_millis(),
        ended_at: r.ended_at.as_millis(),
        files: count(r.files),
        done: count(r.done),
        deduplicated: count(r.deduplicated),
        unchanged: count(r.unchanged),
        failed: count(r.failed),
        bytes: r.bytes,
    }
}

fn ended(end: HistoryEnd) -> Ended {
    match end {
        HistoryEnd::Completed => Ended::Completed,
        HistoryEnd::Cancelled => Ended::Cancelled,
        HistoryEnd::Failed => Ended::Failed,
    }
}

fn act(a: Act) -> HistoryAct {
    let Act { seq, act, group_name } = a;
    HistoryAct {
        seq,
        at: act.at.as_millis(),
        kind: match act.kind {
            ActKind::Check => HistoryActKind::Check,
            ActKind::Asked => HistoryActKind::Asked,
            ActKind::Moved => HistoryActKind::Moved,
            ActKind::Trashed => HistoryActKind::Trashed,
            ActKind::PutBack => HistoryActKind::PutBack,
            ActKind::Setting => HistoryActKind::Setting,
            ActKind::Destination => HistoryActKind::Destination,
            ActKind::Watch => HistoryActKind::Watch,
        },
        group: act.group,
        group_name: shown(&group_name.unwrap_or_default()),
        files: count(act.files),
        bytes: act.bytes,
        failed: count(act.failed),
        groups: act.data["groups"]
            .as_u64()
            .map_or_else(|| u32::from(act.group.is_some()), count),
        findings: serde_json::from_value(act.data["findings"].clone()).unwrap_or_default(),
        change: changes::told(&act.data).map(|told| HistoryChange {
            name: shown(&told.name),
            ..told
        }),
    }
}

/// The folder of a filter, byte for byte.
fn folder(text: Option<&str>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(text) = text.filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    match decode_path_text(text) {
        Some(path) if path.first() == Some(&b'/') => Ok(Some(history::folder_key(&path).to_vec())),
        _ => Err(Failure::new(ErrorCode::InvalidField, "not a path of a folder")),
    }
}

fn time(ms: Option<i64>) -> Option<Timestamp> {
    ms.map(Timestamp::from_millis)
}

pub(crate) async fn page(shared: &Shared, ask: HistoryAsk) -> Result<HistoryPage, Failure> {
    let limit = ask.limit.clamp(1, PAGE) as usize;
    let narrow = ask.filter;
    let filter = HistoryFilter {
        folder: folder(narrow.folder.as_deref())?,
        text: narrow.text,
        ended: narrow.ended.map(ended),
        destination: narrow.destination,
        from: time(narrow.from),
        before: time(narrow.before),
    };
    // An act has no name, no end and no folder to be found by.
    let with_acts = ask.acts_only
        || HistoryFilter {
            from: None,
            before: None,
            ..filter.clone()
        } == HistoryFilter::default();
    let after = ask.after;
    let (groups, acts) = shared
        .queue
        .read(move |conn| {
            let at = after.map(|p| Timestamp::from_millis(p.at));
            let groups = if ask.acts_only {
                Vec::new()
            } else {
                // After an act there are only groups of an earlier millisecond.
                let place = after.and_then(|p| at.map(|at| (at, p.group)));
                history::page(conn, place, limit, &filter)?
            };
            let acts = if with_acts {
                let place = after.and_then(|p| at.map(|at| (at, p.act.unwrap_or(i64::MAX))));
                acts::page(conn, place, (filter.from, filter.before), limit)?
            } else {
                Vec::new()
            };
            Ok((groups, acts))
        })
        .await?;
    Ok(merged(groups, acts, limit))
}

/// The newest of both, at most so many.
fn merged(groups: Vec<HistoryRow>, acts: Vec<Act>, limit: usize) -> HistoryPage {
    let more = groups.len() + acts.len() > limit || groups.len() == limit || acts.len() == limit;
    let (mut groups, mut acts) = (groups.into_iter().peekable(), acts.into_iter().peekable());
    let (mut page, mut last) = (HistoryPage::default(), None);
    for _ in 0..limit {
        let group_is_newer = match (groups.peek(), acts.peek()) {
            (Some(group), Some(act)) => group.ended_at >= act.act.at,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if group_is_newer {
            if let Some(row) = groups.next() {
                last = Some(HistoryPlace {
                    at: row.ended_at.as_millis(),
                    group: Some(row.group),
                    act: None,
                });
                page.entries.push(entry(row));
            }
        } else if let Some(row) = acts.next() {
            last = Some(HistoryPlace {
                at: row.act.at.as_millis(),
                group: None,
                act: Some(row.seq),
            });
            page.acts.push(act(row));
        }
    }
    page.next = last.filter(|_| more);
    page
}

pub(crate) async fn files(shared: &Shared, ask: ProvedAsk) -> Result<FoundFiles, Failure> {
    let limit = ask.limit.clamp(1, PAGE) as usize;
    let filter = FileFilter {
        folder: folder(ask.filter.folder.as_deref())?,
        text: ask.filter.text,
        proved: match ask.proved {
            ProvedKind::All => Proved::All,
            ProvedKind::Sent => Proved::Sent,
            ProvedKind::Spared => Proved::Spared,
            ProvedKind::Processed => Proved::Processed,
        },
        destination: ask.filter.destination,
        ended: ask.filter.ended.map(ended),
        from: time(ask.filter.from),
        before: time(ask.filter.before),
    };
    let place = ask.place;
    let (found, next) = shared
        .queue
        .read(move |conn| {
            let page = search::files(conn, &filter, place, limit)?;
            let mut found = Vec::new();
            for receipt in page.receipts {
                let name = match history::get(conn, receipt.group)? {
                    Some(row) => row.name,
                    None => groups::get(conn, receipt.group)?
                        .map(|g| g.name)
                        .unwrap_or_default(),
                };
                found.push((receipt, name));
            }
            Ok((found, page.next))
        })
        .await?;
    let files = found.into_iter().map(|(r, name)| FoundFile {
        file: r.file,
        group: r.group,
        group_name: shown(&name),
        rel_path: shown(&r.rel_path),
        line: line(r),
    });
    Ok(FoundFiles {
        files: files.collect(),
        next,
    })
}

/// Enters the folders of groups that ended since into the history's table. Answers how many groups.
pub(crate) async fn enter_folders(shared: &Shared) -> Result<usize, Failure> {
    let due = shared
        .queue
        .read(|conn| history::due(conn, DUE_GROUPS, DUE_FILES))
        .await?;
    let groups = due.len();
    if groups > 0 {
        shared
            .queue
            .write(move |conn| {
                due.iter()
                    .try_for_each(|(group, folders)| history::enter(conn, *group, folders))
            })
            .await?;
    }
    Ok(groups)
}

pub(crate) async fn details(shared: &Shared, group: GroupId) -> Result<HistoryDetails, Failure> {
    // What was sent until now counts.
    crate::behind::note(shared).await;
    let (row, facts, asked, on_list, notes, empty, interruptions) = shared
        .queue
        .read(move |conn| {
            let told = events::of(conn, EventScope::Group(group), EVENTS)?;
            let asked = told
                .into_iter()
                .find(|e| e.event.kind == VERIFIED || e.event.kind == DOUBTED);
            let row = history::get(conn, group)?;
            let interruptions = row
                .as_ref()
                .map(|row| crate::spans::of_group(conn, row))
                .transpose()?;
            Ok((
                row,
                receipts::facts(conn, group)?,
                asked,
                groups::get(conn, group)?.is_some(),
                groups::notes(conn, group)?,
                folders::of_group(conn, group)?,
                interruptions,
            ))
        })
        .await?;
    let Some(row) = row else {
        return Err(Failure::new(ErrorCode::NotFound, "no such group in the history"));
    };
    Ok(HistoryDetails {
        receipt: number(&row),
        entry: entry(row),
        proved: count(facts.files),
        hashed: count(facts.hashed),
        proofs: facts.proofs,
        first_at: facts.first_at.map(|t| t.as_millis()),
        last_at: facts.last_at.map(|t| t.as_millis()),
        asked: asked.map(crate::details::event),
        on_list,
        notes: Notes {
            text: notes.text,
            pairs: notes.pairs,
        },
        empty_folders: empty
            .into_iter()
            .map(|f| EmptyFolder {
                path: shown(&f.rel_path),
                made: f.made,
            })
            .collect(),
        interruptions: interruptions.unwrap_or_default(),
    })
}

/// A number to say on the telephone: the day, and what of the id no other group of that day is likely to have.
pub(crate) fn number(row: &HistoryRow) -> String {
    let id = row.group.to_string().replace('-', "").to_uppercase();
    let tail = id.get(id.len().saturating_sub(8)..).unwrap_or(&id);
    format!("WL-{}-{tail}-{}", date(row.ended_at), row.done)
}

/// `2026-11-21`, in UTC.
pub(crate) fn date(at: Timestamp) -> String {
    // The civil calendar from days (H. Hinnant, "chrono-compatible low-level date algorithms").
    let z = at.as_millis().div_euclid(86_400_000) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let y = yoe + era * 400 + i64::from(m <= 2);
    format!("{y:04}-{m:02}-{d:02}")
}

pub(crate) async fn lines(
    shared: &Shared,
    group: GroupId,
    after: Option<i64>,
    limit: u32,
) -> Result<ReceiptPage, Failure> {
    let limit = limit.clamp(1, 1_000) as usize;
    let rows = shared
        .queue
        .read(move |conn| receipts::page(conn, group, after, limit))
        .await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|r| r.seq);
    Ok(ReceiptPage {
        lines: rows.into_iter().map(line).collect(),
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_by_its_date() {
        for (ms, text) in [
            (0, "1970-01-01"),
            (951_782_400_000, "2000-02-29"),
            (1_795_219_200_000, "2026-11-21"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(date(Timestamp::from_millis(ms)), text);
        }
    }
}
