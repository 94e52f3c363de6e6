/** What the figures of this computer and those of a whole account say alike. */
import type { ErrorCode, Reason } from '$lib/contract';
import type { Words } from '$lib/words/en';
import { sayError } from '$lib/words/say';

/** The number and its unit; a dash when nothing ended. Never rounded up to all. */
export function percent(well: number, failed: number, w: Pick<Words, 'n' | 'f'>): [string, string] {
  const ended = well + failed;
  if (ended === 0) return ['–', ''];
  const share = well / ended;
  return [share === 1 ? w.n(100) : w.f.decimal(Math.floor(share * 1000) / 10), '%'];
}

/** Failures by reason as bars, the most frequent first. `onopen`: where a reason leads. */
export function reasonLines(w: Words, reasons: readonly Reason[], onopen?: (code: ErrorCode) => void) {
  const most = Math.max(1, ...reasons.map((reason) => reason.files));
  return reasons.slice(0, 8).map((reason, i) => ({
    key: reason.code,
    name: sayError(w, reason.code, { example: '', count: 1, destination: '' }).title,
    title: reason.number,
    share: reason.files / most,
    figure: w.n(reason.files),
    first: i === 0,
    ...(onopen ? { onopen: () => onopen(reason.code) } : {}),
  }));
}
