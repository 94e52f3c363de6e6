import { app, plain } from '../../dev/app';
import type { SceneName } from '../../dev/scenes';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { formOf, mayGoAnyway, secondsLeft, settingsOf, stillness } from './look';

const watched = (scene: SceneName) => app(scene, 'watched');

describe('watched folders', () => {
  it('lists each with its state in a word, and explains each file of the first', async () => {
    await watched('watched');
    const cards = screen.getAllByTestId('watch-card');
    expect(cards.map((c) => c.dataset['watch'])).toEqual(['w-card', 'w-scans', 'w-exports']);
    expect(plain(cards[1] as HTMLElement)).toContain('Needs you');
    expect(plain(cards[0] as HTMLElement)).toContain('1 settling · 4 in the queue · 1 failed');
    const files = await screen.findAllByTestId('watch-file');
    const row = (path: string) => plain(files.find((f) => f.dataset['path'] === path) ?? null);
    expect(row('GX010482.MP4')).toContain('Still growing, 3.9 GB so far. Uploads once it stands still for 20 s.');
    expect(row('GX010482.MP4')).toMatch(/in 1\d s/);
    // What carries a reason is told apart; what only waits to be let go counts no stillness.
    const at = (path: string) => files.find((f) => f.dataset['path'] === path) as HTMLElement;
    expect(plain(at('GX010482.MP4').querySelector('strong'))).toBe('Still growing');
    expect(plain(at('proxies/').querySelector('strong'))).toBe('leave out “proxies/”');
    expect(within(at('GX010482.MP4')).getByRole('progressbar').getAttribute('aria-valuetext')).toMatch(/^(9|10) of 20 seconds$/);
    expect(within(at('notes.docx')).queryByRole('progressbar')).toBeNull();
    expect(row('notes.docx')).toContain('checked');
    expect(row('DJI_0310.DNG')).toContain('The original stays.');
    expect(row('DJI_0309.DNG')).toContain('Already there');
    expect(row('.DJI_0310.tmp')).toContain('*.tmp');
    expect(row('GX010481.MP4')).toContain('72 %');
    expect(row('DJI_0308.DNG')).toContain('the new version was sent beside it');
  });

  // E-6
  it('says of any name what the rules would do with it, there or not', async () => {
    await watched('watched');
    await screen.findAllByTestId('watch-file');
    await fireEvent.click(screen.getByTestId('watch-menu'));
    await fireEvent.click(await screen.findByRole('menuitem', { name: 'Test a name…' }));
    const field = await screen.findByTestId('test-name-field');
    const said = screen.getByTestId('test-name-said');
    const write = (value: string) => fireEvent.input(field, { target: { value } });
    await write('2026/take.mov');
    await waitFor(() => expect(plain(said)).toContain('Would be uploaded'));
    await write('take.mov.part');
    await waitFor(() => expect(plain(said)).toContain('The name of an unfinished file'));
    expect(plain(said)).toContain('Left out');
    await write('proxies/');
    await waitFor(() => expect(plain(said)).toContain('leave out “proxies/”'));
    await write('/etc/passwd');
    await waitFor(() => expect(plain(said)).toContain('No file in this folder can have this name'));
    expect(screen.queryByTestId('notice')).toBeNull();
    await write('');
    await waitFor(() => expect(plain(said).trim()).toBe(''));
    await fireEvent.click(screen.getByTestId('test-name-close'));
    expect(screen.queryByTestId('test-name')).toBeNull();
  });

  it('is switched on and off on its card', async () => {
    const backend = await watched('watched');
    const first = () => screen.getAllByTestId('watch-switch')[0] as HTMLElement;
    expect([first().getAttribute('aria-checked'), first().getAttribute('aria-label')]).toEqual(['true', 'Watch Card offload']);
    await fireEvent.click(first());
    expect(backend.calls).toContain('set_watch_intent w-card paused');
    await waitFor(() => expect(first().getAttribute('aria-checked')).toBe('false'));
    await fireEvent.click(first());
    expect(backend.calls).toContain('set_watch_intent w-card run');
  });

  it('filters, pauses, looks, sends anyway, and asks before it stops watching', async () => {
    const backend = await watched('watched');
    await screen.findAllByTestId('watch-file');
    await fireEvent.click(document.querySelector('[data-filter=ignored]') as HTMLElement);
    await waitFor(() => expect(screen.getAllByTestId('watch-file')).toHaveLength(2));
    await fireEvent.click(screen.getByTestId('watch-anyway'));
    expect(backend.calls).toContain('upload_anyway w-card .DJI_0310.tmp');
    await fireEvent.click(screen.getByTestId('watch-pause'));
    expect(backend.calls).toContain('set_watch_intent w-card paused');
    await fireEvent.click(screen.getByTestId('watch-menu'));
    await fireEvent.click(await screen.findByRole('menuitem', { name: 'Stop watching…' }));
    expect(backend.calls).not.toContain('remove_watch w-card');
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    expect(backend.calls).toContain('remove_watch w-card');
    await waitFor(() => expect(screen.getAllByTestId('watch-card')).toHaveLength(2));
  });

  it('tells what is wrong with a folder and takes the answer', async () => {
    const backend = await watched('watched');
    await fireEvent.click(screen.getAllByTestId('watch-card')[1] as HTMLElement);
    expect(plain(await screen.findByTestId('watch-problem'))).toContain('WL-118');
    expect(plain(screen.getByTestId('watch-polling'))).toContain('every minute');
    await fireEvent.click(screen.getByTestId('watch-same'));
    expect(backend.calls).toContain('confirm_watch w-scans');
  });

  it('adds a folder that was chosen in the dialog, with a live preview, by its number alone', async () => {
    const backend = await watched('watched-none');
    expect(screen.getByTestId('watch-none')).toBeTruthy();
    await fireEvent.click(screen.getByTestId('watch-add'));
    const form = within(await screen.findByTestId('watch-form'));
    const save = form.getByTestId<HTMLButtonElement>('watch-save');
    expect(save.disabled).toBe(true);
    await fireEvent.click(form.getByTestId('watch-choose'));
    expect(plain(await form.findByTestId('watch-preview'))).toContain('Matches 1,204 of 1,204 files');
    await fireEvent.input(form.getByTestId('watch-exclude'), { target: { value: 'proxies/' } });
    await waitFor(() => expect(plain(form.getByTestId('watch-preview'))).toContain('Matches 812 of 1,204 files'));
    await fireEvent.input(form.getByTestId('watch-exclude'), { target: { value: '{' } });
    expect(plain(await form.findByTestId('watch-refused'))).toContain('WL-121');
    await fireEvent.input(form.getByTestId('watch-exclude'), { target: { value: '' } });
    await fireEvent.click(save);
    await waitFor(() => expect(backend.calls.some((c) => c.startsWith('add_watch 0 null'))).toBe(true));
    await waitFor(() => expect(screen.queryByTestId('watch-form')).toBeNull());
  });

  it('turns on the trash only when the name of the folder was typed', async () => {
    await watched('watched-none');
    await fireEvent.click(screen.getByTestId('watch-add'));
    const form = within(await screen.findByTestId('watch-form'));
    await fireEvent.click(form.getByTestId('watch-choose'));
    await form.findByTestId('watch-preview');
    await fireEvent.change(form.getByTestId('watch-after'), { target: { value: 'delete' } });
    expect(plain(await form.findByTestId('watch-warning'))).toContain('Nothing will be deleted today');
    const save = form.getByTestId<HTMLButtonElement>('watch-save');
    expect(save.disabled).toBe(true);
    await fireEvent.input(form.getByTestId('watch-confirm'), { target: { value: 'Incoming' } });
    await waitFor(() => expect(save.disabled).toBe(false));
  });
});

