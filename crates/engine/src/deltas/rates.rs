//! Rates and time left of each group and of all, from what the destinations acknowledged between two looks.

use std::collections::BTreeMap;

use windlass_core::ids::GroupId;
use windlass_core::progress::{Eta as Estimate, EtaRange, History, Rate};
use windlass_core::time::Timestamp;

use crate::view::{Eta, GroupView, Totals};

/// Half-lives (design: bytes 5 s, files 30 s).
const BYTES_MS: u32 = 5_000;
const FILES_MS: u32 = 30_000;

struct Gauge {
    bytes: u64,
    files: u32,
    byte_rate: Rate,
    file_rate: Rate,
    estimate: Estimate,
}

/// All gauges.
#[derive(Default)]
pub(super) struct Rates {
    groups: BTreeMap<GroupId, Gauge>,
    overall: Option<Overall>,
    gained: u64,
}

struct Overall {
    history: History,
    estimate: Estimate,
    files: u32,
}

fn range(e: EtaRange) -> Eta {
    Eta {
        low_s: e.low_s,
        high_s: e.high_s,
    }
}

impl Rates {
    /// Fills in the rates of a group. `runs`: nothing holds it.
    pub(super) fn measure(&mut self, now: Timestamp, view: &mut GroupView, runs: bool) {
        let gauge = self.groups.entry(view.id).or_insert_with(|| Gauge {
            bytes: view.bytes_done,
            files: view.files.done,
            byte_rate: Rate::new(BYTES_MS),
            file_rate: Rate::new(FILES_MS),
            estimate: Estimate::default(),
        });
        // Duplicates and unchanged files take no line: they would make the rate absurd.
        let skipped = u64::from(view.files.deduplicated + view.files.unchanged);
        let bytes = if skipped > 0 && view.files.done > gauge.files && view.files.active == 0 {
            0
        } else {
            view.bytes_done.saturating_sub(gauge.bytes)
        };
        let files = u64::from(view.files.done.saturating_sub(gauge.files));
        gauge.bytes = view.bytes_done;
        gauge.files = view.files.done;
        self.gained = self.gained.saturating_add(bytes);
        if !runs {
            gauge.estimate.rest();
            return;
        }
        gauge.byte_rate.feed(now, bytes);
        gauge.file_rate.feed(now, files);
        gauge.estimate.feed(now, bytes, files);
        if view.files.active == 0 && gauge.byte_rate.per_second(now) < 1.0 {
            return;
        }
        view.rate_bytes = Some(gauge.byte_rate.per_second(now).round());
        view.rate_files = Some((gauge.file_rate.per_second(now) * 10.0).round() / 10.0);
        let left_bytes = view.bytes_total.saturating_sub(view.bytes_done);
        let ended = view.files.done + view.files.failed + view.files.rejected;
        let left_files = u64::from(view.files.total.saturating_sub(ended));
        view.eta = if view.scanning {
            None
        } else {
            gauge.estimate.left(now, left_bytes, left_files).map(range)
        };
    }

    /// Fills in what is told of all groups together.
    pub(super) fn overall(&mut self, now: Timestamp, totals: &mut Totals) {
        let files_done = totals.files_done;
        let all = self.overall.get_or_insert_with(|| Overall {
            history: History::default(),
            estimate: Estimate::default(),
            files: files_done,
        });
        let bytes = std::mem::take(&mut self.gained);
        all.history.feed(now, bytes);
        totals.rate_history = all.history.rates().into_iter().map(f64::round).collect();
        if totals.rate_bytes > 0.0 {
            all.estimate
                .feed(now, bytes, u64::from(files_done.saturating_sub(all.files)));
            let left = totals.bytes_total.saturating_sub(totals.bytes_done);
            totals.eta = all
                .estimate
                .left(
                    now,
                    left,
                    u64::from(totals.files_total.saturating_sub(files_done)),
                )
                .map(range);
        } else {
            all.estimate.rest();
        }
        all.files = files_done;
    }
}
