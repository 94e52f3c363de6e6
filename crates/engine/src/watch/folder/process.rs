//! Files that were seen: what is decided about each, and what comes of that.

use std::collections::{BTreeMap, BTreeSet};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::machine::Event;
use windlass_core::states::FileState;
use windlass_core::time::Timestamp;
use windlass_core::watch::{
    Decision, EntryState, Facts, Kind, Known, Left, Stand, Why, Writer, decide, settle_ms,
};
use windlass_queue::watched::{self, EntryRow, NewEntry};

use super::super::Pending;
use super::super::handover::{Day, Going, hand_over};
use super::super::look::Seen;
use super::super::{originals, writers};
use super::{Task, blocking};
use crate::clock;
use crate::groups::path_of;
use crate::infos::{GroupInfo, locked};

/// What is written down.
enum Note {
    Put(NewEntry),
    /// It is another file under a new name.
    TakeOver(Vec<u8>, NewEntry),
}

/// A file with what is known of it.
struct Case {
    seen: Seen,
    stand: Stand,
    entry: Option<EntryRow>,
    known: Known,
    /// Its older name.
    renamed_from: Option<Vec<u8>>,
    settle_ms: i64,
    anyway: bool,
    decision: Decision,
}

impl Case {
    fn decide(&mut self, writer: Writer, now: Timestamp) {
        let facts = Facts {
            kind: self.seen.kind,
            stand: &self.stand,
            writer,
            left: self.seen.left.as_ref(),
            known: &self.known,
            settle_ms: self.settle_ms,
            anyway: self.anyway,
        };
        self.decision = decide(&facts, now);
    }

    fn entry(&self, state: EntryState, why: Why, detail: impl Into<String>, at: Timestamp) -> NewEntry {
        NewEntry {
            rel_path: self.seen.rel.clone(),
            fingerprint: self.seen.fingerprint,
            state,
            why,
            detail: detail.into(),
            file: None,
            at,
        }
    }

    /// What is to be written, unless it stands there already.
    fn note(&self, state: EntryState, why: Why, detail: &str, at: Timestamp) -> Option<Note> {
        let stands = self.entry.as_ref().is_some_and(|e| {
            let same_word =
                e.state == state && (e.why == why || state == EntryState::Uploaded) && e.detail == detail;
            same_word && e.present && e.fingerprint == self.seen.fingerprint
        });
        (!stands).then(|| Note::Put(self.entry(state, why, detail, at)))
    }
}

impl Task {
    /// Decides about files that were seen, and carries it out.
    pub(super) async fn process(&mut self, seen: Vec<Seen>) -> Result<(), Failure> {
        if seen.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        let mut cases = self.cases(seen, now).await?;
        for case in &mut cases {
            case.decide(Writer::None, now);
        }
        self.ask_for_writers(&mut cases, now).await?;
        let (mut notes, mut going) = (Vec::new(), Vec::new());
        for case in cases {
            self.carry_out(case, now, &mut notes, &mut going).await?;
        }
        self.write(notes, going, now).await
    }

    /// What is known of these files.
    async fn cases(&self, seen: Vec<Seen>, now: Timestamp) -> Result<Vec<Case>, Failure> {
        let id = self.row.id;
        let paths: Vec<Vec<u8>> = seen.iter().map(|s| s.rel.clone()).collect();
        let inodes: BTreeMap<Vec<u8>, (u64, u64)> = seen
            .iter()
            .filter(|s| s.kind == Kind::File && s.fingerprint.inode != 0)
            .map(|s| (s.rel.clone(), (s.fingerprint.dev, s.fingerprint.inode)))
            .collect();
        let (rows, others) = self
            .shared
            .queue
            .read(move |conn| {
                let rows: BTreeMap<Vec<u8>, EntryRow> = watched::entries_by_path(conn, id, &paths)?
                    .into_iter()
                    .map(|e| (e.rel_path.clone(), e))
                    .collect();
                let mut others = BTreeMap::new();
                for (rel, (dev, inode)) in inodes {
                    // Only a path without an upload of its own can be the new name of another.
                    if rows.get(&rel).is_none_or(|e| e.file.is_none()) {
                        let mut same = watched::entries_by_inode(conn, id, dev, inode)?;
                        same.retain(|e| e.rel_path != rel);
                        if !same.is_empty() {
                            others.insert(rel, same);
                        }
                    }
                }
                Ok((rows, others))
            })
            .await?;
        let renamed = self.renamed(&seen, others).await?;
        let only_new = self.row.only_new;
        let own_clock = !self.network;
        let least = i64::from(self.settings().settle_min_ms);
        let pending = locked(&self.live.now);
        let cases = seen.into_iter().map(|seen| {
            let entry = rows.get(&seen.rel).cloned();
            let stand = match pending.pending.get(&seen.rel) {
                Some(p) => {
                    let mut stand = p.stand;
                    stand.look(seen.fingerprint, now);
                    stand
                }
                None => {
                    let mut stand = Stand::first(seen.fingerprint, now, own_clock);
                    stand.moved = entry.as_ref().is_some_and(|e| e.fingerprint != seen.fingerprint);
                    stand
                }
            };
            let other = renamed.get(&seen.rel);
            let mut known = entry.as_ref().map_or(Known::Nothing, known_of);
            if known == Known::Nothing {
                known = other.map_or(Known::Nothing, known_elsewhere);
                if known == Known::Nothing && only_new && seen.left.is_none() && entry.is_none() {
                    known = Known::WasThere(seen.fingerprint);
                }
            }
            Case {
                settle_ms: settle_ms(seen.fingerprint.size, least, self.network),
                anyway: self.anyway.contains(&seen.rel),
                renamed_from: other.map(|e| e.rel_path.clone()),
                seen,
                stand,
                entry,
                known,
                decision: Decision::InQueue,
            }
        });
        Ok(cases.collect())
    }

