//! A folder's rules, made ready for matching. Nothing here looks at a disk.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use windlass_core::accepts::{Accepts, Refused};
use windlass_core::conditions::may_be_spared;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::names::{checked_rel_path, encode_path_bytes};
use windlass_core::part_plan::PartPlan;
use windlass_core::watch::{Left, Why, left_by_name};

use crate::accepts;
use crate::groups::path_of;
use crate::view::WatchSettings;

const DAY_MS: i64 = 86_400_000;
/// Patterns of one folder, at most.
const PATTERNS: usize = 1_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct Rules {
    include: Option<Gitignore>,
    exclude: Option<Gitignore>,
    settings: WatchSettings,
    /// What the folder's destination takes, as it told last.
    accepts: Accepts,
}

fn patterns(lines: &[String]) -> Result<Option<Gitignore>, Failure> {
    let wrong = |line: &str, e: String| Failure::new(ErrorCode::WatchRule, format!("{line}: {e}"));
    if lines.len() > PATTERNS {
        return Err(wrong("", format!("more than {PATTERNS} patterns")));
    }
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        builder
            .add_line(None, line)
            .map_err(|e| wrong(line, e.to_string()))?;
    }
    let built = builder.build().map_err(|e| wrong("", e.to_string()))?;
    Ok((!built.is_empty()).then_some(built))
}

impl Rules {
    /// # Errors
    /// `watch_rule` with the line that can't be understood.
    pub(crate) fn new(settings: &WatchSettings) -> Result<Self, Failure> {
        if settings.max_size.is_some_and(|most| most < settings.min_size) {
            return Err(Failure::new(
                ErrorCode::WatchRule,
                "the largest size is smaller than the smallest",
            ));
        }
        if let Some(reason) = settings.despite.iter().find(|r| !may_be_spared(**r)) {
            let detail = format!("{} can't be passed over", reason.as_str());
            return Err(Failure::new(ErrorCode::WatchRule, detail));
        }
        Ok(Self {
            include: patterns(&settings.include)?,
            exclude: patterns(&settings.exclude)?,
            settings: settings.clone(),
            accepts: Accepts::default(),
        })
    }

    /// Without patterns: only what names, sizes and depth say.
    pub(crate) fn none(settings: WatchSettings) -> Self {
        Self {
            include: None,
            exclude: None,
            settings,
            accepts: Accepts::default(),
        }
    }

    /// The same, for a destination that takes this.
    pub(crate) fn to(mut self, accepts: Accepts) -> Self {
        self.accepts = accepts;
        self
    }

    pub(crate) fn settings(&self) -> &WatchSettings {
        &self.settings
    }

    pub(crate) fn accepts(&self) -> &Accepts {
        &self.accepts
    }

    /// Why nothing of this subfolder goes.
    pub(crate) fn left_folder(&self, rel: &[u8]) -> Option<Left> {
        if let Some(left) = left_by_name(&String::from_utf8_lossy(rel), self.settings.hidden)
            && matches!(left.why, Why::Junk | Why::Hidden)
        {
            return Some(left);
        }
        if let Some(pattern) = self.excluded(&path_of(rel), true) {
            return Some(Left::by(Why::Excluded, pattern));
        }
        self.too_deep(rel, 1)
    }

    /// Why a file of this path and size, changed so many milliseconds ago, does not go.
    pub(crate) fn left(&self, rel: &[u8], size: u64, age_ms: i64) -> Option<Left> {
        if checked_rel_path(&encode_path_bytes(rel)).is_none() {
            return Some(Left::by(Why::OddName, ""));
        }
        if let Some(left) = left_by_name(&String::from_utf8_lossy(rel), self.settings.hidden) {
            return Some(left);
        }
        let path = path_of(rel);
        if let Some(pattern) = self.excluded(&path, false) {
            return Some(Left::by(Why::Excluded, pattern));
        }
        if let Some(include) = &self.include
            && !include.matched_path_or_any_parents(&path, false).is_ignore()
        {
            return Some(Left::by(Why::NotIncluded, self.settings.include.join(" ")));
        }
        if let Some(deep) = self.too_deep(rel, 0) {
            return Some(deep);
        }
        if size < self.settings.min_size {
            return Some(Left::by(Why::TooSmall, self.settings.min_size.to_string()));
        }
        match self.settings.max_size {
            Some(most) if size > most => return Some(Left::by(Why::TooLarge, most.to_string())),
            _ => {}
        }
        match self.settings.max_age_days {
            Some(most) if age_ms > i64::from(most) * DAY_MS => {
                return Some(Left::by(Why::TooOld, most.to_string()));
            }
            _ => {}
        }
        if let Err(e) = PartPlan::new(size) {
            return Some(Left::by(Why::TooLarge, e.to_string()));
        }
        self.refused(&path, rel, size)
    }

