/** How a line of the history looks, and under which day it stands. */
import type { HistoryAct, HistoryActKind, HistoryEntry } from '$lib/contract';
import type { IconName, SignName, Tone } from '$lib/kit/icons';
import type { Words } from '$lib/words/en';
import { plainName } from '$lib/words/name';
import { CHANGE_ICONS, changeTitle, isChange } from './change';

export function entryLook(entry: Pick<HistoryEntry, 'ended' | 'failed' | 'done'>): { sign: SignName; tone: Tone } {
  if (entry.ended === 'cancelled') return { sign: 'cancelled', tone: 'quiet' };
  if (entry.ended === 'failed') return entry.done > 0 ? { sign: 'left_out', tone: 'done' } : { sign: 'rejected', tone: 'rejected' };
  return entry.failed > 0 ? { sign: 'attention', tone: 'hold' } : { sign: 'done', tone: 'done' };
}

/** What was done, in a few words. */
export function actTitle(w: Words, act: Pick<HistoryAct, 'kind' | 'at' | 'files' | 'failed' | 'change'>): string {
  if (isChange(act.kind)) return changeTitle(w, act);
  return act.kind === 'check' ? w.history.check(w.f.clock(act.at)) : w.history.act[act.kind](act.files, act.failed);
}

/** What an act was about, below its title. */
export function actLine(w: Words, act: HistoryAct): string {
  const name = act.group_name === '' ? '' : plainName(act.group_name, 60);
  if (act.kind === 'setting') return w.history.changedSetting;
  if (act.kind === 'check') return act.groups > 1 || name === '' ? w.history.underWay(act.groups, act.files) : name;
  return [name, act.bytes > 0 ? w.f.bytes(act.bytes) : ''].filter((part) => part !== '').join(' · ');
}

export const ACT_ICONS = {
  check: 'search',
  asked: 'search',
  moved: 'folder',
  trashed: 'trash',
  put_back: 'undo',
  ...CHANGE_ICONS,
} as const satisfies Record<HistoryActKind, IconName>;

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
