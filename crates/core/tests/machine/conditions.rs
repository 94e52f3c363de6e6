//! Network, power and the hour hold what goes, and let it go on.

use std::collections::BTreeSet;

use windlass_core::conditions::Holds;
use windlass_core::limits::PAUSE_GRACE_MS;
use windlass_core::machine::{Effect, Event};
use windlass_core::states::BlockedReason;

use crate::bench::{Bench, config, destination, failure, file, group, record};

const SIZE: u64 = 8;

fn metered() -> Holds {
    Holds {
        reasons: vec![BlockedReason::Metered],
        ..Holds::default()
    }
}

// I-5, I36: as by a pause, and it goes on by itself
#[test]
fn what_a_condition_holds_stops_like_a_pause_and_goes_on_when_it_ends() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let put = b.send_first(1, SIZE);
    b.tell(Event::Hold(metered()));
    assert!(b.puts().is_empty() && b.reads().is_empty() && b.signs().is_empty());
    b.later(PAUSE_GRACE_MS);
    assert!(b.has(|e| *e == Effect::CancelPut { put: put.2 }));
    assert_eq!(b.machine.in_flight(), 0);
    assert!(b.machine.is_idle(), "nothing will come by itself");
    b.tell(Event::Hold(Holds::default()));
    assert_eq!(b.reads().len(), 1, "it is read again: {:?}", b.effects);
}

// X-18, I-7
#[test]
fn a_group_that_goes_anyway_is_not_held_and_a_place_without_a_network_never_is() {
    for holds in [
        Holds {
            anyway: BTreeSet::from([(BlockedReason::Metered, Some(group(1)))]),
            ..metered()
        },
        Holds {
            anyway: BTreeSet::from([(BlockedReason::Metered, None)]),
            ..metered()
        },
        Holds {
            local: BTreeSet::from([destination(1)]),
            ..metered()
        },
    ] {
        let mut b = Bench::new(config());
        b.tell(Event::Hold(holds.clone()));
        b.begin(1, 1, vec![record(1, 1, SIZE)]);
        b.send_first(1, SIZE);
        assert_eq!(b.machine.in_flight(), 1, "{holds:?}");
        assert!(b.machine.holds().lets(group(1), destination(1)));
        assert!(!metered().lets(group(1), destination(1)));
    }
}

// F-8
#[test]
fn after_sleep_what_was_on_its_way_goes_over_new_lines_and_who_waited_waits_no_longer() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let put = b.send_first(1, SIZE);
    b.tell(Event::NewLines);
    assert!(b.has(|e| *e == Effect::CancelPut { put: put.2 }));
    let read = b.machine_read(1);
    b.read(1, SIZE, read);
    let asked = b.signs();
    assert_eq!(asked.len(), 1, "{:?}", b.effects);
    b.signed(1, asked);
    let again = b.puts()[0];
    assert_eq!(again.0, file(1));
    let down = windlass_core::error::ErrorCode::DatabaseDown;
    b.tell(Event::PutDone {
        file: again.0,
        n: again.1,
        put: again.2,
        result: Err(failure(down)),
    });
    assert!(b.machine.held(destination(1)).is_some());
    b.tell(Event::NewLines);
    assert!(b.machine.held(destination(1)).is_none());
}
