//! What is said over the socket.
//!
//! A path crosses as the text of `core::names`, so that every byte of it arrives. A receipt or a check of many files comes
//! in several lines.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::names::{decode_path_text, encode_path_bytes};
use windlass_core::states::{BlockedReason, Intent};

use crate::groups::path_of;
use crate::handle::{AddPaths, Origin, Scope};
use crate::summary::GroupEnd;
use crate::view::{
    FileError, GroupView, HistoryAsk, NewDestination, Notice, ProvedAsk, ReceiptLine, RelaunchAnswer,
};

/// Raised when a question or an answer changes its meaning. Two programs of different ages then say so.
pub(super) const VERSION: u32 = 1;
/// Lines of a receipt in one line of an answer.
pub(super) const PAGE: usize = 1_000;

/// A line of the asker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    /// [`VERSION`] of the asker.
    pub(super) v: u32,
    pub(super) ask: Ask,
}

/// Each is a method of `EngineHandle`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ask {
    Hello,
    Snapshot,
    AddPaths(Paths),
    ListFiles {
        group: GroupId,
        offset: u32,
        limit: u32,
    },
    SetIntent {
        scope: Place,
        intent: Intent,
    },
    GoAnyway {
        scope: Place,
        reason: Option<BlockedReason>,
    },
    Retry {
        scope: Place,
        code: Option<ErrorCode>,
    },
    AnswerRelaunch {
        group: Option<GroupId>,
        answer: RelaunchAnswer,
    },
    RelaunchKnown,
    Destinations,
    TestDestination(NewDestination),
    AddDestination(NewDestination),
    CheckDestination(DestinationId),
    RemoveDestination(DestinationId),
    DestinationForm(DestinationId),
    EditDestination(DestinationId, NewDestination),
    SignOut(DestinationId),
    RetryProcessing(Place),
    Elsewhere,
    DiscardElsewhere {
        destination: DestinationId,
        group: Option<GroupId>,
    },
    SetDefaultDestination(DestinationId),
    Receipt(GroupId),
    History(HistoryAsk),
    FindProved(ProvedAsk),
    Verify(GroupId),
    Summary(GroupId),
    Watch(Vec<GroupId>),
    Folders(super::folders::FoldersAsk),
    Groups(super::groups::GroupsAsk),
}

/// A line of the owner. All but `Done` and `Failed` are followed by another.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Done(serde_json::Value),
    Failed(Failure),
    Lines(Vec<ReceiptLine>),
    Doubts(Vec<(String, FileError)>),
    Progress(Vec<GroupView>),
    Notice(Notice),
    Ended { group: GroupId, end: End },
}

/// `AddPaths` on the wire.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Paths {
    paths: Vec<String>,
    group: Option<GroupId>,
    name: Option<String>,
    destination: Option<DestinationId>,
    origin: From,
    #[serde(default)]
    id: Option<GroupId>,
    #[serde(default)]
    paused: bool,
}

/// `Origin` on the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum From {
    Drop,
    Dialog,
    Paste,
    Cli,
    OpenWith,
}

/// `Scope` on the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    App,
    Group(GroupId),
    File(FileId),
}

/// `GroupEnd` on the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    Done,
    NeedsYou,
    Cancelled,
    Paused,
    Stopped,
}

impl Paths {
    pub(super) fn new(add: &AddPaths) -> Self {
        use std::os::unix::ffi::OsStrExt as _;
        let origin = match add.origin {
            Origin::Drop => From::Drop,
            Origin::Dialog => From::Dialog,
            Origin::Paste => From::Paste,
            Origin::Cli => From::Cli,
            Origin::OpenWith => From::OpenWith,
        };
        Self {
            paths: add
                .paths
                .iter()
                .map(|p| encode_path_bytes(p.as_os_str().as_bytes()))
                .collect(),
            group: add.group,
            name: add.name.clone(),
            destination: add.destination,
            origin,
            id: add.id,
            paused: add.paused,
        }
    }

