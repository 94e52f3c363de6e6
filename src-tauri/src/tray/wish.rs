//! What is chosen in the tray's menu.

use serde_json::Value;
use tauri::{AppHandle, Manager as _};
use windlass_core::error::Failure;
use windlass_core::ids::GroupId;
use windlass_core::states::Intent;
use windlass_engine::Scope;

use super::pause::Span;
use crate::page::Place;
use crate::shell::Shell;
use crate::words::RateUnit;
use crate::{closing, commands, window};

pub(super) const STATE: &str = "state";
pub(super) const OPEN: &str = "open";
pub(super) const NEEDS: &str = "needs";
pub(super) const HOLD: &str = "hold";
pub(super) const RESUME: &str = "resume";
pub(super) const ANYWAY: &str = "anyway";
pub(super) const FILES: &str = "files";
pub(super) const SETTINGS: &str = "settings";
pub(super) const WATCHED: &str = "watched";
pub(super) const CUSTOM: &str = "speed:custom";
pub(super) const QUIT: &str = "quit";
pub(super) const GROUP: &str = "group:";
pub(super) const PAUSE: &str = "pause:";
pub(super) const SPEED: &str = "speed:";

/// Limits that the menu offers, bytes a second; 0: none. Round ones in the unit in which rates are said.
pub(super) const fn limits(unit: RateUnit) -> [u64; 5] {
    match unit {
        RateUnit::Bytes => [0, 1_000_000, 5_000_000, 10_000_000, 25_000_000],
        RateUnit::Bits => [0, 1_250_000, 6_250_000, 12_500_000, 31_250_000],
    }
}

/// A line was chosen.
pub(super) fn chosen(app: &AppHandle, id: &str) {
    match id {
        STATE | OPEN => window::show(app),
        NEEDS => window::show_place(app, Place::Attention),
        SETTINGS => window::show_place(app, Place::Settings),
        WATCHED => window::show_place(app, Place::Watched),
        CUSTOM => window::show_place(app, Place::Speed),
        QUIT => closing::ask_to_quit(app),
        HOLD => wish(app, Wish::Intent(Intent::Paused)),
        RESUME => wish(app, Wish::Intent(Intent::Run)),
        ANYWAY => wish(app, Wish::Anyway),
        FILES => {
            window::show(app);
            commands::ask_for_files(app);
        }
        other => of_many(app, other),
    }
}

/// A span, a limit or a group.
fn of_many(app: &AppHandle, id: &str) {
    if let Some(i) = id.strip_prefix(PAUSE) {
        let span = i.parse::<usize>().ok().and_then(|i| Span::ALL.get(i).copied());
        if let Some(span) = span {
            wish(app, Wish::Span(span));
        }
    } else if let Some(bytes) = id.strip_prefix(SPEED).and_then(|b| b.parse::<u64>().ok()) {
        wish(app, Wish::Limit(bytes));
    } else if let Some(group) = id.strip_prefix(GROUP).and_then(|id| id.parse::<GroupId>().ok()) {
        window::show_group(app, Some(group));
    }
}

/// What the menu does beyond the window.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Intent(Intent),
    Span(Span),
    Anyway,
    Limit(u64),
}

fn wish(app: &AppHandle, wish: Wish) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(e) = grant(&app, wish).await {
            tracing::warn!(error = %e, "a wish from the tray failed");
        }
        super::draw(&app);
    });
}

async fn grant(app: &AppHandle, wish: Wish) -> Result<(), Failure> {
    let shell = app.state::<Shell>().inner().clone();
    let engine = shell.engine().await?;
    match wish {
        Wish::Intent(intent) => engine.set_intent(Scope::App, intent).await,
        Wish::Span(span) => engine.pause_until(span.end(engine.now_ms())).await,
        Wish::Anyway => engine.go_anyway(Scope::App, None).await.map(drop),
        Wish::Limit(bytes) => {
            if bytes > 0 {
                shell.set_setting("limit_last", Value::from(bytes)).await?;
            }
            shell.set_setting("limit", Value::from(bytes)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_offers_round_limits_in_the_unit_that_was_chosen() {
        let said = |unit: RateUnit| {
            limits(unit)[1..]
                .iter()
                .map(|b| unit.rate(*b))
                .collect::<Vec<_>>()
        };
        assert_eq!(said(RateUnit::Bytes), ["1 MB/s", "5 MB/s", "10 MB/s", "25 MB/s"]);
        assert_eq!(
            said(RateUnit::chosen(Some(&"bits".into()))),
            ["10 Mbit/s", "50 Mbit/s", "100 Mbit/s", "250 Mbit/s"]
        );
        assert_eq!(RateUnit::chosen(None), RateUnit::Bytes);
    }
}
