//! `windlass watch run`: an engine that keeps watching until a signal. Other commands hand their work to it.

use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use windlass_core::error::ErrorCode;
use windlass_engine::EngineHandle;
use windlass_engine::view::WatchView;

use super::row;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::session::Keeps;
use crate::show::tell_notice;
use crate::verbs::Context;

/// Least time between two lines about folders.
const EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(cx: &Context) -> Result<Exit, Trouble> {
    let session = cx.session(Keeps::Open).await?;
    let Some(engine) = session.engine() else {
        let pid = session.other().unwrap_or(0);
        session.close().await;
        let what = format!("Windlass runs already (process {pid}); it watches the folders while it runs.");
        return Err(Trouble::new(ErrorCode::AlreadyRunning, what));
    };
    let followed = follow(&engine, cx).await;
    session.close().await;
    followed?;
    cx.out.event(&event!("stopped"));
    // It was to run until a signal: that is its good end.
    Ok(Exit::Done)
}

async fn follow(engine: &EngineHandle, cx: &Context) -> Result<(), Trouble> {
    // First the ear, then the watching: nothing that it says is missed.
    let mut deltas = engine.deltas();
    engine.begin_watching();
    let mut told: Vec<WatchView> = engine.watches().await?;
    cx.out
        .event(&event!("watching", pid: std::process::id(), folders: told));
    if !cx.out.is_json() {
        for w in &told {
            cx.out.tell(row(w, cx.out));
        }
        if told.is_empty() {
            cx.out.tell("No watched folders yet: windlass watch add DIR");
        }
    }
    loop {
        let mut delta = tokio::select! {
            () = cx.stop.asked() => return Ok(()),
            delta = deltas.recv() => delta,
        };
        let mut watches = None;
        // All that came meanwhile: the last of them is how it stands.
        loop {
            match delta {
                Ok(delta) => {
                    for n in &delta.notices {
                        tell_notice(cx.out, n, |text| cx.out.tell(text));
                    }
                    watches = delta.watches.clone().or(watches);
                }
                Err(RecvError::Lagged(_)) => watches = Some(engine.watches().await?),
                Err(RecvError::Closed) => return Ok(()),
            }
            delta = match deltas.try_recv() {
                Ok(next) => Ok(next),
                Err(TryRecvError::Lagged(n)) => Err(RecvError::Lagged(n)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            };
        }
        let Some(all) = watches else { continue };
        let changed: Vec<_> = all.iter().filter(|w| !told.contains(w)).cloned().collect();
        if changed.is_empty() {
            continue;
        }
        cx.out.event(&event!("progress", folders: changed));
        if !cx.out.is_json() {
            for w in &changed {
                let before = told.iter().find(|t| t.id == w.id);
                if before
                    .is_none_or(|b| (b.state, b.counts.uploaded / 100) != (w.state, w.counts.uploaded / 100))
                {
                    cx.out.tell(row(w, cx.out));
                }
            }
        }
        told = all;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = cx.stop.asked() => return Ok(()),
        }
    }
}
