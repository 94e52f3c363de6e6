//! The engine through its one door, against a control plane that fails when it is told to.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::result_large_err,
    reason = "helpers of these tests stop at the first surprise"
)]

mod changes;
mod conditions;
mod desk;
mod faults;
mod given;
mod life;
mod plane;
mod regroup;
mod relaunch;
mod spans;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plane::Plane;
use tempfile::TempDir;
use windlass_core::accepts::Accepts;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::machine::Config;
use windlass_engine::home::Home;
use windlass_engine::view::NewDestination;
use windlass_engine::view::Snapshot;
use windlass_engine::{AddPaths, EngineConfig, EngineHandle, GroupEnd, Origin, start};
use windlass_protocol::destinations::{Kept, SecretKeep, TokenStore};

/// No server is there, so no token is.
struct NoTokens;

impl TokenStore for NoTokens {
    fn put<'a>(&'a self, _: DestinationId, _: &'a str, _: SecretKeep) -> Kept<'a, ()> {
        Box::pin(async { Ok(()) })
    }
    fn get(&self, _: DestinationId, _: SecretKeep) -> Kept<'_, Option<String>> {
        Box::pin(async { Ok(None) })
    }
    fn remove(&self, _: DestinationId, _: SecretKeep) -> Kept<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// A data folder, a source folder, a plane.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
    pub(crate) plane: Plane,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            plane: Plane::start().await,
        }
    }

    pub(crate) fn source(&self) -> PathBuf {
        let dir = self.dir.path().join("source");
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.source().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) async fn engine(&self) -> EngineHandle {
        let home = Home::find(Some(self.dir.path().join("home").as_os_str()), None).unwrap();
        // The lock of an engine before is given back when its last task ends.
        let lock = wait_for(|| home.lock().ok()).await;
        let config = EngineConfig {
            lock,
            control: self.plane.endpoint.clone(),
            tokens: Arc::new(NoTokens),
            suggested_folder: self.dir.path().join("suggested"),
            follow_system: false,
            machine: Config::default(),
        };
        let engine = start(config).await.unwrap();
        if engine.destinations().await.unwrap().is_empty() {
            let folder = Some(self.dir.path().join("to").to_string_lossy().into_owned());
            let new = NewDestination {
                name: "there".into(),
                folder,
                s3: None,
                server: None,
                make_default: true,
                accepts: Accepts::default(),
                proxy: None,
            };
            assert!(engine.add_destination(&new).await.unwrap().ok);
        }
        engine
    }
}

/// Looks until it is there; a minute at most.
pub(crate) async fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..6_000 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come");
}

/// Looks at each change until it is so.
pub(crate) async fn seen(engine: &EngineHandle, fits: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let mut deltas = engine.deltas();
    let look = async {
        loop {
            let snapshot = engine.snapshot().await.unwrap();
            if fits(&snapshot) {
                return snapshot;
            }
            let _ = deltas.recv().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), look).await.unwrap()
}

pub(crate) async fn add(engine: &EngineHandle, paths: &[&Path]) -> GroupId {
    let paths = paths.iter().map(|p| p.to_path_buf()).collect();
    engine
        .add_paths(AddPaths {
            paths,
            group: None,
            name: Some("g".into()),
            destination: None,
            origin: Origin::Cli,
            id: None,
            paused: false,
        })
        .await
        .unwrap()
}

pub(crate) async fn end(engine: &EngineHandle, group: GroupId) -> GroupEnd {
    match tokio::time::timeout(Duration::from_secs(120), engine.wait_group(group)).await {
        Ok(end) => end.unwrap(),
        Err(_) => panic!(
            "the group does not end: {}\n{:#?}",
            engine.dump().await,
            engine.snapshot().await.unwrap().groups
        ),
    }
}

/// Bytes that differ everywhere, by a seed.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut x = seed | 1;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 32) as u8
        })
        .collect()
}
