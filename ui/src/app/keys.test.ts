/** §16: the keyboard of the window, line by line, by keys on the page. */
import { app, plain, rows } from '../dev/app';
import type { SceneName } from '../dev/scenes';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { chordOf, keysOf, KEYS, type KeyPlace } from '$lib/view/keys';
import { de } from '$lib/words/de';
import { en } from '$lib/words/en';

/** Presses a chord on what has the focus; answers whether the page took it. */
async function press(chord: string, on: Element | null = null, more: KeyboardEventInit = {}): Promise<boolean> {
  const keys = chord.split('+');
  const name = keys.at(-1) ?? '';
  const shiftKey = keys.includes('Shift');
  const letter = /^[A-Z]$/.test(name) ? (shiftKey ? name : name.toLowerCase()) : name;
  const event = new KeyboardEvent('keydown', {
    key: name === 'Space' ? ' ' : letter,
    ctrlKey: keys.includes('Mod'),
    altKey: keys.includes('Alt'),
    shiftKey,
    bubbles: true,
    cancelable: true,
    ...more,
  });
  await fireEvent(on ?? document.activeElement ?? document.body, event);
  return event.defaultPrevented;
}
const said = () => plain(screen.getByTestId('toast').textContent);
const card = (id: string) => document.querySelector(`[data-group="${id}"]`) as HTMLElement;
const head = (id: string) => within(card(id)).getByTestId('group-toggle');
const focused = () => document.activeElement as HTMLElement;

describe('choosing what goes up', () => {
  it('Ctrl+O and Ctrl+Shift+O choose files and a folder, Ctrl+V takes the clipboard', async () => {
    const backend = await app();
    for (const chord of ['Mod+O', 'Mod+Shift+O', 'Mod+V']) expect(await press(chord)).toBe(true);
    await waitFor(() => expect(backend.calls).toEqual(['choose_files null false', 'choose_files null true', 'paste_files']));
  });
  it('Ctrl+N asks what should go into a new group, by the arrows, by Enter, and by the keys that it shows', async () => {
    const backend = await app();
    await press('Mod+N');
    const dialog = await screen.findByTestId('new-group');
    expect(dialog.textContent).toContain('What should go to Studio NAS?');
    expect(focused().dataset['testid']).toBe('new-files');
    await press('ArrowDown');
    expect(focused().dataset['testid']).toBe('new-folder');
    await fireEvent.click(focused());
    await waitFor(() => expect(backend.calls).toContain('choose_files null true'));
    await waitFor(() => expect(screen.queryByTestId('new-group')).toBeNull());
    await press('Mod+N');
    await screen.findByTestId('new-group');
    await press('Mod+V');
    await waitFor(() => expect(backend.calls).toContain('paste_files'));
    await waitFor(() => expect(screen.queryByTestId('new-group')).toBeNull());
  });
  it('a new group that is asked for leaves when something is dropped instead', async () => {
    const backend = await app();
    await press('Mod+N');
    await screen.findByTestId('new-group');
    backend.send({ type: 'check', number: 4, group: null });
    await screen.findByTestId('preflight');
    expect(screen.queryByTestId('new-group')).toBeNull();
  });
});

