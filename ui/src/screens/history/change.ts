/** Choices that decide what is uploaded, as lines of the history. */
import type { HistoryAct, HistoryChange, SettingKey } from '$lib/contract';
import type { IconName } from '$lib/kit/icons';
import type { Words } from '$lib/words/en';
import { plainName } from '$lib/words/name';

/** The kinds of acts that are choices. */
export const CHANGE_ICONS = { setting: 'settings', destination: 'drive', watch: 'watched' } as const satisfies Record<string, IconName>;
type ChangeKind = keyof typeof CHANGE_ICONS;
export const isChange = (kind: string): kind is ChangeKind => kind in CHANGE_ICONS;

/** The name of a setting on its page, and what it holds. */
type Said = { name: string; now: string };
type Say = (w: Words, value: HistoryChange['value']) => Said;

const number = (value: HistoryChange['value']) => (typeof value === 'number' ? value : 0);
/** A word of one of the page's choices; without a choice, the one that holds then. */
const word = (words: Readonly<Record<string, string>>, value: HistoryChange['value'], none: string) =>
  words[typeof value === 'string' ? value : none] ?? '';

const SETTINGS: Partial<Record<SettingKey, Say>> = {
  authorities: (w, value) => ({ name: w.network.authorities, now: typeof value === 'string' ? plainName(value, 60) : w.history.noChoice }),
  battery_below: (w, value) => ({
    name: w.power.battery,
    now: value === 0 ? w.power.never : w.power.below(value === null ? 20 : number(value)),
  }),
  connections: (w, value) => ({
    name: w.prefs.connections,
    now: number(value) > 0 ? w.prefs.upTo(number(value)) : w.prefs.automatic,
  }),
  duplicates: (w, value) => ({ name: w.choices.duplicates, now: word(w.choices.duplicateChoices, value, 'ask') }),
  limit: (w, value) => ({ name: w.prefs.limit, now: number(value) > 0 ? w.f.rateLimit(number(value)) : w.limits.none }),
  metered: (w, value) => ({ name: w.network.metered, now: word(w.network.choices, value, 'pause') }),
  power_saver: (w, value) => ({ name: w.power.saver, now: value === false ? w.history.off : w.history.on }),
  proxy: (w, value) => ({ name: w.network.proxy, now: word(w.history.proxies, value, 'system') }),
  schedule: (w) => ({ name: w.schedule.page, now: '' }),
  trusted_networks: (w) => ({ name: w.network.trusted, now: '' }),
};

/** What was chosen, in a few words. */
export function changeTitle(w: Words, act: Pick<HistoryAct, 'kind' | 'change'>): string {
  const { change, kind } = act;
  if (!change) return w.history.changedSetting;
  if (change.setting === null) {
    const words = kind === 'watch' ? w.history.watchChange : w.history.destinationChange;
    return words[change.change](plainName(change.name, 60));
  }
  const said = SETTINGS[change.setting]?.(w, change.value);
  if (!said) return w.history.changedSetting;
  return said.now === '' ? w.history.changed(said.name) : `${said.name}: ${said.now}`;
}
