//! What was: receipts, history, figures.

use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, GroupId};

use super::{EngineHandle, VerifyReport};
use crate::view::{
    AccountFigures, DiagnosticsSection, FoundFiles, HistoryAsk, HistoryDetails, HistoryPage, Insights,
    ProvedAsk, ReceiptForm, ReceiptPage, ReceiptView, SafeView,
};
use crate::{diagnostics, history, insights, intake, receipts, safe};

impl EngineHandle {
    /// The proof of a group.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn receipt(&self, group: GroupId) -> Result<ReceiptView, Failure> {
        receipts::of_group(&self.shared, group).await
    }

    /// Asks the storage again for every file of the group's receipt.
    ///
    /// # Errors
    /// When nothing could be asked.
    pub async fn verify_group(&self, group: GroupId) -> Result<VerifyReport, Failure> {
        receipts::verify(&self.shared, group).await
    }

    /// A page of what ended, and of what was done besides.
    ///
    /// # Errors
    /// `invalid_field` for a folder that is none; errors of the queue.
    pub async fn history(&self, ask: HistoryAsk) -> Result<HistoryPage, Failure> {
        history::page(&self.shared, ask).await
    }

    /// Proved files, newest first.
    ///
    /// # Errors
    /// `invalid_field` for a folder that is none; errors of the queue.
    pub async fn find_proved(&self, ask: ProvedAsk) -> Result<FoundFiles, Failure> {
        history::files(&self.shared, ask).await
    }

    /// A group of the history in full, without the lines of its receipt.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn history_details(&self, group: GroupId) -> Result<HistoryDetails, Failure> {
        history::details(&self.shared, group).await
    }

    /// Lines of a receipt after a place of the page before.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn receipt_lines(
        &self,
        group: GroupId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<ReceiptPage, Failure> {
        history::lines(&self.shared, group, after, limit).await
    }

    /// A receipt as a file: its name and its bytes.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn export_receipt(
        &self,
        group: GroupId,
        form: ReceiptForm,
    ) -> Result<(String, Vec<u8>), Failure> {
        receipts::export(&self.shared, group, form).await
    }

    /// Whether the originals of a group may be deleted. Reads the originals' metadata; deletes nothing.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn safe_to_delete(&self, group: GroupId) -> Result<SafeView, Failure> {
        safe::of_group(&self.shared, group).await
    }

    /// The originals of a group once more, as a new group.
    ///
    /// # Errors
    /// `not_found` when none of them is known; errors of the queue.
    pub async fn upload_again(&self, group: GroupId) -> Result<GroupId, Failure> {
        intake::again(&self.shared, group).await
    }

    /// Figures of the hours up to now.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn insights(
        &self,
        hours: u32,
        destination: Option<DestinationId>,
    ) -> Result<Insights, Failure> {
        insights::of(&self.shared, hours, destination).await
    }

    /// What servers count of whole accounts, over all their computers. A server that does not answer is told as that.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn account_insights(&self) -> Result<Vec<AccountFigures>, Failure> {
        insights::accounts::of(&self.shared).await
    }

    /// What may help another person to help. Nothing of it names a file, a person, an address or a secret.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn diagnostics(&self) -> Result<Vec<DiagnosticsSection>, Failure> {
        diagnostics::bundle(&self.shared).await
    }
}
