use windlass_core::states::Intent;
use windlass_core::time::Timestamp;
use windlass_engine::view::{Eta, FileCounts};

use super::*;
use crate::words::words;

fn group(n: u8, name: &str, word: GroupWord) -> GroupView {
    let id = GroupId::new(Timestamp::from_millis(i64::from(n)), [n; 10]);
    GroupView {
        id,
        name: name.to_owned(),
        destination_id: windlass_core::ids::DestinationId::new(Timestamp::from_millis(0), [0; 10]),
        destination_name: "Documents".to_owned(),
        word,
        intent: Intent::Run,
        blocked_by: Vec::new(),
        anyway: Vec::new(),
        because: None,
        since: None,
        disk: None,
        scanning: false,
        growing: 0,
        order: 0,
        accepts_files: true,
        files: FileCounts {
            total: 4,
            failed: 2,
            ..FileCounts::default()
        },
        processing: None,
        bytes_total: 200,
        bytes_done: 123,
        rate_bytes: None,
        rate_files: None,
        eta: None,
        errors: Vec::new(),
        notes: None,
        regroups: true,
        created_at: i64::from(n),
        finished_at: None,
    }
}

fn model(groups: &[GroupView], totals: &Totals) -> TrayModel {
    let groups = groups.iter().map(|g| (g.id, g.clone())).collect();
    tray_model(&groups, totals, 0, words(Some("en"), ""))
}

#[test]
fn with_nothing_there_it_is_idle_and_there_is_nothing_to_pause() {
    let got = model(&[], &Totals::default());
    assert_eq!((got.icon, got.line.as_str()), (TrayIcon::Idle, "Nothing to send"));
    assert_eq!(got.all, PauseAll::Pause { enabled: false });
    let got = model(&[group(1, "a", GroupWord::Done)], &Totals::default());
    assert_eq!(
        (got.icon, got.tooltip.as_str()),
        (TrayIcon::Idle, "Windlass: All verified")
    );
}

#[test]
fn while_files_move_it_says_how_many_groups_how_far_and_how_long() {
    let totals = Totals {
        bytes_done: 61,
        bytes_total: 100,
        eta: Some(Eta {
            low_s: 2_280,
            high_s: 2_700,
        }),
        ..Totals::default()
    };
    let got = model(
        &[
            group(1, "Shoot", GroupWord::Uploading),
            group(2, "B", GroupWord::Waiting),
        ],
        &totals,
    );
    assert_eq!(
        (got.icon, got.line.as_str()),
        (TrayIcon::Active(9), "Uploading 2 groups, 61 %")
    );
    assert_eq!(got.tooltip, "Windlass: Uploading 2 groups, 61 %, 38–45 min");
    assert_eq!(
        got.groups.iter().map(|g| g.1.as_str()).collect::<Vec<_>>(),
        ["Shoot, 61 %", "B, 61 %"]
    );
    assert_eq!(got.all, PauseAll::Pause { enabled: true });
}

#[test]
fn paused_by_the_person_it_offers_to_go_on() {
    let totals = Totals {
        paused: true,
        ..Totals::default()
    };
    let got = model(&[group(1, "a", GroupWord::Paused)], &totals);
    assert_eq!(
        (got.icon, got.line.as_str(), got.all),
        (TrayIcon::Paused, "Paused by you", PauseAll::Resume)
    );
}

#[test]
fn a_reason_of_everything_is_named_and_offline_counts_what_waits() {
    let of = |reason| Totals {
        blocked_by: vec![reason],
        files_total: 15,
        files_done: 3,
        ..Totals::default()
    };
    let got = model(&[group(1, "a", GroupWord::Waiting)], &of(BlockedReason::Offline));
    assert_eq!(
        (got.icon, got.line.as_str()),
        (TrayIcon::Offline, "Offline, 12 files waiting")
    );
    let got = model(
        &[group(1, "a", GroupWord::Waiting)],
        &of(BlockedReason::QueueDiskFull),
    );
    assert_eq!(got.line, "Paused: this computer's disk is full");
}

