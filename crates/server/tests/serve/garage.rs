//! A place of its own in a bucket of Garage, which runs as long as somebody has one.

use std::ops::Deref;
use std::sync::Arc;

use windlass_testkit::garage::Garage;

use super::random;

pub(crate) struct Bucket {
    garage: Arc<Garage>,
    /// Begins its keys.
    pub(crate) prefix: String,
    storage: String,
}

impl Deref for Bucket {
    type Target = Garage;

    fn deref(&self) -> &Garage {
        &self.garage
    }
}

impl Bucket {
    pub(crate) async fn fresh() -> Self {
        let garage = tokio::task::spawn_blocking(|| Garage::shared().expect("Garage"));
        let garage = garage.await.expect("started");
        let prefix: String = random::<8>().iter().map(|b| format!("{b:02x}")).collect();
        let storage = format!(
            "s3://{}/{prefix}?endpoint={}&region={}&path_style=1",
            garage.bucket(),
            garage.endpoint(),
            garage.region()
        );
        Self {
            garage,
            prefix,
            storage,
        }
    }

    /// The setting.
    pub(crate) fn storage(&self) -> (&'static str, &str) {
        ("storage", &self.storage)
    }

    /// The variables.
    pub(crate) fn keys(&self) -> [(&'static str, &str); 2] {
        [
            ("AWS_ACCESS_KEY_ID", self.garage.access_key()),
            ("AWS_SECRET_ACCESS_KEY", self.garage.secret_key()),
        ]
    }
}