describe('going through the window', () => {
  it.each([
    ['Mod+2', 'nav-watched'],
    ['Mod+3', 'nav-history'],
    ['Mod+4', 'nav-insights'],
    ['Mod+5', 'nav-settings'],
    ['Mod+,', 'nav-settings'],
    ['Mod+1', 'nav-transfers'],
  ])('%s goes to %s, also while somebody types', async (chord, nav) => {
    await app();
    await press(nav === 'nav-transfers' ? 'Mod+4' : 'Mod+F');
    if (nav !== 'nav-transfers') (await screen.findByTestId('search')).focus();
    await press(chord);
    await waitFor(() => expect(screen.getByTestId(nav).getAttribute('aria-current')).toBe('page'));
  });
  it('puts the focus on the work of the screen that a key went to', async () => {
    await app();
    await press('Mod+2');
    await waitFor(() => expect(focused().dataset['testid']).toBe('watch-card'));
    await press('Mod+1');
    await waitFor(() => expect(focused().dataset['testid']).toBe('group-toggle'));
  });
  it.each<SceneName>(['transfers', 'watched', 'history', 'insights', 'settings'])(
    'F6 and Shift+F6 go round all parts of the window: %s',
    async (scene) => {
      await app(scene);
      await fireEvent.click(screen.getByTestId(`nav-${scene}`));
      if (scene === 'history') await screen.findAllByTestId('history-entry');
      if (scene === 'insights') await screen.findByTestId('figure-success');
      const stops: Element[] = [];
      for (let i = 0; i < 9; i += 1) {
        expect(await press('F6')).toBe(true);
        if (stops[0] === document.activeElement) break;
        stops.push(focused());
      }
      const parts = new Set(stops.map((stop) => stop.closest('nav, .monitor, .head, .body, .split > *')));
      expect(stops.length).toBeGreaterThanOrEqual(4);
      expect(parts.size).toBe(stops.length);
      expect(stops[0]?.closest('nav')).toBeTruthy();
      for (const stop of stops.toReversed()) {
        await press('Shift+F6');
        expect(document.activeElement).toBe(stop);
      }
    },
  );
  it('F6 comes back to where the focus was, and also to what is said in passing', async () => {
    const backend = await app();
    head('g-harbour').focus();
    await press('F6');
    expect(focused()).not.toBe(head('g-harbour'));
    await press('Shift+F6');
    expect(focused()).toBe(head('g-harbour'));
    backend.send({ type: 'check', number: 2, group: null });
    const undo = await screen.findByTestId('toast-undo');
    await press('F6');
    expect(focused()).toBe(undo);
  });
  it('Ctrl+F searches, Esc leaves the search, also from what was found', async () => {
    await app();
    await press('Mod+F');
    const field = await screen.findByTestId('search');
    expect(focused()).toBe(field);
    await fireEvent.input(field, { target: { value: 'harbour' } });
    await waitFor(() => expect(screen.getAllByTestId('group-card')).toHaveLength(1));
    head('g-harbour').focus();
    expect(await press('Escape')).toBe(true);
    await waitFor(() => expect(screen.queryByTestId('search')).toBeNull());
    await waitFor(() => expect(screen.getAllByTestId('group-card').length).toBeGreaterThan(2));
    await press('Mod+F');
    await press('Escape', await screen.findByTestId('search'));
    await waitFor(() => expect(screen.queryByTestId('search')).toBeNull());
    expect(await press('Escape', document.body)).toBe(false);
  });
  it('Ctrl+F searches the history where that is open', async () => {
    await app();
    await press('Mod+3');
    await screen.findAllByTestId('history-entry');
    await press('Mod+F');
    expect(focused().dataset['testid']).toBe('history-search');
  });
});

