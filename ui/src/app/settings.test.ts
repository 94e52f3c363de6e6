import { plain } from '../dev/app';
import { mockBackend } from '../dev/backend';
import type { SceneName } from '../dev/scenes';
import type { SettingKey } from '$lib/contract';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import { rateUnit } from '$lib/words/unit.svelte';
import App from './App.svelte';

const root = document.documentElement;

/** The settings, and what the program was told of them. */
async function settings(scene: SceneName = 'transfers', before: Partial<Record<SettingKey, unknown>> = {}) {
  const backend = mockBackend(scene, false);
  const subscribe = backend.subscribe.bind(backend);
  backend.subscribe = async (onmessage) => {
    const snapshot = await subscribe(onmessage);
    return { ...snapshot, settings: { ...snapshot.settings, ...before } };
  };
  const told: [SettingKey, unknown][] = [];
  backend.setSetting = async (key, value) => void told.push([key, value]);
  const { unmount } = render(App, { backend });
  await screen.findByTestId('app-ready');
  await fireEvent.click(screen.getByTestId('nav-settings'));
  await waitFor(() => expect((screen.getByTestId('setting-login') as HTMLButtonElement).disabled).toBe(false));
  return { backend, told, unmount };
}
const choose = (setting: string, word: string) => fireEvent.click(within(screen.getByTestId(setting)).getByText(word));
const select = (setting: string, value: string) => fireEvent.change(screen.getByTestId(setting), { target: { value } });

afterEach(() => {
  rateUnit.bits = false;
  for (const name of ['theme', 'density', 'motion']) root.removeAttribute(`data-${name}`);
});

// §14
describe('each setting', () => {
  it.each<[string, string, SettingKey, unknown]>([
    ['setting-theme', 'High contrast', 'theme', 'contrast'],
    ['setting-density', 'Compact', 'density', 'compact'],
    ['setting-motion', 'Reduced', 'motion', 'reduced'],
    ['setting-language', 'Deutsch', 'language', 'de'],
    ['setting-unit', 'Mbit/s', 'rate_unit', 'bits'],
    ['setting-duplicates', 'Leave out', 'duplicates', 'leave_out'],
    ['setting-preflight', 'Always', 'preflight', 'always'],
    ['setting-closing', 'Quits', 'close_to_tray', false],
    ['setting-log-level', 'Detailed', 'log_level', 'detailed'],
    ['setting-metered', 'Ask', 'metered', 'ask'],
    ['setting-notifications', 'Quiet', 'notifications', 'quiet'],
    ['setting-watch-summary', 'Each batch', 'watch_summary', 'each'],
    ['setting-awake', 'Never', 'keep_awake', 'never'],
  ])('%s to %s tells the program', async (setting, word, key, value) => {
    const { told } = await settings();
    await choose(setting, word);
    await waitFor(() => expect(told).toEqual([[key, value]]));
    expect(within(screen.getByTestId(setting)).getByText(word).getAttribute('aria-pressed')).toBe('true');
  });

  it.each<[string, string, SettingKey, unknown]>([
    ['setting-share', '50', 'small_share', 50],
    ['setting-connections', '4', 'connections', 4],
    ['setting-battery', '40', 'battery_below', 40],
    ['setting-log-days', '30', 'log_days', 30],
  ])('%s to %s tells the program', async (setting, option, key, value) => {
    const { told } = await settings();
    await select(setting, option);
    await waitFor(() => expect(told).toEqual([[key, value]]));
  });

  it('shows what holds without a choice, and one of another hand', async () => {
    const { unmount } = await settings();
    const value = (setting: string) => (screen.getByTestId(setting) as HTMLSelectElement).value;
    expect(['setting-share', 'setting-log-days', 'setting-battery', 'setting-connections'].map(value)).toEqual(['25', '14', '20', '0']);
    unmount();
    await settings('transfers', { small_share: 33, log_days: 5 });
    expect(['setting-share', 'setting-log-days'].map(value)).toEqual(['33', '5']);
  });

  it('asks again about files that are there when that is chosen', async () => {
    const { told } = await settings('transfers', { duplicates: 'skip' });
    expect(within(screen.getByTestId('setting-duplicates')).getByText('Point to them').getAttribute('aria-pressed')).toBe('true');
    await choose('setting-duplicates', 'Ask');
    await waitFor(() => expect(told).toEqual([['duplicates', null]]));
  });
});

