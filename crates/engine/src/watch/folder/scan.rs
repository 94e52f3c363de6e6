//! Looking: at single files, at a subfolder, at everything.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use windlass_core::error::Failure;
use windlass_core::watch::WatchMode;
use windlass_queue::watched::{self, AfterState};

use super::super::look::{self, Looked, Seen};
use super::{SCAN_MS, SCAN_NETWORK_MS, SCAN_POLLING_MS, STEP, Task, blocking};
use crate::clock;
use crate::infos::locked;

impl Task {
    /// Looks at single files.
    pub(super) async fn look_at(&mut self, paths: Vec<Vec<u8>>) -> Result<(), Failure> {
        for step in paths.chunks(STEP) {
            let (root, rules, step) = (self.root.clone(), Arc::clone(&self.rules), step.to_vec());
            let looked = blocking(move || {
                step.into_iter()
                    .map(|rel| {
                        let looked = look::look(&root, &rel, &rules);
                        (rel, looked)
                    })
                    .collect::<Vec<_>>()
            })
            .await?;
            let (mut seen, mut gone): (Vec<Seen>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
            for (rel, looked) in looked {
                match looked {
                    Looked::Seen(file) => seen.push(file),
                    Looked::Gone => gone.push(rel),
                    Looked::Folder => {}
                }
            }
            // What was renamed is seen under its new name before its old one is forgotten.
            self.process(seen).await?;
            self.gone(gone).await?;
        }
        Ok(())
    }

    /// Looks at all below a folder. Answers with what was seen; `None` when that was not all.
    pub(super) async fn walk(&mut self, from: PathBuf) -> Result<Option<Names>, Failure> {
        let (send, mut steps) = mpsc::channel(4);
        let (root, rules) = (self.root.clone(), Arc::clone(&self.rules));
        let walker = tokio::task::spawn_blocking(move || look::walk(&root, &from, &rules, &send));
        let mut names = Names::default();
        while let Some(step) = steps.recv().await {
            names.extend(&step);
            self.process(step).await?;
            if self.shared.stop.is_cancelled() {
                return Ok(None);
            }
        }
        Ok(walker.await.unwrap_or(false).then_some(names))
    }

    /// Looks at everything.
    pub(super) async fn scan(&mut self) -> Result<(), Failure> {
        locked(&self.live.now).scanning = true;
        self.shared.deltas.watches_changed();
        self.make_rules().await?;
        let walked = self.walk(self.root.clone()).await;
        locked(&self.live.now).scanning = false;
        let now = clock::now();
        let mode = locked(&self.live.now).mode;
        self.next_scan = now.plus_millis(match mode {
            WatchMode::Events => SCAN_MS,
            WatchMode::Polling if self.network => SCAN_NETWORK_MS,
            WatchMode::Polling => SCAN_POLLING_MS,
        });
        let Some(names) = walked? else { return Ok(()) };
        // A folder that went while it was walked shows nothing: absence is believed only where the folder is there.
        self.look_at_root().await?;
        if locked(&self.live.now).trouble.is_some() {
            return Ok(());
        }
        self.forget_unseen(&names).await?;
        let id = self.row.id;
        let only_new = std::mem::take(&mut self.row.only_new);
        self.shared
            .queue
            .write(move |conn| {
                if only_new {
                    watched::set_only_new_done(conn, id)?;
                }
                watched::set_scanned(conn, id, now)
            })
            .await?;
        self.row.last_scan_at = Some(now);
        self.uploads_ended().await?;
        self.originals(AfterState::Failed).await;
        self.originals(AfterState::Due).await;
        self.shared.deltas.watches_changed();
        Ok(())
    }

    /// Files that are written down and were not seen are looked at one by one.
    pub(super) async fn forget_unseen(&mut self, names: &Names) -> Result<(), Failure> {
        let id = self.row.id;
        let mut after = Vec::new();
        loop {
            let from = after.clone();
            let page = self
                .shared
                .queue
                .read(move |conn| watched::page_after(conn, id, &from, STEP))
                .await?;
            let Some(last) = page.last() else { break };
            after = last.rel_path.clone();
            let unseen = page.into_iter().filter(|e| e.present && !names.has(&e.rel_path));
            let unseen: Vec<_> = unseen.map(|e| e.rel_path).collect();
            let (folders, files): (Vec<_>, Vec<_>) = unseen.into_iter().partition(|rel| rel.ends_with(b"/"));
            self.look_at(files).await?;
            self.gone(folders).await?;
        }
        let unseen: Vec<_> = locked(&self.live.now)
            .pending
            .keys()
            .filter(|rel| !names.has(rel))
            .cloned()
            .collect();
        self.look_at(unseen).await
    }

    /// These are not there any more. What was uploaded is remembered.
    pub(super) async fn gone(&mut self, gone: Vec<Vec<u8>>) -> Result<(), Failure> {
        if gone.is_empty() {
            return Ok(());
        }
        for rel in &gone {
            self.drop_pending(rel);
            self.anyway.remove(rel);
        }
        let id = self.row.id;
        self.shared
            .queue
            .write(move |conn| gone.iter().try_for_each(|rel| watched::mark_gone(conn, id, rel)))
            .await?;
        self.shared.deltas.watches_changed();
        Ok(())
    }
}

/// Paths that were seen, in few bytes each.
#[derive(Default)]
pub(super) struct Names {
    hasher: RandomState,
    seen: HashSet<u64>,
}

impl Names {
    fn extend(&mut self, step: &[Seen]) {
        self.seen
            .extend(step.iter().map(|s| self.hasher.hash_one(&s.rel)));
    }

    fn has(&self, rel: &Vec<u8>) -> bool {
        self.seen.contains(&self.hasher.hash_one(rel))
    }
}
