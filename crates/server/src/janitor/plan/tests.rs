//! The plan, case by case.

use super::*;

const T: Thresholds = Thresholds {
    abandoned: HOUR,
    quiet: 7 * DAY,
    draft: 7 * DAY,
    failed: 30 * DAY,
    stray: DAY,
    forget: 7 * DAY,
};

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn ago(ms: i64) -> Timestamp {
    now().plus_millis(-ms)
}

fn owner() -> OwnerId {
    OwnerId::new(now(), [1; 10])
}

fn place() -> DestinationId {
    DestinationId::new(now(), [2; 10])
}

fn actions(facts: &Facts) -> Vec<JanitorAction> {
    plan(facts, &T, now()).iter().map(|s| s.action).collect()
}

// L-15, M16
#[test]
fn a_quiet_file_fails_after_seven_days_unless_it_is_whole_or_the_storage_is_silent() {
    use AtStorage::{Parts, Silent, Whole};
    for (age, at_storage, wanted) in [
        (2 * HOUR, Parts, None),
        (7 * DAY - 1, Parts, None),
        (7 * DAY, Parts, Some(JanitorAction::FailSession)),
        (400 * DAY, Parts, Some(JanitorAction::FailSession)),
        (7 * DAY, Whole, Some(JanitorAction::Settle)),
        (7 * DAY, Silent, None),
        (2 * HOUR, Whole, None),
    ] {
        let facts = Facts {
            quiet: vec![QuietFile {
                owner: owner(),
                id: FileId::new(now(), [3; 10]),
                alive_at: ago(age),
                at_storage,
            }],
            ..Facts::default()
        };
        assert_eq!(actions(&facts).first().copied(), wanted, "{age} {at_storage:?}");
    }
}

// L-15
#[test]
fn a_draft_ages_as_its_template_says() {
    for (age, has_template, draft_days, fails) in [
        (7 * DAY - 1, true, Some(7), false),
        (7 * DAY, true, Some(7), true),
        (7 * DAY, true, Some(14), false),
        (700 * DAY, true, None, false),
        (7 * DAY, false, None, true),
        (7 * DAY - 1, false, None, false),
    ] {
        let facts = Facts {
            drafts: vec![Draft {
                owner: owner(),
                id: GroupId::new(now(), [3; 10]),
                alive_at: ago(age),
                has_template,
                draft_days,
            }],
            ..Facts::default()
        };
        let steps = plan(&facts, &T, now());
        assert_eq!(!steps.is_empty(), fails, "{age} {draft_days:?}");
        if fails {
            assert_eq!(steps[0].reason, "Upload abandoned - exceeded 7 day threshold");
        }
    }
    assert_eq!(
        Thresholds::abandoned_text(14 * DAY),
        "Upload abandoned - exceeded 14 day threshold"
    );
    assert_eq!(
        Thresholds::abandoned_text(36 * HOUR),
        "Upload abandoned - exceeded 36 hour threshold"
    );
}

// L-15
#[test]
fn bytes_of_failed_files_go_after_thirty_days() {
    for (age, wanted) in [(30 * DAY - 1, false), (30 * DAY, true)] {
        let facts = Facts {
            failed: vec![FailedObject {
                owner: owner(),
                session: FileId::new(now(), [3; 10]),
                object: ObjectId::new(now(), [4; 10]),
                destination: place(),
                key: "a".into(),
                failed_at: ago(age),
            }],
            ..Facts::default()
        };
        assert_eq!(actions(&facts) == [JanitorAction::Condemn], wanted, "{age}");
    }
}

// F143
#[test]
fn a_stray_is_seen_then_told_once_after_a_day_and_never_deleted() {
    for (first, told, wanted) in [
        (None, false, Some(JanitorAction::StraySeen)),
        (Some(DAY - 1), false, None),
        (Some(DAY), false, Some(JanitorAction::StrayTold)),
        (Some(9 * DAY), true, None),
    ] {
        let facts = Facts {
            strays: vec![Stray {
                destination: place(),
                found: Found {
                    key: "a".into(),
                    upload_id: None,
                    size: Some(1),
                },
                first_seen: first.map(ago),
                told,
            }],
            ..Facts::default()
        };
        assert_eq!(actions(&facts).first().copied(), wanted, "{first:?} {told}");
    }
}

#[test]
fn condemned_bytes_wait_for_their_time_and_rows_of_gone_ones_for_theirs() {
    let object = |at| OldObject {
        owner: owner(),
        id: ObjectId::new(now(), [4; 10]),
        destination: place(),
        key: "a".into(),
        at,
    };
    let facts = Facts {
        condemned: vec![object(ago(-1)), object(ago(0))],
        gone: vec![object(ago(7 * DAY - 1)), object(ago(7 * DAY))],
        late: vec![object(ago(0))],
        ..Facts::default()
    };
    use JanitorAction::{Clean, CleanLate, ForgetObject};
    assert_eq!(actions(&facts), [Clean, CleanLate, ForgetObject]);
}