    /// Why the destination would refuse it: nothing of it is sent to hear that.
    fn refused(&self, path: &Path, rel: &[u8], size: u64) -> Option<Left> {
        let why = accepts::refuses(&self.accepts, path, &String::from_utf8_lossy(rel), size)?;
        Some(match why {
            Refused::TooLarge { most, .. } => Left::by(Why::TooLargeThere, most.to_string()),
            Refused::Ending(ending) => Left::by(Why::TypeRefused, format!(".{ending}")),
            Refused::Content { mime, .. } => Left::by(Why::TypeRefused, mime),
        })
    }

    fn excluded(&self, path: &Path, folder: bool) -> Option<String> {
        match self.exclude.as_ref()?.matched_path_or_any_parents(path, folder) {
            Match::Ignore(glob) => Some(glob.original().to_owned()),
            Match::None | Match::Whitelist(_) => None,
        }
    }

    fn too_deep(&self, rel: &[u8], more: u32) -> Option<Left> {
        let most = self.settings.max_depth?;
        let depth = u32::try_from(rel.iter().filter(|b| **b == b'/').count()).unwrap_or(u32::MAX);
        (depth + more > most).then(|| Left::by(Why::TooDeep, most.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // Whatever a person types as a rule is taken or refused with its code, and decides about any name.
        #[test]
        fn any_rule_is_taken_or_refused_and_any_name_is_judged(
            lines in proptest::collection::vec("[!*?a-z/\\[\\]{}\\\\ .^-]{0,12}|.{0,20}", 0..6),
            name in proptest::collection::vec(any::<u8>(), 0..60),
            size: u64,
            age_ms: i64,
        ) {
            let settings = WatchSettings { include: lines.clone(), exclude: lines, ..WatchSettings::default() };
            match Rules::new(&settings) {
                Ok(rules) => {
                    let _ = rules.left(&name, size, age_ms);
                }
                Err(failure) => prop_assert_eq!(failure.code, ErrorCode::WatchRule),
            }
        }
    }

    fn why(settings: WatchSettings, rel: &str, size: u64) -> Option<Why> {
        Rules::new(&settings)
            .unwrap()
            .left(rel.as_bytes(), size, 0)
            .map(|l| l.why)
    }

    #[test]
    fn e4_rules_follow_the_syntax_of_gitignore() {
        let s = |include: &[&str], exclude: &[&str]| WatchSettings {
            include: include.iter().map(|s| (*s).to_owned()).collect(),
            exclude: exclude.iter().map(|s| (*s).to_owned()).collect(),
            ..WatchSettings::default()
        };
        assert_eq!(why(s(&[], &["*.log"]), "a/b.log", 1), Some(Why::Excluded));
        assert_eq!(why(s(&[], &["*.log", "!keep.log"]), "a/keep.log", 1), None);
        assert_eq!(
            why(s(&[], &["proxies/"]), "proxies/x.mov", 1),
            Some(Why::Excluded)
        );
        assert_eq!(why(s(&[], &["/top.txt"]), "a/top.txt", 1), None);
        assert_eq!(why(s(&["*.mp4", "*.mov"], &[]), "a/b.mov", 1), None);
        assert_eq!(why(s(&["*.mp4"], &[]), "a/b.txt", 1), Some(Why::NotIncluded));
        assert_eq!(
            why(s(&["raw/**"], &["*.tmp2"]), "raw/x/y.tmp2", 1),
            Some(Why::Excluded)
        );
        let wrong = Rules::new(&s(&[], &["{a,b", "b"]));
        assert!(wrong.is_err_and(|f| f.code == ErrorCode::WatchRule));
    }

    #[test]
    fn e4_what_was_changed_too_long_ago_is_left_out() {
        let settings = WatchSettings {
            max_age_days: Some(7),
            ..WatchSettings::default()
        };
        let rules = Rules::new(&settings).unwrap();
        let why = |age_ms| rules.left(b"a", 1, age_ms).map(|l| (l.why, l.detail));
        assert_eq!(why(7 * DAY_MS), None);
        assert_eq!(why(7 * DAY_MS + 1), Some((Why::TooOld, "7".to_owned())));
        // A clock that runs ahead makes nothing old.
        assert_eq!(why(-DAY_MS), None);
        let any = Rules::new(&WatchSettings::default()).unwrap();
        assert_eq!(any.left(b"a", 1, i64::MAX), None);
    }

    #[test]
    fn e3_e4_depth_and_sizes_are_limits() {
        let s = WatchSettings {
            max_depth: Some(1),
            min_size: 10,
            max_size: Some(20),
            ..WatchSettings::default()
        };
        assert_eq!(why(s.clone(), "a/b", 10), None);
        assert_eq!(why(s.clone(), "a/b/c", 10), Some(Why::TooDeep));
        assert_eq!(why(s.clone(), "a", 9), Some(Why::TooSmall));
        assert_eq!(why(s.clone(), "a", 21), Some(Why::TooLarge));
        assert!(
            Rules::new(&WatchSettings {
                max_size: Some(1),
                ..s
            })
            .is_err()
        );
    }
}
