//! The history narrowed down: by where, from where, how and when, over many groups and a million files.

use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::time::Timestamp;
use windlass_queue::acts::{self, ActKind, NewAct};
use windlass_queue::history::{self, Ended, HistoryFilter};
use windlass_queue::processing::{self, Processed, State, Track};
use windlass_queue::search::{self, FileFilter, Proved};
use windlass_queue::servers::{self, Keep, ServerRow};
use windlass_queue::{Connection, Queue, QueueError};

use crate::support::*;

const MINUTE: i64 = 60_000;

/// What it is, and what it changes of the filter.
type ByGroup = (&'static str, fn(&mut HistoryFilter));
/// The most steps that it may take, what it is, the words, and what it changes of the filter.
type ByFile = (u64, &'static str, &'static str, fn(&mut FileFilter));

/// `groups` groups that ended a minute after each other, each with `files` proved files of its own folder, of destination 1 or 2;
/// each seventh was cancelled. Group `n` came from `/media/card n%10/day n`.
fn fill(c: &Connection, groups: u64, files: u64) -> Result<(), QueueError> {
    let ids = [destination_id(1), destination_id(2)].map(uuid_of);
    c.execute_batch(&format!(
        "WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < {groups})
         INSERT INTO history SELECT unhex(printf('%032x', g)), 'Group ' || g, CASE g % 2 WHEN 1 THEN {one} ELSE {two} END,
           'Archive ' || (2 - g % 2), 'drop', CASE WHEN g % 7 = 0 THEN 'cancelled' ELSE 'completed' END,
           {now}, {now} + g * {MINUTE}, {files}, {files}, 0, 0, 0, 1 FROM n;
         WITH RECURSIVE n(f) AS (SELECT 0 UNION ALL SELECT f + 1 FROM n WHERE f < {groups} * {files} - 1)
         INSERT INTO receipt SELECT f + 1, unhex(printf('%032x', 1 + f / {files})), unhex(printf('%016x%016x', 7, f)), 1,
           CASE (1 + f / {files}) % 2 WHEN 1 THEN {one} ELSE {two} END, 'Archive',
           CAST('/media/card ' || ((1 + f / {files}) % 10) || '/day ' || (1 + f / {files}) || '/' || f || '.jpg' AS BLOB),
           'day ' || (1 + f / {files}) || '/' || f || '.jpg', 1, f, 10, 0, 0,
           CASE f % 4 WHEN 0 THEN 'deduplicated' WHEN 1 THEN 'unchanged' ELSE 'uploaded' END, 'key', 'sha256', NULL, NULL,
           {now} + (1 + f / {files}) * {MINUTE}, {now} + (1 + f / {files}) * {MINUTE} FROM n;",
        one = ids[0],
        two = ids[1],
        now = NOW.as_millis(),
    ))
    .map_err(QueueError::from)
}

fn uuid_of(id: DestinationId) -> String {
    format!("x'{}'", id.to_string().replace('-', ""))
}

/// The number of a group that [`fill`] made.
fn number(group: GroupId) -> u64 {
    let text = group.to_string().replace('-', "");
    u64::from_str_radix(&text[16..], 16).unwrap()
}

fn groups(queue: &Queue, filter: &HistoryFilter, page: usize) -> Vec<u64> {
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let filter = filter.clone();
        let rows = read(queue, move |c| history::page(c, after, page, &filter));
        found.extend(rows.iter().map(|r| number(r.group)));
        match rows.last() {
            Some(row) if rows.len() == page => after = Some((row.ended_at, Some(row.group))),
            _ => return found,
        }
    }
}

fn files(queue: &Queue, filter: &FileFilter, page: usize) -> Vec<i64> {
    let (mut before, mut found) = (None, Vec::new());
    loop {
        let filter = filter.clone();
        let rows = read(queue, move |c| search::files(c, &filter, before, page));
        found.extend(rows.receipts.iter().map(|r| r.seq));
        match rows.next {
            Some(place) => before = Some(place),
            None => return found,
        }
    }
}

fn enter_all(queue: &Queue) {
    loop {
        let due = read(queue, |c| history::due(c, 100, 20_000));
        if due.is_empty() {
            return;
        }
        queue
            .write_blocking(move |c| due.iter().try_for_each(|(g, f)| history::enter(c, *g, f)))
            .unwrap();
    }
}

fn minute(n: i64) -> Timestamp {
    at(n * MINUTE)
}

