/** The person's own limit of all uploads, as it is chosen at once. */
import type { Snapshot } from '$lib/contract';
import type { Queue } from '$lib/queue/queue.svelte';

export const MB = 1_000_000;
/** Limits to choose at once, MB/s; all others stand in the settings. */
export const QUICK = [1, 5, 10, 25];

/** Bytes a second; null: none is chosen. */
export function ownLimit(snapshot: Pick<Snapshot, 'settings'>): number | null {
  const value = snapshot.settings['limit'];
  return typeof value === 'number' && value > 0 ? value : null;
}

/** Bytes a second; 0: none. What was chosen last is kept for switching it on again. */
export async function setLimit(queue: Queue, bytes: number): Promise<void> {
  if (bytes > 0) await queue.setSetting('limit_last', bytes);
  await queue.setSetting('limit', bytes);
}
