/** What a person may wish for a group or a file, with the question where it can't be taken back. */
import type { FileView, GroupView } from '$lib/contract';
import type { Queue } from '$lib/queue/queue.svelte';
import type { View } from '$lib/view/view.svelte';
import type { Words } from '$lib/words/en';

/** Asks, then cancels a group. */
export function cancelGroup(w: Words, queue: Queue, view: View, group: GroupView): void {
  view.ask({
    title: w.group.cancelTitle(group.name),
    text: w.group.cancelText(w.f.bytes(group.bytes_done)),
    yes: w.group.cancelYes,
    onyes: () => void queue.do((b) => b.setIntent({ scope: 'group', id: group.id }, 'cancelled')),
  });
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
