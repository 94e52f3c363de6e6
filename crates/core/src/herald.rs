//! What is told outside the window, and when.
//!
//! Three kinds of things come to the herald: news (a group ended, or needs the person), things that stand for a while (held
//! on battery, a destination that is down), and batches of watched folders. By the person's level each is told at once, after
//! a time, gathered by the hour, or not at all; never more than three in a minute; nothing in the first moments after the
//! computer woke or changed its network; and nothing that the person sees anyway, because the window has the focus, or does
//! not want to see, because the desktop is told to be quiet. What is no longer true is taken back. It never reads a clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::error::ErrorCode;
use crate::ids::{DestinationId, GroupId};
use crate::states::BlockedReason;
use crate::time::Timestamp;

/// Told in a row before they are gathered.
const IN_A_ROW: usize = 3;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// So long nothing is told after the computer woke or changed its network.
const HUSH_MS: i64 = 90_000;
/// What heals by itself is told after that.
const HEALS_MS: i64 = 15 * MINUTE_MS;

/// How much the person wants to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    None,
    /// What needs the person, and ends with something left out.
    Quiet,
    /// Ends and problems.
    #[default]
    Normal,
    /// All of it, at once.
    All,
}

impl Level {
    /// The level of a stored word.
    #[must_use]
    pub fn of(word: Option<&str>) -> Self {
        match word {
            Some("none") => Self::None,
            Some("quiet" | "problems") => Self::Quiet,
            Some("all") => Self::All,
            _ => Self::Normal,
        }
    }
}

/// What is around the one who is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scene {
    /// The person's level.
    pub level: Level,
    /// The window has the focus, or the desktop is told to be quiet.
    pub seen_or_unwanted: bool,
    /// Batches of watched folders are summed up by the hour.
    pub hourly: bool,
}

/// Why a group needs the person: equal causes are told once.
pub type Cause = (DestinationId, ErrorCode);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A group ended.
    Done {
        /// Which.
        group: GroupId,
        /// Its name.
        name: String,
        /// Files proved.
        verified: u64,
        /// Files left out.
        left_out: u64,
        /// Its files came from a watched folder.
        watched: bool,
    },
    /// A group can't go on without the person.
    NeedsYou {
        /// Which.
        group: GroupId,
        /// Its name.
        name: String,
        /// Files that can't.
        files: u64,
        /// Why, where it is known.
        cause: Option<Cause>,
    },
}

impl News {
    const fn group(&self) -> GroupId {
        match self {
            Self::Done { group, .. } | Self::NeedsYou { group, .. } => *group,
        }
    }
}

/// Something that stands for a while and ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The program holds files back.
    Held(BlockedReason),
    /// The person is asked whether to use a metered network.
    Asks,
    /// A destination does not answer.
    Down(DestinationId),
}

/// What a notification is about: by this it is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The end of a group.
    Group(GroupId),
    /// A group that needs the person.
    Needs(GroupId),
    /// Something that stands.
    Standing(Standing),
    /// Several things.
    Several,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// One thing.
    News(News),
    /// Several in a row.
    Several {
        /// Groups that are done.
        done: u64,
        /// Groups that need the person.
        need_you: u64,
    },
    /// What watched folders brought.
    Watched {
        /// Groups.
        groups: u64,
        /// Files proved.
        files: u64,
    },
    /// Something stands.
    Standing(Standing),
}

/// What the desktop is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Show it.
    Tell(About, Say),
    /// Take it back: its cause is gone.
    TakeBack(About),
}

/// How long something has to stand before it is told; `None`: it never is.
#[must_use]
pub const fn patience(level: Level, standing: Standing) -> Option<i64> {
    match (standing, level) {
        (_, Level::None) => None,
        // It needs an answer.
        (Standing::Asks, _) | (Standing::Down(_), Level::All) => Some(0),
        (Standing::Down(_), Level::Quiet) => Some(HOUR_MS),
        (Standing::Down(_), Level::Normal) => Some(HEALS_MS),
        (Standing::Held(reason), _) => match reason {
            BlockedReason::Metered
            | BlockedReason::Battery
            | BlockedReason::PowerSaver
            | BlockedReason::DiskMissing => match level {
                Level::None | Level::Quiet => None,
                Level::Normal => Some(HEALS_MS),
                Level::All => Some(0),
            },
            // The person's own wish, or it is told otherwise.
            _ => None,
        },
    }
}