// G-6
#[test]
fn groups_are_narrowed_by_all_that_is_asked_before_and_after_their_folders_are_entered() {
    let s = sandbox();
    s.queue.write_blocking(|c| fill(c, 70, 3)).unwrap();
    let ask = |change: fn(&mut HistoryFilter)| {
        let mut filter = HistoryFilter::default();
        change(&mut filter);
        let whole = groups(&s.queue, &filter, 200);
        assert_eq!(
            groups(&s.queue, &filter, 3),
            whole,
            "in small pages too: {filter:?}"
        );
        whole
    };
    for entered in [false, true] {
        if entered {
            enter_all(&s.queue);
        }
        assert_eq!(ask(|_| {}).len(), 70);
        // Group 10, 20 … came from card 0.
        let card = ask(|f| f.folder = Some(b"/media/card 0".to_vec()));
        assert_eq!(card, [70, 60, 50, 40, 30, 20, 10], "{entered}");
        assert_eq!(ask(|f| f.folder = Some(b"/media/card 1/day 11/".to_vec())), [11]);
        // A name that only begins like it is another folder.
        assert!(ask(|f| f.folder = Some(b"/media/card".to_vec())).is_empty());
        assert_eq!(ask(|f| f.folder = Some(b"/".to_vec())).len(), 70);
        assert_eq!(ask(|f| f.destination = Some(destination_id(1))).len(), 35);
        assert_eq!(ask(|f| f.ended = Some(Ended::Cancelled)).len(), 10);
        assert!(ask(|f| f.ended = Some(Ended::Failed)).is_empty());
        assert_eq!(
            ask(|f| (f.from, f.before) = (Some(minute(20)), Some(minute(23)))),
            [22, 21, 20],
            "the end is not counted"
        );
        assert_eq!(
            ask(|f| {
                f.folder = Some(b"/media/card 0".to_vec());
                f.destination = Some(destination_id(2));
                f.ended = Some(Ended::Completed);
                f.from = Some(minute(20));
                f.before = Some(minute(50));
                f.text = "group".into();
            }),
            [40, 30, 20]
        );
        assert_eq!(
            ask(|f| {
                f.destination = Some(destination_id(1));
                f.ended = Some(Ended::Cancelled);
                f.before = Some(minute(30));
            }),
            [21, 7]
        );
    }
    assert!(read(&s.queue, |c| history::due(c, 1, 1)).is_empty());
}

// G-6
#[test]
fn proved_files_are_narrowed_by_all_that_is_asked_with_words_and_without() {
    let s = sandbox();
    s.queue.write_blocking(|c| fill(c, 20, 10)).unwrap();
    let ask = |text: &str, change: fn(&mut FileFilter)| {
        let mut filter = FileFilter::of_text(text);
        change(&mut filter);
        let whole = files(&s.queue, &filter, 500);
        assert_eq!(
            files(&s.queue, &filter, 3),
            whole,
            "in small pages too: {filter:?}"
        );
        assert!(whole.windows(2).all(|w| w[0] > w[1]));
        whole.len()
    };
    for indexed in [0, 90, 1_000] {
        s.queue
            .write_blocking(move |c| search::index(c, indexed))
            .unwrap();
        assert_eq!(ask("", |_| {}), 200);
        assert_eq!(ask("jpg", |_| {}), 200, "{indexed}");
        assert_eq!(
            ask("*", |_| {}),
            0,
            "what has no word finds nothing, and not everything"
        );
        assert_eq!(ask("", |f| f.proved = Proved::Sent), 100);
        assert_eq!(ask("", |f| f.proved = Proved::Spared), 100);
        assert_eq!(ask("jpg", |f| f.destination = Some(destination_id(2))), 100);
        assert_eq!(ask("jpg", |f| f.folder = Some(b"/media/card 3".to_vec())), 20);
        assert_eq!(ask("", |f| f.ended = Some(Ended::Cancelled)), 20);
        assert_eq!(
            ask("", |f| (f.from, f.before) = (Some(minute(3)), Some(minute(5)))),
            20
        );
        assert_eq!(
            ask("day jpg", |f| {
                f.proved = Proved::Sent;
                f.destination = Some(destination_id(1));
                f.folder = Some(b"/media/card 3/day 13".to_vec());
                f.ended = Some(Ended::Completed);
                f.from = Some(minute(13));
                f.before = Some(minute(14));
            }),
            4
        );
    }
}

