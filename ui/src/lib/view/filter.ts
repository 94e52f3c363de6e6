/** Which groups a filter shows, and how many. */
import type { GroupView, ProcessingCounts } from '../contract';
import { isEnded } from '../queue/reduce';

export type Filter = 'all' | 'moving' | 'attention' | 'finished';

export function needsPerson(group: GroupView): boolean {
  if (group.word === 'needs_you' || (group.files.failed > 0 && group.word !== 'cancelled')) return true;
  return (group.processing?.errors.length ?? 0) > 0;
}

const MOVING = new Set<string>(['preparing', 'uploading', 'finishing', 'cleaning_up']);

export function passes(group: GroupView, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'moving':
      return MOVING.has(group.word);
    case 'attention':
      return needsPerson(group);
    case 'finished':
      return isEnded(group.word);
  }
}

const HELD = new Set<string>(['paused', 'interrupted', 'needs_you']);

/** Whether nothing goes on by itself: each group that is not finished waits for a person, or for a reason of its own. */
export function allHeld(groups: readonly GroupView[]): boolean {
  const open = groups.filter((g) => !isEnded(g.word));
  return open.length > 0 && open.every((g) => HELD.has(g.word) || g.blocked_by.length > 0);
}

/** Ended groups stay among the others for a day, the newest of them. */
const STAY_MS = 24 * 3600 * 1000;
const STAY_MOST = 20;

/** Ended groups that have gone from the list of all, into one line. */
export function foldedAway(groups: readonly GroupView[], now: number): Set<string> {
  const ended = groups.filter((g) => isEnded(g.word));
  return new Set(ended.filter((g, i) => i >= STAY_MOST || now - (g.finished_at ?? g.created_at) > STAY_MS).map((g) => g.id));
}

/** Share of a group that is stored, 0 to 1. */
export function groupFraction(group: GroupView): number {
  if (group.bytes_total > 0) return group.bytes_done / group.bytes_total;
  if (group.files.total > 0) return group.files.done / group.files.total;
  return isEnded(group.word) ? 1 : 0;
}

/** Share of a group's files with which the server is through, of those with which it does anything, 0 to 1. */
export function processedFraction(group: GroupView, p: ProcessingCounts): number {
  const begun = p.waiting + p.running + p.done + p.failed;
  const toCome = Math.max(0, group.files.total - group.files.done - group.files.failed - group.files.rejected);
  return begun + toCome === 0 ? 1 : (p.done + p.failed) / (begun + toCome);
}