describe('everything at once', () => {
  it('Ctrl+Space pauses and resumes everything, once however long it is held, and says so', async () => {
    const backend = await app();
    await press('Mod+Space');
    await press('Mod+Space', null, { repeat: true });
    await waitFor(() => expect(said()).toBe('Everything is paused'));
    await press('Mod+Space');
    await waitFor(() => expect(said()).toBe('Everything goes on'));
    expect(backend.calls).toEqual(['set_intent app null paused', 'set_intent app null run']);
  });
  it('Ctrl+Space is for everything also on a file, whose own key is Shift+Space', async () => {
    const backend = await app();
    const row = await rows();
    row(1).focus();
    await press('Shift+Space');
    expect(row(1).getAttribute('aria-selected')).toBe('true');
    await press('Mod+Space');
    await waitFor(() => expect(backend.calls).toContain('set_intent app null paused'));
    expect(row(1).getAttribute('aria-selected')).toBe('true');
  });
  it('Shift+R tries again all that failed, and says how many; or that nothing did', async () => {
    const backend = await app('failures');
    await press('Shift+R');
    await waitFor(() => expect(backend.calls).toContain('retry app null null'));
    await waitFor(() => expect(said()).toMatch(/^\d+ files tried again$/));
    await waitFor(() => expect(document.querySelector('[data-word=needs_you]')).toBeNull());
    await press('Shift+R');
    await waitFor(() => expect(said()).toBe('Nothing has failed.'));
    expect(backend.calls.filter((c) => c === 'retry app null null')).toHaveLength(1);
  });
  it('F5 asks every destination, says so and what came of it, and the page is not loaded anew', async () => {
    const backend = await app();
    let answer: () => void = () => {};
    const own = backend.checkDestination.bind(backend);
    backend.checkDestination = async (id) => {
      await new Promise<void>((done) => (answer = done));
      return own(id);
    };
    expect(await press('F5')).toBe(true);
    await waitFor(() => expect(said()).toMatch(/^Asking “Studio NAS” and “My S3 bucket”…$/));
    answer();
    backend.checkDestination = own;
  });
  it('F5 tells all that are ready, and leads to one that is not', async () => {
    const backend = await app();
    await press('F5');
    await waitFor(() => expect(said()).toBe('“Studio NAS” and “My S3 bucket” are ready.'));
    expect(backend.calls.filter((c) => c.startsWith('check_destination'))).toHaveLength(2);
    const own = backend.checkDestination.bind(backend);
    backend.checkDestination = (id) =>
      id === 'd-nas' ? Promise.reject({ code: 'destination_unreachable', number: 'WL-302', detail: '' }) : own(id);
    await press('F5');
    await waitFor(() => expect(said()).toContain('“Studio NAS”:'));
    await fireEvent.click(screen.getByTestId('toast-undo'));
    expect(await screen.findByTestId('settings-destinations')).toBeTruthy();
  });
  it.each(['F5', 'Mod+R', 'Mod+Shift+R', 'Mod+P', 'F7'])(
    '%s never reaches the browser: not while typing, in a dialog, or at the first run',
    async (chord) => {
      await app('first-run');
      expect(await press(chord, screen.getByTestId('dest-folder-input'))).toBe(true);
      document.body.replaceChildren();
      const backend = await app('confirm');
      await fireEvent.click(screen.getAllByTestId('group-menu')[0] as HTMLElement);
      await fireEvent.click(await screen.findByTestId('btn-cancel'));
      expect(await press(chord, await screen.findByTestId('confirm-no'))).toBe(true);
      expect(backend.calls.filter((c) => c.startsWith('check'))).toEqual([]);
    },
  );
});

