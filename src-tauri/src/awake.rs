//! Keeps the computer awake while files move, where the person chose that; lets go as soon as nothing moves.

use std::sync::{Arc, Mutex, PoisonError};

use tauri::{AppHandle, Manager as _};

use crate::shell::Shell;

/// What keeps it awake; dropped, it may sleep.
#[derive(Default, Clone)]
pub(crate) struct Awake(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    wanted: bool,
    #[cfg(target_os = "linux")]
    lock: Option<zbus::zvariant::OwnedFd>,
}

impl Awake {
    /// True while the computer is asked to stay awake.
    #[cfg(test)]
    fn is_wanted(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wanted
    }
}

/// Whether to stay awake, from the choice and what moves.
fn wanted(choice: Option<&str>, rate: f64) -> bool {
    choice == Some("uploading") && rate > 0.0
}

/// Follows the facts.
pub(crate) fn follow(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let choice = shell.setting("keep_awake");
    let rate = shell.facts().totals.rate_bytes;
    let want = wanted(choice.as_ref().and_then(|v| v.as_str()), rate);
    set(app.state::<Awake>().inner(), want);
}

fn set(awake: &Awake, want: bool) {
    let mut kept = awake.0.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.wanted == want {
        return;
    }
    kept.wanted = want;
    #[cfg(target_os = "linux")]
    {
        kept.lock = None;
        drop(kept);
        if want {
            let awake = awake.clone();
            tauri::async_runtime::spawn(async move {
                match inhibit().await {
                    Ok(lock) => {
                        let mut kept = awake.0.lock().unwrap_or_else(PoisonError::into_inner);
                        // It may have ended while the desktop was asked.
                        if kept.wanted {
                            kept.lock = Some(lock);
                        }
                    }
                    Err(why) => tracing::info!(%why, "the computer can't be kept awake"),
                }
            });
        }
    }
}

#[cfg(target_os = "linux")]
async fn inhibit() -> zbus::Result<zbus::zvariant::OwnedFd> {
    let bus = zbus::Connection::system().await?;
    let reply = bus
        .call_method(
            Some("org.freedesktop.login1"),
            "/org/freedesktop/login1",
            Some("org.freedesktop.login1.Manager"),
            "Inhibit",
            &("sleep:idle", "Windlass", "Files are being uploaded", "block"),
        )
        .await?;
    reply.body().deserialize()
}

#[cfg(test)]
mod tests {
    use super::*;

    // F-7
    #[test]
    fn it_stays_awake_only_while_bytes_move_and_only_when_chosen() {
        assert!(wanted(Some("uploading"), 1.0));
        assert!(!wanted(Some("uploading"), 0.0));
        assert!(!wanted(Some("never"), 1.0));
        assert!(!wanted(None, 1.0));
        let awake = Awake::default();
        set(&awake, false);
        assert!(!awake.is_wanted());
    }
}