    /// Which of these are other files of the folder under new names: the same inode and version, and nothing at the old name.
    async fn renamed(
        &self,
        seen: &[Seen],
        others: BTreeMap<Vec<u8>, Vec<EntryRow>>,
    ) -> Result<BTreeMap<Vec<u8>, EntryRow>, Failure> {
        if others.is_empty() {
            return Ok(BTreeMap::new());
        }
        let versions: BTreeMap<Vec<u8>, SourceFingerprint> =
            seen.iter().map(|s| (s.rel.clone(), s.fingerprint)).collect();
        let root = self.root.clone();
        blocking(move || {
            let mut found = BTreeMap::new();
            for (rel, candidates) in others {
                let Some(version) = versions.get(&rel) else {
                    continue;
                };
                for e in candidates {
                    let same = [Some(e.fingerprint), e.proved, e.file_version]
                        .into_iter()
                        .flatten()
                        .any(|v| v.compare(version).is_same_file());
                    // Still there under the old name: a second name of one file, and that is another upload.
                    let there = std::fs::symlink_metadata(root.join(path_of(&e.rel_path)))
                        .is_ok_and(|m| windlass_transfer::source::fingerprint(&m).inode == version.inode);
                    if same && !there {
                        found.insert(rel, e);
                        break;
                    }
                }
            }
            found
        })
        .await
    }

    /// Of what is ready: who has it open for writing? One look for all.
    async fn ask_for_writers(&self, cases: &mut [Case], now: Timestamp) -> Result<(), Failure> {
        let ready = |c: &Case| !c.anyway && matches!(c.decision, Decision::Upload(_) | Decision::Compare(_));
        if !cases.iter().any(ready) {
            return Ok(());
        }
        let root = self.root.clone();
        let open: BTreeSet<(u64, u64)> = blocking(move || writers::writers(&[root])).await?;
        for case in cases.iter_mut().filter(|c| ready(c)) {
            if open.contains(&(case.seen.fingerprint.dev, case.seen.fingerprint.inode)) {
                case.stand.held(now);
                case.decide(Writer::Open, now);
            }
        }
        Ok(())
    }

    async fn carry_out(
        &mut self,
        case: Case,
        now: Timestamp,
        notes: &mut Vec<Note>,
        going: &mut Vec<Going>,
    ) -> Result<(), Failure> {
        if let Decision::Wait { until, why } = case.decision {
            let waits = case
                .entry
                .as_ref()
                .is_some_and(|e| e.state == EntryState::Settling && e.present);
            if !waits {
                notes.push(Note::Put(case.entry(EntryState::Settling, why, "", now)));
            }
            self.put_pending(&case, until, why, now);
            return Ok(());
        }
        let decision = match &case.decision {
            Decision::Compare(proved) => {
                let (path, proved) = (self.root.join(path_of(&case.seen.rel)), *proved);
                match blocking(move || originals::content(&path)).await? {
                    Ok(Some((version, content))) if version == case.seen.fingerprint && content == proved => {
                        Decision::Done(Why::SameContent)
                    }
                    Ok(Some((version, _))) if version == case.seen.fingerprint => {
                        Decision::Upload(Why::NewVersion)
                    }
                    // It moved while it was read: it is looked at again.
                    Ok(_) => {
                        let until = now.plus_millis(case.settle_ms.max(250));
                        self.put_pending(&case, until, Why::Growing, now);
                        return Ok(());
                    }
                    Err(failure) => Decision::Ignore(Left::by(Why::Unreadable, failure.detail)),
                }
            }
            other => other.clone(),
        };
        self.drop_pending(&case.seen.rel);
        self.anyway.remove(&case.seen.rel);
        match decision {
            Decision::Upload(why) => going.push(Going {
                path: self.root.join(path_of(&case.seen.rel)),
                rel: case.seen.rel,
                version: case.seen.fingerprint,
                why,
                again: case
                    .entry
                    .as_ref()
                    .filter(|e| e.file_state == Some(FileState::Failed))
                    .and_then(|e| e.file),
            }),
            Decision::Ignore(left) => {
                notes.extend(case.note(EntryState::Ignored, left.why, &left.detail, now));
            }
            Decision::Failed(code) => {
                notes.extend(case.note(EntryState::Failed, Why::Failed, code.as_str(), now));
            }
            Decision::Done(Why::Renamed) => {
                let old = case.renamed_from.clone().unwrap_or_default();
                let detail = String::from_utf8_lossy(&old).into_owned();
                notes.push(Note::TakeOver(
                    old,
                    case.entry(EntryState::Uploaded, Why::Renamed, detail, now),
                ));
            }
            Decision::Done(why) => {
                // A word that says more stays.
                let stays = case
                    .entry
                    .as_ref()
                    .is_some_and(|e| e.state == EntryState::Uploaded);
                let (word, detail) = match &case.entry {
                    Some(e) if stays && why == Why::Uploaded => (e.why, e.detail.clone()),
                    _ => (why, String::new()),
                };
                notes.extend(case.note(EntryState::Uploaded, word, &detail, now));
            }
            Decision::InQueue | Decision::Wait { .. } | Decision::Compare(_) => {}
        }
        Ok(())
    }