// G-10
#[test]
fn what_was_processed_is_counted_by_when_it_ended_and_its_files_are_those() {
    let s = sandbox();
    let server = ServerRow {
        destination: destination_id(1),
        url: "https://up.example.com".into(),
        remote: destination_id(1),
        remote_name: "recordings".into(),
        keep: Keep::File,
    };
    s.queue.write_blocking(move |c| servers::put(c, &server)).unwrap();
    insert(
        &s.queue,
        (1..=3).map(|n| new_file(n, 1, n.cast_signed(), 1)).collect(),
    );
    (1..=3).for_each(|n| apply(&s.queue, whole_life(n, 1)));
    let told = |file: u64, state: State, ms: i64| {
        let track = Track { state, failure: None };
        s.queue
            .write_blocking(move |c| processing::told(c, file_id(file), &track, at(ms), at(ms)))
            .unwrap();
    };
    told(1, State::Done, 1_000);
    told(2, State::Failed, 2_000);
    told(3, State::Running, 3_000);
    let since = |ms| read(&s.queue, move |c| processing::ended(c, at(ms), None));
    assert_eq!(since(0), Processed { done: 1, failed: 1 });
    assert_eq!(since(1_001), Processed { done: 0, failed: 1 });
    // Heard again, it ended when it ended; done again, it has not ended.
    told(1, State::Done, 9_000);
    assert_eq!(since(1_001).done, 0);
    told(1, State::Waiting, 10_000);
    assert_eq!(since(0), Processed { done: 0, failed: 1 });
    told(1, State::Done, 11_000);
    assert_eq!(since(10_500), Processed { done: 1, failed: 0 });
    let elsewhere = read(&s.queue, |c| processing::ended(c, at(0), Some(destination_id(2))));
    assert_eq!(elsewhere, Processed::default());
    // The bytes of those that ended well, where they ended.
    told(3, State::Done, 11_999);
    let stretches = |place| {
        read(&s.queue, move |c| {
            processing::done_by_step(c, at(0), 1_000, place)
        })
    };
    let size = read(&s.queue, |c| {
        Ok(c.query_row("SELECT sum(size) FROM receipt WHERE file_id IN (SELECT file_id FROM processing WHERE state = 'done')", [], |r| r.get::<_, i64>(0))?)
    });
    assert_eq!(stretches(None), [(at(11_000), size.cast_unsigned())]);
    assert_eq!(stretches(Some(destination_id(2))), []);
    told(3, State::Running, 12_000);
    let listed = |from: i64, before: i64| {
        let filter = FileFilter {
            proved: Proved::Processed,
            from: Some(at(from)),
            before: Some(at(before)),
            ..FileFilter::of_text("")
        };
        read(&s.queue, move |c| search::files(c, &filter, None, 10))
            .receipts
            .len()
    };
    assert_eq!(
        (listed(0, 20_000), listed(2_001, 20_000), listed(0, 11_000)),
        (2, 1, 1)
    );
}

// G-6, X-13
#[test]
fn what_was_done_is_told_newest_first_and_what_belongs_together_is_one_line() {
    let s = sandbox();
    let act = |kind, group, ms| NewAct {
        at: at(ms),
        kind,
        group,
        files: 2,
        bytes: 10,
        failed: 0,
        data: serde_json::json!({ "groups": 3 }),
    };
    s.queue
        .write_blocking(move |c| {
            acts::append(c, &act(ActKind::Check, None, 0))?;
            for ms in [1_000, 2_000, 2_000 + acts::TOGETHER_MS] {
                acts::count(c, &act(ActKind::Trashed, Some(group_id(1)), ms))?;
            }
            // Of another kind, about another group, and much later, it is another act.
            acts::count(c, &act(ActKind::PutBack, Some(group_id(1)), 3_000))?;
            acts::count(c, &act(ActKind::Trashed, Some(group_id(2)), 3_000))?;
            acts::count(
                c,
                &act(ActKind::Trashed, Some(group_id(1)), 3 * acts::TOGETHER_MS),
            )
        })
        .unwrap();
    let page = |place, range, limit| read(&s.queue, move |c| acts::page(c, place, range, limit));
    let all = page(None, (None, None), 10);
    let told: Vec<_> = all.iter().map(|a| (a.act.kind, a.act.files)).collect();
    assert_eq!(
        told,
        [
            (ActKind::Trashed, 2),
            (ActKind::Trashed, 6),
            (ActKind::Trashed, 2),
            (ActKind::PutBack, 2),
            (ActKind::Check, 2),
        ]
    );
    assert_eq!(all[1].group_name.as_deref(), Some("Group 1"));
    assert_eq!(all[2].group_name, None, "no such group is known");
    let rest = page(Some((all[2].act.at, all[2].seq)), (None, None), 10);
    assert_eq!(rest, all[3..]);
    let of_time = page(None, (Some(at(1)), Some(all[1].act.at)), 10);
    assert_eq!(of_time, all[2..4]);
    let later = at(acts::KEEP_MS + 3_001);
    s.queue.write_blocking(move |c| acts::prune(c, later)).unwrap();
    assert_eq!(page(None, (None, None), 10).len(), 2);
}

