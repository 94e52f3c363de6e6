/** How a line of the history looks, and under which day it stands. */
import type { HistoryEntry } from '$lib/contract';
import type { SignName, Tone } from '$lib/kit/icons';
import type { Words } from '$lib/words/en';

export function entryLook(entry: Pick<HistoryEntry, 'ended' | 'failed' | 'done'>): { sign: SignName; tone: Tone } {
  if (entry.ended === 'cancelled') return { sign: 'cancelled', tone: 'quiet' };
  if (entry.ended === 'failed') return entry.done > 0 ? { sign: 'left_out', tone: 'done' } : { sign: 'rejected', tone: 'rejected' };
  return entry.failed > 0 ? { sign: 'attention', tone: 'hold' } : { sign: 'done', tone: 'done' };
}

const DAY = 24 * 3600 * 1000;

/** Today, Yesterday, or the date. */
export function dayHead(w: Words, at: number, now: number): string {
  const day = (ms: number) => new Date(ms).toDateString();
  if (day(at) === day(now)) return w.history.today;
  if (day(at) === day(now - DAY)) return w.history.yesterday;
  const text = w.f.day(at);
  const year = new Date(at).getFullYear();
  return year === new Date(now).getFullYear() ? text : `${text} ${year}`;
}
