//! Watched folders and their files as people see them.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::WatchId;
use windlass_core::names::{encode_path_bytes, shown};
use windlass_core::states::{FileState, Intent};
use windlass_core::time::Timestamp;
use windlass_core::watch::{EntryState, WatchMode, Why};
use windlass_queue::watched::{self, AfterState, EntryCounts, EntryFilter, EntryRow, FolderRow};
use windlass_queue::{destinations, files};

use super::handover::Day;
use super::{Live, Pending};
use crate::clock;
use crate::convert::file_error;
use crate::infos::locked;
use crate::shell::Shared;
use crate::view::{
    FileError, WatchCounts, WatchFileView, WatchOriginal, WatchPage, WatchQuery, WatchSettings, WatchState,
    WatchVerdict, WatchView, code_view,
};

/// Files of one page.
const PAGE: u32 = 500;

/// All watched folders.
pub(crate) async fn all(shared: &Shared) -> Result<Vec<WatchView>, Failure> {
    let today = Day::began(clock::now());
    let (rows, names) = shared
        .queue
        .read(move |conn| {
            let mut rows = Vec::new();
            for row in watched::all(conn)? {
                let today = watched::sent_since(conn, row.id, today)?;
                rows.push((watched::counts(conn, row.id)?, today, row));
            }
            let names: BTreeMap<_, _> = destinations::list(conn)?
                .into_iter()
                .map(|d| (d.id, d.name))
                .collect();
            Ok((rows, names))
        })
        .await?;
    let live: BTreeMap<_, _> = shared.watches.all().into_iter().collect();
    Ok(rows
        .into_iter()
        .map(|(counts, today, row)| {
            let name = names.get(&row.destination).cloned().unwrap_or_default();
            let live = live.get(&row.id).map(AsRef::as_ref);
            view(shared, row, counts, today, name, live)
        })
        .collect())
}

/// A watched folder's settings, as they are written down.
pub(super) fn settings_of(row: &FolderRow) -> WatchSettings {
    let mut settings: WatchSettings = serde_json::from_value(row.rules.clone()).unwrap_or_default();
    settings.group_rule = row.group_rule;
    settings.after = row.after;
    settings.after_path = row.after_path.as_deref().map(encode_path_bytes);
    settings
}

