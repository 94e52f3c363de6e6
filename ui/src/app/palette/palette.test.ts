/** The palette of commands, by keys on the page. */
import { app } from '../../dev/app';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { find, wordsOf } from './match';

const field = () => screen.getByTestId<HTMLInputElement>('palette-field');
const lines = () => screen.queryAllByTestId('palette-line');
const words = () => lines().map((line) => line.querySelector('.words')?.textContent?.replaceAll('\u00a0', ' ').trim());
const ids = () => lines().map((line) => line.dataset['command'] ?? '');
const active = () => document.getElementById(field().getAttribute('aria-activedescendant') ?? '')?.dataset['command'];
const key = (name: string, more: KeyboardEventInit = {}) => fireEvent.keyDown(field(), { key: name, ...more });
async function open() {
  await fireEvent.keyDown(document.activeElement ?? document.body, { key: 'k', ctrlKey: true });
  return screen.findByTestId('palette');
}
async function type(text: string) {
  await fireEvent.input(field(), { target: { value: text } });
}
async function run(text: string) {
  await open();
  await type(text);
  await key('Enter');
  await waitFor(() => expect(screen.queryByTestId('palette')).toBeNull());
}

describe('the palette', () => {
  it('opens by Ctrl+K and by the name of the program, takes the focus, and gives it back by Esc and by Ctrl+K', async () => {
    await app();
    const head = screen.getAllByTestId('group-toggle')[1] as HTMLElement;
    head.focus();
    await open();
    expect(document.activeElement).toBe(field());
    await key('Escape');
    await waitFor(() => expect(screen.queryByTestId('palette')).toBeNull());
    expect(document.activeElement).toBe(head);
    await open();
    await key('k', { ctrlKey: true });
    await waitFor(() => expect(screen.queryByTestId('palette')).toBeNull());
    expect(document.activeElement).toBe(head);
    await fireEvent.click(screen.getByTestId('open-palette'));
    await screen.findByTestId('palette');
  });

  it('is a field with a list: which line is chosen is told, and how many there are', async () => {
    await app();
    await open();
    const list = screen.getByRole('listbox');
    expect(field().getAttribute('role')).toBe('combobox');
    expect(field().getAttribute('aria-controls')).toBe(list.id);
    expect(screen.getAllByRole('option', { selected: true })).toHaveLength(1);
    expect(active()).toBe(ids()[0]);
    await type('history');
    await waitFor(() => expect(screen.getByTestId('palette').querySelector('[role=status]')?.textContent).toMatch(/^\d+ results?$/));
    await type('no such thing at all');
    await waitFor(() => expect(screen.getByTestId('palette-none').textContent).toContain('“no such thing at all”'));
    expect(field().hasAttribute('aria-activedescendant')).toBe(false);
    await key('Enter');
    expect(screen.getByTestId('palette')).toBeTruthy();
  });

  it('walks with the arrows, round its ends, by pages, and to its ends', async () => {
    await app();
    await open();
    const all = ids();
    await key('ArrowDown');
    expect(active()).toBe(all[1]);
    await key('ArrowUp');
    await key('ArrowUp');
    expect(active()).toBe(all.at(-1));
    await key('ArrowDown');
    expect(active()).toBe(all[0]);
    await key('End');
    expect(active()).toBe(all.at(-1));
    await key('Home');
    await key('PageDown');
    expect(active()).toBe(all[8]);
    // In what was typed they are the field's own.
    await type('a');
    await key('ArrowDown');
    const here = active();
    await key('Home');
    expect(active()).toBe(here);
    await key('End', { ctrlKey: true });
    expect(active()).toBe(ids().at(-1));
  });

  it('does what its line says, by Enter and by a press', async () => {
    const backend = await app();
    await run('pause every');
    await waitFor(() => expect(backend.calls).toContain('set_intent app null paused'));
    await open();
    await type('resume every');
    await fireEvent.click(lines()[0] as HTMLElement);
    await waitFor(() => expect(backend.calls).toContain('set_intent app null run'));
  });

  it('shows the key of a command that has one', async () => {
    await app();
    await open();
    const line = lines().find((l) => l.dataset['command'] === 'folder');
    expect(line?.querySelector('.kbd')?.textContent).toBe('Ctrl+Shift+O');
  });

  it.each([
    ['choose fol', 'choose_files null true'],
    ['clipboard', 'paste_files'],
    ['limit 10', 'set_setting limit 10000000'],
    ['bandwidth no', 'set_setting limit 0'],
    ['dark', 'set_setting theme dark'],
    ['german', ''],
    ['deutsch', 'set_setting language de'],
    ['refresh', 'check_destination d-nas'],
    ['look at all', 'look_now w-scans'],
    ['data folder', 'open_data_folder'],
  ])('%s: %s', async (text, call) => {
    const backend = await app();
    if (call === '') {
      // A name that the window has not in this language finds nothing false.
      await open();
      await type(text);
      expect(words()).toEqual([]);
      return;
    }
    await run(text);
    await waitFor(() =>
      expect(
        backend.calls.some((c) => c.startsWith(call)),
        backend.calls.join('\n'),
      ).toBe(true),
    );
  });

  it('leads to every view, every page of the settings, and to where things are added', async () => {
    await app();
    await fireEvent.click(screen.getByTestId('nav-settings'));
    const pages = [...document.querySelectorAll<HTMLElement>('.pages button')].map((b) => b.dataset['testid']);
    await open();
    expect(ids().filter((id) => id.startsWith('page-'))).toEqual(pages);
    for (const view of ['transfers', 'watched', 'history', 'insights', 'settings']) expect(ids()).toContain(view);
    await key('Escape');
    await run('settings notif');
    await waitFor(() => expect(screen.getByTestId('page-notifications').getAttribute('aria-current')).toBe('true'));
    await run('add dest');
    expect(await screen.findByRole('dialog')).toBeTruthy();
    expect(screen.getByTestId('dest-kind-server')).toBeTruthy();
  });

  it('leads to the form of a watched folder, to a destination, to a filter and to all keys', async () => {
    await app();
    await run('watch a');
    expect(await screen.findByTestId('watch-choose')).toBeTruthy();
  });
  it('leads to a destination by its name', async () => {
    await app();
    await run('edit studio');
    expect(screen.getByTestId('settings-destinations')).toBeTruthy();
    expect(await screen.findByRole('dialog')).toBeTruthy();
  });
  it('shows only what needs a person, and all keys', async () => {
    await app('failures');
    await run('needs y');
    await waitFor(() => expect(screen.getAllByTestId('error-fold').length).toBeGreaterThan(1));
    await open();
    await fireEvent.keyDown(field(), { key: 'F1' });
    await screen.findByTestId('keys');
    expect(screen.queryByTestId('palette')).toBeNull();
  });

  it('finds a group by a part of its name, goes to its card, and does what its menu does', async () => {
    const backend = await app();
    await fireEvent.click(screen.getByTestId('nav-history'));
    await run('norrl');
    await waitFor(() => expect(document.querySelector('[data-group="g-norrland"] [aria-expanded="true"]')).toBeTruthy());
    await waitFor(() => expect(document.activeElement?.closest('[data-group]')?.getAttribute('data-group')).toBe('g-norrland'));
    await run('resume norr');
    await waitFor(() => expect(backend.calls).toContain('set_intent group g-norrland run'));
    await run('rename harb');
    expect((await screen.findByTestId<HTMLInputElement>('group-rename')).value).toBe('Harbour East site scans');
    await fireEvent.keyDown(screen.getByTestId('group-rename'), { key: 'Escape' });
    // Also one that is not among all any more, or that a search hides.
    await fireEvent.keyDown(document.body, { key: 'f', ctrlKey: true });
    await fireEvent.input(await screen.findByTestId('search'), { target: { value: 'harbour' } });
    await waitFor(() => expect(document.querySelector('[data-group="g-autumn"]')).toBeNull());
    await run('lens tests');
    await waitFor(() => expect(document.activeElement?.closest('[data-group]')?.getAttribute('data-group')).toBe('g-lens'));
    await run('cancel harb');
    expect((await screen.findByTestId('confirm')).textContent).toContain('Cancel “Harbour East site scans”?');
    expect(backend.calls).not.toContain('set_intent group g-harbour cancelled');
  });

  it('begins with what can be done with the group that had the focus', async () => {
    await app();
    (screen.getAllByTestId('group-toggle')[1] as HTMLElement).focus();
    await open();
    expect(ids()[0]).toBe('intent-g-harbour');
    expect(screen.getByTestId('palette-list').textContent).toContain('This group');
  });

  it('has what was used last first, and finds it before others alike', async () => {
    await app();
    await run('insights');
    await run('history');
    await open();
    expect(ids().slice(0, 2)).toEqual(['history', 'insights']);
    expect(screen.getByTestId('palette-list').textContent).toContain('Used last');
    expect(new Set(ids()).size).toBe(ids().length);
    await type('transfers');
    const before = ids();
    await key('ArrowDown');
    const second = active();
    await key('Enter');
    await open();
    await type('transfers');
    expect(before[0]).not.toBe(second);
    expect(ids().indexOf(second ?? '')).toBeLessThanOrEqual(before.indexOf(second ?? ''));
  });

  it('forgets what it kept when that is nonsense', async () => {
    localStorage.setItem('windlass.palette', '{"not": "a list"}');
    await app();
    await open();
    expect(ids()[0]).toBe('files');
    await key('Escape');
    localStorage.setItem('windlass.palette', '[[[');
    await open();
    expect(ids()[0]).toBe('files');
  });

  it('keeps its lines while files move under it', async () => {
    const backend = await app();
    await open();
    await type('group');
    const before = ids();
    backend.end('g-autumn');
    await waitFor(() => expect(document.querySelector('[data-group="g-autumn"]')?.getAttribute('data-word')).toBe('done'));
    expect(ids()).toEqual(before);
  });

  it('is not there at the first run, nor over a question', async () => {
    await app('first-run');
    await fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
    expect(screen.queryByTestId('palette')).toBeNull();
    expect(screen.queryByTestId('open-palette')).toBeNull();
  });

  it('speaks German', async () => {
    await app();
    await run('deutsch');
    await open();
    await type('alles anh');
    await waitFor(() => expect(words()[0]).toBe('Alles anhalten'));
    expect(lines()[0]?.querySelector('.kbd')?.textContent).toBe('Strg+Leertaste');
  });
});

