//! The history: what ended, its proofs in pages, and files found among a million.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::names::shown;
use windlass_core::time::Timestamp;
use windlass_queue::events::{self, EventScope};
use windlass_queue::history::{self, Ended, HistoryFilter, HistoryRow};
use windlass_queue::{folders, groups, receipts, search};

use crate::receipts::{DOUBTED, VERIFIED, line};
use crate::shell::Shared;
use crate::view::{
    EmptyFolder, FoundFile, FoundFiles, HistoryAsk, HistoryDetails, HistoryEnd, HistoryEntry, HistoryPage,
    HistoryPlace, Notes, ReceiptPage,
};

/// Lines of one page.
const PAGE: u32 = 200;
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

pub(crate) async fn page(shared: &Shared, ask: HistoryAsk) -> Result<HistoryPage, Failure> {
    let limit = ask.limit.clamp(1, PAGE) as usize;
    let filter = HistoryFilter {
        text: ask.text,
        ended: ask.ended.map(|e| match e {
            HistoryEnd::Completed => Ended::Completed,
            HistoryEnd::Cancelled => Ended::Cancelled,
            HistoryEnd::Failed => Ended::Failed,
        }),
        destination: ask.destination,
    };
    let after = ask.after.map(|p| (Timestamp::from_millis(p.ended_at), p.group));
    let rows = shared
        .queue
        .read(move |conn| history::page(conn, after, limit, &filter))
        .await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|r| HistoryPlace {
        ended_at: r.ended_at.as_millis(),
        group: r.group,
    });
    Ok(HistoryPage {
        entries: rows.into_iter().map(entry).collect(),
        next,
    })
}

pub(crate) async fn files(
    shared: &Shared,
    text: String,
    before: Option<i64>,
    limit: u32,
) -> Result<FoundFiles, Failure> {
    let limit = limit.clamp(1, PAGE) as usize;
    let found = shared
        .queue
        .read(move |conn| {
            let mut found = Vec::new();
            for receipt in search::files(conn, &text, before, limit)? {
                let name = match history::get(conn, receipt.group)? {
                    Some(row) => row.name,
                    None => groups::get(conn, receipt.group)?
                        .map(|g| g.name)
                        .unwrap_or_default(),
                };
                found.push((receipt, name));
            }
            Ok(found)
        })
        .await?;
    let next = found.last().filter(|_| found.len() == limit).map(|(r, _)| r.seq);
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