#[derive(Debug)]
struct Stands {
    since: Timestamp,
    told: bool,
}

/// A group that needs the person.
#[derive(Debug)]
struct Needs {
    cause: Option<Cause>,
    /// A picture of the queue showed it since.
    seen: bool,
}

/// Remembers what was told, and what waits.
#[derive(Debug, Default)]
pub struct Herald {
    /// When, in the last minute.
    told: VecDeque<Timestamp>,
    held: Vec<News>,
    hushed_until: Option<Timestamp>,
    /// What watched folders brought since then.
    batches: Option<(Timestamp, u64, u64)>,
    needs: BTreeMap<GroupId, Needs>,
    /// Groups that need the person in the last picture of the queue. It may come before the news.
    pictured: BTreeSet<GroupId>,
    stands: BTreeMap<Standing, Stands>,
}

impl Herald {
    /// Something happened.
    pub fn hear(&mut self, news: News, scene: Scene, now: Timestamp) -> Vec<Act> {
        // A group may be helped and end before any picture shows that it needed somebody.
        let mut acts = match &news {
            News::Done { group, .. } => self.over(*group),
            News::NeedsYou { .. } => Vec::new(),
        };
        acts.extend(self.weigh(news, scene, now));
        acts
    }

    /// Whether news are told, held, summed up or left.
    fn weigh(&mut self, news: News, scene: Scene, now: Timestamp) -> Vec<Act> {
        if let News::NeedsYou { group, cause, .. } = &news {
            let known = cause.is_some() && self.needs.values().any(|n| n.cause == *cause);
            let need = Needs {
                cause: *cause,
                seen: self.pictured.contains(group),
            };
            self.needs.insert(*group, need);
            if known {
                return Vec::new();
            }
        }
        if !wanted(&news, scene.level) || scene.seen_or_unwanted {
            return Vec::new();
        }
        if let News::Done {
            verified,
            left_out: 0,
            watched: true,
            ..
        } = &news
            && scene.hourly
            && scene.level != Level::All
        {
            let (_, groups, files) = self.batches.get_or_insert((now, 0, 0));
            *groups += 1;
            *files += verified;
            return Vec::new();
        }
        self.forget(now);
        if !self.held.is_empty() || self.told.len() >= IN_A_ROW || self.is_hushed(now) {
            let group = news.group();
            self.held.retain(|held| held.group() != group);
            self.held.push(news);
            return Vec::new();
        }
        vec![self.tell(news, now)]
    }

    /// What stands now, all of it. Answers what is to be told or taken back.
    pub fn stand(&mut self, standing: &BTreeSet<Standing>, scene: Scene, now: Timestamp) -> Vec<Act> {
        let mut acts = Vec::new();
        self.stands.retain(|what, stands| {
            let stays = standing.contains(what);
            if !stays && stands.told {
                acts.push(Act::TakeBack(About::Standing(*what)));
            }
            stays
        });
        for what in standing {
            let fresh = Stands {
                since: now,
                told: false,
            };
            self.stands.entry(*what).or_insert(fresh);
        }
        acts.extend(self.impatient(scene, now));
        acts
    }

    /// Whether a group needs the person, as the queue shows it.
    pub fn look(&mut self, group: GroupId, needs_you: bool) -> Vec<Act> {
        if needs_you {
            self.pictured.insert(group);
        } else {
            self.pictured.remove(&group);
        }
        let Some(need) = self.needs.get_mut(&group) else {
            return Vec::new();
        };
        if needs_you {
            need.seen = true;
            return Vec::new();
        }
        if !need.seen {
            return Vec::new();
        }
        self.over(group)
    }

    /// The group is gone from the list.
    pub fn gone(&mut self, group: GroupId) -> Vec<Act> {
        self.pictured.remove(&group);
        if self.needs.contains_key(&group) {
            self.over(group)
        } else {
            Vec::new()
        }
    }

    /// The computer woke, or its network changed.
    pub fn hush(&mut self, now: Timestamp) {
        self.hushed_until = Some(now.plus_millis(HUSH_MS));
    }