// G-7. `--nocapture` tells what each costs.
#[test]
fn a_million_proved_files_are_narrowed_within_the_budget() {
    let s = sandbox();
    s.queue.write_blocking(|c| fill(c, 100_000, 10)).unwrap();
    enter_all(&s.queue);
    while s.queue.write_blocking(|c| search::index(c, 50_000)).unwrap() > 0 {}
    let counting = Counting::open(&s.path());
    let within = |budget: u64, what: &str, steps: u64, found: usize| {
        println!("{what}: {found} found in {steps} steps");
        assert!(steps <= budget, "{what} took {steps} steps");
    };
    let of_groups: [ByGroup; 6] = [
        ("all groups", |_| {}),
        ("a folder of one group", |f| {
            f.folder = Some(b"/media/card 1/day 51".to_vec());
        }),
        ("a folder of a tenth", |f| {
            f.folder = Some(b"/media/card 7".to_vec());
        }),
        ("cancelled at one place", |f| {
            f.ended = Some(Ended::Cancelled);
            f.destination = Some(destination_id(2));
        }),
        ("none ended so", |f| f.ended = Some(Ended::Failed)),
        ("the oldest day", |f| f.before = Some(minute(1_440))),
    ];
    for (what, change) in of_groups {
        let mut filter = HistoryFilter::default();
        change(&mut filter);
        let (rows, steps) = counting.count(|c| history::page(c, None, 200, &filter));
        within(15_000, what, steps, rows.len());
    }
    let of_files: [ByFile; 6] = [
        (30_000, "files of a word", "jpg", |_| {}),
        (40_000, "files of a word at one place", "jpg", |f| {
            f.destination = Some(destination_id(2));
        }),
        (3_200_000, "files of a word in an old folder", "jpg", |f| {
            f.folder = Some(b"/media/card 1/day 51".to_vec());
        }),
        (80_000, "one file in an old folder", "777", |f| {
            f.folder = Some(b"/media/card 8".to_vec());
        }),
        (10_500_000, "files of the oldest hour", "jpg", |f| {
            f.before = Some(minute(60));
        }),
        (4_200_000, "none processed", "", |f| f.proved = Proved::Processed),
    ];
    for (budget, what, text, change) in of_files {
        let mut filter = FileFilter::of_text(text);
        change(&mut filter);
        let (found, steps) = counting.count(|c| search::files(c, &filter, None, 200));
        within(budget, what, steps, found.receipts.len());
    }
}

// G-6
#[test]
fn a_choice_that_is_made_again_within_minutes_is_one_line_with_the_last_word() {
    let s = sandbox();
    let act = |kind, of: &str, value: u64, ms| NewAct {
        at: at(ms),
        kind,
        group: None,
        files: 0,
        bytes: 0,
        failed: 0,
        data: serde_json::json!({ "of": [of, "changed"], "value": value }),
    };
    s.queue
        .write_blocking(move |c| {
            acts::last_word(c, &act(ActKind::Setting, "limit", 1, 1_000))?;
            acts::last_word(c, &act(ActKind::Setting, "limit", 2, 2_000))?;
            // Of something else, of another kind, and much later, it is a line of its own.
            acts::last_word(c, &act(ActKind::Setting, "metered", 3, 3_000))?;
            acts::last_word(c, &act(ActKind::Watch, "limit", 4, 4_000))?;
            acts::last_word(c, &act(ActKind::Setting, "limit", 5, 3 * acts::TOGETHER_MS))
        })
        .unwrap();
    let all = read(&s.queue, |c| acts::page(c, None, (None, None), 10));
    let told: Vec<_> = all
        .iter()
        .map(|a| (a.act.at.millis_since(at(0)), a.act.data["value"].clone()))
        .collect();
    let expected = [(3 * acts::TOGETHER_MS, 5), (4_000, 4), (3_000, 3), (2_000, 2)];
    assert_eq!(told, expected.map(|(ms, value)| (ms, value.into())));
}
