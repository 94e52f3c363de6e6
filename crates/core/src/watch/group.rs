//! Which group a file of a watched folder joins, and when that group ends.

use super::GroupRule;
use crate::time::Timestamp;

/// The key under which the open group of a file is remembered. `day` is the local date, as `2026-05-12`.
#[must_use]
pub fn group_key(rule: GroupRule, rel_path: &str, day: &str) -> String {
    match rule {
        GroupRule::Batch => String::new(),
        GroupRule::Day => day.to_owned(),
        GroupRule::Folder => rel_path
            .split_once('/')
            .map_or_else(String::new, |(first, _)| first.to_owned()),
    }
}

/// The name of a new group.
#[must_use]
pub fn group_name(rule: GroupRule, folder: &str, key: &str, day: &str, time: &str) -> String {
    match rule {
        GroupRule::Batch => format!("{folder}, {day} {time}"),
        GroupRule::Day => format!("{folder}, {day}"),
        GroupRule::Folder if key.is_empty() => folder.to_owned(),
        GroupRule::Folder => key.to_owned(),
    }
}

/// Whether nothing joins it any more: the day is over, or nothing came for a while.
#[must_use]
pub fn group_is_over(
    rule: GroupRule,
    key: &str,
    day: &str,
    last_joined: Timestamp,
    quiet_ms: i64,
    now: Timestamp,
) -> bool {
    match rule {
        GroupRule::Day => key != day,
        GroupRule::Batch | GroupRule::Folder => {
            // After a clock that was set back, what lies in the future is long over too.
            now >= last_joined.plus_millis(quiet_ms) || now.plus_millis(quiet_ms) < last_joined
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_arrive_together_share_a_group_by_each_rule() {
        let day = "2026-05-12";
        assert_eq!(group_key(GroupRule::Batch, "a/b", day), "");
        assert_eq!(group_key(GroupRule::Day, "a/b", day), day);
        assert_eq!(group_key(GroupRule::Folder, "a/b/c", day), "a");
        assert_eq!(group_key(GroupRule::Folder, "c", day), "");
        assert_eq!(
            group_name(GroupRule::Batch, "Card A", "", day, "14:02"),
            "Card A, 2026-05-12 14:02"
        );
        assert_eq!(group_name(GroupRule::Folder, "Card A", "x", day, "14:02"), "x");
        let at = Timestamp::from_millis;
        assert!(!group_is_over(
            GroupRule::Batch,
            "",
            day,
            at(1_000),
            60_000,
            at(60_999)
        ));
        assert!(group_is_over(
            GroupRule::Batch,
            "",
            day,
            at(1_000),
            60_000,
            at(61_000)
        ));
        assert!(group_is_over(
            GroupRule::Folder,
            "x",
            day,
            at(900_000),
            60_000,
            at(0)
        ));
        assert!(!group_is_over(GroupRule::Day, day, day, at(0), 1, at(90_000_000)));
        assert!(group_is_over(GroupRule::Day, "2026-05-11", day, at(0), 1, at(1)));
    }
}
