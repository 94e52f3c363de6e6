//! Every combination of queue, ledger, listing and disk (I16).

use windlass_core::fingerprint::SourceChange;
use windlass_core::machine::records::Change;
use windlass_core::reconcile::{FindingKind, LocalFile, Observation, Remote, Source, check, plan};
use windlass_core::states::{FileState, PartState, SessionState};

use crate::queue::apply;
use crate::world::{ATTEMPT, LISTED, NOW, listing, local, remotes, session, sources};

/// Plans, applies, and holds the result against what may never be.
fn run(seen: Observation) {
    let (before, remote, source) = seen.clone();
    let first = plan(std::slice::from_ref(&seen), NOW);
    assert_eq!(
        check(&first, std::slice::from_ref(&seen)),
        Vec::<String>::new(),
        "{seen:?}"
    );
    let open = matches!(
        before.state,
        FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying
    );
    assert_eq!(
        first.actions.len(),
        usize::from(open),
        "an open file is told of, a closed one left alone: {seen:?}"
    );
    let Some(action) = first.actions.first() else {
        return;
    };
    let mut after = before.clone();
    for change in &action.changes {
        apply(&mut after, change).unwrap_or_else(|why| panic!("{why}: {change:?} of {seen:?}"));
    }
    // Twice is once.
    let second = plan(&[(after.clone(), remote.clone(), source.clone())], NOW);
    let again: Vec<_> = second.actions.iter().flat_map(|a| &a.changes).collect();
    assert!(again.is_empty(), "{again:?} once more, of {seen:?}");
    holds(&before, &after, &remote, &source, action.kind, &action.changes);
}

fn holds(
    before: &LocalFile,
    after: &LocalFile,
    remote: &Remote,
    source: &Source,
    kind: FindingKind,
    changes: &[Change],
) {
    let told = match remote {
        Remote::Known(s) if s.attempt == before.attempt && !s.deleted => s.settled.as_ref(),
        Remote::Known(_) | Remote::Unknown | Remote::NotAsked => None,
    };
    assert_eq!(
        after.state == FileState::Done,
        told.is_some(),
        "done is said with a proof of this attempt, only then"
    );
    assert_eq!(kind == FindingKind::WasFinished, after.state == FileState::Done);
    let changed =
        matches!(source, Source::Present(seen) if before.fingerprint.compare(seen) == SourceChange::Changed);
    if *remote == Remote::NotAsked && !changed && *source != Source::Missing {
        assert!(
            changes.is_empty(),
            "nobody was asked, so nothing is known: {changes:?}"
        );
    }
    if changed && after.state != FileState::Done && after.state != FileState::Failed {
        assert_eq!(
            (after.attempt, after.state, kind),
            (before.attempt + 1, FileState::Queued, FindingKind::FileChanged)
        );
        assert!(
            after.parts.is_empty(),
            "no byte of the old version goes into the new one"
        );
    }
    for part in after.parts.iter().filter(|p| p.state == PartState::Uploaded) {
        assert!(
            part.crc64.is_some() && part.etag.is_some(),
            "a stored part is known by checksum and tag"
        );
        let was = before
            .parts
            .iter()
            .any(|p| p.n == part.n && p.state == PartState::Uploaded);
        let listed = match remote {
            Remote::Known(s) => s
                .parts
                .as_ref()
                .is_some_and(|l| l.iter().any(|l| l.n == part.n && l.crc64.is_some())),
            Remote::Unknown | Remote::NotAsked => false,
        };
        assert!(
            was || listed,
            "a part is stored only where this computer or the storage says so"
        );
    }
}

#[test]
fn i16_every_ledger_and_source_has_one_sound_action_that_is_not_repeated() {
    for state in FileState::ALL {
        for parts in [
            vec![PartState::Pending],
            vec![PartState::Uploading],
            vec![PartState::Uploaded],
            vec![PartState::Pending, PartState::Pending],
            vec![PartState::Uploaded, PartState::Uploading],
            vec![PartState::Uploaded, PartState::Uploaded],
        ] {
            for listed in [None, Some(vec![]), Some(listing(&[LISTED[1], LISTED[1]]))] {
                for remote in remotes(listed) {
                    let file = local(1, *state, &parts);
                    for source in sources(file.fingerprint) {
                        run((file.clone(), remote.clone(), source));
                    }
                }
            }
        }
    }
}

#[test]
fn i16_every_pair_of_parts_is_compared_with_every_listing() {
    let open = [
        FileState::Queued,
        FileState::Registered,
        FileState::Uploading,
        FileState::Verifying,
    ];
    let ledger = [
        SessionState::Pending,
        SessionState::Uploading,
        SessionState::Verifying,
    ];
    for state in open {
        for first in PartState::ALL {
            for second in PartState::ALL {
                let file = local(1, state, &[*first, *second]);
                for a in LISTED {
                    for b in LISTED {
                        for s in ledger {
                            let remote = Remote::Known(session(ATTEMPT, s, Some(listing(&[a, b]))));
                            for source in sources(file.fingerprint) {
                                run((file.clone(), remote.clone(), source));
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_plan_that_does_not_fit_its_file_is_told_and_not_guessed() {
    let mut file = local(
        1,
        FileState::Uploading,
        &[PartState::Uploaded, PartState::Pending],
    );
    file.part_size = 0;
    let made = plan(&[(file, Remote::NotAsked, Source::Missing)], NOW);
    assert!(
        matches!(made.actions[0].changes[..], [Change::FileFailed { .. }]),
        "{made:?}"
    );
}
