//! What the page may ask. A command reads its arguments, makes one call, and maps the answer; it decides nothing.
//!
//! No command takes a path of a source: what may be uploaded comes from a drop, a dialog, the clipboard or the command line
//! (A11). Each is granted to the window by name.

mod check;
mod destinations;
mod files;
mod groups;
mod history;
#[cfg(test)]
mod names;
mod page;
mod program;
mod proof;
mod sign_in;
mod watch;
mod way;

pub(crate) use files::ask_for_files;

use serde::Serialize;
use tauri::ipc::Invoke;
use windlass_core::error::{ErrorCode, Failure};

/// A refusal, as the page reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CommandError {
    code: ErrorCode,
    number: String,
    detail: String,
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            number: failure.code.label(),
            detail: failure.detail,
        }
    }
}

/// What a command answers.
pub(crate) type Answer<T> = Result<T, CommandError>;

/// A value that is not allowed.
fn invalid(why: &str) -> CommandError {
    Failure::new(ErrorCode::InvalidField, why).into()
}

/// All commands.
pub(crate) fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        history::account_insights,
        groups::act_on_files,
        destinations::add_destination,
        watch::add_watch,
        groups::answer_relaunch,
        sign_in::begin_sign_in,
        sign_in::cancel_sign_in,
        destinations::check_destination,
        way::choose_authorities,
        destinations::choose_destination_folder,
        files::choose_files,
        watch::choose_watch_folder,
        watch::confirm_watch,
        destinations::destination_form,
        destinations::destination_room,
        groups::discard_elsewhere,
        files::drop_cancel,
        files::drop_into,
        destinations::edit_destination,
        groups::elsewhere,
        watch::explain_name,
        history::export_receipt,
        files::file_details,
        groups::find_in_groups,
        groups::go_anyway,
        groups::not_anyway,
        program::trust_network,
        history::find_proved,
        destinations::finish_first_run,
        history::history,
        history::history_details,
        history::insights,
        page::list_found,
        program::login_start,
        program::notifications_refused,
        watch::look_now,
        program::make_diagnostics,
        groups::merge_groups,
        groups::move_group,
        program::open_data_folder,
        sign_in::open_sign_in,
        files::paste_files,
        check::preflight,
        check::preflight_accept,
        check::preflight_again,
        check::preflight_cancel,
        watch::preview_watch,
        proof::receipt,
        history::receipt_lines,
        destinations::remove_destination,
        groups::remove_group,
        watch::remove_watch,
        groups::rename_group,
        groups::retry,
        groups::retry_processing,
        history::safe_to_delete,
        program::save_diagnostics,
        groups::see_processing,
        destinations::set_default_destination,
        groups::set_intent,
        program::set_login_start,
        groups::set_notes,
        page::set_setting,
        way::set_proxy,
        watch::set_watch,
        watch::set_watch_intent,
        proof::show_at_destination,
        files::show_source,
        sign_in::sign_in_offer,
        groups::split_group,
        page::subscribe,
        destinations::test_destination,
        history::trash_originals,
        history::in_trash,
        history::put_back,
        groups::undo_regroup,
        history::upload_again,
        watch::upload_anyway,
        proof::verify_group,
        sign_in::wait_sign_in,
        watch::watch_files,
        page::watch_rows,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a012_the_window_is_granted_the_commands_and_nothing_else() {
        let capability: serde_json::Value =
            serde_json::from_str(include_str!("../capabilities/main.json")).unwrap();
        let granted: Vec<&str> = capability["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|p| p.as_str())
            .collect();
        let named: Vec<String> = names::COMMANDS
            .iter()
            .map(|c| format!("allow-{}", c.replace('_', "-")))
            .collect();
        assert_eq!(granted, named);
        assert_eq!(capability["windows"], serde_json::json!(["main"]));
        assert_eq!(
            (&capability["local"], &capability["remote"]),
            (&true.into(), &serde_json::Value::Null)
        );
    }

    #[test]
    fn a005_the_page_may_load_itself_and_call_the_program() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let csp = &config["app"]["security"]["csp"];
        assert_eq!(
            (&csp["default-src"], &csp["script-src"]),
            (&"'none'".into(), &"'self'".into())
        );
        assert_eq!(csp["connect-src"], "ipc: http://ipc.localhost");
        let all = csp.to_string();
        assert!(
            !all.contains("unsafe") && !all.contains('*') && !all.contains("asset:"),
            "{all}"
        );
        assert_eq!(config["app"]["withGlobalTauri"], false);
        assert_eq!(config["app"]["security"]["freezePrototype"], true);
        assert_eq!(config["app"]["security"]["assetProtocol"]["enable"], false);
    }

    #[test]
    fn a_refusal_has_its_word_its_number_and_its_fact() {
        let error = CommandError::from(Failure::new(ErrorCode::GroupClosed, "x"));
        assert_eq!(
            serde_json::to_value(error).unwrap(),
            serde_json::json!({"code": "group_closed", "number": "WL-504", "detail": "x"})
        );
    }
}
