//! Which group is meant: by its id, by the beginning of its id, or by its name.

use windlass_core::error::ErrorCode;
use windlass_engine::view::{GroupView, GroupWord};

use crate::exit::Trouble;
use crate::human;

/// Letters of an id that have to be given at least.
const SHORTEST: usize = 4;

/// Which groups a verb can do something with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Any; of several with one name the newest.
    All,
    /// Those that have not ended; a name that several have is refused.
    Open,
}

/// A group that has not come to its end.
#[must_use]
pub fn is_open(view: &GroupView) -> bool {
    match view.word {
        GroupWord::Done | GroupWord::DoneLeftOut | GroupWord::Cancelled => false,
        GroupWord::Waiting
        | GroupWord::Preparing
        | GroupWord::Uploading
        | GroupWord::Finishing
        | GroupWord::Paused
        | GroupWord::Interrupted
        | GroupWord::NeedsYou
        | GroupWord::CleaningUp => true,
    }
}

/// The group that is meant.
///
/// # Errors
/// `not_found`; `bad_request` when several could be meant.
pub fn group<'a>(groups: &'a [GroupView], wanted: &str, among: Among) -> Result<&'a GroupView, Trouble> {
    let lower = wanted.to_ascii_lowercase();
    if let Some(exact) = groups.iter().find(|g| g.id.to_string() == lower) {
        return Ok(exact);
    }
    let mut named: Vec<&GroupView> = groups
        .iter()
        .filter(|g| g.name == wanted || g.name == windlass_core::names::shown(wanted))
        .collect();
    named.sort_by_key(|g| (g.created_at, g.id));
    if among == Among::Open && named.iter().any(|g| is_open(g)) {
        named.retain(|g| is_open(g));
    }
    match (named.as_slice(), among) {
        ([], _) => {}
        ([one], _) => return Ok(one),
        ([.., newest], Among::All) => return Ok(newest),
        ([.., newest], Among::Open) if !is_open(newest) => return Ok(newest),
        (several, Among::Open) => return Err(ambiguous(wanted, several)),
    }
    if lower.len() >= SHORTEST && lower.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        let begins: Vec<&GroupView> = groups
            .iter()
            .filter(|g| g.id.to_string().starts_with(&lower))
            .collect();
        match begins.as_slice() {
            [] => {}
            [one] => return Ok(one),
            several => return Err(ambiguous(wanted, several)),
        }
    }
    let what = format!("There is no group \"{}\".", windlass_core::names::shown(wanted));
    Err(Trouble::new(ErrorCode::NotFound, what).todo("`windlass status --all` lists the groups."))
}

fn ambiguous(wanted: &str, several: &[&GroupView]) -> Trouble {
    let what = format!(
        "Several groups are meant by \"{}\"; give the id of one:",
        windlass_core::names::shown(wanted)
    );
    let mut t = Trouble::new(ErrorCode::BadRequest, what);
    let mut lines: Vec<String> = several
        .iter()
        .rev()
        .take(10)
        .map(|g| format!("{}  {}, of {}", g.id, g.name, human::moment(g.created_at)))
        .collect();
    if several.len() > 10 {
        lines.push(format!("and {} more", several.len() - 10));
    }
    t.detail = lines.join("\n");
    t
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use windlass_core::ids::{DestinationId, GroupId};
    use windlass_core::states::Intent;
    use windlass_core::time::Timestamp;
    use windlass_engine::view::FileCounts;

    pub(crate) fn view(n: u8, name: &str, word: GroupWord) -> GroupView {
        let at = i64::from(n);
        GroupView {
            id: GroupId::new(
                Timestamp::from_millis(1_700_000_000_000 + at * 0x1_0000_0000),
                [n; 10],
            ),
            name: name.into(),
            destination_id: DestinationId::new(Timestamp::from_millis(1), [0; 10]),
            destination_name: "nas".into(),
            word,
            intent: Intent::Run,
            blocked_by: Vec::new(),
            anyway: Vec::new(),
            because: None,
            since: None,
            disk: None,
            scanning: false,
            growing: 0,
            order: at,
            accepts_files: true,
            files: FileCounts::default(),
            processing: None,
            bytes_total: 0,
            bytes_done: 0,
            rate_bytes: None,
            rate_files: None,
            eta: None,
            errors: Vec::new(),
            notes: None,
            regroups: true,
            created_at: at,
            finished_at: None,
        }
    }

    #[test]
    fn a_group_is_found_by_id_by_its_beginning_and_by_name() {
        let groups = [view(1, "a", GroupWord::Done), view(2, "b", GroupWord::Uploading)];
        let id = groups[1].id.to_string();
        for wanted in [id.as_str(), &id.to_uppercase(), &id[..8], "b"] {
            assert_eq!(group(&groups, wanted, Among::All).unwrap().name, "b", "{wanted}");
        }
        assert_eq!(
            group(&groups, &id[..3], Among::All).unwrap_err().code,
            ErrorCode::NotFound
        );
        assert_eq!(
            group(&groups, "c", Among::All).unwrap_err().code,
            ErrorCode::NotFound
        );
        assert_eq!(
            group(&groups, "018b", Among::All).unwrap_err().code,
            ErrorCode::NotFound
        );
    }

    #[test]
    fn of_several_with_one_name_the_newest_is_read_and_the_open_one_is_acted_on() {
        let groups = [view(1, "a", GroupWord::Uploading), view(2, "a", GroupWord::Done)];
        assert_eq!(group(&groups, "a", Among::All).unwrap().id, groups[1].id);
        assert_eq!(group(&groups, "a", Among::Open).unwrap().id, groups[0].id);
        let both = [
            view(1, "a", GroupWord::Uploading),
            view(2, "a", GroupWord::Paused),
        ];
        let refused = group(&both, "a", Among::Open).unwrap_err();
        assert!(refused.detail.contains(&both[0].id.to_string()), "{refused:?}");
    }
}
