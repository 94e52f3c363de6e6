//! The page's end of the wire: what is sent to it, and who forwards.
//!
//! The page subscribes when it is loaded, and again after a gap. Each subscription ends the one before. A page that was not
//! there when something was to be shown gets it with its subscription.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tauri::ipc::Channel;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::{CancellationToken, DropGuard};
use windlass_core::error::Failure;
use windlass_core::ids::GroupId;
use windlass_engine::EngineHandle;
use windlass_engine::view::{Delta, Snapshot};

use crate::files::Counts;

/// Everything that the subscription sends.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum WindowMessage {
    /// What changed.
    Delta {
        /// Whole.
        delta: std::sync::Arc<Delta>,
    },
    /// A drag of files over the window.
    Drag(Drag),
    /// Something was given and is being looked at: ask the person what to do with it.
    Check {
        /// The number of the look.
        number: u32,
        /// The group it was given to; none: a new one.
        group: Option<GroupId>,
    },
    /// Bring a group into sight, or the list.
    Show {
        /// Which.
        group: Option<GroupId>,
    },
    /// Go to a place of the page.
    Open {
        /// Which.
        place: Place,
    },
}

/// Places that stand outside of the page, in the tray or on a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Groups that need the person.
    Attention,
    /// Settings.
    Settings,
    /// Its page with the limit.
    Speed,
    /// Watched folders.
    Watched,
}

/// See [`WindowMessage::Drag`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Drag {
    /// Where it stands.
    pub(crate) phase: Phase,
    /// CSS pixels from the left of the page.
    pub(crate) x: f64,
    /// CSS pixels from the top of the page.
    pub(crate) y: f64,
    /// Files in it.
    pub(crate) files: u32,
    /// Folders in it.
    pub(crate) folders: u32,
    /// Bytes, where they are known.
    pub(crate) bytes: Option<u64>,
    /// The number of the paths, with `drop`.
    pub(crate) handle: Option<u32>,
}

impl Drag {
    /// A message of this phase.
    pub(crate) fn new(phase: Phase, (x, y): (f64, f64), counts: Counts) -> Self {
        Self {
            phase,
            x,
            y,
            files: counts.files,
            folders: counts.folders,
            bytes: counts.bytes,
            handle: None,
        }
    }
}

/// Phases of a drag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Came over the window.
    Enter,
    /// Moved.
    Over,
    /// Left, or was given up.
    Leave,
    /// Was let go.
    Drop,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Page {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    channel: Option<Channel<WindowMessage>>,
    forwarding: Option<DropGuard>,
    /// Asked to be shown before there was a page.
    show: Option<Option<GroupId>>,
}

impl Page {
    /// Begins to forward to a page that has just asked, and gives it the picture that the deltas go on from.
    pub(crate) async fn subscribe(
        &self,
        engine: &EngineHandle,
        channel: Channel<WindowMessage>,
    ) -> Result<Snapshot, Failure> {
        // Before the snapshot: a delta in between is sent twice rather than never; its number says so.
        let mut deltas = engine.deltas();
        let snapshot = engine.snapshot().await?;
        let (stop, seen, out) = (CancellationToken::new(), snapshot.seq, channel.clone());
        let stopped = stop.clone();
        tokio::spawn(async move {
            loop {
                let delta = tokio::select! {
                    biased;
                    () = stopped.cancelled() => return,
                    delta = deltas.recv() => delta,
                };
                match delta {
                    Ok(delta) if delta.seq <= seen => {}
                    Ok(delta) => {
                        if out.send(WindowMessage::Delta { delta }).is_err() {
                            return;
                        }
                    }
                    // The next delta has a number that does not follow: the page asks for a snapshot.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        let wanted = {
            let mut state = self.state();
            state.channel = Some(channel.clone());
            state.forwarding = Some(stop.drop_guard());
            state.show.take()
        };
        if let Some(group) = wanted {
            let _ = channel.send(WindowMessage::Show { group });
        }
        Ok(snapshot)
    }

    /// Sends; false when there is no page.
    pub(crate) fn send(&self, message: WindowMessage) -> bool {
        let channel = self.state().channel.clone();
        channel.is_some_and(|channel| channel.send(message).is_ok())
    }

    /// Has the page bring a group into sight, at once or when it is there.
    pub(crate) fn show(&self, group: Option<GroupId>) {
        if !self.send(WindowMessage::Show { group }) {
            self.state().show = Some(group);
        }
    }

    /// Has the page go to a place. One that is not there begins with its list.
    pub(crate) fn open(&self, place: Place) {
        self.send(WindowMessage::Open { place });
    }

    /// The page is gone.
    pub(crate) fn gone(&self) {
        let mut state = self.state();
        state.channel = None;
        state.forwarding = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_look_as_the_page_reads_them() {
        let counts = Counts {
            files: 2,
            folders: 1,
            bytes: None,
        };
        let drag = Drag {
            handle: Some(7),
            ..Drag::new(Phase::Drop, (10.5, 20.0), counts)
        };
        assert_eq!(
            serde_json::to_value(WindowMessage::Drag(drag)).unwrap(),
            serde_json::json!({"type": "drag", "phase": "drop", "x": 10.5, "y": 20.0, "files": 2, "folders": 1,
                "bytes": null, "handle": 7})
        );
        assert_eq!(
            serde_json::to_value(WindowMessage::Show { group: None }).unwrap(),
            serde_json::json!({"type": "show", "group": null})
        );
        let delta = serde_json::to_value(WindowMessage::Delta {
            delta: Delta::default().into(),
        })
        .unwrap();
        assert_eq!(
            (&delta["type"], &delta["delta"]["seq"]),
            (&"delta".into(), &0.into())
        );
    }
}
