//! What becomes of an original: nothing without proof, nothing when it changed since.

use super::After;
use crate::error::ErrorCode;
use crate::fingerprint::SourceFingerprint;
use crate::units::Sha256;

/// All that decides.
#[derive(Debug, Clone, Copy)]
pub struct AfterFacts {
    /// What the person chose.
    pub after: After,
    /// The version of the receipt.
    pub proved: SourceFingerprint,
    /// Its content by the receipt.
    pub sha256: Option<Sha256>,
    /// The destination was asked just now and bears the receipt out.
    pub borne_out: bool,
    /// What lies there now.
    pub seen: Option<SourceFingerprint>,
    /// The content that was read just now, with nothing changing meanwhile.
    pub content: Option<Sha256>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterStep {
    /// Nothing: it stays.
    Keep,
    /// Nothing: it is gone already.
    Gone,
    /// It stays, for this reason.
    Refuse(ErrorCode),
    /// Move it to the folder.
    Move,
    /// To the trash.
    Trash,
}

/// See the module.
#[must_use]
pub fn after(f: &AfterFacts) -> AfterStep {
    if f.after == After::Keep {
        return AfterStep::Keep;
    }
    let Some(seen) = f.seen else {
        return AfterStep::Gone;
    };
    if !f.proved.compare(&seen).is_same_file() {
        return AfterStep::Refuse(ErrorCode::FileChanged);
    }
    if !f.borne_out {
        return AfterStep::Refuse(ErrorCode::ObjectMissing);
    }
    match (f.sha256, f.content) {
        (Some(proved), Some(read)) if proved == read => {}
        (Some(_), Some(_)) => return AfterStep::Refuse(ErrorCode::FileChanged),
        // What was not hashed is not proved well enough to give up the original.
        (None, _) | (_, None) => return AfterStep::Refuse(ErrorCode::VerifyMismatch),
    }
    match f.after {
        After::Keep => AfterStep::Keep,
        After::Move => AfterStep::Move,
        After::Delete => AfterStep::Trash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V: SourceFingerprint = SourceFingerprint {
        dev: 1,
        inode: 2,
        size: 3,
        mtime_ns: 4,
        ctime_ns: 5,
    };

    proptest! {
        // E-8, I9: an original moves only when everything is proved and nothing changed.
        #[test]
        fn e8_x13_an_original_leaves_only_with_every_proof(
            keep: bool, borne_out: bool, there: bool, size in 3u64..5, hashed: bool, content in 0u8..3,
        ) {
            let h = |n| Sha256([n; 32]);
            let facts = AfterFacts {
                after: if keep { After::Keep } else { After::Delete },
                proved: V,
                sha256: hashed.then(|| h(1)),
                borne_out,
                seen: there.then_some(SourceFingerprint { size, ctime_ns: 9, ..V }),
                content: (content > 0).then(|| h(content)),
            };
            let all = !keep && borne_out && there && size == 3 && hashed && content == 1;
            prop_assert_eq!(after(&facts) == AfterStep::Trash, all);
            if keep {
                prop_assert_eq!(after(&facts), AfterStep::Keep);
            }
        }
    }
}
