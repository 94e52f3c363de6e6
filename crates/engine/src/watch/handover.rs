//! From a watched folder to the queue: the upload and the note that it was handed over are one transaction, so that a crash leaves
//! both or none (I38).

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::records::Change;
use windlass_core::names::encode_path_bytes;
use windlass_core::part_plan::PartPlan;
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_core::time::Timestamp;
use windlass_core::watch::{EntryState, GroupRule, Why, group_key, group_name};
use windlass_queue::changes::{self, Applied};
use windlass_queue::files::{self, NewFile};
use windlass_queue::groups::{self, GroupRow, NewGroup, Origin};
use windlass_queue::watched::{self, FolderRow, NewEntry};
use windlass_queue::{Connection, QueueError, hash_cache};

use crate::clock;

/// A file that goes.
#[derive(Debug, Clone)]
pub(super) struct Going {
    pub(super) rel: Vec<u8>,
    pub(super) path: PathBuf,
    pub(super) version: SourceFingerprint,
    pub(super) why: Why,
    /// Its newest upload, when that failed: it takes the new version.
    pub(super) again: Option<FileId>,
}

/// The local date and time.
#[derive(Debug, Clone)]
pub(super) struct Day {
    pub(super) date: String,
    pub(super) time: String,
}

impl Day {
    pub(super) fn of(now: Timestamp) -> Self {
        let zoned = jiff::Timestamp::from_millisecond(now.as_millis())
            .unwrap_or_default()
            .to_zoned(jiff::tz::TimeZone::system());
        Self {
            date: zoned.strftime("%Y-%m-%d").to_string(),
            time: zoned.strftime("%H.%M").to_string(),
        }
    }

    /// When this day began.
    pub(super) fn began(now: Timestamp) -> Timestamp {
        let began = jiff::Timestamp::from_millisecond(now.as_millis())
            .unwrap_or_default()
            .to_zoned(jiff::tz::TimeZone::system())
            .start_of_day();
        began.map_or(now, |z| Timestamp::from_millis(z.timestamp().as_millisecond()))
    }
}

/// Groups that got files, the new ones first made.
pub(super) type Joined = BTreeMap<GroupId, (GroupRow, bool)>;

/// Hands files over, inside the caller's transaction.
pub(super) fn hand_over(
    conn: &Connection,
    folder: &FolderRow,
    rule: GroupRule,
    going: &[Going],
    now: Timestamp,
    day: &Day,
) -> Result<Joined, QueueError> {
    let mut joined = Joined::new();
    let mut open: BTreeMap<String, GroupRow> = BTreeMap::new();
    let mut places: BTreeMap<GroupId, i64> = BTreeMap::new();
    for g in going {
        let entry = |file| NewEntry {
            rel_path: g.rel.clone(),
            fingerprint: g.version,
            state: EntryState::Queued,
            why: g.why,
            detail: String::new(),
            file: Some(file),
            at: now,
        };
        if let Some(file) = g.again
            && let Some(row) = again(conn, file, g, now)?
        {
            watched::put(conn, folder.id, &entry(file))?;
            joined.entry(row.record.id).or_insert((row, false));
            continue;
        }
        let rel = encode_path_bytes(&g.rel);
        let key = group_key(rule, &rel, &day.date);
        let row = match open.get(&key) {
            Some(row) => row.clone(),
            None => {
                let (row, new) = group_for(conn, folder, rule, &key, now, day)?;
                watched::join(conn, folder.id, &key, row.record.id, now)?;
                joined.insert(row.record.id, (row.clone(), new));
                open.insert(key, row.clone());
                row
            }
        };
        let group = row.record.id;
        let position = match places.get(&group) {
            Some(next) => *next,
            None => files::next_position(conn, group)?,
        };
        places.insert(group, position + 1);
        let Ok(plan) = PartPlan::new(g.version.size) else {
            continue;
        };
        let file = clock::file_id();
        let new = NewFile {
            id: file,
            group,
            position,
            path: g.path.as_os_str().as_bytes().to_vec(),
            mime: mime_guess::from_path(&g.path).first_raw().map(str::to_owned),
            rel_path: rel,
            fingerprint: g.version,
            part_size: plan.part_size(),
            part_count: plan.count(),
            at: now,
            failure: None,
        };
        files::insert_many(conn, &[new])?;
        if let Some(known) = hash_cache::get(conn, &g.version)? {
            let hashed = Change::FileHashed {
                id: file,
                sha256: known.sha256,
            };
            let _ = changes::apply(conn, &[hashed])?;
        }
        watched::put(conn, folder.id, &entry(file))?;
    }
    Ok(joined)
}

/// The group that a file with this key joins: the one that is open, else a new one.
fn group_for(
    conn: &Connection,
    folder: &FolderRow,
    rule: GroupRule,
    key: &str,
    now: Timestamp,
    day: &Day,
) -> Result<(GroupRow, bool), QueueError> {
    let known = watched::joining(conn, folder.id)?
        .into_iter()
        .find(|j| j.key == key);
    if let Some(known) = known {
        match groups::get(conn, known.group)? {
            Some(row) if takes_files(&row) && row.record.destination == folder.destination => {
                return Ok((row, false));
            }
            _ => watched::close(conn, known.group)?,
        }
    }
    let id = clock::group_id();
    let mut name = group_name(rule, &folder.name, key, &day.date, &day.time);
    while name.len() > windlass_core::limits::MAX_TEXT_BYTES {
        name.pop();
    }
    groups::insert(
        conn,
        &NewGroup {
            id,
            name,
            destination: folder.destination,
            origin: Origin::Watch,
            created_at: now,
        },
    )?;
    let row = groups::get(conn, id)?.ok_or_else(|| QueueError::Internal("the group was not made".into()))?;
    Ok((row, true))
}

fn takes_files(row: &GroupRow) -> bool {
    row.record.intent != Intent::Cancelled
        && !matches!(row.record.state, GroupState::Completed | GroupState::Cancelled)
}

/// A failed upload begins anew with the version that is there now. `None` where it can't.
fn again(conn: &Connection, file: FileId, g: &Going, now: Timestamp) -> Result<Option<GroupRow>, QueueError> {
    let Some(record) = files::record(conn, file)? else {
        return Ok(None);
    };
    if record.state != FileState::Failed || record.intent == Intent::Cancelled {
        return Ok(None);
    }
    let Some(mut row) = groups::get(conn, record.group)? else {
        return Ok(None);
    };
    let Ok(plan) = PartPlan::new(g.version.size) else {
        return Ok(None);
    };
    if !takes_files(&row) {
        return Ok(None);
    }
    let over = Change::FileStartOver {
        id: file,
        from: FileState::Failed,
        attempt: record.attempt.saturating_add(1),
        fingerprint: g.version,
        part_size: plan.part_size(),
        part_count: plan.count(),
        because: Failure::new(ErrorCode::FileChanged, "it stands still again"),
        at: now,
    };
    let applied = changes::apply(conn, &[over])?;
    if !matches!(applied.first(), Some(Applied::Done)) {
        return Ok(None);
    }
    if row.record.state == GroupState::Failed {
        let change = Change::GroupState {
            id: record.group,
            from: GroupState::Failed,
            to: GroupState::Uploading,
            at: now,
        };
        let _ = changes::apply(conn, &[change])?;
        row.record.state = GroupState::Uploading;
    }
    Ok(Some(row))
}