    /// When something is to be told that waits.
    #[must_use]
    pub fn due(&self, level: Level) -> Option<Timestamp> {
        let held = (!self.held.is_empty()).then(|| {
            let row = match self.told.front() {
                Some(first) if self.told.len() >= IN_A_ROW => first.plus_millis(MINUTE_MS),
                _ => Timestamp::default(),
            };
            row.max(self.hushed_until.unwrap_or_default())
        });
        let batch = self.batches.map(|(since, ..)| since.plus_millis(HOUR_MS));
        let stands = self
            .stands
            .iter()
            .filter(|(_, s)| !s.told)
            .filter_map(|(what, s)| patience(level, *what).map(|ms| s.since.plus_millis(ms)))
            .map(|at| at.max(self.hushed_until.unwrap_or_default()));
        held.into_iter().chain(batch).chain(stands).min()
    }

    /// Tells what waited long enough.
    pub fn release(&mut self, scene: Scene, now: Timestamp) -> Vec<Act> {
        self.forget(now);
        let mut acts = self.impatient(scene, now);
        if let Some((_, groups, files)) = self
            .batches
            .take_if(|(since, ..)| now < *since || now.millis_since(*since) >= HOUR_MS)
            && !scene.seen_or_unwanted
        {
            self.told.push_back(now);
            acts.push(Act::Tell(About::Several, Say::Watched { groups, files }));
        }
        if self.held.is_empty() || self.told.len() >= IN_A_ROW || self.is_hushed(now) {
            return acts;
        }
        let held = std::mem::take(&mut self.held);
        if scene.seen_or_unwanted {
            return acts;
        }
        if self.told.len() + held.len() <= IN_A_ROW {
            acts.extend(held.into_iter().map(|news| self.tell(news, now)));
            return acts;
        }
        if let [one] = held.as_slice() {
            acts.push(self.tell(one.clone(), now));
            return acts;
        }
        let need_you = held.iter().filter(|n| matches!(n, News::NeedsYou { .. })).count() as u64;
        self.told.push_back(now);
        acts.push(Act::Tell(
            About::Several,
            Say::Several {
                done: held.len() as u64 - need_you,
                need_you,
            },
        ));
        acts
    }

    fn tell(&mut self, news: News, now: Timestamp) -> Act {
        self.told.push_back(now);
        let about = match &news {
            News::Done { group, .. } => About::Group(*group),
            News::NeedsYou { group, .. } => About::Needs(*group),
        };
        Act::Tell(about, Say::News(news))
    }

    /// A group needs nobody any more: its notification goes when no other group has the same cause.
    fn over(&mut self, group: GroupId) -> Vec<Act> {
        let Some(need) = self.needs.remove(&group) else {
            return Vec::new();
        };
        self.held
            .retain(|held| !matches!(held, News::NeedsYou { group: g, .. } if *g == group));
        let heir = need
            .cause
            .and_then(|cause| self.needs.values().find(|n| n.cause == Some(cause)));
        if heir.is_some() {
            Vec::new()
        } else {
            vec![Act::TakeBack(About::Needs(group))]
        }
    }

    fn impatient(&mut self, scene: Scene, now: Timestamp) -> Vec<Act> {
        if self.is_hushed(now) {
            return Vec::new();
        }
        let mut acts = Vec::new();
        for (what, stands) in self.stands.iter_mut().filter(|(_, s)| !s.told) {
            // A clock that went back counts from here.
            stands.since = stands.since.min(now);
            let Some(ms) = patience(scene.level, *what) else {
                continue;
            };
            if now.millis_since(stands.since) < ms {
                continue;
            }
            stands.told = true;
            if !scene.seen_or_unwanted {
                acts.push(Act::Tell(About::Standing(*what), Say::Standing(*what)));
            }
        }
        acts
    }

    fn is_hushed(&self, now: Timestamp) -> bool {
        self.hushed_until
            .is_some_and(|until| now < until && until.millis_since(now) <= HUSH_MS)
    }

    /// A clock that went back counts as a new minute.
    fn forget(&mut self, now: Timestamp) {
        self.told
            .retain(|t| *t <= now && now.millis_since(*t) < MINUTE_MS);
    }
}

/// Whether a level tells this at all.
fn wanted(news: &News, level: Level) -> bool {
    match news {
        News::NeedsYou { .. } => level > Level::None,
        News::Done { left_out: 1.., .. } => level > Level::None,
        News::Done { left_out: 0, .. } => level > Level::Quiet,
    }
}