describe('a group', () => {
  it('is unfolded and folded by Right and Left; Right goes on into its files, Left comes back', async () => {
    await app();
    head('g-autumn').focus();
    await press('ArrowRight');
    await waitFor(() => expect(head('g-autumn').getAttribute('aria-expanded')).toBe('true'));
    await waitFor(() => expect(screen.getAllByTestId('file-row').length).toBeGreaterThan(8));
    await press('ArrowRight');
    expect(focused().dataset['index']).toBe('0');
    await press('ArrowLeft');
    expect(focused()).toBe(head('g-autumn'));
    await press('ArrowLeft');
    await waitFor(() => expect(head('g-autumn').getAttribute('aria-expanded')).toBe('false'));
  });
  it('is paused and resumed by Space, without being unfolded; Up and Down go from one to the other', async () => {
    const backend = await app();
    head('g-autumn').focus();
    expect(await press('Space')).toBe(true);
    await waitFor(() => expect(backend.calls).toContain('set_intent group g-autumn paused'));
    await waitFor(() => expect(card('g-autumn').dataset['word']).toBe('paused'));
    await press('Space');
    await waitFor(() => expect(backend.calls).toContain('set_intent group g-autumn run'));
    expect(head('g-autumn').getAttribute('aria-expanded')).toBe('false');
    await press('ArrowDown');
    expect(focused()).toBe(head('g-harbour'));
    await press('ArrowUp');
    await press('ArrowUp');
    expect(focused()).toBe(head('g-autumn'));
  });
  it('leaves Space and Delete to a button and to the search that has the focus', async () => {
    const backend = await app();
    const button = within(card('g-autumn')).getByTestId('btn-pause');
    expect(await press('Space', button)).toBe(false);
    await rows();
    expect(await press('Delete', screen.getByTestId('list-kind'))).toBe(false);
    expect(backend.calls.filter((c) => !c.startsWith('watch_rows'))).toEqual([]);
  });
  it('has what failed tried again by R', async () => {
    const backend = await app('failures');
    head('g-stills').focus();
    await press('R');
    await waitFor(() => expect(backend.calls).toContain('retry group g-stills null'));
    await waitFor(() => expect(said()).toBe('1 file tried again'));
  });
  it('is cancelled by Delete after a question, and one that ended is taken off the list after one', async () => {
    const backend = await app();
    head('g-autumn').focus();
    await press('Delete');
    await fireEvent.click(await screen.findByTestId('confirm-no'));
    expect(backend.calls).toEqual([]);
    await waitFor(() => expect(focused()).toBe(head('g-autumn')));
    await press('Delete');
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls).toContain('set_intent group g-autumn cancelled'));
    await fireEvent.click(document.querySelector('[data-option="finished"]') as HTMLElement);
    await waitFor(() => expect(card('g-board')).toBeTruthy());
    head('g-board').focus();
    await press('Delete');
    expect((await screen.findByTestId('confirm')).textContent).toContain('off the list');
    await fireEvent.click(screen.getByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls).toContain('remove_group g-board'));
    // The focus is at the group that came to stand there.
    await waitFor(() => expect(focused().dataset['testid']).toBe('group-toggle'));
  });
  it('is moved by Alt+Up, Alt+Down and Alt+Home, from its head and from a file, and keeps the focus', async () => {
    const backend = await app();
    head('g-harbour').focus();
    await press('Alt+ArrowDown');
    await waitFor(() => expect(backend.calls.filter((c) => c.startsWith('move_group g-harbour'))).toHaveLength(1));
    await waitFor(() => expect(said()).toContain('is now 3 of 3'));
    expect(focused()).toBe(head('g-harbour'));
    await press('Alt+ArrowUp');
    await waitFor(() => expect(said()).toContain('is now 2 of 3'));
    await press('Alt+Home');
    await waitFor(() => expect(backend.calls).toContain('move_group g-harbour 0'));
    await waitFor(() => expect(said()).toContain('is now 1 of 3'));
    await fireEvent.click(head('g-autumn'));
    await waitFor(() => expect(screen.getAllByTestId('file-row').length).toBeGreaterThan(8));
    const row = screen.getAllByTestId('file-row')[0] as HTMLElement;
    row.focus();
    await press('Alt+Home');
    await waitFor(() => expect(backend.calls).toContain('move_group g-autumn 0'));
    expect(focused()).toBe(row);
  });
  it('is renamed by F2, and has the focus again', async () => {
    const backend = await app();
    head('g-autumn').focus();
    await press('F2');
    const field = await screen.findByTestId<HTMLInputElement>('group-rename');
    expect(focused()).toBe(field);
    field.value = 'Spring';
    await press('Enter');
    await waitFor(() => expect(backend.calls).toContain('rename_group g-autumn Spring'));
    await waitFor(() => expect(focused()).toBe(head('g-autumn')));
  });
  it('is put into another by M, and its menu opens by Shift+F10', async () => {
    await app();
    head('g-autumn').focus();
    await press('Shift+F10');
    expect((await screen.findByRole('menu')).getAttribute('aria-label')).toBe('Actions for Autumn campaign, raw footage');
    await press('Escape');
    await waitFor(() => expect(focused()).toBe(head('g-autumn')));
    await press('M');
    await screen.findByTestId('merge');
  });
});

