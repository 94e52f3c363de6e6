//! Network, power and the hour: what holds, how long, and what passes it.

#![expect(clippy::expect_used, reason = "a test that can't go on says so")]

use std::collections::BTreeSet;

use jiff::{Timestamp as Instant, Zoned};
use windlass_core::conditions::{
    Anyway, Facts, HOURS, Holds, Metered, Network, Pen, Power, Rules, Schedule, Verdict, judge,
};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::states::BlockedReason as Why;
use windlass_core::time::Timestamp;

fn at(text: &str) -> Zoned {
    text.parse().expect("a time with its zone")
}

fn instant(text: &str) -> Instant {
    text.parse().expect("an instant")
}

/// A full week, but these hours: (day from Monday on, first hour, up to, letter).
fn week(hours: &[(usize, usize, usize, char)]) -> Schedule {
    let mut letters = ['f'; HOURS];
    for (day, from, to, letter) in hours {
        letters[day * 24 + from..day * 24 + to].fill(*letter);
    }
    let week: String = letters.iter().collect();
    serde_json::from_value(serde_json::json!({"week": week, "limit": 1_000_000})).expect("a schedule")
}

// I-2
#[test]
fn a_week_is_written_and_read_as_it_is_and_nothing_else_is_taken_for_one() {
    let schedule = week(&[(0, 8, 18, 'n'), (6, 0, 24, 'l')]);
    let text = serde_json::to_value(&schedule).expect("text");
    assert_eq!(
        serde_json::from_value::<Schedule>(text).expect("a schedule"),
        schedule
    );
    let full = "f".repeat(HOURS);
    for bad in [
        serde_json::json!({"week": "f".repeat(HOURS - 1), "limit": 1}),
        serde_json::json!({"week": "x".repeat(HOURS), "limit": 1}),
        serde_json::json!({"week": full, "limit": 0}),
        serde_json::json!({"week": full, "limit": 1, "more": 1}),
        serde_json::json!({"week": full}),
        serde_json::json!(null),
    ] {
        assert!(serde_json::from_value::<Schedule>(bad.clone()).is_err(), "{bad}");
    }
}

// I-2, also where clocks are turned: Berlin skips 2:00 to 3:00 on 29 March 2026 and has it twice on 25 October;
// Lord Howe turns by half an hour.
#[test]
fn the_hour_of_the_wall_clock_decides_also_where_it_is_turned() {
    let night = week(&(0..7).map(|d| (d, 2, 3, 'n')).collect::<Vec<_>>());
    let day = week(&(0..7).map(|d| (d, 8, 22, 'n')).collect::<Vec<_>>());
    let late = week(&[(6, 2, 4, 'l')]);
    // (schedule, now, pen now, next change, next open where it is closed)
    let table: &[(&Schedule, &str, Pen, &str, Option<&str>)] = &[
        (
            &day,
            "2026-11-21T07:59:59.5+01:00[Europe/Berlin]",
            Pen::Full,
            "2026-11-21T08:00:00+01:00",
            None,
        ),
        (
            &day,
            "2026-11-21T08:00:00+01:00[Europe/Berlin]",
            Pen::Closed,
            "2026-11-21T22:00:00+01:00",
            Some("2026-11-21T22:00:00+01:00"),
        ),
        // The day has 23 hours: closed at 8:00 all the same, an hour sooner.
        (
            &day,
            "2026-03-28T23:30:00+01:00[Europe/Berlin]",
            Pen::Full,
            "2026-03-29T08:00:00+02:00",
            None,
        ),
        (
            &day,
            "2026-10-24T23:30:00+02:00[Europe/Berlin]",
            Pen::Full,
            "2026-10-25T08:00:00+01:00",
            None,
        ),
        // An hour that does not come closes nothing that day.
        (
            &night,
            "2026-03-29T01:59:59+01:00[Europe/Berlin]",
            Pen::Full,
            "2026-03-30T02:00:00+02:00",
            None,
        ),
        // One that comes twice is closed twice.
        (
            &night,
            "2026-10-25T02:30:00+02:00[Europe/Berlin]",
            Pen::Closed,
            "2026-10-25T03:00:00+01:00",
            Some("2026-10-25T03:00:00+01:00"),
        ),
        (
            &night,
            "2026-10-25T02:30:00+01:00[Europe/Berlin]",
            Pen::Closed,
            "2026-10-25T03:00:00+01:00",
            Some("2026-10-25T03:00:00+01:00"),
        ),
        (
            &night,
            "2026-10-25T01:10:00+02:00[Europe/Berlin]",
            Pen::Full,
            "2026-10-25T02:00:00+02:00",
            None,
        ),
        // Half an hour is skipped on 4 October 2026 (2:00 to 2:30) and comes again on 5 April (2:00 to 1:30).
        (
            &late,
            "2026-10-04T01:59:00+10:30[Australia/Lord_Howe]",
            Pen::Full,
            "2026-10-04T02:30:00+11:00",
            None,
        ),
        (
            &late,
            "2026-04-05T01:45:00+11:00[Australia/Lord_Howe]",
            Pen::Full,
            "2026-04-05T02:00:00+10:30",
            None,
        ),
        (
            &late,
            "2026-04-05T03:59:00+10:30[Australia/Lord_Howe]",
            Pen::Limited,
            "2026-04-05T04:00:00+10:30",
            None,
        ),
        // From Sunday into Monday.
        (
            &late,
            "2026-11-23T00:00:00+01:00[Europe/Berlin]",
            Pen::Full,
            "2026-11-29T02:00:00+01:00",
            None,
        ),
    ];
    for (schedule, now, pen, change, open) in table {
        let zoned = at(now);
        assert_eq!(schedule.pen(&zoned), *pen, "{now}");
        let next = schedule.next_change(&zoned).map(|z| z.timestamp());
        assert_eq!(next, Some(instant(change)), "after {now}");
        if let Some(open) = open {
            assert_eq!(
                schedule.next_open(&zoned).map(|z| z.timestamp()),
                Some(instant(open)),
                "{now}"
            );
        }
    }
}