    /// # Errors
    /// `bad_request` when a path is no absolute path.
    pub(super) fn into_add(self) -> Result<AddPaths, Failure> {
        let origin = match self.origin {
            From::Drop => Origin::Drop,
            From::Dialog => Origin::Dialog,
            From::Paste => Origin::Paste,
            From::Cli => Origin::Cli,
            From::OpenWith => Origin::OpenWith,
        };
        let path = |text: &String| {
            decode_path_text(text)
                .map(|b| path_of(&b))
                .filter(|p| p.is_absolute())
        };
        let paths: Option<Vec<PathBuf>> = self.paths.iter().map(path).collect();
        let Some(paths) = paths else {
            return Err(Failure::new(ErrorCode::BadRequest, "a path is not absolute"));
        };
        Ok(AddPaths {
            paths,
            group: self.group,
            name: self.name,
            destination: self.destination,
            origin,
            id: self.id,
            paused: self.paused,
        })
    }
}

impl std::convert::From<Scope> for Place {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::App => Self::App,
            Scope::Group(id) => Self::Group(id),
            Scope::File(id) => Self::File(id),
        }
    }
}

impl std::convert::From<Place> for Scope {
    fn from(place: Place) -> Self {
        match place {
            Place::App => Self::App,
            Place::Group(id) => Self::Group(id),
            Place::File(id) => Self::File(id),
        }
    }
}

impl std::convert::From<GroupEnd> for End {
    fn from(end: GroupEnd) -> Self {
        match end {
            GroupEnd::Done => Self::Done,
            GroupEnd::NeedsYou => Self::NeedsYou,
            GroupEnd::Cancelled => Self::Cancelled,
            GroupEnd::Paused => Self::Paused,
            GroupEnd::Stopped => Self::Stopped,
        }
    }
}

impl std::convert::From<End> for GroupEnd {
    fn from(end: End) -> Self {
        match end {
            End::Done => Self::Done,
            End::NeedsYou => Self::NeedsYou,
            End::Cancelled => Self::Cancelled,
            End::Paused => Self::Paused,
            End::Stopped => Self::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;

    #[test]
    fn i40_every_byte_of_a_path_crosses_the_socket() {
        let odd = path_of(b"/tmp/--config=x \xff\n%41\xe2\x82");
        let add = AddPaths {
            paths: vec![odd.clone()],
            group: None,
            name: Some("n".into()),
            destination: None,
            origin: Origin::Cli,
            id: None,
            paused: true,
        };
        let line = serde_json::to_string(&Paths::new(&add)).unwrap();
        assert!(!line.contains('\n'));
        let back: Paths = serde_json::from_str(&line).unwrap();
        assert_eq!(
            back.into_add().unwrap().paths[0].as_os_str().as_bytes(),
            odd.as_os_str().as_bytes()
        );
    }

    proptest::proptest! {
        // A13, A130: what comes over the socket is a question or is not, and a path in it is whole or refused.
        #[test]
        fn any_line_is_a_question_or_is_refused(
            line in "\\PC{0,200}",
            verb in "hello|snapshot|add_paths|list_files|watch|folders|verify",
            path in "(/|%2F|%|%0|%00|\\.\\.|[a-z%/]){0,20}",
        ) {
            let _ = serde_json::from_str::<Question>(&line);
            let _ = serde_json::from_value::<Question>(serde_json::json!({ "v": 1, "ask": { verb: line } }));
            let asked = serde_json::json!({ "paths": [path, line], "origin": "drop" });
            if let Ok(paths) = serde_json::from_value::<Paths>(asked)
                && let Ok(add) = paths.into_add()
            {
                proptest::prop_assert!(add.paths.iter().all(|path| path.is_absolute()));
            }
        }
    }

    #[test]
    fn a_path_that_hangs_on_the_askers_folder_is_refused() {
        let add = AddPaths {
            paths: vec!["a.txt".into()],
            group: None,
            name: None,
            destination: None,
            origin: Origin::Drop,
            id: None,
            paused: false,
        };
        assert_eq!(
            Paths::new(&add).into_add().unwrap_err().code,
            ErrorCode::BadRequest
        );
    }
}
