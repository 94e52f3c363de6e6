//! What stands against sending although files could go: the network, the power, the hour.
//!
//! The engine hears the facts from the system and the rules from the person; [`judge`] says which reasons hold and when to
//! look again. "Upload anyway" is an [`Anyway`]: for one reason, for one group or all, until the reason ends. What comes of
//! all three are the [`Holds`] that the machine obeys and every card shows. What a system does not tell is not known, and
//! holds nobody.

mod schedule;

use std::collections::BTreeSet;

use jiff::Zoned;
use serde::{Deserialize, Serialize};

use crate::ids::{DestinationId, GroupId};
use crate::states::BlockedReason;
use crate::time::Timestamp;

pub use schedule::{HOURS, Pen, Schedule};

/// What is known of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Whether there is one.
    pub online: Option<bool>,
    /// Whether its bytes cost money.
    pub metered: Option<bool>,
    /// Names it for good, to trust it.
    pub id: Option<String>,
    /// As the person knows it.
    pub name: Option<String>,
}

/// What is known of the power.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Power {
    /// No mains.
    pub on_battery: Option<bool>,
    /// How full the battery is.
    pub percent: Option<u8>,
    /// The computer saves power.
    pub saver: Option<bool>,
}

/// All that the system tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Network.
    pub network: Network,
    /// Power.
    pub power: Power,
}

/// What is done on a metered network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metered {
    /// Nothing is sent.
    #[default]
    Pause,
    /// Nothing is sent until the person was asked.
    Ask,
    /// As on any other.
    Ignore,
}

/// What the person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// On metered networks.
    pub metered: Metered,
    /// Networks that are never taken for metered.
    pub trusted: BTreeSet<String>,
    /// Nothing is sent on battery below so many percent; 0: at any level.
    pub battery_below: u8,
    /// Nothing is sent while the computer saves power.
    pub saver: bool,
    /// The week; `None`: all of it is full.
    pub schedule: Option<Schedule>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            metered: Metered::Pause,
            trusted: BTreeSet::new(),
            battery_below: 20,
            saver: true,
            schedule: None,
        }
    }
}

/// What holds now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// In the order of telling.
    pub reasons: Vec<BlockedReason>,
    /// Bytes a second of this hour.
    pub limit: Option<u64>,
    /// When another pen of the schedule begins.
    pub changes_at: Option<Timestamp>,
    /// When the schedule lets files go again, where it holds them.
    pub opens_at: Option<Timestamp>,
    /// The person is to be asked about the metered network.
    pub asks: bool,
}

/// Which reasons hold at this moment.
#[must_use]
pub fn judge(facts: &Facts, rules: &Rules, now: &Zoned) -> Verdict {
    let (network, power) = (&facts.network, &facts.power);
    let mut verdict = Verdict::default();
    let mut hold = |reason, holds| {
        if holds {
            verdict.reasons.push(reason);
        }
    };
    let offline = network.online == Some(false);
    let trusted = network.id.as_ref().is_some_and(|id| rules.trusted.contains(id));
    let metered = !offline && network.metered == Some(true) && !trusted && rules.metered != Metered::Ignore;
    let low = power.percent.is_some_and(|p| p < rules.battery_below);
    hold(BlockedReason::Offline, offline);
    hold(BlockedReason::Metered, metered);
    hold(BlockedReason::Battery, power.on_battery == Some(true) && low);
    hold(
        BlockedReason::PowerSaver,
        rules.saver && power.saver == Some(true),
    );
    if let Some(schedule) = &rules.schedule {
        let at = |at: Option<Zoned>| at.map(|z| Timestamp::from_millis(z.timestamp().as_millisecond()));
        let pen = schedule.pen(now);
        hold(BlockedReason::Schedule, pen == Pen::Closed);
        verdict.limit = (pen == Pen::Limited).then(|| schedule.limit());
        verdict.changes_at = at(schedule.next_change(now));
        if pen == Pen::Closed {
            verdict.opens_at = at(schedule.next_open(now));
        }
    }
    verdict.asks = metered && rules.metered == Metered::Ask;
    verdict
}

/// The person's "upload anyway".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anyway {
    /// Which reason does not count.
    pub reason: BlockedReason,
    /// For this group; `None`: for all.
    pub group: Option<GroupId>,
    /// Until then at most.
    pub until: Option<Timestamp>,
    /// On this network only.
    pub network: Option<String>,
}