// I-7, X-18
#[test]
fn what_network_power_and_hour_hold_is_named_with_its_facts_and_may_be_passed() {
    let held = |reason| {
        let mut waits = group(1, "a", GroupWord::Paused);
        waits.blocked_by = vec![reason];
        let around = windlass_engine::view::Around {
            network: Some("Phone\u{202e} hotspot".into()),
            battery: Some(18),
            ..Default::default()
        };
        let totals = Totals {
            blocked_by: vec![reason],
            around,
            ..Totals::default()
        };
        model(&[waits], &totals)
    };
    let got = held(BlockedReason::Battery);
    assert_eq!(
        (got.icon, got.line.as_str()),
        (TrayIcon::Paused, "Paused on battery at 18 %")
    );
    assert!(got.anyway);
    let got = held(BlockedReason::Metered);
    assert_eq!(got.line, "Paused on a metered network (Phone⟨202E⟩ hotspot)");
    assert_eq!(held(BlockedReason::Schedule).line, "Waiting for the schedule");
    assert!(!held(BlockedReason::StorageFull).anyway);
}

#[test]
fn the_ring_fills_by_sixteenths_and_is_full_only_at_the_end() {
    assert_eq!(
        [(0, 0), (0, 9), (15, 16), (999, 1_000), (5, 5)].map(|(d, t)| sixteenths(d, t)),
        [0, 0, 15, 15, 16]
    );
}

#[test]
fn a_group_that_waits_alone_is_told_by_its_own_reason() {
    let mut waits = group(1, "a", GroupWord::Paused);
    waits.blocked_by = vec![BlockedReason::StorageFull];
    assert_eq!(
        model(std::slice::from_ref(&waits), &Totals::default()).line,
        "Paused: the destination is full"
    );
    let asks = group(2, "b", GroupWord::Interrupted);
    assert_eq!(
        model(std::slice::from_ref(&asks), &Totals::default()).line,
        "Waiting for your answer"
    );
    let moves = group(3, "c", GroupWord::Uploading);
    assert_eq!(
        model(&[waits, asks, moves], &Totals::default()).icon,
        TrayIcon::Active(0)
    );
}

#[test]
fn who_needs_a_person_comes_first_and_is_seen_while_others_move() {
    let totals = Totals {
        bytes_done: 1,
        bytes_total: 2,
        ..Totals::default()
    };
    let mut all: Vec<_> = (1..=4)
        .map(|n| group(n, &format!("g{n}"), GroupWord::Uploading))
        .collect();
    all.push(group(9, "Contracts", GroupWord::NeedsYou));
    let got = model(&all, &totals);
    assert_eq!(
        (got.icon, got.line.as_str()),
        (TrayIcon::Attention, "Uploading 4 groups, 50 %")
    );
    assert!(got.tooltip.ends_with("1 group needs you"), "{}", got.tooltip);
    assert_eq!((got.groups.len(), got.need_you), (MOST_GROUPS, 1));
    assert_eq!(got.groups[0].1, "Contracts: 2 files need you");
}

#[test]
fn percent_is_whole_never_100_before_the_end_and_absent_without_bytes() {
    assert_eq!(percent(0, 0), None);
    assert_eq!(percent(999, 1_000), Some(99));
    assert_eq!(percent(u64::MAX, u64::MAX), Some(100));
    assert_eq!(percent(5, 2), Some(100));
}

#[test]
fn a001_a_name_can_not_deceive_in_the_menu() {
    let got = model(
        &[group(1, "a\u{202e}\nb", GroupWord::Uploading)],
        &Totals::default(),
    );
    assert_eq!(got.groups[0].1, "a⟨202E⟩⟨0A⟩b, 61 %");
}

// F-2: a group that has just ended can be opened, where there is room for it
#[test]
fn what_ended_last_stands_below_what_is_under_way() {
    let ended = |n, name, at| GroupView {
        finished_at: Some(at),
        ..group(n, name, GroupWord::Done)
    };
    let names = |groups: &[GroupView]| -> Vec<String> {
        model(groups, &Totals::default())
            .groups
            .into_iter()
            .map(|g| g.1)
            .collect()
    };
    let (old, new) = (ended(1, "Old", 10), ended(2, "New", 20));
    let moving = group(3, "Moving", GroupWord::Uploading);
    assert_eq!(names(&[old.clone(), new.clone()]), ["New: done", "Old: done"]);
    assert_eq!(
        names(&[old, new, moving, group(4, "Help", GroupWord::NeedsYou)]),
        ["Help: 2 files need you", "Moving, 61 %", "New: done"]
    );
}