describe('files of a group', () => {
  it('are paused and resumed by Space, tried again by R, opened by Enter', async () => {
    const backend = await app();
    const row = await rows();
    row(0).focus();
    await press('Space');
    await waitFor(() => expect(backend.calls).toContain('set_intent file g-autumn-0 paused'));
    await waitFor(() => expect(row(0).dataset['word']).toBe('paused'));
    await press('Space', row(0));
    await waitFor(() => expect(backend.calls).toContain('set_intent file g-autumn-0 run'));
    row(5).focus();
    await press('R');
    await waitFor(() => expect(backend.calls).toContain('retry file g-autumn-5 null'));
    await press('Enter', row(5));
    await screen.findByTestId('file-details');
  });
  it('R on a file is not for all, and Shift+R is', async () => {
    const backend = await app();
    const row = await rows();
    row(5).focus();
    await press('Shift+R');
    await waitFor(() => expect(said()).not.toBe(''));
    expect(backend.calls).not.toContain('retry file g-autumn-5 null');
  });
  it('several are paused, tried again and cancelled together, the last after a question', async () => {
    const backend = await app();
    const row = await rows();
    row(1).focus();
    await press('ArrowDown');
    await press('Shift+ArrowDown', row(2));
    await waitFor(() => expect(screen.getByTestId('selected').textContent).toBe('2 files selected'));
    await press('Space', row(3));
    await press('R', row(3));
    await press('Delete', row(3));
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() =>
      expect(backend.calls.filter((c) => c.startsWith('act_on'))).toEqual([
        'act_on_files g-autumn 2-4 pause',
        'act_on_files g-autumn 2-4 retry',
        'act_on_files g-autumn 2-4 cancel',
      ]),
    );
  });
  it('that are chosen are what a key acts on, also when the focus went on or away', async () => {
    const backend = await app();
    const row = await rows();
    await fireEvent.click(row(1));
    await fireEvent.click(row(3), { shiftKey: true });
    row(3).blur();
    await press('Space', document.body);
    await waitFor(() => expect(backend.calls).toContain('act_on_files g-autumn 1-4 pause'));
    await press('Escape', document.body);
    await waitFor(() => expect(row(1).getAttribute('aria-selected')).toBe('false'));
    await press('Space', document.body);
    await fireEvent.click(row(1));
    row(4).focus();
    await press('Space', row(4));
    await waitFor(() => expect(backend.calls).toContain('act_on_files g-autumn 1-2 pause'));
    expect(backend.calls).not.toContain('set_intent file g-autumn-4 paused');
  });
  it('that are chosen stay so while their group goes on', async () => {
    const backend = await app();
    const row = await rows();
    await fireEvent.click(row(1));
    await fireEvent.click(row(3), { shiftKey: true });
    await backend.renameGroup('g-autumn', 'Spring');
    await waitFor(() => expect(card('g-autumn').querySelector('h2')?.textContent).toBe('Spring'));
    expect(screen.getByTestId('selected').textContent).toBe('3 files selected');
  });
  it('one is cancelled by Delete after a question; its menu opens by the menu key', async () => {
    const backend = await app();
    const row = await rows();
    row(0).focus();
    await press('Delete');
    expect(backend.calls.filter((c) => c.endsWith('cancelled'))).toEqual([]);
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls).toContain('set_intent file g-autumn-0 cancelled'));
    await press('ContextMenu', row(1));
    expect((await screen.findByRole('menu')).getAttribute('aria-label')).toContain('B001_C004_1104.mov');
  });
});

describe('a cause in the inbox', () => {
  it('is tried again by R, left out by Delete after a question, and folds by Left and Right', async () => {
    const backend = await app('failures');
    await fireEvent.click(document.querySelector('[data-option="attention"]') as HTMLElement);
    const [first] = await screen.findAllByTestId('error-fold');
    const open = within(first as HTMLElement).getByTestId('cause-open');
    open.focus();
    await press('ArrowLeft');
    await waitFor(() => expect(open.getAttribute('aria-expanded')).toBe('false'));
    await press('ArrowRight');
    await waitFor(() => expect(open.getAttribute('aria-expanded')).toBe('true'));
    await press('Delete');
    expect(backend.calls.filter((c) => c.startsWith('act_on_files'))).toEqual([]);
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls.some((c) => c.startsWith('act_on_files') && c.endsWith('cancel'))).toBe(true));
    await press('R', open);
    await waitFor(() => expect(backend.calls).toContain('retry app null storage_credentials'));
  });
});

