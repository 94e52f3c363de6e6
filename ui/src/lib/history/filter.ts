/** What the history is narrowed to: as the person chose it, and as it is asked for. Pure. */
import type { DestinationId, GroupId, HistoryEnd, HistoryNarrow, ProvedKind } from '../contract';

/** What is listed: groups and acts, groups that ended so, proved files of a kind, or acts alone. */
export type What = 'all' | HistoryEnd | `files_${ProvedKind}` | 'acts';

/** In which time: any, so many days up to now (1: today), days from the calendar, or an exact stretch. */
export type When =
  | { kind: 'any' }
  | { kind: 'days'; days: 1 | 7 | 30 }
  /** Days as `2026-11-21`, both counted; empty: open. */
  | { kind: 'range'; from: string; to: string }
  /** Milliseconds, the second not counted. */
  | { kind: 'exact'; from: number; before: number };

export interface HistoryFilter {
  text: string;
  what: What;
  when: When;
  place: DestinationId | '';
  /** As it is typed. */
  folder: string;
}

/** A place of the history that is led to: a filter, and a group to open. */
export interface HistoryWanted extends Partial<HistoryFilter> {
  group?: GroupId;
}

export const EVERYTHING: HistoryFilter = { text: '', what: 'all', when: { kind: 'any' }, place: '', folder: '' };

/** Files of which kind are listed without being searched for; null: groups are. */
export function filesOf(what: What): ProvedKind | null {
  return what.startsWith('files_') ? (what.slice('files_'.length) as ProvedKind) : null;
}

/** Whether anything but words narrows it. */
export function isNarrowed(filter: HistoryFilter): boolean {
  return filter.what !== 'all' || filter.when.kind !== 'any' || filter.place !== '' || filter.folder !== '';
}

/** The first moment of a day, by this computer's clock; of `days` days from it on. */
function startOfDay(of: Date, days = 0): number {
  return new Date(of.getFullYear(), of.getMonth(), of.getDate() + days).getTime();
}

function calendarDay(text: string, days: number): number | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!found) return null;
  return startOfDay(new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3])), days);
}

/** The stretch of a choice, milliseconds; the second is not counted. Days end where the calendar ends them, also on days of 23 h. */
export function stretchOf(when: When, now: number): { from: number | null; before: number | null } {
  switch (when.kind) {
    case 'any':
      return { from: null, before: null };
    case 'days':
      return { from: startOfDay(new Date(now), 1 - when.days), before: null };
    case 'range':
      return { from: calendarDay(when.from, 0), before: calendarDay(when.to, 1) };
    case 'exact':
      return { from: when.from, before: when.before };
  }
}

const ENDS: readonly string[] = ['completed', 'cancelled', 'failed'] satisfies HistoryEnd[];

/** As it is asked for. A path is told with `%` written as `%25`. */
export function narrowOf(filter: HistoryFilter, now: number): HistoryNarrow {
  return {
    text: filter.text,
    ended: ENDS.includes(filter.what) ? (filter.what as HistoryEnd) : null,
    destination: filter.place === '' ? null : filter.place,
    folder: filter.folder === '' ? null : filter.folder.replaceAll('%', '%25'),
    ...stretchOf(filter.when, now),
  };
}
