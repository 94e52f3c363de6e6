//! Sources as they are at a launch: there, changed, gone, or on a disk that is not connected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::{SourceChange, SourceFingerprint};
use windlass_core::ids::GroupId;
use windlass_core::reconcile::Source;
use windlass_transfer::source::look;

use crate::infos::Infos;

/// A file as it was left.
pub(super) struct Left {
    pub(super) group: GroupId,
    pub(super) path: PathBuf,
    pub(super) fingerprint: SourceFingerprint,
    /// Only that version is an answer.
    pub(super) strict: bool,
}

/// Looks at files that were left; `away`: disks that were not connected then. Blocks.
pub(super) fn look_at(infos: &Infos, away: &BTreeSet<u64>, files: &[Left]) -> Vec<Source> {
    let looked: Vec<_> = files.iter().map(|left| look(&left.path)).collect();
    // Disks may have other numbers than before: those of which a file is there tell theirs.
    for (left, seen) in files.iter().zip(&looked) {
        if let Ok(seen) = seen {
            infos.disk_seen(&left.path, &left.fingerprint, seen);
        }
    }
    let judged = files.iter().zip(looked).map(|(left, seen)| {
        let (path, before) = (&left.path, &left.fingerprint);
        match seen.map_err(|f| infos.with_its_disk(f, path, before)) {
            // Only the version that settled goes; what is there now settles first.
            Ok(seen) if left.strict => {
                crate::watch::strictly(before, seen).map_or_else(Source::Failed, Source::Present)
            }
            // Another disk at that place has files of the same names.
            Ok(seen) if away.contains(&before.dev) && before.compare(&seen) == SourceChange::Changed => {
                Source::Failed(Failure::new(ErrorCode::DiskMissing, path.to_string_lossy()))
            }
            Ok(seen) => Source::Present(seen),
            // Its folder is there and it is not: gone. Without its folder more than it may be what is missing (I39).
            Err(f) if f.code == ErrorCode::FileMissing && path.parent().is_some_and(Path::is_dir) => {
                Source::Missing
            }
            Err(f) => Source::Failed(f),
        }
    });
    judged.collect()
}

/// The name of the disk that is missed, by group: where its files miss one disk, of which it is known. `sources`: what
/// [`look_at`] found of `files`.
pub(super) fn disks_missed(infos: &Infos, files: &[Left], sources: &[Source]) -> BTreeMap<GroupId, String> {
    let mut names: BTreeMap<GroupId, BTreeSet<Option<String>>> = BTreeMap::new();
    for (left, source) in files.iter().zip(sources) {
        if matches!(source, Source::Failed(f) if f.code == ErrorCode::DiskMissing) {
            let name = infos.name_of_missing(&left.path, left.fingerprint.dev);
            names.entry(left.group).or_default().insert(name);
        }
    }
    let one = |names: BTreeSet<Option<String>>| {
        let mut names = names.into_iter();
        names.next().flatten().filter(|_| names.next().is_none())
    };
    names
        .into_iter()
        .filter_map(|(group, names)| Some((group, one(names)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f017_what_is_gone_is_told_from_what_lies_on_a_disk_that_is_away() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, b"x").unwrap();
            let mut left = look(&path).unwrap();
            // The number of the disk at the last launch.
            left.dev += 1;
            Left {
                group: crate::clock::group_id(),
                path,
                fingerprint: left,
                strict: false,
            }
        };
        let [here, gone, alone] = ["a/here", "a/gone", "b/alone"].map(file);
        std::fs::remove_file(&gone.path).unwrap();
        std::fs::remove_file(&alone.path).unwrap();
        let none = BTreeSet::new();
        let away = look_at(&Infos::default(), &none, std::slice::from_ref(&alone));
        assert!(
            matches!(&away[..], [Source::Failed(f)] if f.code == ErrorCode::DiskMissing),
            "nothing of that disk was seen: {away:?}"
        );
        // One file of it is there, under another number: the disk is not what is missing.
        let infos = Infos::default();
        let left = [here, gone, alone];
        let seen = look_at(&infos, &none, &left);
        assert!(
            matches!(seen[..], [Source::Present(_), Source::Missing, Source::Missing]),
            "{seen:?}"
        );
        // And a later look has not forgotten that.
        let later = look_at(&infos, &none, &left[2..]);
        assert_eq!(later, [Source::Missing]);
    }

    #[test]
    fn f017_files_of_another_disk_are_not_those_of_the_one_that_was_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("C0001.MP4");
        std::fs::write(&path, b"another film").unwrap();
        let mut fingerprint = look(&path).unwrap();
        fingerprint.size += 1;
        let away = BTreeSet::from([fingerprint.dev]);
        let left = [Left {
            group: crate::clock::group_id(),
            path,
            fingerprint,
            strict: false,
        }];
        let seen = look_at(&Infos::default(), &away, &left);
        assert!(
            matches!(&seen[..], [Source::Failed(f)] if f.code == ErrorCode::DiskMissing),
            "{seen:?}"
        );
        let known = look_at(&Infos::default(), &BTreeSet::new(), &left);
        assert!(matches!(known[..], [Source::Present(_)]), "{known:?}");
    }
}
