/** Keys that act everywhere; those of rows and menus are theirs. */
import type { Queue } from '$lib/queue/queue.svelte';
import type { Screen, View } from '$lib/view/view.svelte';
import type { Words } from '$lib/words/en';
import { paste } from '$lib/view/wishes';

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');

/** What a key with Ctrl (Cmd on macOS) means; null for nothing of ours. */
export function chord(event: Pick<KeyboardEvent, 'key' | 'shiftKey'>): 'files' | 'folder' | 'paste' | 'find' | Screen | 'pause' | null {
  switch (event.key.toLowerCase()) {
    case 'o':
      return event.shiftKey ? 'folder' : 'files';
    case 'v':
      return 'paste';
    case 'f':
      return 'find';
    case '1':
      return 'transfers';
    case '2':
      return 'watched';
    case '3':
      return 'history';
    case '4':
      return 'insights';
    case '5':
    case ',':
      return 'settings';
    case ' ':
      return 'pause';
    default:
      return null;
  }
}

export function onKey(event: KeyboardEvent, w: Words, queue: Queue, view: View): void {
  const snapshot = queue.snapshot;
  if (!snapshot || snapshot.first_run || event.defaultPrevented || event.altKey) return;
  if (view.question !== null || view.receipt !== null || document.querySelector('dialog[open]')) return;
  if (!(event.ctrlKey || event.metaKey)) return;
  const what = chord(event);
  if (what === null || (typing(event.target) && what !== 'find')) return;
  event.preventDefault();
  if (what === 'files' || what === 'folder') void queue.do((b) => b.chooseFiles(null, what === 'folder'));
  else if (what === 'paste') void paste(w, queue, view);
  else if (what === 'pause') void queue.do((b) => b.setIntent({ scope: 'app', id: null }, snapshot.totals.paused ? 'run' : 'paused'));
  else if (what === 'find') find(view);
  else view.screen = what;
}

/** The search field of the screen; Transfers and History have one. */
function find(view: View): void {
  if (view.screen === 'history') {
    document.querySelector<HTMLElement>('[data-testid=history-search]')?.focus();
    return;
  }
  view.screen = 'transfers';
  if (view.searching) document.querySelector<HTMLInputElement>('[data-testid=search]')?.select();
  view.searching = true;
}
