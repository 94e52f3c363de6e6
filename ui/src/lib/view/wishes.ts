/** What a person may wish for a group or a file, with the question where it can't be taken back. */
import type { FileView, GroupId, GroupView, Regrouped } from '$lib/contract';
import type { ChosenFiles, FileAct } from '$lib/ipc/backend';
import type { MenuItem } from '$lib/kit/menu';
import type { Queue } from '$lib/queue/queue.svelte';
import type { View } from '$lib/view/view.svelte';
import type { Words } from '$lib/words/en';
import { keyText } from './keys';

/** Asks, then cancels a group. */
export function cancelGroup(w: Words, queue: Queue, view: View, group: GroupView): void {
  view.ask({
    title: w.group.cancelTitle(group.name),
    text: w.group.cancelText(w.f.bytes(group.bytes_done)),
    yes: w.group.cancelYes,
    onyes: () => void queue.do((b) => b.setIntent({ scope: 'group', id: group.id }, 'cancelled')),
  });
}

/** Asks, then takes a group that ended off the list. */
export function removeGroup(w: Words, queue: Queue, view: View, group: GroupView): void {
  view.ask({
    title: w.acted.removeTitle(group.name),
    text: w.acted.removeText,
    yes: w.acted.removeYes,
    onyes: () => void queue.do((b) => b.removeGroup(group.id)),
  });
}

/** Tries again what failed of a group, and says so. */
export async function retryGroup(w: Words, queue: Queue, view: View, group: GroupView): Promise<void> {
  const { failed } = group.files;
  if (await queue.do((b) => b.retry({ scope: 'group', id: group.id }, null))) view.say(w.acted.retrying(failed));
}

/** Asks, then cancels a file. */
export function cancelFile(w: Words, queue: Queue, view: View, file: FileView): void {
  view.ask({
    title: w.file.cancelTitle(file.name),
    text: w.file.cancelText,
    yes: w.file.cancelYes,
    onyes: () => void queue.do((b) => b.setIntent({ scope: 'file', id: file.id }, 'cancelled')),
  });
}

/** What can be done with a file now. */
export interface FileWishes {
  main: 'pause' | 'resume' | 'retry' | null;
  cancel: boolean;
}

const SETTLED = new Set<string>(['verified', 'already_there', 'unchanged', 'cancelled', 'skipped']);

/** The one likely action of a row, and whether it can be cancelled. */
export function fileWishes(file: Pick<FileView, 'word' | 'state' | 'intent'>): FileWishes {
  if (SETTLED.has(file.word) || file.state === 'done' || file.state === 'removed') return { main: null, cancel: false };
  if (file.intent === 'cancelled') return { main: null, cancel: false };
  if (file.state === 'failed' || file.word === 'failed' || file.word === 'needs_you' || file.word === 'changed')
    return { main: 'retry', cancel: true };
  return { main: file.intent === 'paused' ? 'resume' : 'pause', cancel: true };
}

/** Does the one likely action. */
export function doMain(queue: Queue, file: Pick<FileView, 'id' | 'word' | 'state' | 'intent'>): void {
  const target = { scope: 'file' as const, id: file.id };
  const { main } = fileWishes(file);
  if (main === 'retry') void queue.do((b) => b.retry(target, null));
  else if (main) void queue.do((b) => b.setIntent(target, main === 'pause' ? 'paused' : 'run'));
}

/** Has the server do again what it failed to do with a file that arrived. */
export async function retryProcessing(queue: Queue, file: Pick<FileView, 'id'>): Promise<void> {
  await queue.do((b) => b.retryProcessing({ scope: 'file', id: file.id }));
}

/** What can be done with several files at once. */
export function actOn(queue: Queue, group: GroupId, chosen: ChosenFiles, act: FileAct): void {
  void queue.do((b) => b.actOnFiles(group, chosen, act));
}

/** Says what went over and what stayed, with a way back. */
function sayRegrouped(w: Words, queue: Queue, view: View, done: Regrouped): void {
  view.say(w.regroup.done(done.moved, done.stayed), {
    word: w.regroup.undo,
    onundo: () =>
      void queue.do(async (b) => {
        await b.undoRegroup(done.undo);
        view.say(w.regroup.undone);
      }),
  });
}

/** Puts a group into another. */
export async function mergeInto(w: Words, queue: Queue, view: View, from: GroupId, into: GroupId): Promise<void> {
  await queue.do(async (b) => sayRegrouped(w, queue, view, await b.mergeGroups(from, into)));
}

