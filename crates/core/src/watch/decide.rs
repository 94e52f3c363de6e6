//! What to do about one file of a watched folder now. Total; a table by construction.

use super::{Left, NEVER_STILL_MS, Stand, Why};
use crate::error::ErrorCode;
use crate::fingerprint::SourceFingerprint;
use crate::time::Timestamp;
use crate::units::Sha256;

/// What lies at the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A link, a pipe, a socket, a device.
    Other,
}

/// Whether a program has it open for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// None that can be seen.
    None,
    /// At least one.
    Open,
}

/// What went before with this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// It was there before the folder was watched, and so it looked.
    WasThere(SourceFingerprint),
    /// It is in the queue.
    InQueue,
    /// This version was proved.
    Proved {
        /// The version.
        version: SourceFingerprint,
        /// Its content, when known.
        sha256: Option<Sha256>,
    },
    /// This version was proved under another name that is not there any more.
    ProvedElsewhere {
        /// The version.
        version: SourceFingerprint,
    },
    /// It is in the queue under another name that is not there any more.
    InQueueElsewhere,
    /// The upload of this version failed.
    Failed {
        /// The version.
        version: SourceFingerprint,
        /// Why.
        code: ErrorCode,
    },
    /// A person cancelled the upload of this version.
    Cancelled(SourceFingerprint),
}

/// All that decides.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What it is.
    pub kind: Kind,
    /// How it stands.
    pub stand: &'a Stand,
    /// Who holds it.
    pub writer: Writer,
    /// A rule that leaves it out.
    pub left: Option<&'a Left>,
    /// What went before.
    pub known: &'a Known,
    /// How long it has to stand still.
    pub settle_ms: i64,
    /// A person said: anyway.
    pub anyway: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Look again at this time, or when something happens.
    Wait {
        /// When.
        until: Timestamp,
        /// Why.
        why: Why,
    },
    /// It is in the queue: what comes of that is awaited.
    InQueue,
    /// Its content is to be compared with this first: the same is not sent again.
    Compare(Sha256),
    /// Hand it to the queue.
    Upload(Why),
    /// It does not go.
    Ignore(Left),
    /// It was proved, and is the same since.
    Done(Why),
    /// Its upload failed, and it is the same since.
    Failed(ErrorCode),
}

/// See the module.
#[must_use]
pub fn decide(f: &Facts<'_>, now: Timestamp) -> Decision {
    if f.kind == Kind::Other {
        return Decision::Ignore(Left::by(Why::NotRegular, ""));
    }
    let same = |version: &SourceFingerprint| is_same(version, &f.stand.fingerprint);
    match f.known {
        // What is under way ends first, whatever rules say now.
        Known::InQueue => return Decision::InQueue,
        Known::Proved { version, .. } if same(version) => return Decision::Done(Why::Uploaded),
        Known::ProvedElsewhere { version } if same(version) && !f.anyway => {
            return Decision::Done(Why::Renamed);
        }
        Known::InQueueElsewhere => return wait(f, now, Why::OtherName),
        _ => {}
    }
    if f.anyway {
        return Decision::Upload(Why::Anyway);
    }
    if let Some(left) = f.left {
        return Decision::Ignore(left.clone());
    }
    match f.known {
        Known::WasThere(version) if same(version) => {
            return Decision::Ignore(Left::by(Why::WasThere, ""));
        }
        Known::Cancelled(version) if same(version) => {
            return Decision::Ignore(Left::by(Why::Cancelled, ""));
        }
        Known::Failed { version, code } if same(version) && !heals_by_standing_still(*code) => {
            return Decision::Failed(*code);
        }
        _ => {}
    }
    if f.writer == Writer::Open {
        return wait(f, now, Why::InUse);
    }
    if now < f.stand.settled_at(f.settle_ms) {
        let why = if f.stand.moved {
            Why::Growing
        } else {
            Why::Settling
        };
        return wait(f, now, why);
    }
    match f.known {
        Known::Proved {
            version,
            sha256: Some(sha256),
        } if version.size == f.stand.fingerprint.size => Decision::Compare(*sha256),
        Known::Proved { .. } => Decision::Upload(Why::NewVersion),
        _ => Decision::Upload(Why::Queued),
    }
}