describe('finding by words', () => {
  const score = (query: string, text: string, also = '') => find(wordsOf(query), text, also)?.score ?? null;
  it('takes words in any order, begun, inside, without accents, or by the letters with which they begin', () => {
    for (const query of ['pause everything', 'every pau', 'pe', 'PAUSE', 'rything', 'paev'])
      expect(score(query, 'Pause everything'), query).not.toBeNull();
    expect(score('uberwachte', 'Überwachte Ordner')).not.toBeNull();
    expect(score('creme', 'crème brûlée')).not.toBeNull();
    for (const query of ['pause nothing', 'xp', 'evrth']) expect(score(query, 'Pause everything'), query).toBeNull();
  });
  it('puts the beginning before another word, that before the middle, and that before single letters', () => {
    const all = ['History', 'Show history', 'Prehistory', 'Help in some tory'].map((text) => score('hist', text) ?? -1);
    expect(all).toEqual(all.toSorted((a, b) => b - a));
    expect(new Set(all).size).toBe(4);
  });
  it('finds other words for the same, which count less', () => {
    expect(score('reload', 'Check', 'refresh reload')).not.toBeNull();
    expect(score('reload', 'Check', 'refresh reload') ?? 0).toBeLessThan(score('reload', 'Reload') ?? 0);
    expect(score('eload', 'Check', 'refresh reload')).toBeNull();
  });
  it('marks what was found in the letters as they are, whatever folding makes of them', () => {
    const text = 'Überwachte Größen';
    const cut = (query: string) => find(wordsOf(query), text)?.marks.map(([from, to]) => text.slice(from, to));
    expect(cut('grö')).toEqual(['Grö']);
    expect(cut('uber gro')).toEqual(['Über', 'Grö']);
    expect(find(wordsOf('e'), '👩‍👩‍👧 e')?.marks.map(([a, b]) => '👩‍👩‍👧 e'.slice(a, b))).toEqual(['e']);
  });
  it('is quick also with a name that is made to be slow', () => {
    const begun = performance.now();
    expect(score('aaaaaaaaaaab', Array.from({ length: 120 }, () => 'a').join(' '))).toBeNull();
    expect(performance.now() - begun).toBeLessThan(5_000);
  }, 60_000);
});
