//! Many files at once; a crash anywhere in the middle of applying changes nothing of the end (I16).

use proptest::prelude::*;
use windlass_core::reconcile::{LocalFile, Observation, Remote, Source, plan, report};
use windlass_core::states::{FileState, PartState, SessionState};

use crate::queue::apply;
use crate::world::{ATTEMPT, LISTED, NOW, listing, local, proof, session, sources};

fn file() -> impl Strategy<Value = Observation> {
    let parts = prop::collection::vec(
        (
            prop::sample::select(PartState::ALL),
            prop::sample::select(&LISTED[..]),
        ),
        1..6,
    );
    let here = (
        any::<u8>(),
        prop::sample::select(FileState::ALL),
        parts,
        0usize..6,
    );
    let there = (
        0u32..4,
        prop::sample::select(SessionState::ALL),
        any::<bool>(),
        any::<bool>(),
    );
    (here, there).prop_map(
        |((id, state, parts, source), (attempt, ledger, settled, lists))| {
            let (local_parts, listed): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            let file = local(id, state, &local_parts);
            let mut known = session(
                ATTEMPT - 1 + attempt.min(2),
                ledger,
                lists.then(|| listing(&listed)),
            );
            known.settled = settled.then(proof);
            let remote = if attempt == 3 {
                Remote::NotAsked
            } else {
                Remote::Known(known)
            };
            let source = sources(file.fingerprint).swap_remove(source);
            (file, remote, source)
        },
    )
}

fn apply_all(files: &mut [Observation], crash_after: Option<usize>) {
    let made = plan(files, NOW);
    for action in made.actions.iter().take(crash_after.unwrap_or(usize::MAX)) {
        let file: &mut LocalFile = files
            .iter_mut()
            .map(|(f, _, _)| f)
            .find(|f| f.id == action.file)
            .expect("it was looked at");
        for change in &action.changes {
            apply(file, change).expect("the tables allow it");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn i16_a_crash_between_two_actions_is_followed_by_the_same_plan_for_the_rest(
        files in prop::collection::vec(file(), 1..12), crash in 0usize..12,
    ) {
        let mut files = files;
        files.sort_by_key(|(f, _, _)| f.id);
        files.dedup_by_key(|(f, _, _)| f.id);
        let mut at_once = files.clone();
        apply_all(&mut at_once, None);
        let mut broken = files.clone();
        apply_all(&mut broken, Some(crash));
        apply_all(&mut broken, None);
        prop_assert_eq!(&at_once, &broken);
        let once = at_once.clone();
        apply_all(&mut at_once, None);
        prop_assert_eq!(&once, &at_once);
    }

    #[test]
    fn the_order_of_looking_does_not_matter_and_the_report_counts_every_open_file(
        files in prop::collection::vec(file(), 1..12),
    ) {
        let mut files = files;
        files.sort_by_key(|(f, _, _)| f.id);
        files.dedup_by_key(|(f, _, _)| f.id);
        let made = plan(&files, NOW);
        files.reverse();
        prop_assert_eq!(&made, &plan(&files, NOW));
        let told: u32 = report(&made).iter().flat_map(|g| &g.findings).map(|f| f.files).sum();
        let open = files.iter().filter(|(f, _, _)| {
            !matches!(f.state, FileState::Done | FileState::Failed | FileState::Removed)
        });
        prop_assert_eq!(told as usize, open.count());
    }
}

#[test]
fn i39_a_destination_that_does_not_answer_forgets_nothing() {
    let file = local(
        1,
        FileState::Verifying,
        &[PartState::Uploaded, PartState::Uploaded],
    );
    let made = plan(&[(file, Remote::NotAsked, Source::Missing)], NOW);
    assert!(made.actions[0].changes.is_empty());
}