// §14
describe('how the page looks', () => {
  it('wears theme, density and motion at once, and takes them off', async () => {
    await settings();
    await choose('setting-theme', 'High contrast');
    await choose('setting-density', 'Compact');
    await choose('setting-motion', 'Reduced');
    await waitFor(() => expect({ ...root.dataset }).toMatchObject({ theme: 'contrast', density: 'compact', motion: 'reduced' }));
    await fireEvent.click(screen.getByTestId('reset-appearance'));
    await waitFor(() => expect(Object.keys(root.dataset)).toEqual([]));
  });

  it('says rates in the chosen unit wherever they stand, and takes numbers in it', async () => {
    const { told } = await settings('transfers', { limit: 10_000_000, limit_last: 10_000_000 });
    expect(plain(screen.getByTestId('total-rate'))).toBe('84.2MB/s ≤ 10 MB/s');
    await choose('setting-unit', 'Mbit/s');
    await waitFor(() => expect(plain(screen.getByTestId('total-rate'))).toBe('674Mbit/s ≤ 80 Mbit/s'));
    const field = screen.getByTestId('limit-value') as HTMLInputElement;
    expect([field.value, plain(field.closest('label'))]).toEqual(['80', 'Limit in Mbit/s Mbit/s']);
    await fireEvent.change(field, { target: { value: '20' } });
    await waitFor(() => expect(told).toContainEqual(['limit', 2_500_000]));
    // The limits to choose at once are round ones of the unit.
    await fireEvent.click(screen.getByTestId('total-rate'));
    expect(plain(await screen.findByRole('menu'))).toContain('50 Mbit/s');
    await fireEvent.click(screen.getByTestId('limit-50'));
    await waitFor(() => expect(told.at(-1)).toEqual(['limit', 6_250_000]));
  });
});

describe('the reset of a page', () => {
  it('is offered where something differs, puts only that page back, and can be undone', async () => {
    const { told } = await settings('transfers', {
      theme: 'dark',
      density: 'comfortable',
      connections: 4,
      limit: 5_000_000,
      limit_last: 5_000_000,
      battery_below: 40,
    });
    // What was chosen as it came differs in nothing.
    expect(screen.queryByTestId('reset-network')).toBeNull();
    expect(['speed', 'power', 'appearance'].map((page) => plain(screen.getByTestId(`reset-${page}`)))).toEqual(['Reset', 'Reset', 'Reset']);
    expect(screen.getByTestId('reset-speed').getAttribute('aria-label')).toBe('Reset Speed');
    await fireEvent.click(screen.getByTestId('reset-speed'));
    await waitFor(() =>
      expect(told).toEqual([
        ['connections', null],
        ['limit', null],
        ['limit_last', null],
      ]),
    );
    expect(screen.getByTestId('limit-switch').getAttribute('aria-checked')).toBe('false');
    expect((screen.getByTestId('setting-battery') as HTMLSelectElement).value).toBe('40');
    await waitFor(() => expect(screen.queryByTestId('reset-speed')).toBeNull());
    expect(screen.getByTestId('toast').textContent).toContain('Speed: all as it came.');
    told.length = 0;
    await fireEvent.click(screen.getByTestId('toast-undo'));
    await waitFor(() =>
      expect(told).toEqual([
        ['connections', 4],
        ['limit', 5_000_000],
        ['limit_last', 5_000_000],
      ]),
    );
    expect(screen.getByTestId('limit-switch').getAttribute('aria-checked')).toBe('true');
  });

  it('keeps the focus that pressed it until it goes elsewhere', async () => {
    await settings('transfers', { theme: 'dark' });
    const button = screen.getByTestId('reset-appearance');
    button.focus();
    await fireEvent.click(button);
    await waitFor(() => expect(button.getAttribute('aria-disabled')).toBe('true'));
    expect(document.activeElement).toBe(button);
    button.blur();
    await waitFor(() => expect(screen.queryByTestId('reset-appearance')).toBeNull());
  });

  it('stands behind a choice that is on its way, and before one that comes after it', async () => {
    const { backend } = await settings('transfers', { theme: 'light' });
    const told: { value: unknown; taken: () => void }[] = [];
    backend.setSetting = (_, value) => new Promise((taken) => told.push({ value, taken: () => taken() }));
    const next = async (count: number, word: string) => {
      told.at(-1)?.taken();
      await waitFor(() => expect(told).toHaveLength(count), { onTimeout: () => new Error(word) });
    };
    await choose('setting-theme', 'Dark');
    await fireEvent.click(screen.getByTestId('reset-appearance'));
    expect(told.map((one) => one.value)).toEqual(['dark']);
    await next(2, 'the reset was never told');
    expect(told.at(-1)?.value).toBeNull();
    await choose('setting-theme', 'High contrast');
    await next(3, 'the choice after it was never told');
    expect(told.map((one) => one.value)).toEqual(['dark', null, 'contrast']);
    told.at(-1)?.taken();
    expect(root.dataset['theme']).toBe('contrast');
  });

  it('is not overtaken by a limit, which is two choices', async () => {
    const { backend } = await settings();
    const last = new Map<string, unknown>();
    const open: (() => void)[] = [];
    backend.setSetting = (key, value) =>
      new Promise((taken) =>
        open.push(() => {
          last.set(key, value);
          taken();
        }),
      );
    await fireEvent.click(screen.getByTestId('limit-switch'));
    await fireEvent.click(await screen.findByTestId('reset-speed'));
    while (open.length > 0) {
      open.shift()?.();
      await new Promise((soon) => setTimeout(soon));
    }
    expect([...last]).toEqual([
      ['limit_last', null],
      ['limit', null],
    ]);
  });

  it('does not undo what was chosen since', async () => {
    const { told } = await settings('transfers', { theme: 'dark', density: 'compact' });
    await fireEvent.click(screen.getByTestId('reset-appearance'));
    await choose('setting-theme', 'Light');
    await waitFor(() => expect(told.at(-1)).toEqual(['theme', 'light']));
    await fireEvent.click(screen.getByTestId('toast-undo'));
    await waitFor(() => expect(told.at(-1)).toEqual(['density', 'compact']));
    expect(root.dataset['theme']).toBe('light');
  });

  it('takes the start at login with its page', async () => {
    const { backend } = await settings();
    await fireEvent.click(screen.getByTestId('setting-login'));
    await fireEvent.click(await screen.findByTestId('reset-start'));
    await waitFor(() => expect(backend.calls).toContain('set_login_start false'));
    await fireEvent.click(screen.getByTestId('toast-undo'));
    await waitFor(() => expect(backend.calls.filter((call) => call === 'set_login_start true')).toHaveLength(2));
  });

  it('takes a limit of the limited hours that was drawn with nothing yet', async () => {
    await settings('schedule');
    const limit = () => (screen.getByTestId('schedule-limit') as HTMLInputElement).value;
    await fireEvent.change(screen.getByTestId('schedule-limit'), { target: { value: '7' } });
    expect(limit()).toBe('7');
    await fireEvent.click(screen.getByTestId('reset-schedule'));
    await waitFor(() => expect(limit()).toBe('2'));
  });
});

