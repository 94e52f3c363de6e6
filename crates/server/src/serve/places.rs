//! The destinations that a server has from its first start: recordings, models, projects.
//!
//! Made once; whoever removes one does not get it back. Where they keep their files does not change with a setting: files
//! don't move by themselves, so another place is refused at the start.

use std::path::{Path, PathBuf};

use windlass_core::accepts::Accepts;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::{
    DestinationConfig, PutDestination, SecretKeep, StepOutcome, StorageSecret,
};

use super::settings::{Bucket, StoragePlace};
use crate::clock::random;
use crate::db::params;
use crate::failure::home_failure;
use crate::secrets::Secrets;
use crate::service::Service;
use crate::store::DestinationRow;

/// A destination as it is shipped.
struct Shipped {
    name: &'static str,
    visibility: &'static str,
    max_bytes: u64,
    mime: &'static [&'static str],
}

const SHIPPED: [Shipped; 3] = [
    Shipped {
        name: "recordings",
        visibility: "private",
        max_bytes: 524_288_000,
        mime: &[
            "application/json",
            "model/gltf-binary",
            "application/octet-stream",
        ],
    },
    Shipped {
        name: "models",
        visibility: "public",
        max_bytes: 104_857_600,
        mime: &["model/gltf-binary", "model/gltf+json", "application/octet-stream"],
    },
    Shipped {
        name: "projects",
        visibility: "public",
        max_bytes: 104_857_600,
        mime: &["model/gltf-binary", "model/gltf+json", "application/octet-stream"],
    },
];

/// What becomes of each file once it is there.
const PIPELINE: &str = r#"[{"type":"validate","priority":5,"max_attempts":3,"config":{}},{"type":"extract_text","priority":5,"max_attempts":3,"config":{}}]"#;

/// Makes what is missing, and checks what is there.
///
/// # Errors
/// `invalid_field` when a destination lies elsewhere than the settings say; what its trial found.
pub(super) async fn ensure(
    service: &std::sync::Arc<Service>,
    secrets: &Secrets,
    place: &StoragePlace,
) -> Result<(), Failure> {
    for shipped in &SHIPPED {
        let config = config(place, shipped.name);
        match find(service, shipped.name).await? {
            Some(id) => known(service, secrets, id, shipped.name, &config, place).await?,
            None => make(service, secrets, shipped, config, place).await?,
        }
    }
    service.ship_templates().await
}

fn config(place: &StoragePlace, name: &str) -> DestinationConfig {
    match place {
        StoragePlace::Folder(root) => DestinationConfig::Folder {
            path: root.join(name).to_string_lossy().into_owned(),
        },
        StoragePlace::Bucket(b) => DestinationConfig::S3 {
            endpoint: b.endpoint.clone(),
            region: b.region.clone(),
            bucket: b.bucket.clone(),
            prefix: format!("{}{name}/", b.prefix),
            path_style: b.path_style,
            folder_markers: b.folder_markers,
        },
    }
}

/// By name, also when it was taken out of use.
async fn find(service: &Service, name: &'static str) -> Result<Option<DestinationId>, Failure> {
    let sql = "SELECT id FROM destination WHERE name = ?1 ORDER BY state = 'retired', created_at LIMIT 1";
    let read = service
        .store()
        .db()
        .read(move |tx| tx.query_opt(sql, params![name]));
    read.await?.map(|r| r.get(0)).transpose()
}

async fn known(
    service: &Service,
    secrets: &Secrets,
    id: DestinationId,
    name: &str,
    wanted: &DestinationConfig,
    place: &StoragePlace,
) -> Result<(), Failure> {
    let Some(row) = service.store().destination(id).await?.filter(|d| d.active) else {
        return Ok(());
    };
    if !is_same(&row.config, wanted) {
        let detail = format!(
            "storage: the destination {name} keeps its files in {}, the setting says {}; files don't move by themselves: \
             set storage as it was, or move the files and add another destination for the new place",
            told(&row.config),
            told(wanted)
        );
        return Err(Failure::new(ErrorCode::InvalidField, detail));
    }
    if let StoragePlace::Bucket(bucket) = place
        && row.keep == Some(SecretKeep::Session)
    {
        secrets.put(id, &bucket.keys, SecretKeep::Session).await?;
        if row.config != *wanted {
            // The same bucket by another way.
            let row = DestinationRow {
                config: wanted.clone(),
                ..row
            };
            service
                .store()
                .put_destination(row, None, service.now())
                .await?
                .map_err(|r| r.failure)?;
        }
    }
    Ok(())
}

