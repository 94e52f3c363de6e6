//! Destinations through the door.

use std::path::PathBuf;

use windlass_core::error::Failure;
use windlass_core::ids::DestinationId;

use super::EngineHandle;
use crate::view::{DestinationCheck, DestinationView, NewDestination, Room};
use crate::{places, room};

impl EngineHandle {
    /// All destinations.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn destinations(&self) -> Result<Vec<DestinationView>, Failure> {
        places::list(&self.shared).await
    }

    /// Tests a destination without saving it.
    ///
    /// # Errors
    /// `invalid_field`; a test that fails is an answer.
    pub async fn test_destination(&self, new: &NewDestination) -> Result<DestinationCheck, Failure> {
        places::test(&self.shared, new).await
    }

    /// Tests a destination and saves it when the test is fine. `ok` in the answer says which.
    ///
    /// # Errors
    /// `invalid_field`; errors of the queue.
    pub async fn add_destination(&self, new: &NewDestination) -> Result<DestinationCheck, Failure> {
        places::add(&self.shared, new).await
    }

    /// Tests a saved destination; when it is fine, what waited for it goes on at once.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn check_destination(&self, id: DestinationId) -> Result<DestinationCheck, Failure> {
        places::check(&self.shared, id).await
    }

    /// How much may still go there; none where nobody tells, or not at once.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn destination_room(&self, id: DestinationId) -> Result<Option<Room>, Failure> {
        room::of(&self.shared, id).await
    }

    /// What is known of a destination, to be changed; its key is empty.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn destination_form(&self, id: DestinationId) -> Result<NewDestination, Failure> {
        places::form(&self.shared, id).await
    }

    /// Tests and saves a changed destination; without a new key the stored one stays.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`; `state_conflict` for another place while unfinished groups go to this one.
    pub async fn edit_destination(
        &self,
        id: DestinationId,
        new: &NewDestination,
    ) -> Result<DestinationCheck, Failure> {
        places::edit(&self.shared, id, new).await
    }

    /// Gives the token of a server destination back: what goes there waits until somebody signs in again. Answers whether
    /// the server took it back; where it could not be told, the token is forgotten here alone.
    ///
    /// # Errors
    /// `not_found` for what is no server; as the keyring or the file answers.
    pub async fn sign_out(&self, id: DestinationId) -> Result<bool, Failure> {
        crate::server::sign_out(&self.shared, id).await
    }

    /// Removes a destination.
    ///
    /// # Errors
    /// `state_conflict` while groups go there.
    pub async fn remove_destination(&self, id: DestinationId) -> Result<(), Failure> {
        places::remove(&self.shared, id).await
    }

    /// Makes it the one that a drop uses.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn set_default_destination(&self, id: DestinationId) -> Result<(), Failure> {
        places::set_default(&self.shared, id).await
    }

    /// The first run is over: with no destination yet, the suggested folder becomes one.
    ///
    /// # Errors
    /// Errors of the queue; a folder that can't be used.
    pub async fn finish_first_run(&self) -> Result<(), Failure> {
        places::finish_first_run(&self.shared).await
    }

    /// A folder that may be offered as the first destination.
    #[must_use]
    pub fn suggested_folder(&self) -> PathBuf {
        self.shared.suggested_folder.clone()
    }
}