/// Rights, owner and name are not content.
fn is_same(version: &SourceFingerprint, seen: &SourceFingerprint) -> bool {
    version.compare(seen).is_same_file()
}

/// What was only in the way of one attempt.
fn heals_by_standing_still(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::FileChanged | ErrorCode::FileMissing | ErrorCode::LockedFile | ErrorCode::StillLocked
    )
}

fn wait(f: &Facts<'_>, now: Timestamp, why: Why) -> Decision {
    let tired = now.millis_since(f.stand.first_seen) >= NEVER_STILL_MS;
    let why = if tired && matches!(why, Why::Growing | Why::InUse) {
        Why::NeverStill
    } else {
        why
    };
    let until = match why {
        // Whoever holds it tells by closing it; where nobody tells, it is looked at now and then.
        Why::InUse | Why::NeverStill | Why::OtherName => now.plus_millis(f.settle_ms.clamp(250, 5_000)),
        _ => f.stand.settled_at(f.settle_ms).max(now.plus_millis(1)),
    };
    Decision::Wait { until, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V: SourceFingerprint = SourceFingerprint {
        dev: 1,
        inode: 2,
        size: 3,
        mtime_ns: 4_000_000,
        ctime_ns: 5_000_000,
    };
    const H: Sha256 = Sha256([7; 32]);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn answer(
        known: &Known,
        seen: SourceFingerprint,
        left: Option<&Left>,
        anyway: bool,
        writer: Writer,
        now: i64,
    ) -> Decision {
        let stand = Stand {
            fingerprint: seen,
            first_seen: at(0),
            still_since: at(0),
            moved: true,
        };
        let facts = Facts {
            kind: Kind::File,
            stand: &stand,
            writer,
            left,
            known,
            settle_ms: 3_000,
            anyway,
        };
        decide(&facts, at(now))
    }

    #[test]
    fn e2_e4_e10_f156_f160_the_table_of_what_is_done() {
        let touched = SourceFingerprint { mtime_ns: 9, ..V };
        let renamed = SourceFingerprint { ctime_ns: 9, ..V };
        let grown = SourceFingerprint {
            size: 9,
            mtime_ns: 9,
            ..V
        };
        let rule = Left::by(Why::Excluded, "*.x");
        let proved = Known::Proved {
            version: V,
            sha256: Some(H),
        };
        let failed = |code| Known::Failed { version: V, code };
        use Decision as D;
        let ignored = |why| D::Ignore(Left::by(why, ""));
        type Case<'a> = (
            &'a str,
            Known,
            SourceFingerprint,
            Option<&'a Left>,
            bool,
            Writer,
            i64,
            Decision,
        );
        let table: Vec<Case<'_>> = vec![
            (
                "moving",
                Known::Nothing,
                V,
                None,
                false,
                Writer::None,
                2_999,
                D::Wait {
                    until: at(3_000),
                    why: Why::Growing,
                },
            ),
            (
                "settled",
                Known::Nothing,
                V,
                None,
                false,
                Writer::None,
                3_000,
                D::Upload(Why::Queued),
            ),
            (
                "held",
                Known::Nothing,
                V,
                None,
                false,
                Writer::Open,
                9_000,
                D::Wait {
                    until: at(12_000),
                    why: Why::InUse,
                },
            ),
            (
                "a log",
                Known::Nothing,
                V,
                None,
                false,
                Writer::Open,
                600_000,
                D::Wait {
                    until: at(603_000),
                    why: Why::NeverStill,
                },
            ),
            (
                "anyway",
                Known::Nothing,
                V,
                Some(&rule),
                true,
                Writer::Open,
                1,
                D::Upload(Why::Anyway),
            ),
            (
                "by rule",
                Known::Nothing,
                V,
                Some(&rule),
                false,
                Writer::None,
                9_000,
                D::Ignore(rule.clone()),
            ),
            (
                "under way",
                Known::InQueue,
                grown,
                Some(&rule),
                true,
                Writer::None,
                9_000,
                D::InQueue,
            ),
            (
                "proved",
                proved.clone(),
                V,
                None,
                false,
                Writer::None,
                9_000,
                D::Done(Why::Uploaded),
            ),
            (
                "rights",
                proved.clone(),
                renamed,
                None,
                false,
                Writer::Open,
                1,
                D::Done(Why::Uploaded),
            ),
            (
                "touched",
                proved.clone(),
                touched,
                None,
                false,
                Writer::None,
                9_000,
                D::Compare(H),
            ),
            (
                "changed",
                proved.clone(),
                grown,
                None,
                false,
                Writer::None,
                9_000,
                D::Upload(Why::NewVersion),
            ),
            (
                "changes",
                proved,
                grown,
                None,
                false,
                Writer::None,
                10,
                D::Wait {
                    until: at(3_000),
                    why: Why::Growing,
                },
            ),
            (
                "renamed",
                Known::ProvedElsewhere { version: V },
                renamed,
                None,
                false,
                Writer::None,
                9_000,
                D::Done(Why::Renamed),
            ),
            (
                "renames",
                Known::InQueueElsewhere,
                renamed,
                None,
                false,
                Writer::None,
                9_000,
                D::Wait {
                    until: at(12_000),
                    why: Why::OtherName,
                },
            ),
            (
                "was there",
                Known::WasThere(V),
                V,
                None,
                false,
                Writer::None,
                9_000,
                ignored(Why::WasThere),
            ),
            (
                "was there, changed",
                Known::WasThere(V),
                grown,
                None,
                false,
                Writer::None,
                9_000,
                D::Upload(Why::Queued),
            ),
            (
                "cancelled",
                Known::Cancelled(V),
                V,
                None,
                false,
                Writer::None,
                9_000,
                ignored(Why::Cancelled),
            ),
            (
                "cancelled, changed",
                Known::Cancelled(V),
                grown,
                None,
                false,
                Writer::None,
                9_000,
                D::Upload(Why::Queued),
            ),
            (
                "failed",
                failed(ErrorCode::NoPermission),
                V,
                None,
                false,
                Writer::None,
                9_000,
                D::Failed(ErrorCode::NoPermission),
            ),
            (
                "failed, changed",
                failed(ErrorCode::NoPermission),
                grown,
                None,
                false,
                Writer::None,
                9_000,
                D::Upload(Why::Queued),
            ),
            (
                "failed for moving",
                failed(ErrorCode::FileChanged),
                V,
                None,
                false,
                Writer::None,
                9_000,
                D::Upload(Why::Queued),
            ),
        ];
        for (name, known, seen, left, anyway, writer, now, expected) in table {
            assert_eq!(
                answer(&known, seen, left, anyway, writer, now),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn links_and_pipes_never_go_also_not_anyway() {
        let stand = Stand::first(V, at(9), true);
        let facts = Facts {
            kind: Kind::Other,
            stand: &stand,
            writer: Writer::None,
            left: None,
            known: &Known::Nothing,
            settle_ms: 0,
            anyway: true,
        };
        assert_eq!(
            decide(&facts, at(99)),
            Decision::Ignore(Left::by(Why::NotRegular, ""))
        );
    }

    proptest! {
        // I38: a file that is held or moving is never handed over unless a person says so; a proved version never again.
        #[test]
        fn i38_only_settled_and_unproved_versions_go(
            still in 0i64..10_000, now in 0i64..20_000, settle in 0i64..8_000, open: bool, size in 0u64..3, proved: bool,
        ) {
            let seen = SourceFingerprint { size, ..V };
            let stand = Stand { fingerprint: seen, first_seen: at(0), still_since: at(still), moved: false };
            let known = if proved { Known::Proved { version: V, sha256: None } } else { Known::Nothing };
            let writer = if open { Writer::Open } else { Writer::None };
            let facts = Facts { kind: Kind::File, stand: &stand, writer, left: None, known: &known, settle_ms: settle, anyway: false };
            match decide(&facts, at(now)) {
                Decision::Upload(_) => prop_assert!(!open && now >= still + settle && !(proved && size == V.size)),
                Decision::Wait { until, .. } => prop_assert!(until > at(now)),
                _ => {}
            }
        }
    }
}
