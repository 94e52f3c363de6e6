//! State machines: which states there are, and which steps between them, as one table each.
//!
//! The tables are used by the code ([`may_become`](FileState::may_become)) and fill `allowed_transition` of the databases, whose
//! triggers refuse everything else (I7). What a person wants ([`Intent`]) stands apart from what is, and why something
//! waits is a set of [`BlockedReason`]s.

mod control_plane;
mod desktop;
mod waiting;

pub use control_plane::{FilePartState, JobState, ObjectState, RunState, SessionState};
pub use desktop::{FileState, GroupState, PartState};
pub use waiting::{BlockedReason, Intent};

/// One allowed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition<S: 'static> {
    /// From; `None` is the making of the row.
    pub from: Option<S>,
    /// To.
    pub to: S,
    /// When.
    pub why: &'static str,
}

/// A table as rows for a database: machine, from (`''` is the making), to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransitionRow {
    /// Name of the machine.
    pub machine: &'static str,
    /// State before, or empty.
    pub from: &'static str,
    /// State after.
    pub to: &'static str,
}

/// A word was no state of its machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no {machine} state")]
pub struct UnknownState {
    /// The machine.
    pub machine: &'static str,
    /// The word.
    pub word: String,
}

macro_rules! state_machine {
    ($(#[$doc:meta])* $name:ident, $machine:literal {
        $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)?
    } steps {
        $($from:tt -> $to:ident : $why:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, ts_rs::TS)]
        #[serde(rename_all = "snake_case")]
        #[ts(export)]
        pub enum $name {
            $($(#[$vdoc])* $variant),+
        }

        impl $name {
            /// Name of the machine, as in `allowed_transition`.
            pub const MACHINE: &'static str = $machine;
            /// All states.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// All allowed steps; every other is refused.
            pub const TRANSITIONS: &'static [crate::states::Transition<Self>] = &[
                $(crate::states::Transition { from: state_machine!(@from $from), to: Self::$to, why: $why }),+
            ];

            /// The stored word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// True when the step is in the table. Staying is no step.
            #[must_use]
            pub fn may_become(self, to: Self) -> bool {
                Self::TRANSITIONS.iter().any(|t| t.from == Some(self) && t.to == to)
            }

            /// True when nothing leads out.
            #[must_use]
            pub fn is_final(self) -> bool {
                Self::TRANSITIONS.iter().all(|t| t.from != Some(self))
            }

            /// The table as rows for a database.
            pub fn rows() -> impl Iterator<Item = crate::states::TransitionRow> {
                Self::TRANSITIONS.iter().map(|t| crate::states::TransitionRow {
                    machine: $machine, from: t.from.map_or("", Self::as_str), to: t.to.as_str(),
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::states::UnknownState;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|v| v.as_str() == s)
                    .ok_or_else(|| crate::states::UnknownState { machine: $machine, word: s.chars().take(40).collect() })
            }
        }
    };
    (@from nothing) => { None };
    (@from $from:ident) => { Some(Self::$from) };
}
pub(crate) use state_machine;

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! table_is_sound {
        ($test:ident, $name:ident) => {
            #[test]
            fn $test() {
                let t = $name::TRANSITIONS;
                assert!(
                    t.iter().any(|t| t.from.is_none()),
                    "nothing makes the first state"
                );
                for (i, a) in t.iter().enumerate() {
                    assert_ne!(a.from, Some(a.to), "staying is no step");
                    assert!(
                        !t[i + 1..].iter().any(|b| (a.from, a.to) == (b.from, b.to)),
                        "{a:?} twice"
                    );
                }
                let mut reached: Vec<_> = t
                    .iter()
                    .filter(|t| t.from.is_none())
                    .map(|t| t.to)
                    .collect();
                for _ in $name::ALL {
                    let more: Vec<_> = t
                        .iter()
                        .filter(|t| t.from.is_some_and(|f| reached.contains(&f)))
                        .map(|t| t.to)
                        .collect();
                    reached.extend(more);
                }
                for s in $name::ALL {
                    assert!(reached.contains(s), "{s} can't be reached");
                    assert_eq!(s.as_str().parse::<$name>(), Ok(*s));
                    assert_eq!(
                        serde_json::to_value(s).ok(),
                        Some(serde_json::Value::from(s.as_str()))
                    );
                }
                assert!("nonsense".parse::<$name>().is_err());
            }
        };
    }
    table_is_sound!(i07_file_table_is_sound, FileState);
    table_is_sound!(i07_part_table_is_sound, PartState);
    table_is_sound!(i07_group_table_is_sound, GroupState);
    table_is_sound!(i07_session_table_is_sound, SessionState);
    table_is_sound!(i07_object_table_is_sound, ObjectState);
    table_is_sound!(i07_file_part_table_is_sound, FilePartState);
    table_is_sound!(i07_job_table_is_sound, JobState);
    table_is_sound!(i07_run_table_is_sound, RunState);

    #[test]
    fn what_is_settled_stays_settled() {
        assert!(FileState::Done.is_final());
        assert!(
            SessionState::Uploaded.is_final()
                && SessionState::Deduplicated.is_final()
                && SessionState::Rejected.is_final()
        );
        assert!(GroupState::Completed.is_final() && GroupState::Cancelled.is_final());
        assert!(
            !GroupState::Draft.may_become(GroupState::Completed)
                && !GroupState::Uploading.may_become(GroupState::Draft)
        );
        assert!(!GroupState::Failed.may_become(GroupState::Completed));
        assert!(!ObjectState::Condemned.may_become(ObjectState::Stored));
        assert!(JobState::Completed.is_final() && JobState::Cancelled.is_final());
        let open = [RunState::Queued, RunState::Processing];
        assert!(RunState::ALL.iter().all(|s| s.is_final() != open.contains(s)));
    }
}
