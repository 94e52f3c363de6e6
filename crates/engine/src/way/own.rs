//! The proxy of one destination: tried with it, kept with it, forgotten with it.

use tokio::sync::MutexGuard;
use windlass_core::error::Failure;
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::SecretKeep;
use windlass_queue::settings;
use windlass_way::Way;

use super::{Own, get, keep_password, own_key, password, remove_password, signs_in_as, value};
use crate::infos::locked;
use crate::shell::Shared;
use crate::view::{KeepSecret, OwnProxy};

/// The proxy of a destination's own, without its password.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn of(shared: &Shared, id: DestinationId) -> Result<Option<OwnProxy>, Failure> {
    let own = read(shared, id).await?;
    Ok(own.map(|own| OwnProxy {
        choice: own.choice,
        password: String::new(),
        keep_secret: match own.kept_in {
            SecretKeep::Keyring => KeepSecret::Keyring,
            SecretKeep::File => KeepSecret::File,
            SecretKeep::Session => KeepSecret::Session,
        },
    }))
}

async fn read(shared: &Shared, id: DestinationId) -> Result<Option<Own>, Failure> {
    let all = shared.queue.read(settings::all).await?;
    Ok(get(&all, &own_key(id)))
}

/// A destination's way while it is tried: the one that it had comes back, unless this one is kept. One at a time.
#[must_use]
pub(crate) struct Trial<'a> {
    shared: &'a Shared,
    id: DestinationId,
    new: Option<OwnProxy>,
    was: Option<Own>,
    /// What is tried, and what comes back; none: it goes as it did, and nothing is changed.
    ways: Option<(Option<Way>, Option<Way>)>,
    _alone: MutexGuard<'a, ()>,
}

impl<'a> Trial<'a> {
    /// From now on the destination goes by this proxy; none: as all do.
    ///
    /// # Errors
    /// `invalid_field` for what is no proxy; errors of the queue.
    pub(crate) async fn begin(
        shared: &'a Shared,
        id: DestinationId,
        new: Option<&OwnProxy>,
    ) -> Result<Self, Failure> {
        let alone = shared.trying.lock().await;
        let was = read(shared, id).await?;
        let changes = match (new, &was) {
            (None, None) => false,
            (Some(new), Some(was)) => {
                new.choice != was.choice
                    || !new.password.is_empty()
                    || windlass_way::own(id).is_none_or(|way| way.waits())
            }
            _ => true,
        };
        let way = match new.filter(|_| changes) {
            None => None,
            Some(new) => {
                let stays = was.as_ref().filter(|was| {
                    new.password.is_empty()
                        && signs_in_as(&was.choice).is_some()
                        && signs_in_as(&was.choice) == signs_in_as(&new.choice)
                });
                let secret = match stays {
                    Some(was) => password(shared, Some(id), was.kept_in).await.unwrap_or_default(),
                    None => new.password.clone(),
                };
                Some(Way::new(new.choice.clone(), secret, None)?)
            }
        };
        let ways = changes.then(|| {
            *locked(&shared.tried) = Some(id);
            let before = windlass_way::choose_for(id, way.clone());
            (way, before)
        });
        Ok(Self {
            shared,
            id,
            new: new.cloned(),
            was,
            ways,
            _alone: alone,
        })
    }

    /// Writes it down.
    ///
    /// # Errors
    /// As the keyring or the file answers; errors of the queue.
    pub(crate) async fn keep(mut self) -> Result<(), Failure> {
        if self.ways.is_none() {
            return Ok(());
        }
        let key = own_key(self.id);
        match &self.new {
            Some(new) => {
                let own = keep_password(self.shared, Some(self.id), new, self.was.as_ref()).await?;
                let own = value(&own)?;
                self.shared
                    .queue
                    .write(move |conn| settings::set(conn, &key, &own))
                    .await?;
            }
            None => forget(self.shared, self.id).await?,
        }
        if let Some((way, _)) = self.ways.take() {
            windlass_way::choose_for(self.id, way);
            *locked(&self.shared.tried) = None;
        }
        Ok(())
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if let Some((_, before)) = self.ways.take() {
            windlass_way::choose_for(self.id, before);
            *locked(&self.shared.tried) = None;
        }
    }
}

/// The destination has no proxy of its own any more.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn forget(shared: &Shared, id: DestinationId) -> Result<(), Failure> {
    let Some(was) = read(shared, id).await? else {
        return Ok(());
    };
    let key = own_key(id);
    shared
        .queue
        .write(move |conn| settings::remove(conn, &key).map(drop))
        .await?;
    windlass_way::choose_for(id, None);
    if signs_in_as(&was.choice).is_some() {
        remove_password(shared, Some(id), was.kept_in).await;
    }
    Ok(())
}
