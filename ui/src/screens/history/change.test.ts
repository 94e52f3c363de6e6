import { describe, expect, it } from 'vitest';
import type { HistoryAct, SettingKey } from '$lib/contract';
import { de } from '$lib/words/de';
import { en } from '$lib/words/en';
import { changeTitle } from './change';

type About = Pick<HistoryAct, 'kind' | 'change'>;
const setting = (key: SettingKey, value: string | number | boolean | null): About => ({
  kind: 'setting',
  change: { change: 'changed', setting: key, name: '', value },
});
const plain = (text: string) => text.replace(/\u00a0/g, ' ');

// G-6
describe('a choice in the history', () => {
  it.each<[SettingKey, string | number | boolean | null, string]>([
    ['limit', 25_000_000, 'Upload limit: 25 MB/s'],
    ['limit', null, 'Upload limit: No limit'],
    ['connections', 0, 'Parts at the same time: Automatic'],
    ['connections', 8, 'Parts at the same time: Up to 8'],
    ['metered', 'ask', 'On metered networks: Ask'],
    ['metered', null, 'On metered networks: Pause'],
    ['battery_below', 0, 'Pause on battery: Never'],
    ['battery_below', null, 'Pause on battery: Under 20 %'],
    ['power_saver', false, 'Pause in power-saver mode: off'],
    ['proxy', 'manual', 'Proxy: one that was entered'],
    ['authorities', 'studio.pem', 'Certificates of your own: studio.pem'],
    ['duplicates', 'leave_out', 'Files that are there already: Leave out'],
    ['schedule', null, 'Schedule changed'],
    ['trusted_networks', null, 'Trusted networks changed'],
  ])('%s %s', (key, value, said) => {
    expect(plain(changeTitle(en, setting(key, value)))).toBe(said);
    expect(changeTitle(de, setting(key, value))).not.toBe(said);
  });

  it('names a destination and a folder, and what this version does not know as a change', () => {
    const named = (kind: 'destination' | 'watch', change: 'added' | 'removed', name: string): About => ({
      kind,
      change: { change, setting: null, name, value: null },
    });
    expect(changeTitle(en, named('destination', 'added', 'Studio NAS'))).toBe('Destination added: Studio NAS');
    expect(changeTitle(en, named('watch', 'removed', 'Card A'))).toBe('Watched folder removed: Card A');
    expect(changeTitle(en, setting('of_a_later_version' as SettingKey, 1))).toBe('Setting changed');
    expect(changeTitle(en, { kind: 'setting', change: null })).toBe('Setting changed');
  });
});
