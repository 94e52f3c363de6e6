/** What can be done with a group: the menu of its button and of its card. */
import type { GroupView } from '$lib/contract';
import type { MenuItem } from '$lib/kit/menu';
import type { Queue } from '$lib/queue/queue.svelte';
import { isEnded } from '$lib/queue/reduce';
import type { View } from '$lib/view/view.svelte';
import type { Words } from '$lib/words/en';
import { keyText } from '$lib/view/keys';
import { moveGroup, openGroups } from './reorder.svelte';
import { cancelGroup, takers } from '$lib/view/wishes';

export function groupMenu(w: Words, queue: Queue, view: View, group: GroupView, onrename: () => void): MenuItem[] {
  const target = { scope: 'group' as const, id: group.id };
  const ended = isEnded(group.word);
  const ending = ended || group.word === 'cleaning_up';
  const list: MenuItem[] = [];
  if (group.accepts_files && !ending) {
    list.push(
      { word: w.transfers.addHere, icon: 'file', onchoose: () => void queue.do((b) => b.chooseFiles(group.id, false)) },
      { word: w.transfers.addFolderHere, icon: 'folder', onchoose: () => void queue.do((b) => b.chooseFiles(group.id, true)) },
    );
  }
  if (group.files.failed > 0 && !ending) {
    list.push({
      word: w.group.retryFailed(group.files.failed),
      icon: 'retry',
      testid: 'btn-retry',
      onchoose: () => void queue.do((b) => b.retry(target, null)),
    });
  }
  if (group.files.done > 0) {
    list.push(
      { word: w.group.receipt, icon: 'receipt', testid: 'btn-receipt-menu', onchoose: () => (view.receipt = group.id) },
      {
        word: w.group.showThere,
        icon: 'external',
        testid: 'btn-show',
        onchoose: () => void queue.do((b) => b.showAtDestination(group.id)),
      },
    );
  }
  const open = openGroups(queue.snapshot?.groups ?? []);
  const at = open.findIndex((g) => g.id === group.id);
  if (!ending && at > 0) {
    list.push({
      word: w.order.top,
      icon: 'top',
      key: keyText(w, 'group', 'top'),
      testid: 'btn-to-top',
      onchoose: () => void moveGroup(w, queue, view, group, 0),
    });
  }
  if (takers(queue.snapshot?.groups ?? [], group).length > 0) {
    list.push({
      word: w.regroup.merge,
      icon: 'folder',
      key: keyText(w, 'group', 'merge'),
      testid: 'btn-merge',
      onchoose: () => (view.merging = group.id),
    });
  }
  list.push({
    word: group.notes === undefined ? w.notes.write : w.notes.change,
    icon: 'receipt',
    testid: 'btn-notes',
    onchoose: () => (view.notes = group.id),
  });
  list.push({ word: w.group.rename, icon: 'pencil', testid: 'btn-rename', onchoose: onrename });
  if (ended) {
    list.push({
      word: w.history.again,
      icon: 'retry',
      testid: 'btn-again',
      onchoose: () =>
        view.ask({
          title: w.history.againTitle(group.name),
          text: w.history.againText,
          yes: w.history.againYes,
          harmless: true,
          onyes: () => void queue.do((b) => b.uploadAgain(group.id)),
        }),
    });
    list.push({ word: w.group.remove, icon: 'x', testid: 'btn-remove', onchoose: () => void queue.do((b) => b.removeGroup(group.id)) });
  } else if (!ending) {
    list.push({
      word: w.group.cancel,
      icon: 'x',
      danger: true,
      testid: 'btn-cancel',
      onchoose: () => cancelGroup(w, queue, view, group),
    });
  }
  return list;
}
