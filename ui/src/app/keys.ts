/** Keys that act everywhere; those of rows and menus are theirs. */
import type { Queue } from '$lib/queue/queue.svelte';
import type { View } from '$lib/view/view.svelte';

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');

/** What a key with Ctrl (Cmd on macOS) means; null for nothing of ours. */
export function chord(
  event: Pick<KeyboardEvent, 'key' | 'shiftKey'>,
): 'files' | 'folder' | 'paste' | 'transfers' | 'settings' | 'pause' | null {
  switch (event.key.toLowerCase()) {
    case 'o':
      return event.shiftKey ? 'folder' : 'files';
    case 'v':
      return 'paste';
    case '1':
      return 'transfers';
    case '2':
    case ',':
      return 'settings';
    case ' ':
      return 'pause';
    default:
      return null;
  }
}

export function onKey(event: KeyboardEvent, queue: Queue, view: View): void {
  const snapshot = queue.snapshot;
  if (!snapshot || snapshot.first_run || event.defaultPrevented || event.altKey) return;
  if (view.question !== null || view.receipt !== null || document.querySelector('dialog[open]')) return;
  if (!(event.ctrlKey || event.metaKey) || typing(event.target)) return;
  const what = chord(event);
  if (what === null) return;
  event.preventDefault();
  if (what === 'files' || what === 'folder') void queue.do((b) => b.chooseFiles(null, what === 'folder'));
  else if (what === 'paste') void queue.do((b) => b.pasteFiles());
  else if (what === 'pause') void queue.do((b) => b.setIntent({ scope: 'app', id: null }, snapshot.totals.paused ? 'run' : 'paused'));
  else view.screen = what;
}
