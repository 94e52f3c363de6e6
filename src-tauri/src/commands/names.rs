//! The commands, by the names that the page calls. The build makes one permission of each; `capabilities/main.json` grants
//! them to the window, and nothing else.

/// All commands.
pub(crate) const COMMANDS: &[&str] = &[
    "add_destination",
    "answer_relaunch",
    "check_destination",
    "choose_destination_folder",
    "choose_files",
    "drop_cancel",
    "drop_into",
    "finish_first_run",
    "paste_files",
    "receipt",
    "remove_destination",
    "remove_group",
    "rename_group",
    "retry",
    "set_default_destination",
    "set_intent",
    "set_setting",
    "show_at_destination",
    "subscribe",
    "test_destination",
    "verify_group",
    "watch_rows",
];