describe('the page of keys', () => {
  const lines = () =>
    screen.getAllByTestId('key-line').map((line) => ({
      place: line.dataset['place'] as KeyPlace,
      act: line.dataset['act'] ?? '',
      keys: [...line.querySelectorAll('.caps')].map((caps) => [...caps.querySelectorAll('kbd')].map((k) => k.textContent).join('+')),
    }));

  it('opens by F1 and by the question mark, has every line of the table, and gives the focus back', async () => {
    await app();
    head('g-autumn').focus();
    await press('F1');
    const page = await screen.findByTestId('keys');
    expect(page.textContent).toContain('Pause or resume everything');
    const all = Object.entries(KEYS).flatMap(([place, bindings]) => bindings.map((b) => `${place} ${b.act}`));
    expect(
      lines()
        .map((line) => `${line.place} ${line.act}`)
        .sort(),
    ).toEqual(all.sort());
    expect(lines().find((line) => line.act === 'folder')?.keys).toEqual(['Ctrl+Shift+O']);
    await press('F1');
    await waitFor(() => expect(screen.queryByTestId('keys')).toBeNull());
    expect(focused()).toBe(head('g-autumn'));
    await press('?', null, { shiftKey: true });
    await fireEvent.click(await screen.findByTestId('keys-palette'));
    await screen.findByTestId('palette');
    expect(screen.queryByTestId('keys')).toBeNull();
  });

  // What the page of keys tells is what the page does: one table. A line that nothing acts by fails here.
  const every = (Object.keys(KEYS) as KeyPlace[]).flatMap((place) =>
    KEYS[place].flatMap((binding) => keysOf(binding, false).map((chord): [KeyPlace, string, string] => [place, binding.act, chord])),
  );
  it.each(every)('is true: %s, %s is done by %s', async (place, act, chord) => {
    await app(place === 'cause' ? 'failures' : 'transfers');
    let on: Element = document.body;
    if (place === 'group') {
      on = head('g-harbour');
      if (act === 'retry') {
        document.body.replaceChildren();
        await app('failures');
        on = head('g-stills');
      }
    }
    if (place === 'files') {
      const row = await rows();
      on = row(act === 'retry' ? 5 : 1);
      if (act === 'none') await fireEvent.click(on);
    }
    if (place === 'cause') {
      await fireEvent.click(document.querySelector('[data-option="attention"]') as HTMLElement);
      on = within((await screen.findAllByTestId('error-fold'))[0] as HTMLElement).getByTestId('cause-open');
    }
    if (act === 'leave') {
      await press('Mod+F');
      await screen.findByTestId('search');
    }
    if (on instanceof HTMLElement) on.focus();
    expect(await press(chord, on)).toBe(true);
  });
  it('tells no key twice in one place', () => {
    for (const [place, bindings] of Object.entries(KEYS)) {
      const chords = bindings.flatMap((binding) => keysOf(binding, false));
      expect(new Set(chords).size, place).toBe(chords.length);
    }
  });
  it('has words for every line and every key, in both languages', () => {
    for (const w of [en, de]) {
      for (const [place, bindings] of Object.entries(KEYS)) {
        for (const { act } of bindings)
          expect((w.keyboard.acts[place as KeyPlace] as Record<string, string>)[act], `${w.lang} ${act}`).toMatch(/\S/);
      }
    }
  });
});

describe('a chord', () => {
  const of = (key: string, more: Partial<KeyboardEvent> = {}) =>
    chordOf({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more }, false);
  it('is the same on every layout: digits above letters, other scripts, signs with and without Shift', () => {
    expect(of('&', { code: 'Digit1', ctrlKey: true })).toBe('Mod+1');
    expect(of('щ', { code: 'KeyO', ctrlKey: true })).toBe('Mod+O');
    expect(of('?', { shiftKey: true })).toBe('?');
    expect(of('O', { ctrlKey: true, shiftKey: true })).toBe('Mod+Shift+O');
    // AltGr writes; it is no chord of ours.
    expect(of('@', { ctrlKey: true, altKey: true })).toBe('Mod+Alt+@');
  });
  it('is with Cmd on macOS, where Ctrl is the system’s', () => {
    const mac = { key: 'k', code: 'KeyK', ctrlKey: false, metaKey: true, altKey: false, shiftKey: false };
    expect(chordOf(mac, true)).toBe('Mod+K');
    expect(chordOf({ ...mac, metaKey: false, ctrlKey: true }, true)).toBe('Other+K');
    expect(chordOf(mac, false)).toBe('Other+K');
  });
});
