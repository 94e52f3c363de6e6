/** Keys that act in the whole window, by the table in `view/keys.ts`; those of groups, files and causes are theirs. */
import { getQueue, type Queue } from '$lib/queue/queue.svelte';
import { actOf, BROWSERS, chordOf, type WindowAct } from '$lib/view/keys';
import { getView, type View } from '$lib/view/view.svelte';
import { paste } from '$lib/view/wishes';
import type { Words } from '$lib/words/en';
import { getLanguage } from '$lib/words/language.svelte';
import { tick } from 'svelte';
import { checkAll, pauseAll, retryAll } from './all';
import { toContent, toPane } from './panes';

/** What an act works with. */
export interface Around {
  w: Words;
  queue: Queue;
  view: View;
}

/** As the page has them. Asked for while a component is made; the words are those of the time when they are read. */
export function getAround(): Around {
  const [queue, view, language] = [getQueue(), getView(), getLanguage()];
  return {
    queue,
    view,
    get w() {
      return language.w;
    },
  };
}

async function go(view: View, screen: View['screen']): Promise<void> {
  view.screen = screen;
  await tick();
  // What had the focus left with its screen: who came by a key goes on by keys.
  if (document.activeElement === null || document.activeElement === document.body) toContent();
}

/** Every act of the table; that none is missing is held by its type. */
export const ACTS: Record<WindowAct, (around: Around) => unknown> = {
  palette: ({ view }) => (view.palette = true),
  help: ({ view }) => (view.help = true),
  new_group: ({ view }) => (view.making = true),
  files: ({ queue }) => queue.do((b) => b.chooseFiles(null, false)),
  folder: ({ queue }) => queue.do((b) => b.chooseFiles(null, true)),
  paste: ({ w, queue, view }) => paste(w, queue, view),
  find: ({ view }) => find(view),
  leave: ({ view }) => leave(view),
  transfers: ({ view }) => go(view, 'transfers'),
  watched: ({ view }) => go(view, 'watched'),
  history: ({ view }) => go(view, 'history'),
  insights: ({ view }) => go(view, 'insights'),
  settings: ({ view }) => go(view, 'settings'),
  pause_all: ({ w, queue, view }) => pauseAll(w, queue, view),
  retry_all: ({ w, queue, view }) => retryAll(w, queue, view),
  check: ({ w, queue, view }) => checkAll(w, queue, view),
  next_pane: () => toPane(1),
  previous_pane: () => toPane(-1),
};

/** In these a key writes, or chooses among what they hold. */
const FIELDS = 'input, textarea, select, [contenteditable]';

/** Whether the key is the field's that has the focus: all that writes, and what the table leaves to it. */
function isTheFields(event: KeyboardEvent, chord: string, notTyping: boolean): boolean {
  const { target } = event;
  if (!(target instanceof HTMLElement) || !target.matches(FIELDS)) return false;
  if (notTyping) return true;
  return !/^(Mod\+|Shift\+F\d|F\d)/.test(chord);
}

export function onKey(event: KeyboardEvent, w: Words, queue: Queue, view: View): void {
  if (event.defaultPrevented) return;
  const chord = chordOf(event);
  if (BROWSERS.includes(chord)) event.preventDefault();
  const { snapshot } = queue;
  if (!snapshot || snapshot.first_run) return;
  if (view.question !== null || view.receipt !== null || document.querySelector('dialog[open]')) return;
  if (event.target instanceof Element && event.target.closest('[role=menu]')) return;
  // Files stay chosen when the focus went nowhere: a press beside them takes it away.
  if (event.target === document.body) view.chosen?.(event);
  if (event.defaultPrevented && !BROWSERS.includes(chord)) return;
  const found = actOf(event, 'window');
  if (!found || isTheFields(event, chord, found.notTyping)) return;
  if (found.act === 'leave' && !view.searching) return;
  event.preventDefault();
  if (!found.again) void ACTS[found.act]({ w, queue, view });
}

/** The search field of the screen; Transfers and History have one. */
export function find(view: View): void {
  if (view.screen === 'history') {
    const field = document.querySelector<HTMLInputElement>('[data-testid=history-search]');
    field?.focus();
    field?.select();
    return;
  }
  view.screen = 'transfers';
  if (view.searching) {
    const field = document.querySelector<HTMLInputElement>('[data-testid=search]');
    field?.focus();
    field?.select();
  }
  view.searching = true;
}

/** Out of the search, also when the focus has gone on to what it found. */
export async function leave(view: View): Promise<void> {
  const lost = document.activeElement === document.body;
  view.search = '';
  view.searching = false;
  await tick();
  if (lost) document.querySelector<HTMLElement>('[data-testid=open-search]')?.focus();
}