impl Anyway {
    /// For a reason that holds now.
    #[must_use]
    pub fn new(reason: BlockedReason, group: Option<GroupId>, facts: &Facts, verdict: &Verdict) -> Self {
        Self {
            reason,
            group,
            until: verdict.changes_at.filter(|_| reason == BlockedReason::Schedule),
            network: facts
                .network
                .id
                .clone()
                .filter(|_| reason == BlockedReason::Metered),
        }
    }

    /// Whether its reason goes on. One that is not known just now may.
    #[must_use]
    pub fn goes_on(&self, facts: &Facts, verdict: &Verdict, now: Timestamp) -> bool {
        let here = self.network.is_none() || facts.network.id.is_none() || self.network == facts.network.id;
        let holds = verdict.reasons.contains(&self.reason) || !is_known(self.reason, facts);
        holds && here && self.until.is_none_or(|until| now < until)
    }

    /// Whether the next launch can know that its reason is still the same one.
    #[must_use]
    pub const fn outlives_a_launch(&self) -> bool {
        self.until.is_some() || self.network.is_some()
    }
}

fn is_known(reason: BlockedReason, facts: &Facts) -> bool {
    match reason {
        BlockedReason::Offline => facts.network.online.is_some(),
        BlockedReason::Metered => facts.network.metered.is_some(),
        BlockedReason::Battery => facts.power.on_battery.is_some(),
        BlockedReason::PowerSaver => facts.power.saver.is_some(),
        _ => true,
    }
}

/// Whether a watched folder may be told to upload in spite of this reason for good.
#[must_use]
pub const fn may_be_spared(reason: BlockedReason) -> bool {
    may_be_passed(reason) && !matches!(reason, BlockedReason::Offline)
}

/// Whether a person may upload in spite of this reason.
#[must_use]
pub const fn may_be_passed(reason: BlockedReason) -> bool {
    match reason {
        BlockedReason::Offline
        | BlockedReason::Metered
        | BlockedReason::Battery
        | BlockedReason::PowerSaver
        | BlockedReason::Schedule => true,
        BlockedReason::User
        | BlockedReason::Question
        | BlockedReason::DestinationDown
        | BlockedReason::DestinationSlowDown
        | BlockedReason::StorageFull
        | BlockedReason::SignedOut
        | BlockedReason::DiskMissing
        | BlockedReason::QueueDiskFull
        | BlockedReason::FileMissing
        | BlockedReason::LockedFile
        | BlockedReason::Following => false,
    }
}

/// What the machine obeys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    /// Reasons that hold, in the order of telling.
    pub reasons: Vec<BlockedReason>,
    /// Of these: those that do not count for a group, or for all.
    pub anyway: BTreeSet<(BlockedReason, Option<GroupId>)>,
    /// Reasons that never hold a group, by the rules of the watched folder that made it.
    pub spared: BTreeSet<(BlockedReason, GroupId)>,
    /// Destinations that are reached without a network.
    pub local: BTreeSet<DestinationId>,
}

impl Holds {
    /// What holds a group that goes to this destination.
    pub fn against(
        &self,
        group: GroupId,
        destination: DestinationId,
    ) -> impl Iterator<Item = BlockedReason> + '_ {
        let concerns = move |reason: &BlockedReason| self.concerns(*reason, destination);
        self.reasons
            .iter()
            .copied()
            .filter(concerns)
            .filter(move |reason| !self.is_passed(*reason, group) && !self.spared.contains(&(*reason, group)))
    }

    /// What would hold the group, had the person not said "anyway".
    pub fn passed(
        &self,
        group: GroupId,
        destination: DestinationId,
    ) -> impl Iterator<Item = BlockedReason> + '_ {
        let concerns = move |reason: &BlockedReason| self.concerns(*reason, destination);
        self.reasons
            .iter()
            .copied()
            .filter(concerns)
            .filter(move |reason| self.is_passed(*reason, group) && !self.spared.contains(&(*reason, group)))
    }

    /// Nothing holds it.
    #[must_use]
    pub fn lets(&self, group: GroupId, destination: DestinationId) -> bool {
        self.reasons.is_empty() || self.against(group, destination).next().is_none()
    }

    fn concerns(&self, reason: BlockedReason, destination: DestinationId) -> bool {
        match reason {
            BlockedReason::Offline | BlockedReason::Metered => !self.local.contains(&destination),
            _ => true,
        }
    }

    fn is_passed(&self, reason: BlockedReason, group: GroupId) -> bool {
        self.anyway.contains(&(reason, None)) || self.anyway.contains(&(reason, Some(group)))
    }
}