// I-2
#[test]
fn a_week_of_one_pen_never_changes_and_one_that_is_closed_never_opens() {
    let now = at("2026-11-21T12:00:00+01:00[Europe/Berlin]");
    assert_eq!(week(&[]).next_change(&now), None);
    let closed = week(&(0..7).map(|d| (d, 0, 24, 'n')).collect::<Vec<_>>());
    assert_eq!((closed.next_change(&now), closed.next_open(&now)), (None, None));
}

fn facts(
    online: Option<bool>,
    metered: Option<bool>,
    on_battery: Option<bool>,
    percent: Option<u8>,
    saver: Option<bool>,
) -> Facts {
    Facts {
        network: Network {
            online,
            metered,
            id: Some("phone".into()),
            name: Some("Phone hotspot".into()),
        },
        power: Power {
            on_battery,
            percent,
            saver,
        },
    }
}

fn nothing() -> Facts {
    facts(None, None, None, None, None)
}

// F-8, I-5, I-6, X-18: the chain of reasons
#[test]
fn each_fact_holds_by_its_rule_and_what_is_not_known_holds_nobody() {
    let now = at("2026-11-21T12:00:00+01:00[Europe/Berlin]");
    let all = facts(Some(true), Some(true), Some(true), Some(18), Some(true));
    let rules = Rules::default();
    let closed = Rules {
        schedule: Some(week(&[(5, 12, 22, 'n')])),
        ..Rules::default()
    };
    let free = Rules {
        metered: Metered::Ignore,
        battery_below: 0,
        saver: false,
        ..Rules::default()
    };
    let trusting = Rules {
        trusted: BTreeSet::from(["phone".to_owned()]),
        ..Rules::default()
    };
    let asking = Rules {
        metered: Metered::Ask,
        ..Rules::default()
    };
    let table: &[(&Facts, &Rules, &[Why])] = &[
        (&nothing(), &rules, &[]),
        (&all, &rules, &[Why::Metered, Why::Battery, Why::PowerSaver]),
        (
            &all,
            &closed,
            &[Why::Metered, Why::Battery, Why::PowerSaver, Why::Schedule],
        ),
        (&all, &free, &[]),
        (&all, &trusting, &[Why::Battery, Why::PowerSaver]),
        (&all, &asking, &[Why::Metered, Why::Battery, Why::PowerSaver]),
        (
            &facts(Some(false), Some(true), None, None, None),
            &rules,
            &[Why::Offline],
        ),
        (
            &facts(Some(true), Some(false), Some(false), Some(3), Some(false)),
            &rules,
            &[],
        ),
        (&facts(None, None, Some(true), Some(20), None), &rules, &[]),
        (
            &facts(None, None, Some(true), Some(19), None),
            &rules,
            &[Why::Battery],
        ),
        (&facts(None, None, Some(true), None, None), &rules, &[]),
        (&facts(None, None, None, Some(3), None), &rules, &[]),
    ];
    for (facts, rules, reasons) in table {
        assert_eq!(judge(facts, rules, &now).reasons, *reasons, "{facts:?} {rules:?}");
    }
    assert!(judge(&all, &asking, &now).asks);
    assert!(!judge(&all, &rules, &now).asks);
    let verdict = judge(&nothing(), &closed, &now);
    let ten = Timestamp::from_millis(instant("2026-11-21T22:00:00+01:00").as_millisecond());
    assert_eq!((verdict.opens_at, verdict.changes_at), (Some(ten), Some(ten)));
    let limited = Rules {
        schedule: Some(week(&[(5, 0, 24, 'l')])),
        ..Rules::default()
    };
    assert_eq!(judge(&nothing(), &limited, &now).limit, Some(1_000_000));
}

