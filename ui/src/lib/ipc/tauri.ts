/** The program behind the page. The only place that knows Tauri. */
import { Channel, invoke } from '@tauri-apps/api/core';
import type { Backend, Message } from './backend';

export const backend: Backend = {
  subscribe(onmessage) {
    const channel = new Channel<Message>();
    channel.onmessage = onmessage;
    return invoke('subscribe', { channel });
  },
  watchRows: (ranges) => invoke('watch_rows', { ranges }),
  chooseFiles: (group, folders) => invoke('choose_files', { group, folders }),
  dropInto: (handle, group) => invoke('drop_into', { handle, group }),
  dropCancel: (handle) => invoke('drop_cancel', { handle }),
  pasteFiles: () => invoke('paste_files'),
  fileDetails: (file, fromPart) => invoke('file_details', { file, fromPart }),
  showSource: (file) => invoke('show_source', { file }),
  actOnFiles: (group, chosen, act) => invoke('act_on_files', { group, chosen, act }),
  findInGroups: (text) => invoke('find_in_groups', { text }),
  moveGroup: (group, place) => invoke('move_group', { group, place }),
  setIntent: (target, intent) => invoke('set_intent', { ...target, intent }),
  retry: (target, code) => invoke('retry', { ...target, code }),
  removeGroup: (group) => invoke('remove_group', { group }),
  renameGroup: (group, name) => invoke('rename_group', { group, name }),
  answerRelaunch: (group, answer) => invoke('answer_relaunch', { group, answer }),
  testDestination: (destination) => invoke('test_destination', { destination }),
  addDestination: (destination) => invoke('add_destination', { destination }),
  checkDestination: (id) => invoke('check_destination', { id }),
  removeDestination: (id) => invoke('remove_destination', { id }),
  setDefaultDestination: (id) => invoke('set_default_destination', { id }),
  chooseDestinationFolder: () => invoke('choose_destination_folder'),
  finishFirstRun: () => invoke('finish_first_run'),
  receipt: (group) => invoke('receipt', { group }),
  verifyGroup: (group) => invoke('verify_group', { group }),
  showAtDestination: (group) => invoke('show_at_destination', { group }),
  setSetting: (key, value) => invoke('set_setting', { key, value }),
  resetSettings: () => invoke('reset_settings'),
  history: (ask) => invoke('history', { ask }),
  findProved: (text, before, limit) => invoke('find_proved', { text, before, limit }),
  historyDetails: (group) => invoke('history_details', { group }),
  receiptLines: (group, after, limit) => invoke('receipt_lines', { group, after, limit }),
  exportReceipt: (group, form) => invoke('export_receipt', { group, form }),
  safeToDelete: (group) => invoke('safe_to_delete', { group }),
  uploadAgain: (group) => invoke('upload_again', { group }),
  insights: (hours, destination) => invoke('insights', { hours, destination }),
  loginStart: () => invoke('login_start'),
  setLoginStart: (on) => invoke('set_login_start', { on }),
  openDataFolder: () => invoke('open_data_folder'),
  makeDiagnostics: () => invoke('make_diagnostics'),
  saveDiagnostics: () => invoke('save_diagnostics'),
};