async fn make(
    service: &std::sync::Arc<Service>,
    secrets: &Secrets,
    shipped: &'static Shipped,
    config: DestinationConfig,
    place: &StoragePlace,
) -> Result<(), Failure> {
    if let StoragePlace::Folder(root) = place {
        make_root(root).await?;
    }
    let id = DestinationId::new(service.now(), random(service.world())?);
    let wanted = PutDestination {
        id,
        name: shipped.name.into(),
        config: config.clone(),
        secret: secret(place),
        accepts: Some(Accepts {
            max_bytes: Some(shipped.max_bytes),
            refused_types: Vec::new(),
            allowed_mime: Some(shipped.mime.iter().map(|m| (*m).to_owned()).collect()),
        }),
    };
    match service.put_destination(&wanted).await {
        Ok(check) if check.ok => {}
        Ok(check) => {
            let step = check.steps.iter().find(|s| s.outcome == StepOutcome::Failed);
            let why = step.map_or_else(String::new, |s| format!("{} ({})", s.detail, s.step));
            let code = step.and_then(|s| s.code).unwrap_or(ErrorCode::StorageError);
            let detail = format!("storage: {} can't be used: {why}", told(&config));
            return Err(Failure::new(code, detail));
        }
        Err(refusal) => {
            // Another replica that started at the same time was first.
            return match find(service, shipped.name).await? {
                Some(id) => known(service, secrets, id, shipped.name, &config, place).await,
                None => Err(refusal.failure),
            };
        }
    }
    let write = service.store().db().write(None, move |tx| {
        tx.execute(
            "UPDATE destination SET visibility = ?2, naming = 'owner', pipeline = ?3 WHERE id = ?1",
            params![id, shipped.visibility, PIPELINE],
        )
        .map(drop)
    });
    write.await?;
    tracing::info!(
        destination = shipped.name,
        place = told(&config),
        "a destination was made"
    );
    Ok(())
}

async fn make_root(root: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let path: PathBuf = root.to_owned();
    let made = tokio::task::spawn_blocking(move || {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
    });
    let failed = |e: std::io::Error| home_failure(&format!("storage: {} can't be made", root.display()), &e);
    made.await.map_err(crate::failure::internal)?.map_err(failed)
}

fn secret(place: &StoragePlace) -> Option<StorageSecret> {
    let StoragePlace::Bucket(Bucket { keys, .. }) = place else {
        return None;
    };
    Some(StorageSecret {
        access_key: keys.access_key.clone(),
        secret_key: keys.secret_key.clone(),
        session_token: keys.session_token.clone(),
        // They come with each start.
        keep: SecretKeep::Session,
    })
}

/// Keys of one are keys of the other.
fn is_same(a: &DestinationConfig, b: &DestinationConfig) -> bool {
    use DestinationConfig as D;
    match (a, b) {
        (D::Folder { path: a }, D::Folder { path: b }) => a == b,
        (
            D::S3 {
                bucket: a, prefix: p, ..
            },
            D::S3 {
                bucket: b, prefix: q, ..
            },
        ) => a == b && p == q,
        (D::Folder { .. }, D::S3 { .. }) | (D::S3 { .. }, D::Folder { .. }) => false,
    }
}

fn told(config: &DestinationConfig) -> String {
    match config {
        DestinationConfig::Folder { path } => format!("the folder {path}"),
        DestinationConfig::S3 {
            endpoint,
            bucket,
            prefix,
            ..
        } => format!("the bucket {bucket} at {endpoint}, below {prefix:?}"),
    }
}
