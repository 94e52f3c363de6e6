//! What other programs are writing while it is given: taken in when it stands still.
//!
//! A copy that is under way, a recording that goes on, a download: its bytes now are not the ones that the person means.
//! The descriptors of other programs are looked through once in a walk; a file that one of them has open for writing, and that
//! changed lately, waits beside the queue. It goes in when nobody writes to it any more and it stood still for a while. A crash
//! forgets the wait and not the file: the roots are walked again. What can't be seen (another user's program, another
//! computer) is found out later, when the file is not what it was.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::GroupId;
use windlass_core::machine::Event;
use windlass_core::watch::{Stand, changed_lately, given_goes};
use windlass_transfer::source;

use super::{Batch, Found, OfGroup, Taken, store};
use crate::clock;
use crate::handle::Leave;
use crate::shell::Shared;
use crate::watch::writers::writers;

/// They are looked at so often.
const AGAIN: Duration = Duration::from_millis(500);

/// The files that other programs have open for writing, looked up when the first is asked for that changed lately.
pub(crate) struct Written {
    roots: Vec<PathBuf>,
    open: OnceCell<BTreeSet<(u64, u64)>>,
}

impl Written {
    /// Below these.
    pub(crate) fn below(roots: &[PathBuf]) -> Self {
        Self {
            roots: roots.to_vec(),
            open: OnceCell::new(),
        }
    }

    /// Whether another program has this file open for writing, and wrote not long ago. Blocks.
    pub(crate) fn has(&self, file: &SourceFingerprint) -> bool {
        changed_lately(file, clock::now()) && self.is_open(file)
    }

    fn is_open(&self, file: &SourceFingerprint) -> bool {
        let open = self.open.get_or_init(|| {
            // Descriptors name files by where they really are.
            let real: Vec<PathBuf> = self.roots.iter().filter_map(|r| r.canonicalize().ok()).collect();
            writers(&real)
        });
        open.contains(&(file.dev, file.inode))
    }
}

/// A file that waits.
struct Late {
    found: Found,
    stand: Stand,
}

/// Waits for these and takes each in when it stands still. False when the engine stops before: they are walked again then.
///
/// # Errors
/// Errors of the queue.
pub(super) async fn take(
    shared: &Arc<Shared>,
    id: GroupId,
    growing: Vec<Found>,
    leave: Arc<Leave>,
    walks: &OfGroup,
) -> Result<bool, Failure> {
    if growing.is_empty() {
        return Ok(true);
    }
    tracing::info!(group = %id, files = growing.len(), "files that are being written are waited for");
    let now = clock::now();
    let mut late = growing
        .into_iter()
        .map(|found| Late {
            stand: Stand::first(found.fingerprint, now, false),
            found,
        })
        .collect::<Vec<_>>();
    let mut told = Told::of(shared, id);
    loop {
        told.say(late.len());
        if late.is_empty() {
            return Ok(true);
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = shared.stop.cancelled() => return Ok(false),
        }
        let (ready, waiting) = tokio::task::spawn_blocking(move || look(late))
            .await
            .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
        late = waiting;
        let some = !ready.is_empty();
        let batch = Batch {
            files: ready,
            empty: Vec::new(),
        };
        let turn = walks.turn().await;
        // Others may have given names meanwhile. With nothing to take in it tells when the group takes no more.
        let taken = if some {
            Taken::of(shared, id).await?
        } else {
            Taken::none()
        };
        if store(shared, id, batch, Arc::clone(&leave), taken)
            .await?
            .is_none()
        {
            return Ok(true);
        }
        drop(turn);
        if some {
            shared.event(Event::GroupWork { id, scanning: true }).await;
        }
    }
}

/// How many of a group wait, as its card says it; none when this is gone.
struct Told<'a> {
    shared: &'a Shared,
    id: GroupId,
    files: usize,
}

impl<'a> Told<'a> {
    fn of(shared: &'a Shared, id: GroupId) -> Self {
        Self { shared, id, files: 0 }
    }

    fn say(&mut self, files: usize) {
        if files != self.files {
            self.shared.infos.change_growing(self.id, self.files, files);
            self.files = files;
            self.shared.deltas.stir(self.id);
        }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.say(0);
    }
}

/// Looks at them again: those that may go in, and those that wait on. Blocks.
fn look(late: Vec<Late>) -> (Vec<Found>, Vec<Late>) {
    let paths: Vec<PathBuf> = late.iter().map(|l| l.found.path.clone()).collect();
    let written = Written::below(&paths);
    let now = clock::now();
    let (mut ready, mut waiting) = (Vec::new(), Vec::new());
    for mut one in late {
        match std::fs::metadata(&one.found.path) {
            // It went away, or became something else: its row says so.
            Err(e) => {
                one.found.refused = Some(source::source_failure(&e, &one.found.path, None));
                ready.push(one.found);
            }
            Ok(meta) => {
                let seen = source::fingerprint(&meta);
                one.stand.look(seen, now);
                one.found.fingerprint = seen;
                if given_goes(&one.stand, written.is_open(&seen), now) {
                    ready.push(one.found);
                } else {
                    waiting.push(one);
                }
            }
        }
    }
    (ready, waiting)
}
