//! Servers behind destinations, and the processing track of what arrived there.

use windlass_core::error::{ErrorCode, Failure};
use windlass_queue::processing::{self, State, Track};
use windlass_queue::servers::{self, Keep, ServerRow};

use crate::support::*;

fn track(state: State) -> Track {
    Track { state, failure: None }
}

// D-10, D-12
#[test]
fn a_file_that_arrives_at_a_server_is_asked_about_until_its_processing_has_ended() {
    let s = sandbox();
    let destination = read(&s.queue, windlass_queue::destinations::list)[0].id;
    insert(&s.queue, vec![new_file(1, 1, 0, 1), new_file(2, 1, 1, 1)]);
    // Before the server is known nothing is followed.
    apply(&s.queue, whole_life(1, 1));
    assert_eq!(read(&s.queue, |c| processing::get(c, file_id(1))), None);
    let row = ServerRow {
        destination,
        url: "https://up.example.com".into(),
        remote: destination,
        remote_name: "recordings".into(),
        keep: Keep::File,
    };
    let put = row.clone();
    s.queue.write_blocking(move |c| servers::put(c, &put)).unwrap();
    assert_eq!(read(&s.queue, servers::all), [row]);
    apply(&s.queue, whole_life(2, 1));
    let waits = read(&s.queue, |c| processing::get(c, file_id(2))).unwrap();
    assert_eq!(waits, track(State::Waiting));
    let (due, _) = read(&s.queue, |c| processing::due(c, at(i64::MAX / 4), 10));
    assert_eq!(
        due.iter().map(|d| (d.file, d.destination)).collect::<Vec<_>>(),
        [(file_id(2), destination)]
    );

    let later = at(5_000_000);
    s.queue
        .write_blocking(move |c| processing::told(c, file_id(2), &track(State::Running), at(1), later))
        .unwrap();
    let (due, next) = read(&s.queue, move |c| processing::due(c, at(4_000_000), 10));
    assert_eq!(
        (due, next),
        (vec![], Some(later)),
        "it is not asked before its time"
    );
    let failed = Track {
        state: State::Failed,
        failure: Some(Failure::new(ErrorCode::ExtractDamaged, "extract_text: damaged")),
    };
    let (told, again) = (failed.clone(), failed.clone());
    s.queue
        .write_blocking(move |c| processing::told(c, file_id(2), &told, at(2), later))
        .unwrap();
    assert_eq!(read(&s.queue, |c| processing::get(c, file_id(2))), Some(failed));
    assert_eq!(
        read(&s.queue, |c| processing::failed(c, group_id(1))),
        [file_id(2)]
    );
    let counts = processing::Counts {
        failed: 1,
        ..Default::default()
    };
    assert_eq!(read(&s.queue, |c| processing::counts(c, group_id(1))), counts);
    let folds = read(&s.queue, |c| processing::unseen(c, group_id(1)));
    assert_eq!(
        folds.iter().map(|f| (f.code, f.files)).collect::<Vec<_>>(),
        [(ErrorCode::ExtractDamaged, 1)]
    );
    let unprocessed = |code| windlass_queue::files::Find {
        kind: windlass_queue::files::Kind::Unprocessed,
        code,
        ..Default::default()
    };
    let found = |code| {
        read(&s.queue, move |c| {
            windlass_queue::files::found_count(c, group_id(1), &unprocessed(code))
        })
    };
    assert_eq!(
        (
            found(None),
            found(Some(ErrorCode::ExtractDamaged)),
            found(Some(ErrorCode::Internal))
        ),
        (1, 1, 0)
    );
    // Seen, it is told no more, and is still what it is; done again, its next end is news.
    assert_eq!(
        s.queue
            .write_blocking(|c| processing::see(c, group_id(1)))
            .unwrap(),
        1
    );
    assert_eq!(read(&s.queue, |c| processing::unseen(c, group_id(1))), []);
    assert_eq!(read(&s.queue, |c| processing::counts(c, group_id(1))), counts);
    let ended = read(&s.queue, |c| processing::due(c, at(i64::MAX / 4), 10));
    assert_eq!(ended, (vec![], None), "what has ended is not asked about");
    for (told, unseen) in [(track(State::Waiting), 0), (again, 1)] {
        s.queue
            .write_blocking(move |c| processing::told(c, file_id(2), &told, at(2), later))
            .unwrap();
        assert_eq!(
            read(&s.queue, |c| processing::unseen(c, group_id(1))).len(),
            unseen
        );
    }
    let row = read(&s.queue, |c| windlass_queue::files::get(c, file_id(2))).unwrap();
    assert_eq!(
        row.state,
        windlass_core::states::FileState::Done,
        "the upload is not touched"
    );
}