    fn put_pending(&mut self, case: &Case, until: Timestamp, why: Why, now: Timestamp) {
        let pending = Pending {
            stand: case.stand,
            until,
            why,
            looked_at: now,
            settle_ms: case.settle_ms,
        };
        let old = locked(&self.live.now)
            .pending
            .insert(case.seen.rel.clone(), pending);
        if let Some(old) = old {
            self.due.remove(&(old.until, case.seen.rel.clone()));
        }
        self.due.insert((until, case.seen.rel.clone()));
        self.shared.deltas.watches_changed();
    }

    /// Writes all of it down, and tells the machine of what goes.
    async fn write(&mut self, notes: Vec<Note>, going: Vec<Going>, now: Timestamp) -> Result<(), Failure> {
        if notes.is_empty() && going.is_empty() {
            return Ok(());
        }
        let row = self.row.clone();
        let rule = self.settings().group_rule;
        let day = Day::of(now);
        let joined = self
            .shared
            .queue
            .write(move |conn| {
                for note in &notes {
                    match note {
                        Note::Put(entry) => watched::put(conn, row.id, entry)?,
                        Note::TakeOver(from, entry) => watched::take_over(conn, row.id, from, entry)?,
                    }
                }
                hand_over(conn, &row, rule, &going, now, &day)
            })
            .await?;
        if !self.settings().despite.is_empty() {
            self.shared.conditions.stir();
        }
        // Nobody presses anything here; see `launch::compare`.
        crate::conditions::system_known(&self.shared).await;
        for (id, (group, new)) in joined {
            self.shared.watches.put_group(id);
            if new {
                let info = GroupInfo {
                    name: group.name.clone(),
                    destination: group.record.destination,
                };
                self.shared.infos.put_group(id, info);
                self.shared
                    .event(Event::GroupAdded {
                        record: group.record,
                        held: false,
                        scanning: true,
                    })
                    .await;
            }
            self.shared.event(Event::GroupWork { id, scanning: true }).await;
            self.shared.deltas.stir(id);
            let quiet = now.plus_millis(i64::from(self.settings().quiet_ms));
            self.next_groups = Some(self.next_groups.map_or(quiet, |at| at.min(quiet)));
        }
        self.shared.deltas.watches_changed();
        Ok(())
    }
}

/// What went before with a file, by what is written down of it and of its upload.
fn known_of(e: &EntryRow) -> Known {
    match (e.file, e.file_state) {
        (
            Some(_),
            Some(FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying),
        ) => {
            return Known::InQueue;
        }
        (Some(_), Some(FileState::Failed)) => {
            return Known::Failed {
                version: e.file_version.unwrap_or(e.fingerprint),
                code: e.error.as_ref().map_or(ErrorCode::Internal, |f| f.code),
            };
        }
        _ => {}
    }
    if let Some(proved) = e.proved {
        // A version with the same content stands for the one that was proved.
        let version = if e.state == EntryState::Uploaded {
            e.fingerprint
        } else {
            proved
        };
        return Known::Proved {
            version,
            sha256: e.sha256,
        };
    }
    match (e.state, e.why) {
        (EntryState::Ignored, Why::WasThere) => Known::WasThere(e.fingerprint),
        (EntryState::Ignored, Why::Cancelled) => Known::Cancelled(e.fingerprint),
        (EntryState::Queued, _) => Known::Cancelled(e.fingerprint),
        _ => Known::Nothing,
    }
}

/// The same of the file's older name.
fn known_elsewhere(e: &EntryRow) -> Known {
    match known_of(e) {
        Known::InQueue => Known::InQueueElsewhere,
        Known::Proved { version, .. } => Known::ProvedElsewhere { version },
        _ => Known::Nothing,
    }
}
