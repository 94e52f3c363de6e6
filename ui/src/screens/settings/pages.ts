/** The pages of the settings, and on which of them each choice stands. */
import type { SettingKey } from '$lib/contract';
import type { Words } from '$lib/words/en';

export const PAGES = [
  'destinations',
  'speed',
  'schedule',
  'network',
  'power',
  'files',
  'notifications',
  'appearance',
  'start',
  'help',
  'about',
] as const;
export type Page = (typeof PAGES)[number];

/** Where a choice stands, and what holds without it. What has no page is no choice of the person, but a note of what was told. */
const PLACES: Record<SettingKey, readonly [page: Page | null, otherwise: unknown]> = {
  // Asked about outside of the page: a reset of it, which can be undone, leaves both alone.
  authorities: [null, null],
  battery_below: ['power', 20],
  close_told: [null, null],
  close_to_tray: ['start', true],
  connections: ['speed', 0],
  density: ['appearance', 'comfortable'],
  duplicates: ['files', null],
  keep_awake: ['power', 'mains'],
  language: ['appearance', 'system'],
  last_view: [null, null],
  limit: ['speed', 0],
  // It shows only while a limit is on.
  limit_last: ['speed', undefined],
  log_days: ['help', 14],
  log_level: ['help', 'normal'],
  metered: ['network', 'pause'],
  motion: ['appearance', 'system'],
  notifications: ['notifications', 'normal'],
  notify_sound: ['notifications', false],
  power_saver: ['power', true],
  preflight: ['files', 'needed'],
  proxy: [null, null],
  rate_unit: ['network', 'bytes'],
  schedule: ['schedule', null],
  small_share: ['speed', 25],
  start_hidden: ['start', true],
  theme: ['appearance', 'system'],
  trusted_networks: ['network', []],
  watch_summary: ['notifications', 'hourly'],
};

const KEYS = Object.keys(PLACES) as SettingKey[];

/** The choices of a page; of all pages. */
export const keysOf = (page: Page): SettingKey[] => KEYS.filter((key) => PLACES[key][0] === page);
export const ALL: readonly SettingKey[] = KEYS.filter((key) => PLACES[key][0] !== null || key === 'authorities' || key === 'proxy');

/** Whether something of a page is other than it came. */
export function differs(page: Page, settings: Record<string, unknown>): boolean {
  return keysOf(page).some((key) => {
    const [chosen, [, otherwise]] = [settings[key] ?? null, PLACES[key]];
    return chosen !== null && otherwise !== undefined && JSON.stringify(chosen) !== JSON.stringify(otherwise);
  });
}

/** What a page is called. */
export const pageWord = (w: Words, page: Page): string =>
  page === 'schedule' || page === 'network' || page === 'power' ? w[page].page : w.prefs.page[page];
