//! What a launch finds: everything under way when the last run ended.

use windlass_core::error::ErrorCode;
use windlass_core::states::{FileState, PartState};
use windlass_queue::{groups, reconcile};

use crate::support::*;

#[test]
fn the_snapshot_has_every_interrupted_file_once_page_by_page() {
    let s = sandbox();
    s.queue
        .write_blocking(|c| groups::insert(c, &new_group(2)))
        .unwrap();
    insert(
        &s.queue,
        (0..60)
            .map(|n| new_file(n, 1 + n % 2, (n / 2).cast_signed(), 2))
            .collect(),
    );
    let mut expected = Vec::new();
    for n in 0..60 {
        let uploading = [register(n), step(n, FileState::Registered, FileState::Uploading)];
        match n % 6 {
            0 => apply(&s.queue, vec![register(n)]),
            1 => apply(
                &s.queue,
                [
                    uploading.to_vec(),
                    vec![part_state(n, 1, PartState::Uploading), uploaded(n, 2)],
                ]
                .concat(),
            ),
            2 => {
                let verifying = vec![
                    uploaded(n, 1),
                    uploaded(n, 2),
                    step(n, FileState::Uploading, FileState::Verifying),
                ];
                apply(&s.queue, [uploading.to_vec(), verifying].concat());
            }
            3 => apply(&s.queue, whole_life(n, 2)),
            4 => apply(&s.queue, vec![fail(n, FileState::Queued, ErrorCode::ReadError)]),
            _ => {}
        }
        if n % 6 < 3 {
            expected.push(file_id(n));
        }
    }
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = read(&s.queue, move |c| reconcile::interrupted(c, cursor, 7));
        let last = page.len() < 7;
        cursor = page.last().map(reconcile::Interrupted::cursor).or(cursor);
        found.extend(page);
        if last {
            break;
        }
    }
    let mut ids: Vec<_> = found.iter().map(|f| f.record.id).collect();
    ids.sort();
    assert_eq!(ids, expected);
    assert!(found.is_sorted_by_key(|f| (f.record.group, f.record.position)));
    let one = found.iter().find(|f| f.record.id == file_id(1)).unwrap();
    assert_eq!(one.path, b"/home/me/photos/1.raw");
    assert_eq!(
        (one.rel_path.as_str(), one.object_key.as_deref()),
        ("photos/1.raw", Some("key/1"))
    );
    let parts: Vec<_> = one.record.parts.iter().map(|p| p.state).collect();
    assert_eq!(parts, [PartState::Uploading, PartState::Uploaded]);
    let queued = read(&s.queue, reconcile::queued);
    assert_eq!(queued, [(group_id(2), 10)].into(), "n % 6 == 5 is in group 2");
}
