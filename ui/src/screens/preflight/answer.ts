/** What a person answers in the sheet, and what that means in numbers. */
import type { PreflightFold, PreflightKind, PreflightView } from '$lib/contract';

export interface Choices {
  /** Files that are there already. */
  there: 'skip' | 'leave_out';
  /** Files with a name that another file of the group has. */
  same: 'keep' | 'leave';
  /** Files that are being written. */
  growing: 'wait' | 'leave';
  /** Left out one by one: paths inside the group. */
  left: ReadonlySet<string>;
}

/** Of these each file may be left out; the others don't go in any case. */
const MAY_GO = new Set<PreflightKind>(['changed', 'same_name', 'growing', 'already_there']);
/** These can't be sent. */
const TROUBLE = new Set<PreflightKind>(['unreadable', 'too_large', 'type_refused', 'odd_name', 'not_regular']);

export const mayGo = (fold: PreflightFold): boolean => MAY_GO.has(fold.kind);

export const foldOf = (look: PreflightView, kind: PreflightKind): PreflightFold | undefined => look.folds.find((f) => f.kind === kind);

/** Files that can't be sent, whatever is answered. */
export const troubled = (look: PreflightView): number => look.folds.filter((f) => TROUBLE.has(f.kind)).reduce((sum, f) => sum + f.files, 0);

/** What will be sent by these answers: now, when it stands still, bytes of both, and how many were left out one by one. */
export function sums(look: PreflightView, by: Choices): { now: number; later: number; bytes: number; left: number } {
  let [now, later, bytes, left] = [look.ready, look.later, look.ready_bytes, 0];
  const same = foldOf(look, 'same_name');
  if (same && by.same === 'leave') {
    now -= same.files;
    bytes -= same.bytes;
  }
  const growing = foldOf(look, 'growing');
  if (growing && by.growing === 'leave') {
    later = 0;
    bytes -= growing.bytes;
  }
  const goes = [
    ...look.first.map((e) => ({ ...e, later: false, counts: true })),
    ...look.folds.filter(mayGo).flatMap((f) =>
      f.examples.map((e) => ({
        ...e,
        later: f.kind === 'growing',
        counts: f.kind === 'changed' || (f.kind === 'same_name' && by.same === 'keep') || (f.kind === 'growing' && by.growing === 'wait'),
      })),
    ),
  ];
  for (const file of goes.filter((g) => by.left.has(g.path))) {
    left += 1;
    if (!file.counts) continue;
    if (file.later) later -= 1;
    else now -= 1;
    bytes -= file.bytes;
  }
  return { now: Math.max(0, now), later: Math.max(0, later), bytes: Math.max(0, bytes), left };
}
