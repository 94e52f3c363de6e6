//! The person's choices by their keys: one list for the engine, the window and its pages.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a window may choose. Each is JSON; null is no choice, and then what is named first or in brackets holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum SettingKey {
    /// Authorities that are believed besides those of the system; see `Authorities`. No page may write it.
    Authorities,
    /// Uploads wait while the battery is lower, in percent; 0: never (20).
    BatteryBelow,
    /// What was told at the first close. No page shows it.
    CloseTold,
    /// Closing the window hides it; else it ends the program (true).
    CloseToTray,
    /// PUTs at once; 0: as the engine sees fit.
    Connections,
    /// How close rows stand: `comfortable`, `compact`.
    Density,
    /// What the sheet does with files that are there already: `skip`, `leave_out`; no choice: it asks.
    Duplicates,
    /// While the computer is kept awake: `mains`, `uploading`, `never`.
    KeepAwake,
    /// Two letters, or `system`.
    Language,
    /// The screen that was open last. No page shows it.
    LastView,
    /// Bytes a second that all uploads may take; 0: as many as there are.
    Limit,
    /// The limit to switch on again. No page shows it.
    LimitLast,
    /// Days that logs are kept (14).
    LogDays,
    /// What goes to the log: `normal`, `problems`, `detailed`.
    LogLevel,
    /// On metered networks: `pause`, `ask`, `ignore`.
    Metered,
    /// What moves on screen: `system`, `reduced`.
    Motion,
    /// What is told outside the window: `normal`, `quiet`, `all`, `none`.
    Notifications,
    /// Whether it sounds (false).
    NotifySound,
    /// Uploads wait in power-saver mode (true).
    PowerSaver,
    /// When the sheet is shown: `needed`, `always`, `never`.
    Preflight,
    /// By which proxy; see `ProxyChoice`.
    Proxy,
    /// How rates are said: `bytes` (MB/s), `bits` (Mbit/s).
    RateUnit,
    /// The hours of the week; null: all of them.
    Schedule,
    /// What small files have of the line while large ones wait, in percent (25).
    SmallShare,
    /// At login no window opens (true).
    StartHidden,
    /// `system`, `light`, `dark`, `contrast`.
    Theme,
    /// `[{"id": …, "name": …}]`: never metered.
    TrustedNetworks,
    /// How what watched folders brought is told: `hourly`, `each`.
    WatchSummary,
}
