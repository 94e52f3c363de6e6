/** The person's own limit of all uploads, as it is chosen at once. */
import type { Snapshot } from '$lib/contract';
import type { Queue } from '$lib/queue/queue.svelte';
import { rateUnit } from '$lib/words/unit.svelte';

/** Limits to choose at once, round ones in the unit of the person; all others stand in the settings. */
export function quickLimits(): { number: number; bytes: number }[] {
  const [numbers, bytes] = rateUnit.bits ? [[10, 50, 100, 250], 125_000] : [[1, 5, 10, 25], 1_000_000];
  return numbers.map((number) => ({ number, bytes: number * bytes }));
}

/** Bytes a second; null: none is chosen. */
export function ownLimit(snapshot: Pick<Snapshot, 'settings'>): number | null {
  const value = snapshot.settings['limit'];
  return typeof value === 'number' && value > 0 ? value : null;
}

/**
 * Bytes a second; 0: none. What was chosen last is kept for switching it on again. Both are told at once: a reset that waited for
 * the one would be overtaken by the other.
 */
export function setLimit(queue: Queue, bytes: number): void {
  if (bytes > 0) void queue.setSetting('limit_last', bytes);
  void queue.setSetting('limit', bytes);
}
