//! Where this user's Windlass lives.

use std::path::PathBuf;

use windlass_core::error::Failure;
use windlass_engine::home::Home;

/// The data folder, and what is suggested as the first destination.
#[derive(Debug, Clone)]
pub struct Place {
    /// The data folder.
    pub home: Home,
    /// A folder for the files, `Documents/Windlass`.
    pub suggested: PathBuf,
}

impl Place {
    /// By `WINDLASS_HOME`, else by the system's rules.
    ///
    /// # Errors
    /// `queue_read_only` when this user has no place for data.
    pub fn find() -> Result<Self, Failure> {
        let system =
            directories::ProjectDirs::from("", "", "windlass").map(|d| d.data_local_dir().to_owned());
        let home = Home::find(std::env::var_os("WINDLASS_HOME").as_deref(), system)?;
        let documents = directories::UserDirs::new().map(|d| match d.document_dir() {
            Some(documents) => documents.to_owned(),
            None => d.home_dir().to_owned(),
        });
        let suggested = documents
            .unwrap_or_else(|| home.dir().to_owned())
            .join("Windlass");
        Ok(Self { home, suggested })
    }
}