describe('the reset of all pages', () => {
  it('asks, and then takes back what is a choice, and nothing that was only told', async () => {
    const { told, backend } = await settings('transfers', { theme: 'dark', connections: 4, close_told: 'tray', duplicates: 'skip' });
    await fireEvent.click(screen.getByTestId('setting-login'));
    await fireEvent.click(screen.getByTestId('reset-settings'));
    expect(told).toEqual([]);
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() =>
      expect(told).toEqual([
        ['connections', null],
        ['duplicates', null],
        ['theme', null],
      ]),
    );
    await waitFor(() => expect(backend.calls).toContain('set_login_start false'));
  });
});

// §1
describe('a destination', () => {
  it('says what goes there, and is not removed before that', async () => {
    await settings();
    const [nas, bucket] = screen.getAllByTestId('destination') as [HTMLElement, HTMLElement];
    expect(plain(within(nas).getByTestId('dest-uses'))).toMatch(/^\d groups go here · \d watched folders$/);
    await fireEvent.click(within(nas).getByTestId('dest-menu'));
    await fireEvent.click(await screen.findByTestId('dest-remove'));
    expect(plain(screen.getByTestId('toast'))).toMatch(/^\d groups still go to Studio NAS\. Cancel or move them first\.$/);
    expect(screen.queryByTestId('confirm')).toBeNull();
    await fireEvent.click(within(bucket).getByTestId('dest-menu'));
    await fireEvent.click(await screen.findByTestId('dest-remove'));
    expect(plain(screen.getByTestId('toast'))).toContain('1 group still goes to My S3 bucket. Cancel or move it first.');
    expect(screen.getAllByTestId('destination')).toHaveLength(2);
  });

  it('to which nothing goes is asked about', async () => {
    await settings('sign-in-again');
    const server = screen.getAllByTestId('destination')[2] as HTMLElement;
    expect(within(server).queryByTestId('dest-uses')).toBeNull();
    await fireEvent.click(within(server).getByTestId('dest-menu'));
    await fireEvent.click(await screen.findByTestId('dest-remove'));
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(screen.getAllByTestId('destination')).toHaveLength(2));
  });
});