fn small(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn view(
    shared: &Shared,
    row: FolderRow,
    c: EntryCounts,
    today: u64,
    destination_name: String,
    live: Option<&Live>,
) -> WatchView {
    let settings = settings_of(&row);
    let mut v = WatchView {
        id: row.id,
        name: row.name,
        path: encode_path_bytes(&row.path),
        destination_id: row.destination,
        destination_name,
        state: WatchState::UpToDate,
        intent: row.intent,
        problem: None,
        mode: WatchMode::Events,
        mode_because: None,
        settings,
        counts: WatchCounts {
            total: small(c.settling + c.queued + c.uploaded + c.ignored + c.failed),
            settling: small(c.settling),
            queued: small(c.queued),
            uploaded: small(c.uploaded),
            today: small(today),
            ignored: small(c.ignored),
            failed: small(c.failed),
        },
        last_upload_at: c.last_proved_at.map(Timestamp::as_millis),
        last_scan_at: row.last_scan_at.map(Timestamp::as_millis),
        overflows: 0,
        watching: shared.watches.is_active(),
    };
    let Some(live) = live else { return v };
    v.overflows = live.overflows.load(Ordering::Relaxed);
    let now = locked(&live.now);
    v.mode = now.mode;
    v.mode_because.clone_from(&now.mode_because);
    v.problem = now.trouble.as_ref().map(file_error);
    v.state = match &now.trouble {
        _ if v.intent == Intent::Paused => WatchState::Paused,
        Some(f) if f.code == ErrorCode::DiskMissing => WatchState::DiskMissing,
        Some(_) => WatchState::NeedsYou,
        None if v.counts.failed > 0 => WatchState::NeedsYou,
        None if v.counts.queued > 0 => WatchState::Uploading,
        None if v.counts.settling > 0 => WatchState::Settling,
        None if now.scanning => WatchState::Scanning,
        None => WatchState::UpToDate,
    };
    v
}

/// A page of a folder's files.
pub(super) async fn page(shared: &Shared, id: WatchId, query: WatchQuery) -> Result<WatchPage, Failure> {
    let live = shared.watches.get(id)?;
    let filter = EntryFilter {
        states: query.states,
        text: query.text,
    };
    let (offset, limit) = (query.offset, query.limit.min(PAGE) as usize);
    let (rows, total) = shared
        .queue
        .read(move |conn| {
            let rows = watched::listed(conn, id, &filter, u64::from(offset), limit)?;
            let mut full = Vec::with_capacity(rows.len());
            for row in rows {
                let percent = percent(conn, &row)?;
                full.push((row, percent));
            }
            Ok((full, watched::listed_count(conn, id, &filter)?))
        })
        .await?;
    let files = rows
        .into_iter()
        .map(|(row, percent)| file(row, percent, &live))
        .collect();
    Ok(WatchPage {
        watch_id: id,
        offset,
        total: small(total),
        files,
    })
}

/// One file that is written down.
pub(super) async fn one(
    shared: &Shared,
    id: WatchId,
    rel: Vec<u8>,
) -> Result<Option<WatchFileView>, Failure> {
    let live = shared.watches.get(id)?;
    let found = shared
        .queue
        .read(move |conn| {
            let row = watched::entries_by_path(conn, id, &[rel])?.into_iter().next();
            Ok(match row {
                Some(row) => Some((percent(conn, &row)?, row)),
                None => None,
            })
        })
        .await?;
    Ok(found.map(|(percent, row)| file(row, percent, &live)))
}

fn percent(
    conn: &windlass_queue::Connection,
    row: &EntryRow,
) -> Result<Option<u8>, windlass_queue::QueueError> {
    let Some(id) = row.file.filter(|_| row.state == EntryState::Queued) else {
        return Ok(None);
    };
    Ok(files::get(conn, id)?
        .filter(|f| matches!(f.state, FileState::Uploading | FileState::Verifying))
        .map(|f| {
            let size = f.fingerprint.size.max(1);
            u8::try_from(f.bytes_done.min(size) * 100 / size).unwrap_or(100)
        }))
}

/// The name and the folder before it, made safe to show.
pub(super) fn name_and_folder(rel: &[u8]) -> (String, String) {
    let text = shown(&String::from_utf8_lossy(rel));
    let is_folder = text.ends_with('/');
    let plain = text.trim_end_matches('/');
    let (folder, name) = plain.rsplit_once('/').map_or(("", plain), |(f, n)| (f, n));
    let slash = if is_folder { "/" } else { "" };
    (format!("{name}{slash}"), folder.to_owned())
}

fn file(e: EntryRow, percent: Option<u8>, live: &Live) -> WatchFileView {
    let pending: Option<Pending> = locked(&live.now).pending.get(&e.rel_path).cloned();
    let (name, folder) = name_and_folder(&e.rel_path);
    let upload_failed = e
        .error
        .as_ref()
        .filter(|_| e.state == EntryState::Failed)
        .map(file_error);
    let refused: Option<FileError> = (e.after_state == AfterState::Failed)
        .then(|| e.detail.parse::<ErrorCode>().ok().map(code_view))
        .flatten();
    let verdict = match e.state {
        EntryState::Settling => WatchVerdict::Settling,
        EntryState::Queued if percent.is_some() => WatchVerdict::Uploading,
        EntryState::Queued => WatchVerdict::Waiting,
        EntryState::Uploaded if e.why == Why::Deduplicated => WatchVerdict::Deduplicated,
        EntryState::Uploaded => WatchVerdict::Uploaded,
        EntryState::Ignored => WatchVerdict::Ignored,
        EntryState::Failed => WatchVerdict::Failed,
    };
    WatchFileView {
        path: encode_path_bytes(&e.rel_path),
        name,
        folder,
        size: pending
            .as_ref()
            .map_or(e.fingerprint.size, |p| p.stand.fingerprint.size),
        verdict,
        why: pending.as_ref().map_or(e.why, |p| p.why),
        detail: shown(&e.detail),
        until: pending.as_ref().map(|p| p.until.as_millis()),
        looked_at: pending.as_ref().map(|p| p.looked_at.as_millis()),
        settle_ms: pending.as_ref().map(|p| p.settle_ms),
        at: e
            .proved_at
            .filter(|_| e.state == EntryState::Uploaded)
            .unwrap_or(e.last_change)
            .as_millis(),
        percent,
        file_id: e.file,
        group_id: e.group,
        object_key: e.object_key,
        versions: e.versions,
        gone: !e.present,
        original: match e.after_state {
            AfterState::None => WatchOriginal::Kept,
            AfterState::Due => WatchOriginal::Due,
            AfterState::Done => WatchOriginal::Gone,
            AfterState::Failed => WatchOriginal::Refused,
        },
        error: upload_failed.or(refused),
    }
}
