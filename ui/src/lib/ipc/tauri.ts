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
};
