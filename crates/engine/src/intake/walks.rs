//! The walks of one group: it may be given more while it is being walked.
//!
//! Each gesture is a walk of its own. They go through the folders one after another, so that no two of them give one name
//! twice; the group is "being walked" from the first until the last has ended, also while one waits for a file that is
//! still being written. One that was cut leaves all of them to the next launch.

use tokio::sync::{Mutex, MutexGuard};

/// The walks of a group in this run.
#[derive(Debug, Default)]
pub(crate) struct OfGroup {
    open: Mutex<Open>,
    turn: Mutex<()>,
}

/// Those that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Open {
    walks: usize,
    was_cut: bool,
}

impl OfGroup {
    /// Held while a walk is written down, or noted to have ended: none begins between the last end and its note.
    pub(crate) async fn gate(&self) -> MutexGuard<'_, Open> {
        self.open.lock().await
    }

    /// Held while names are given.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}

impl Open {
    /// None goes on.
    pub(crate) fn is_last(&self) -> bool {
        self.walks == 0
    }

    /// One more.
    pub(crate) fn begins(&mut self) {
        self.walks += 1;
    }

    /// One less. True when it was the last, and all of them were whole.
    pub(crate) fn ends(&mut self, was_whole: bool) -> bool {
        self.walks = self.walks.saturating_sub(1);
        self.was_cut |= !was_whole;
        self.walks == 0 && !self.was_cut
    }
}
