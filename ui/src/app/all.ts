/** What is done with everything at once, by a key or from the palette: the answer is said, for the button may not be in sight. */
import type { DestinationCheck, DestinationView } from '$lib/contract';
import { commandError } from '$lib/ipc/backend';
import type { Queue } from '$lib/queue/queue.svelte';
import type { View } from '$lib/view/view.svelte';
import type { Words } from '$lib/words/en';
import { sayError } from '$lib/words/say';

const EVERYTHING = { scope: 'app', id: null } as const;
/** Names that fit into a sentence. */
const NAMED = 3;

export async function pauseAll(w: Words, queue: Queue, view: View): Promise<void> {
  const paused = queue.snapshot?.totals.paused ?? false;
  if (await queue.do((b) => b.setIntent(EVERYTHING, paused ? 'run' : 'paused'))) view.say(paused ? w.acted.resumed : w.acted.paused);
}

/** Files that failed and may be tried again. */
export function failedFiles(queue: Queue): number {
  return (queue.snapshot?.groups ?? []).filter((g) => g.word !== 'cancelled').reduce((sum, g) => sum + g.files.failed, 0);
}

export async function retryAll(w: Words, queue: Queue, view: View): Promise<void> {
  const count = failedFiles(queue);
  if (count === 0) view.say(w.acted.nothingFailed);
  else if (await queue.do((b) => b.retry(EVERYTHING, null))) view.say(w.acted.retrying(count));
}

/** What is wrong with a destination that was asked; null: nothing. */
async function ask(w: Words, queue: Queue, destination: DestinationView): Promise<string | null> {
  const said = (code: Parameters<typeof sayError>[1]) =>
    w.asked.failed(destination.name, sayError(w, code, { example: '', count: 1, destination: destination.name }).title);
  let check: DestinationCheck;
  try {
    check = await queue.backend.checkDestination(destination.id);
  } catch (error) {
    return said(commandError(error).code);
  }
  if (check.ok) return null;
  return said(check.steps.find((step) => step.outcome === 'failed')?.code ?? 'internal');
}

/**
 * Asks all destinations what they hold and whether they take more; what waited for one goes on at once, which the program sees
 * to. Says so when it begins, and what came of it.
 */
export async function checkAll(w: Words, queue: Queue, view: View): Promise<void> {
  const destinations = queue.snapshot?.destinations ?? [];
  if (destinations.length === 0) {
    view.say(w.asked.none);
    return;
  }
  const names = destinations.map((d) => d.name);
  view.say(names.length > NAMED ? w.asked.askingMany(names.length) : w.asked.asking(names));
  if (view.asking) return;
  view.asking = true;
  const answers = await Promise.all(destinations.map((d) => ask(w, queue, d)));
  view.asking = false;
  const wrong = answers.filter((answer) => answer !== null);
  if (wrong.length > 0) view.say(wrong.slice(0, NAMED).join(' '), { word: w.asked.show, onundo: () => view.openSettings('destinations') });
  else view.say(names.length > NAMED ? w.asked.readyMany(names.length) : w.asked.ready(names));
}