describe('what a form becomes', () => {
  it('is the settings that it was made from', () => {
    const settings = settingsOf(
      { ...formOf(null), include: ' *.mp4 \n\n*.mov', largest: '2,5', age: '30', depth: '3', settle: '0.5' },
      null,
    );
    expect(settings).toMatchObject({
      include: ['*.mp4', '*.mov'],
      max_size: 2_500_000,
      max_age_days: 30,
      max_depth: 3,
      settle_min_ms: 500,
      quiet_ms: 60_000,
    });
    expect(settingsOf(formOf(settings), settings)).toEqual(settings);
    //
    const spared = settingsOf({ ...formOf(null), metered: true, battery: true }, null);
    expect(spared.despite).toEqual(['metered', 'battery', 'power_saver']);
    expect(settingsOf(formOf(spared), spared).despite).toEqual(spared.despite);
    expect(settingsOf({ ...formOf(null), largest: 'x', settle: '' }, null)).toMatchObject({ max_size: null, settle_min_ms: 3000 });
  });

  it('counts down to nothing, and never below', () => {
    expect(secondsLeft({ until: 5_400 }, 1_000)).toBe(5);
    expect(secondsLeft({ until: 1 }, 9_000)).toBe(0);
    expect(secondsLeft({ until: null }, 1)).toBeNull();
  });

  it('tells how long a file stood still, never less than nothing or more than all, and only where that is what it waits for', () => {
    const file = { why: 'growing' as const, until: 20_000, settle_ms: 10_000 };
    expect(stillness(file, 14_000)).toEqual({ stood: 4, of: 10 });
    expect(stillness({ ...file, why: 'settling' }, 5_000)).toEqual({ stood: 0, of: 10 });
    expect(stillness(file, 99_000)).toEqual({ stood: 10, of: 10 });
    expect(stillness({ ...file, why: 'in_use' }, 14_000)).toBeNull();
    expect(stillness({ ...file, until: null }, 14_000)).toBeNull();
    expect(stillness({ ...file, settle_ms: 0 }, 14_000)).toBeNull();
  });

  it('never offers to send what can’t be sent', () => {
    const file = { verdict: 'ignored', why: 'not_regular', path: 'a' } as Parameters<typeof mayGoAnyway>[0];
    expect(mayGoAnyway(file)).toBe(false);
    expect(mayGoAnyway({ ...file, why: 'excluded' })).toBe(true);
    expect(mayGoAnyway({ ...file, why: 'excluded', path: 'proxies/' })).toBe(false);
  });
});
