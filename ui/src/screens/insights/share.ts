/** How a success rate is said. */
import type { Words } from '$lib/words/en';

/** The number and its unit; a dash when nothing ended. Never rounded up to all. */
export function percent(well: number, failed: number, w: Pick<Words, 'n' | 'f'>): [string, string] {
  const ended = well + failed;
  if (ended === 0) return ['–', ''];
  const share = well / ended;
  return [share === 1 ? w.n(100) : w.f.decimal(Math.floor(share * 1000) / 10), '%'];
}
