/**
 * What was used last in the palette, the newest first. A comfort of this window and no choice of the person: kept by the browser
 * behind the page, and forgotten without loss.
 */

const KEY = 'windlass.palette';
/** As many as are shown, and some that may be gone. */
const KEPT = 12;

export function recent(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string').slice(0, KEPT) : [];
  } catch {
    // Without a store, or with one that holds nonsense, nothing was used yet.
    return [];
  }
}

export function used(id: string): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([id, ...recent().filter((other) => other !== id)].slice(0, KEPT)));
  } catch {
    // Then the next one starts afresh.
  }
}