/** Takes files out of a group, into a new one that is shown. True when it was taken. */
export function splitOff(w: Words, queue: Queue, view: View, group: GroupId, chosen: ChosenFiles): Promise<boolean> {
  return queue.do(async (b) => {
    const done = await b.splitGroup(group, chosen, null);
    view.show(done.group);
    sayRegrouped(w, queue, view, done);
  });
}

/** Groups that may take this one. */
export function takers(groups: readonly GroupView[], group: GroupView): GroupView[] {
  if (!group.regroups) return [];
  return groups.filter((g) => g.id !== group.id && g.regroups && g.destination_id === group.destination_id);
}

/** Asks, then cancels several files. */
export function cancelFiles(w: Words, queue: Queue, view: View, group: GroupId, chosen: ChosenFiles, count: number): void {
  view.ask({
    title: w.file.cancelManyTitle(count),
    text: w.file.cancelManyText,
    yes: w.file.cancelManyYes(count),
    onyes: () => actOn(queue, group, chosen, 'cancel'),
  });
}

/** The menu of one row. */
export function fileMenu(w: Words, queue: Queue, view: View, file: FileView): MenuItem[] {
  const wishes = fileWishes(file);
  const icons = { pause: 'pause', resume: 'play', retry: 'retry' } as const;
  const list: MenuItem[] = [
    {
      word: w.file.details,
      icon: 'file',
      key: keyText(w, 'files', 'details'),
      testid: 'menu-details',
      onchoose: () => (view.details = file.id),
    },
  ];
  const { main } = wishes;
  if (main) {
    list.push({
      word: w.file[main],
      icon: icons[main],
      key: keyText(w, 'files', main === 'retry' ? 'retry' : 'pause'),
      testid: `menu-${main}`,
      onchoose: () => doMain(queue, file),
    });
  }
  if (file.processing?.word === 'failed') {
    list.push({
      word: w.file.retryProcessing,
      icon: 'retry',
      testid: 'menu-retry-processing',
      onchoose: () => void retryProcessing(queue, file),
    });
  }
  list.push({
    word: w.file.showSource,
    icon: 'folder',
    testid: 'menu-show-source',
    onchoose: () => void queue.do((b) => b.showSource(file.id)),
  });
  if (wishes.cancel) {
    const chosen: ChosenFiles = { places: [[file.position, file.position + 1]], find: null };
    list.push({
      word: w.regroup.split(1),
      icon: 'plus',
      key: keyText(w, 'files', 'split'),
      testid: 'menu-split',
      onchoose: () => void splitOff(w, queue, view, file.group_id, chosen),
    });
    list.push({
      word: w.file.cancel,
      icon: 'x',
      danger: true,
      key: keyText(w, 'files', 'remove'),
      testid: 'btn-cancel',
      onchoose: () => cancelFile(w, queue, view, file),
    });
  }
  return list;
}

/** The menu of several rows. */
export function filesMenu(
  w: Words,
  queue: Queue,
  view: View,
  group: GroupId,
  chosen: ChosenFiles,
  count: number,
  onsplit: () => void,
): MenuItem[] {
  const act = (what: FileAct) => () => actOn(queue, group, chosen, what);
  return [
    { word: w.file.pauseMany(count), icon: 'pause', testid: 'many-pause', onchoose: act('pause') },
    { word: w.file.resumeMany(count), icon: 'play', testid: 'many-resume', onchoose: act('resume') },
    { word: w.file.retryMany(count), icon: 'retry', testid: 'many-retry', onchoose: act('retry') },
    {
      word: w.regroup.split(count),
      icon: 'plus',
      key: keyText(w, 'files', 'split'),
      testid: 'many-split',
      onchoose: onsplit,
    },
    {
      word: w.file.cancelMany(count),
      icon: 'x',
      danger: true,
      testid: 'many-cancel',
      onchoose: () => cancelFiles(w, queue, view, group, chosen, count),
    },
  ];
}

/** Takes what the clipboard holds; says so when that is no file. */
export async function paste(w: Words, queue: Queue, view: View): Promise<void> {
  await queue.do(async (b) => {
    const count = await b.pasteFiles();
    view.say(count > 0 ? w.hint.pasted(count) : w.hint.noPaste);
  });
}
