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
    lock: Option<Lock>,
}

/// What keeps the computer awake until it is dropped.
#[cfg(target_os = "linux")]
enum Lock {
    /// logind's: the descriptor is the lock.
    Login { _lock: zbus::zvariant::OwnedFd },
    /// The portal's: it ends with the connection.
    Portal { _bus: zbus::Connection },
}

impl Awake {
    /// True while the computer is asked to stay awake.
    #[cfg(test)]
    fn is_wanted(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wanted
    }
}

/// Whether to stay awake, from the choice, whether anything moves, and the power. Where nothing is known of it, there are mains.
fn wanted(choice: Option<&str>, moves: bool, on_battery: Option<bool>) -> bool {
    let chosen = match choice {
        Some("never") => false,
        Some("uploading") => true,
        Some(_) | None => on_battery != Some(true),
    };
    chosen && moves
}

/// Follows the facts.
pub(crate) fn follow(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let choice = shell.setting("keep_awake");
    let (moves, on_battery) = {
        let facts = shell.facts();
        (facts.moves(), facts.totals.around.on_battery)
    };
    let want = wanted(choice.as_ref().and_then(|v| v.as_str()), moves, on_battery);
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

/// By logind, or where it is not there, by the portal.
#[cfg(target_os = "linux")]
async fn inhibit() -> zbus::Result<Lock> {
    match by_login().await {
        Ok(lock) => Ok(Lock::Login { _lock: lock }),
        Err(why) => {
            tracing::debug!(%why, "logind");
            Ok(Lock::Portal {
                _bus: by_portal().await?,
            })
        }
    }
}

/// A connection of its own, which the portal's lock ends with.
#[cfg(target_os = "linux")]
async fn by_portal() -> zbus::Result<zbus::Connection> {
    use std::collections::HashMap;
    use zbus::zvariant::Value;
    const SUSPEND_AND_IDLE: u32 = 4 | 8;
    let bus = zbus::Connection::session().await?;
    let why = HashMap::from([("reason", Value::from("Files are being uploaded"))]);
    bus.call_method(
        Some("org.freedesktop.portal.Desktop"),
        "/org/freedesktop/portal/desktop",
        Some("org.freedesktop.portal.Inhibit"),
        "Inhibit",
        &("", SUSPEND_AND_IDLE, why),
    )
    .await?;
    Ok(bus)
}

#[cfg(target_os = "linux")]
async fn by_login() -> zbus::Result<zbus::zvariant::OwnedFd> {
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
        for (choice, moves, on_battery, awake) in [
            (Some("uploading"), true, Some(true), true),
            (Some("uploading"), false, Some(false), false),
            (Some("never"), true, Some(false), false),
            (Some("mains"), true, Some(false), true),
            (Some("mains"), true, Some(true), false),
            (None, true, Some(true), false),
            (None, true, None, true),
            (None, false, None, false),
        ] {
            assert_eq!(
                wanted(choice, moves, on_battery),
                awake,
                "{choice:?} {moves} {on_battery:?}"
            );
        }
        let awake = Awake::default();
        set(&awake, false);
        assert!(!awake.is_wanted());
    }
}