fn verdict(reasons: &[Why]) -> Verdict {
    Verdict {
        reasons: reasons.to_vec(),
        changes_at: Some(Timestamp::from_millis(1_000)),
        ..Verdict::default()
    }
}

// I-7: "upload now anyway" lasts until the reason ends
#[test]
fn anyway_lasts_until_its_reason_ends_and_no_longer() {
    let before = Timestamp::from_millis(0);
    let known = facts(Some(true), Some(true), Some(true), Some(10), Some(true));
    for reason in [
        Why::Offline,
        Why::Metered,
        Why::Battery,
        Why::PowerSaver,
        Why::Schedule,
    ] {
        let held = verdict(&[reason]);
        let anyway = Anyway::new(reason, None, &known, &held);
        assert!(anyway.goes_on(&known, &held, before), "{reason:?}");
        assert!(!anyway.goes_on(&known, &verdict(&[]), before), "{reason:?} ended");
        let unknown = reason == Why::Schedule;
        assert_eq!(
            anyway.goes_on(&Facts::default(), &verdict(&[]), before),
            !unknown,
            "{reason:?}"
        );
    }
    let held = verdict(&[Why::Schedule]);
    let start_now = Anyway::new(Why::Schedule, None, &known, &held);
    assert!(start_now.goes_on(&known, &held, Timestamp::from_millis(999)));
    assert!(
        !start_now.goes_on(&known, &held, Timestamp::from_millis(1_000)),
        "it holds until the next change"
    );
    let held = verdict(&[Why::Metered]);
    let here = Anyway::new(Why::Metered, None, &known, &held);
    let mut elsewhere = known.clone();
    elsewhere.network.id = Some("train".into());
    assert!(
        !here.goes_on(&elsewhere, &held, before),
        "another network is not here"
    );
    assert!(here.outlives_a_launch() && start_now.outlives_a_launch());
    assert!(!Anyway::new(Why::Battery, None, &known, &held).outlives_a_launch());
}

//
#[test]
fn a_group_runs_when_each_reason_that_concerns_it_is_passed() {
    let group = |i: u8| GroupId::new(Timestamp::from_millis(1), [i; 10]);
    let place = |i: u8| DestinationId::new(Timestamp::from_millis(1), [i; 10]);
    let holds = Holds {
        reasons: vec![Why::Metered, Why::Battery],
        anyway: BTreeSet::from([(Why::Battery, None), (Why::Metered, Some(group(2)))]),
        local: BTreeSet::from([place(9)]),
        spared: BTreeSet::from([(Why::Metered, group(3)), (Why::Battery, group(3))]),
    };
    assert_eq!(
        holds.against(group(1), place(1)).collect::<Vec<_>>(),
        [Why::Metered]
    );
    assert_eq!(
        holds.passed(group(1), place(1)).collect::<Vec<_>>(),
        [Why::Battery]
    );
    assert!(holds.lets(group(2), place(1)));
    assert!(
        holds.lets(group(1), place(9)),
        "a folder of this computer needs no network"
    );
    assert!(Holds::default().lets(group(1), place(1)));
    assert!(holds.lets(group(3), place(1)));
    assert_eq!(
        holds.passed(group(3), place(1)).count(),
        0,
        "a rule of its folder is nothing that the person takes back on the card"
    );
}
