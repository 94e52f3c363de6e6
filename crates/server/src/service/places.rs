//! What admins set: destinations beyond their place, templates; and what everybody reads of released files.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, OwnerId};
use windlass_core::limits::URL_TTL_MS;
use windlass_protocol::groups::FileLink;
use windlass_protocol::places::{DestinationView, NewTemplate, PatchDestination, Template, UploadMetrics};

use super::Service;
use crate::clock::random;
use crate::db::is_unique;
use crate::failure::Refusal;
use crate::store::audit::Actor;
use crate::store::figures::{self, Of};
use crate::store::{ObjectRow, places, public, templates};
use crate::text::hex;

/// A released group, as everybody sees it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PublicGroup {
    /// Name.
    pub name: String,
    /// Its files, and those of the groups below it.
    pub files: Vec<FileLink>,
    /// There are more than are told; each is read by its own URL all the same.
    pub more: bool,
}

/// Files that a public group tells: whoever reads it has no token, and an answer of a million would cost the server much.
const PUBLIC_FILES: usize = 10_000;

impl Service {
    /// All destinations, with what is set.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn destination_views(&self) -> Result<Vec<DestinationView>, Failure> {
        self.store.db().read(places::all).await
    }

    /// One destination, with what is set.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn destination_view(&self, id: DestinationId) -> Result<DestinationView, Refusal> {
        let found = self.store.db().read(move |tx| places::load(tx, id)).await?;
        found.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such destination"))
    }

    /// Changes what is set of a destination.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`.
    pub async fn patch_destination(
        &self,
        id: DestinationId,
        wanted: &PatchDestination,
        actor: Actor,
    ) -> Result<DestinationView, Refusal> {
        let (wanted, now) = (wanted.clone(), self.now());
        let write = self
            .store
            .db()
            .write(None, move |tx| places::patch(tx, id, &wanted, actor, now));
        let view = match write.await {
            Err(e) if is_unique(&e) => Err(Refusal::new(
                ErrorCode::InvalidField,
                "another destination has this name",
            )),
            other => other?,
        };
        self.storages.renew(id).await;
        view
    }

    /// All templates.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn templates(&self) -> Result<Vec<Template>, Failure> {
        self.store.db().read(templates::all).await
    }

    /// One template.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn template(&self, id: uuid::Uuid) -> Result<Template, Refusal> {
        let read = self
            .store
            .db()
            .read(move |tx| templates::load(tx, *id.as_bytes()));
        read.await?
            .ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such template"))
    }

    /// Adds the next version of a template.
    ///
    /// # Errors
    /// `invalid_field`, `not_found` for a destination.
    pub async fn create_template(&self, wanted: &NewTemplate) -> Result<Template, Refusal> {
        let id = self.uuid()?;
        let wanted = wanted.clone();
        let write = self
            .store
            .db()
            .write(None, move |tx| templates::create(tx, *id.as_bytes(), &wanted));
        match write.await {
            Err(e) if is_unique(&e) => Err(Refusal::new(
                ErrorCode::StateConflict,
                "somebody else adds a version at the moment",
            )),
            other => other?,
        }
    }

    /// Makes the templates that a server has from its first start.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn ship_templates(&self) -> Result<(), Failure> {
        let ids = [self.uuid()?, self.uuid()?, self.uuid()?].map(|id| *id.as_bytes());
        let write = self.store.db().write(None, move |tx| templates::ship(tx, ids));
        match write.await {
            // Another replica that started at the same time was first.
            Err(e) if is_unique(&e) => Ok(()),
            other => other,
        }
    }

    fn uuid(&self) -> Result<uuid::Uuid, Failure> {
        let chance: [u8; 10] = random(self.world.as_ref())?;
        Ok(DestinationId::new(self.now(), chance).into())
    }

    /// A released group with its files; URLs lead to [`Service::public_file`].
    ///
    /// # Errors
    /// `not_found`.
    pub async fn public_group(&self, public: [u8; 16]) -> Result<PublicGroup, Refusal> {
        let read = self.store.db().read(move |tx| {
            let Some(group) = public::group(tx, public)? else {
                return Ok(None);
            };
            let files = public::files(tx, &group, PUBLIC_FILES + 1)?;
            Ok(Some((group.name, files)))
        });
        let found = read.await?;
        let (name, mut files) = found.ok_or_else(nothing)?;
        let more = files.len() > PUBLIC_FILES;
        files.truncate(PUBLIC_FILES);
        let base = self.storages.signer().base_url();
        let id = hex(&public);
        let told = |f: crate::store::group_view::SettledFile| FileLink {
            url: format!("{base}/v1/public/{id}/{}", f.link.session_id),
            ..f.link
        };
        Ok(PublicGroup {
            name,
            files: files.into_iter().map(told).collect(),
            more,
        })
    }

    /// Where a file of a released group is read.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn public_file(&self, public: [u8; 16], file: FileId) -> Result<String, Refusal> {
        let read = self.store.db().read(move |tx| public::file(tx, public, file));
        self.public_url(read.await?).await
    }

    /// Where an object of a public destination is read.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn public_object(&self, destination: String, key: String) -> Result<String, Refusal> {
        let read = self
            .store
            .db()
            .read(move |tx| public::object(tx, &destination, &key));
        self.public_url(read.await?).await
    }

    async fn public_url(&self, object: Option<ObjectRow>) -> Result<String, Refusal> {
        let object = object.ok_or_else(nothing)?;
        let now = self.now();
        let storage = self.storages.get(object.destination).await?.storage;
        Ok(storage.content_url(&object, now.plus_millis(URL_TTL_MS), now)?)
    }

    /// The four figures, of one owner or of all.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn upload_metrics(&self, of: Of, owner: Option<OwnerId>) -> Result<UploadMetrics, Failure> {
        let now = self.now();
        self.store
            .db()
            .read(move |tx| figures::count(tx, of, owner, now))
            .await
    }
}

fn nothing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is nothing public under this name")
}
