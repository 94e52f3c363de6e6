//! Questions about watched folders; see the methods of `EngineHandle` of the same names.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::WatchId;
use windlass_core::states::Intent;
use windlass_engine::EngineHandle;
use windlass_engine::remote::CallError;
use windlass_engine::view::{NewWatch, WatchExplained, WatchPage, WatchQuery, WatchView};

use super::{Backend, Session};

impl Session {
    /// All watched folders.
    ///
    /// # Errors
    /// As `EngineHandle::watches`; the same for all that follow.
    pub async fn watches(&mut self) -> Result<Vec<WatchView>, Failure> {
        ask!(self, watches())
    }

    /// Watches a folder.
    ///
    /// # Errors
    /// As [`Self::watches`].
    pub async fn add_watch(&mut self, new: &NewWatch) -> Result<WatchView, Failure> {
        let mut asked = false;
        loop {
            let answer: Result<WatchView, Failure> = match &self.backend {
                Backend::Own(own) => own.handle.add_watch(new.clone()).await,
                Backend::Remote(client) => match client.add_watch(new.clone()).await {
                    Ok(view) => Ok(view),
                    Err(CallError::Failed(failure)) => Err(failure),
                    Err(CallError::Gone) => {
                        asked = true;
                        self.again().await?;
                        continue;
                    }
                },
            };
            // The program that was asked first had written it down before it ended.
            if asked && answer.as_ref().is_err_and(|f| f.code == ErrorCode::WatchOverlap) {
                let there = self.watches().await?.into_iter().find(|w| w.path == new.path);
                if let Some(view) = there {
                    return Ok(view);
                }
            }
            return answer;
        }
    }

    /// Pauses one, or lets it go on.
    ///
    /// # Errors
    /// As [`Self::watches`].
    pub async fn set_watch_intent(&mut self, id: WatchId, intent: Intent) -> Result<(), Failure> {
        ask!(self, set_watch_intent(id, intent))
    }

    /// Removes one.
    ///
    /// # Errors
    /// As [`Self::watches`].
    pub async fn remove_watch(&mut self, id: WatchId) -> Result<(), Failure> {
        ask!(self, remove_watch(id))
    }

    /// Looks through one, or all.
    ///
    /// # Errors
    /// As [`Self::watches`].
    pub async fn look_now(&mut self, id: Option<WatchId>) -> Result<(), Failure> {
        ask!(self, look_now(id))
    }

    /// It is the same folder.
    ///
    /// # Errors
    /// As [`Self::watches`].
    pub async fn confirm_watch(&mut self, id: WatchId) -> Result<(), Failure> {
        ask!(self, confirm_watch(id))
    }

    /// A page of a folder's files.
    ///
    /// # Errors
    /// As [`Self::watches`].
    pub async fn watch_files(&mut self, id: WatchId, query: WatchQuery) -> Result<WatchPage, Failure> {
        ask!(self, watch_files(id, query.clone()))
    }

    /// One path explained.
    ///
    /// # Errors
    /// As [`Self::watches`].
    pub async fn explain_watched(&mut self, path: String) -> Result<WatchExplained, Failure> {
        ask!(self, explain_watched(path.clone()))
    }

    /// The engine of this command; `None` when another program has it.
    #[must_use]
    pub fn engine(&self) -> Option<EngineHandle> {
        match &self.backend {
            Backend::Own(own) => Some(own.handle.clone()),
            Backend::Remote(_) => None,
        }
    }
}
