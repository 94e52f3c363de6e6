/** Shape and colour of a watched folder and of its files, and what a form becomes. */
import type { After, GroupRule, WatchFileView, WatchSettings, WatchState, WatchVerdict } from '$lib/contract';
import type { Look } from '$lib/view/signs';
import type { SignName, Tone } from '$lib/kit/icons';

const look = (sign: SignName, tone: Tone, weight: Look['weight'] = 'loud'): Look => ({ sign, tone, weight });

export const WATCH_LOOK: Record<WatchState, Look> = {
  up_to_date: look('done', 'done', 'quiet'),
  scanning: look('settling', 'active'),
  settling: look('settling', 'hold'),
  uploading: look('uploading', 'active'),
  paused: look('paused', 'hold'),
  disk_missing: look('paused', 'hold'),
  needs_you: look('attention', 'failed'),
};

export const VERDICT_LOOK: Record<WatchVerdict, Look> = {
  settling: look('settling', 'hold'),
  waiting: look('pending', 'quiet'),
  uploading: look('uploading', 'active'),
  uploaded: look('done', 'done', 'quiet'),
  deduplicated: look('dedup', 'dedup'),
  ignored: look('cleaning', 'quiet', 'quiet'),
  failed: look('failed', 'failed'),
};

/** Seconds until a file goes, if nothing changes; null where nothing is counted. */
export function secondsLeft(file: Pick<WatchFileView, 'until'>, now: number): number | null {
  return file.until === null ? null : Math.max(0, Math.ceil((file.until - now) / 1000));
}

/** How long a file stood still and how long it has to, in seconds; null where it is not a matter of standing still. */
export function stillness(file: Pick<WatchFileView, 'why' | 'until' | 'settle_ms'>, now: number): { stood: number; of: number } | null {
  if ((file.why !== 'growing' && file.why !== 'settling') || file.until === null || !file.settle_ms) return null;
  const of = file.settle_ms / 1000;
  return { stood: Math.min(of, Math.max(0, of - (file.until - now) / 1000)), of };
}

/** Files that a person may send whatever holds them. */
export function mayGoAnyway(file: WatchFileView): boolean {
  return (
    (file.verdict === 'settling' || file.verdict === 'ignored') &&
    !['not_regular', 'odd_name', 'absent', 'unreadable', 'too_large_there', 'type_refused'].includes(file.why) &&
    !file.path.endsWith('/')
  );
}

/** The fields of the form, as they are typed. */
export interface Form {
  include: string;
  exclude: string;
  smallest: string;
  largest: string;
  age: string;
  depth: string;
  hidden: boolean;
  group: GroupRule;
  settle: string;
  after: After;
  /** What does not hold its files. */
  metered: boolean;
  battery: boolean;
  closed: boolean;
}

const MB = 1e6;
const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
const number = (text: string): number | null => {
  const value = Number(text.replace(',', '.'));
  return text.trim() === '' || !Number.isFinite(value) || value < 0 ? null : value;
};

export function formOf(settings: WatchSettings | null): Form {
  return {
    include: settings?.include.join('\n') ?? '',
    exclude: settings?.exclude.join('\n') ?? '',
    smallest: settings && settings.min_size > 0 ? String(settings.min_size / MB) : '',
    largest: settings?.max_size == null ? '' : String(settings.max_size / MB),
    age: settings?.max_age_days == null ? '' : String(settings.max_age_days),
    depth: settings?.max_depth == null ? '' : String(settings.max_depth),
    hidden: settings?.hidden ?? false,
    group: settings?.group_rule ?? 'batch',
    settle: String((settings?.settle_min_ms ?? 3000) / 1000),
    after: settings?.after ?? 'keep',
    metered: settings?.despite.includes('metered') ?? false,
    battery: settings?.despite.includes('battery') ?? false,
    closed: settings?.despite.includes('schedule') ?? false,
  };
}

export function settingsOf(form: Form, before: WatchSettings | null): WatchSettings {
  const largest = number(form.largest);
  const age = number(form.age);
  const depth = number(form.depth);
  return {
    include: lines(form.include),
    exclude: lines(form.exclude),
    min_size: Math.round((number(form.smallest) ?? 0) * MB),
    max_size: largest === null ? null : Math.round(largest * MB),
    max_age_days: age === null ? null : Math.min(36_500, Math.ceil(age)),
    max_depth: depth === null ? null : Math.floor(depth),
    hidden: form.hidden,
    group_rule: form.group,
    settle_min_ms: Math.min(86_400_000, Math.round((number(form.settle) ?? 3) * 1000)),
    quiet_ms: before?.quiet_ms ?? 60_000,
    after: form.after,
    after_path: null,
    despite: [
      ...(form.metered ? (['metered'] as const) : []),
      ...(form.battery ? (['battery', 'power_saver'] as const) : []),
      ...(form.closed ? (['schedule'] as const) : []),
    ],
  };
}
