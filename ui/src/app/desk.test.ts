import { app, plain, rows } from '../dev/app';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import type { PreflightView } from '$lib/contract';
import { describe, expect, it, vi } from 'vitest';

describe('choosing files of a group', () => {
  it('takes one by a press, a stretch with Shift, one more with Ctrl, all with Ctrl+A', async () => {
    const backend = await app();
    const row = await rows();
    await fireEvent.click(row(1));
    await fireEvent.click(row(4), { shiftKey: true });
    await fireEvent.click(row(6), { ctrlKey: true });
    expect(screen.getByTestId('selected').textContent).toBe('5 files selected');
    expect(row(2).getAttribute('aria-selected')).toBe('true');
    await fireEvent.click(screen.getByTestId('bulk-pause'));
    expect(backend.calls).toContain('act_on_files g-autumn 1-5,6-7 pause');
    await fireEvent.keyDown(row(6), { key: 'a', ctrlKey: true });
    expect(screen.getByTestId('selected').textContent).toBe('1,920 files selected');
    await fireEvent.keyDown(row(6), { key: 'Escape' });
    expect(screen.queryByTestId('selected')).toBeNull();
  });

  it('walks and stretches with the arrow keys, and asks before it cancels several', async () => {
    const backend = await app();
    const row = await rows();
    row(0).focus();
    await fireEvent.keyDown(row(0), { key: 'ArrowDown' });
    await fireEvent.keyDown(row(1), { key: 'ArrowDown', shiftKey: true });
    expect(screen.getByTestId('selected').textContent).toBe('2 files selected');
    await fireEvent.keyDown(row(2), { key: 'Delete' });
    expect(backend.calls.filter((c) => c.endsWith('cancel'))).toEqual([]);
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    expect(backend.calls).toContain('act_on_files g-autumn 1-3 cancel');
  });

  it('has a menu on each row, by the second button and by Shift+F10', async () => {
    const backend = await app();
    const row = await rows();
    await fireEvent.contextMenu(row(0), { clientX: 300, clientY: 200 });
    expect((await screen.findByRole('menu')).getAttribute('aria-label')).toBe('Actions for A003_C012_1104.mov');
    await fireEvent.click(screen.getByTestId('menu-show-source'));
    expect(backend.calls).toContain('show_source g-autumn-0');
    row(1).focus();
    await fireEvent.keyDown(row(1), { key: 'F10', shiftKey: true });
    await fireEvent.click(await screen.findByTestId('menu-pause'));
    expect(backend.calls).toContain('set_intent file g-autumn-1 paused');
  });

  it('opens all that is known of a file with Enter, and the error in full', async () => {
    await app();
    const row = await rows();
    row(5).focus();
    await fireEvent.keyDown(row(5), { key: 'Enter' });
    const drawer = await screen.findByTestId('file-details');
    await waitFor(() => expect(within(drawer).getByTestId('details-error').textContent).toContain('WL-109 read error at 28.4 MB'));
    expect(within(drawer).getAllByRole('row')).toHaveLength(8);
    expect(within(drawer).getByTestId('events').children).toHaveLength(2);
    await fireEvent.click(within(drawer).getByTestId('details-close'));
    await waitFor(() => expect(screen.queryByTestId('file-details')).toBeNull());
  });
});

describe('searching', () => {
  it('finds groups by name and files in them, and says when there is none', async () => {
    const backend = await app();
    await fireEvent.keyDown(document.body, { key: 'f', ctrlKey: true });
    const field = await screen.findByTestId('search');
    await fireEvent.input(field, { target: { value: 'kodak' } });
    await waitFor(() => expect(backend.calls).toContain('find_in_groups kodak'));
    await waitFor(() => expect(screen.getAllByTestId('group-card').map((c) => c.dataset['group'])).toEqual(['g-autumn']));
    await waitFor(() => expect(screen.getAllByTestId('file-row')).toHaveLength(1));
    await fireEvent.input(field, { target: { value: 'harbour' } });
    await waitFor(() => expect(screen.getAllByTestId('group-card').map((c) => c.dataset['group'])).toEqual(['g-harbour']));
    await fireEvent.input(field, { target: { value: 'nowhere-at-all' } });
    await waitFor(() => expect(screen.getByTestId('nothing-found').textContent).toContain('nowhere-at-all'));
    await fireEvent.keyDown(field, { key: 'Escape' });
    await waitFor(() => expect(screen.getAllByTestId('group-card').length).toBeGreaterThan(2));
  });

  it('shows only files of a kind', async () => {
    await app();
    await rows();
    await fireEvent.change(screen.getByTestId('list-kind'), { target: { value: 'failed' } });
    await waitFor(() => expect(screen.getAllByTestId('file-row').map((r) => r.dataset['word'])).toEqual(['failed']));
  });
});

describe('the order of groups', () => {
  it('is moved by keys, by the menu, and is told', async () => {
    const backend = await app();
    const card = () => screen.getAllByTestId('group-card')[1] as HTMLElement;
    await fireEvent.keyDown(within(card()).getByTestId('group-toggle'), { key: 'ArrowUp', altKey: true });
    await waitFor(() => expect(backend.calls).toContain('move_group g-harbour 0'));
    await waitFor(() => expect(screen.getByTestId('toast').textContent).toBe('Harbour East site scans is now 1 of 3'));
    await waitFor(() => expect((screen.getAllByTestId('group-card')[0] as HTMLElement).dataset['group']).toBe('g-harbour'));
    await fireEvent.click(within(screen.getAllByTestId('group-card')[2] as HTMLElement).getByTestId('group-menu'));
    await fireEvent.click(await screen.findByTestId('btn-to-top'));
    await waitFor(() => expect(backend.calls).toContain('move_group g-norrland 0'));
  });

  it('does not move beyond its ends', async () => {
    const backend = await app();
    const first = screen.getAllByTestId('group-card')[0] as HTMLElement;
    await fireEvent.keyDown(within(first).getByTestId('group-grip'), { key: 'ArrowUp' });
    expect(backend.calls.filter((c) => c.startsWith('move_group'))).toEqual([]);
  });
});

describe('the look before an upload', () => {
  it('takes few files with nothing to say without a question', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 2, group: null });
    await waitFor(() => expect(backend.calls).toContain('preflight_accept 2 false false null'));
    expect(screen.queryByTestId('preflight')).toBeNull();
    expect(plain(screen.getByTestId('toast').textContent)).toContain('3 files taken in');
  });

  it('tells what there is to say, takes one answer for all, and remembers it when wanted', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 4, group: null });
    const sheet = await screen.findByTestId('preflight');
    for (const kind of ['ready', 'changed', 'unreadable', 'not_regular', 'already_there'])
      expect(within(sheet).getByTestId(`fold-${kind}`)).toBeTruthy();
    await fireEvent.click(within(sheet).getByTestId('there-leave_out'));
    await fireEvent.click(within(sheet).getByTestId('preflight-remember'));
    await fireEvent.click(within(sheet).getByTestId('preflight-accept'));
    await waitFor(() => expect(backend.calls).toContain('preflight_accept 4 true true Harbour East day 3'));
    expect(backend.calls).toContain('set_setting duplicates leave_out');
    await waitFor(() => expect(screen.queryByTestId('preflight')).toBeNull());
  });

  it('says what the destination does not take, with sizes, types and its limits', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 1, group: null });
    const sheet = await screen.findByTestId('preflight');
    const large = plain(within(sheet).getByTestId('fold-too_large').textContent);
    expect(large).toContain('2 files are too large');
    expect(large).toContain('ortho-mosaic-full.tif 6.8 GB, cloud-raw.las 5.9 GB · Studio NAS takes up to 5 GB a file');
    const types = plain(within(sheet).getByTestId('fold-type_refused').textContent);
    expect(types).toContain('1 file type is not allowed');
    expect(types).toContain('viewer-setup.exe · Studio NAS refuses .exe');
    // They count as what can't be sent.
    expect(plain(sheet.textContent)).toContain('Leave out the 3 that can’t be sent');
    await fireEvent.click(within(sheet).getByTestId('leave-troubled'));
    await fireEvent.click(within(sheet).getByTestId('preflight-accept'));
    await waitFor(() => expect(backend.calls).toContain('preflight_accept 1 false false Harbour East day 3'));
  });

  // a name that can't be carried there is told before anything moves, as what it is, and counts as what can't be sent.
  it('tells names that can not be used at the destination, and leaves them out', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 8, group: null });
    const sheet = await screen.findByTestId('preflight');
    const odd = within(sheet).getByTestId('fold-odd_name');
    expect(plain(odd.textContent)).toContain('3 files have names that can’t be used there');
    expect(plain(odd.textContent)).toContain(
      'plan⟨0A⟩final.pdf, notes⟨202E⟩fdp.exe and 1 more · a character or a length that is not allowed',
    );
    expect(plain(sheet.textContent)).toContain('Leave out the 3 that can’t be sent');
    await fireEvent.click(within(odd).getByRole('button'));
    expect(plain(odd.textContent)).toContain('long.txt');
    await fireEvent.click(within(sheet).getByTestId('preflight-accept'));
    await waitFor(() => expect(backend.calls).toContain('preflight_accept 8 false true Harbour East day 3'));
  });

  //
  it('tells from when to when the files are, and one moment once', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 1, group: null });
    const ready = async () => plain(within(await screen.findByTestId('preflight')).getByTestId('fold-ready').textContent);
    expect(await ready()).toContain('9 folders kept, 3 of them empty · from 20 Nov 08:20 to 12:20');
    await fireEvent.click(screen.getByTestId('preflight-cancel'));
    await waitFor(() => expect(screen.queryByTestId('preflight')).toBeNull());
    const look = (await backend.preflight(1)) as PreflightView;
    vi.spyOn(backend, 'preflight').mockResolvedValue({ ...look, oldest: look.newest });
    backend.send({ type: 'check', number: 2, group: null });
    expect(await ready()).toContain('· from 12:20');
    expect(await ready()).not.toContain(' to ');
    vi.spyOn(backend, 'preflight').mockResolvedValue({ ...look, oldest: null, newest: null });
    await fireEvent.click(screen.getByTestId('preflight-cancel'));
    await waitFor(() => expect(screen.queryByTestId('preflight')).toBeNull());
    backend.send({ type: 'check', number: 3, group: null });
    expect(await ready()).not.toContain(' · ');
  });

  //
  it('takes what is too much for one group as several, or the first million when that is wanted', async () => {
    const backend = await app();
    for (const [number, wish] of [
      [6, ' split'],
      [7, ''],
    ] as const) {
      const look = (await backend.preflight(6)) as PreflightView;
      vi.spyOn(backend, 'preflight').mockResolvedValue(look);
      backend.send({ type: 'check', number, group: null });
      const sheet = await screen.findByTestId('preflight');
      expect(plain(sheet.textContent)).toContain('More than 1,000,000 files');
      const button = within(sheet).getByTestId('preflight-accept');
      expect(button.textContent).toBe('Upload as several groups');
      if (wish === '') {
        await fireEvent.click(within(sheet).getByTestId('preflight-split'));
        expect(plain(button.textContent)).toBe('Upload 1,000,000 files');
      }
      await fireEvent.click(button);
      await waitFor(() => expect(backend.calls).toContain(`preflight_accept ${number} false false Archive${wish}`));
      await waitFor(() => expect(screen.queryByTestId('preflight')).toBeNull());
    }
  });

  //
  it('keeps empty folders in a bucket when that is wanted', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 6, group: null });
    const sheet = await screen.findByTestId('preflight');
    const wish = await within(sheet).findByTestId<HTMLInputElement>('preflight-markers');
    expect(wish.checked).toBe(false);
    await fireEvent.click(wish);
    await waitFor(() => expect(backend.calls).toContain('edit_destination d-s3 My S3 bucket with folder markers'));
    await waitFor(() => expect(wish.checked).toBe(true));
  });

  it('says which types a server takes alone', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 4, group: null });
    const types = plain(within(await screen.findByTestId('preflight')).getByTestId('fold-type_refused').textContent);
    expect(types).toContain('2 file types are not allowed · 3 files');
    expect(types).toContain('0001.jpg, 0002.jpg and 1 more · Studio server takes only application/json and model/gltf-binary');
  });

  it('takes an answer for each kind, leaves out single files, and counts with them', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 5, group: 'g-autumn' });
    const sheet = await screen.findByTestId('preflight');
    const button = within(sheet).getByTestId('preflight-accept');
    expect(plain(button.textContent)).toBe('Upload 212 files, 1 later');
    expect(plain(within(sheet).getByTestId('fold-in_group').textContent)).toContain('2 files are in this group already');
    await fireEvent.click(within(within(sheet).getByTestId('fold-ready')).getByRole('button'));
    await fireEvent.click(within(sheet).getAllByTestId('include')[1] as HTMLElement);
    await waitFor(() => expect(plain(button.textContent)).toBe('Upload 211 files, 1 later'));
    expect(plain(within(sheet).getByTestId('left-by-you').textContent)).toBe('1 file left out by you');
    await fireEvent.click(within(sheet).getByTestId('same-leave'));
    await fireEvent.click(within(sheet).getByTestId('growing-leave'));
    await waitFor(() => expect(plain(button.textContent)).toBe('Upload 208 files'));
    // A group that is there is not made to wait, and stays where it is.
    expect(within(sheet).queryByTestId('preflight-paused')).toBeNull();
    expect(within(sheet).queryByTestId('preflight-to')).toBeNull();
    await fireEvent.click(button);
    await waitFor(() => expect(backend.calls).toContain('left true true Harbour East day 3/DSC_0413.raw'));
  });

  it('goes to another destination, looks again, and starts paused when wanted', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 4, group: null });
    const sheet = await screen.findByTestId('preflight');
    const to = within(sheet).getByTestId<HTMLSelectElement>('preflight-to');
    const other = [...to.options].find((o) => o.value !== to.value) as HTMLOptionElement;
    await fireEvent.change(to, { target: { value: other.value } });
    await waitFor(() => expect(backend.calls).toContain(`preflight_again 4 ${other.value}`));
    await waitFor(() => expect(within(sheet).getByTestId<HTMLSelectElement>('preflight-to').value).toBe(other.value));
    await fireEvent.click(within(sheet).getByTestId('preflight-again'));
    await waitFor(() => expect(backend.calls).toContain('preflight_again 4 null'));
    await fireEvent.click(within(sheet).getByTestId('preflight-paused'));
    await fireEvent.click(within(sheet).getByTestId('preflight-accept'));
    await waitFor(() => expect(backend.calls).toContain('left false false  paused'));
  });

  it('is looked at anew when more is given meanwhile, and what was taken at once can be taken back', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 4, group: null });
    const sheet = await screen.findByTestId('preflight');
    backend.send({ type: 'check', number: 4, group: null });
    await waitFor(() => expect(screen.getAllByTestId('preflight')).toEqual([sheet]));
    await fireEvent.click(within(sheet).getByTestId('preflight-cancel'));
    await waitFor(() => expect(screen.queryByTestId('preflight')).toBeNull());
    backend.send({ type: 'check', number: 2, group: null });
    await fireEvent.click(await screen.findByTestId('toast-undo'));
    await waitFor(() => expect(backend.calls).toContain('set_intent group g-autumn cancelled'));
  });

  it('is not answered for what was given since: it looks again', async () => {
    const backend = await app();
    const few = await backend.preflight(2);
    const more = { ...(few as NonNullable<typeof few>), files: 4, ready: 4 };
    const seen = vi.spyOn(backend, 'preflight').mockResolvedValueOnce(few).mockResolvedValue(more);
    const accept = vi.spyOn(backend, 'preflightAccept').mockResolvedValueOnce(null);
    backend.send({ type: 'check', number: 2, group: null });
    await waitFor(() => expect(plain(screen.getByTestId('toast').textContent)).toContain('4 files taken in'));
    expect(accept.mock.calls.map(([, answered]) => answered.files)).toEqual([3, 4]);
    // One that was answered meanwhile is nothing to speak of.
    seen.mockResolvedValue(null);
    await fireEvent.click(screen.getByTestId('toast-undo'));
    backend.send({ type: 'check', number: 2, group: null });
    await waitFor(() => expect(seen).toHaveBeenCalledTimes(3));
    expect(accept).toHaveBeenCalledTimes(2);
    expect(screen.queryByTestId('preflight')).toBeNull();
    expect(plain(screen.queryByTestId('toast')?.textContent ?? '')).toBe('');
  });

  it('answers itself when nothing is left to say, but not once somebody has begun to use it', async () => {
    const backend = await app();
    const few = await backend.preflight(2);
    if (!few) throw new Error('no look');
    const accept = vi.spyOn(backend, 'preflightAccept');
    for (const used of [false, true]) {
      const seen = vi.spyOn(backend, 'preflight').mockResolvedValue({ ...few, comparing: 2 });
      backend.send({ type: 'check', number: 2, group: null });
      const sheet = await screen.findByTestId('preflight');
      if (used) await fireEvent.input(within(sheet).getByTestId('preflight-name'), { target: { value: 'Mine' } });
      const asked = seen.mock.calls.length;
      seen.mockResolvedValue(few);
      await waitFor(() => expect(seen.mock.calls.length).toBeGreaterThan(asked));
      if (used) {
        await waitFor(() => expect(within(sheet).queryByTestId('comparing')).toBeNull());
        expect(accept).toHaveBeenCalledTimes(1);
        await fireEvent.click(within(sheet).getByTestId('preflight-accept'));
      }
      await waitFor(() => expect(screen.queryByTestId('preflight')).toBeNull());
    }
    expect(accept.mock.calls.map(([, answered]) => answered.name)).toEqual([null, 'Mine']);
  });

  it('stays as it was filled in when its answer could not be written down', async () => {
    const backend = await app();
    const full = { code: 'queue_disk_full', number: 'WL-403', detail: '' };
    const accept = vi.spyOn(backend, 'preflightAccept').mockRejectedValueOnce(full);
    backend.send({ type: 'check', number: 4, group: null });
    const sheet = await screen.findByTestId('preflight');
    await fireEvent.input(within(sheet).getByTestId('preflight-name'), { target: { value: 'Mine' } });
    await fireEvent.click(within(sheet).getByTestId('preflight-accept'));
    await waitFor(() => expect(accept).toHaveBeenCalledTimes(1));
    expect(await screen.findByTestId('toast')).toBeTruthy();
    expect(screen.getByTestId('preflight')).toBe(sheet);
    await fireEvent.click(within(sheet).getByTestId('preflight-accept'));
    await waitFor(() => expect(screen.queryByTestId('preflight')).toBeNull());
    expect(accept.mock.calls.map(([, answered]) => answered.name)).toEqual(['Mine', 'Mine']);
  });

  it('tells what is there by its content when that is found, and may be answered before', async () => {
    const backend = await app();
    const whole = await backend.preflight(4);
    if (!whole) throw new Error('no look');
    const there = whole.folds.filter((f) => f.kind === 'already_there');
    const seen = vi.spyOn(backend, 'preflight').mockResolvedValue({ ...whole, folds: [], comparing: 12 });
    backend.send({ type: 'check', number: 4, group: null });
    const sheet = await screen.findByTestId('preflight');
    expect(plain(within(sheet).getByTestId('comparing').textContent)).toBe('comparing 12 files with what is there');
    expect((within(sheet).getByTestId('preflight-accept') as HTMLButtonElement).disabled).toBe(false);
    seen.mockResolvedValue({ ...whole, folds: there });
    expect(plain((await within(sheet).findByTestId('fold-already_there')).textContent)).toContain('already there');
    expect(within(sheet).queryByTestId('comparing')).toBeNull();
  });

  it('can be left without anything being taken, and does not begin without room', async () => {
    const backend = await app();
    backend.send({ type: 'check', number: 3, group: 'g-autumn' });
    const sheet = await screen.findByTestId('preflight');
    expect(plain(within(sheet).getByTestId('fold-room').textContent)).toContain('Needs 5.2 GB, 1.0 GB free.');
    expect((within(sheet).getByTestId('preflight-accept') as HTMLButtonElement).disabled).toBe(true);
    await fireEvent.click(within(sheet).getByTestId('preflight-cancel'));
    await waitFor(() => expect(backend.calls).toContain('preflight_cancel 3'));
  });

  it('says what a drop of text is not', async () => {
    await app();
    await fireEvent.drop(window);
    expect(screen.getByTestId('toast').textContent).toContain('That was text or a link');
  });
  //
  it('asks for files once more that fell before the desktop had named them', async () => {
    await app();
    await fireEvent.drop(window, { dataTransfer: { types: ['Files'] } });
    expect(screen.getByTestId('toast').textContent).toContain('Drop them once more');
  });
});

describe('the history', () => {
  it('shows what ended by day, with its proof and whether originals are needed', async () => {
    const backend = await app();
    await fireEvent.click(screen.getByTestId('nav-history'));
    await waitFor(() => expect(screen.getAllByTestId('history-entry')).toHaveLength(10));
    const proof = await screen.findByTestId('history-proof');
    await waitFor(() => expect(within(proof).getByTestId('safe').dataset['answer']).toBe('yes'));
    await fireEvent.click(screen.getAllByTestId('history-entry')[4] as HTMLElement);
    await waitFor(() => expect(screen.getByTestId('safe').dataset['answer']).toBe('not_yet'));
    expect(screen.getByTestId('safe').textContent).toContain('podcast-112-master.wav');
    await fireEvent.click(screen.getByTestId('history-export'));
    await fireEvent.click(await screen.findByTestId('export-csv'));
    await waitFor(() => expect(backend.calls).toContain('export_receipt h-4 csv'));
    await waitFor(() => expect(screen.getByTestId('toast').textContent).toBe('Saved'));
  });

  it('is searched by group and by file, and filtered by its end', async () => {
    const backend = await app();
    await fireEvent.click(screen.getByTestId('nav-history'));
    await fireEvent.input(screen.getByTestId('history-search'), { target: { value: 'scan' } });
    await waitFor(() => expect(screen.getAllByTestId('history-file')).toHaveLength(6));
    expect(backend.calls).toContain('find_proved scan');
    await fireEvent.change(screen.getByTestId('history-end'), { target: { value: 'cancelled' } });
    await waitFor(() => expect(backend.calls).toContain('history scan cancelled'));
  });

  it('asks before it uploads again', async () => {
    const backend = await app();
    await fireEvent.click(screen.getByTestId('nav-history'));
    await fireEvent.click(await screen.findByTestId('history-again'));
    expect(backend.calls).not.toContain('upload_again g-board');
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls).toContain('upload_again g-board'));
  });
});

describe('the insights', () => {
  it('tell figures of the chosen time, also as a table, and lead to the failures', async () => {
    const backend = await app();
    await fireEvent.keyDown(document.body, { key: '4', ctrlKey: true });
    await waitFor(() => expect(plain(screen.getByTestId('figure-success').textContent)).toContain('98.8%'));
    expect(screen.getByTestId('figure-success').textContent).toContain('220 of 19,412 files failed');
    expect(within(screen.getByTestId('insights-table')).getAllByRole('row').length).toBe(25);
    await fireEvent.click(within(screen.getByTestId('insights-span')).getByText('7 days'));
    await waitFor(() => expect(backend.calls).toContain('insights 168 null'));
    await fireEvent.click(screen.getByTestId('open-inbox'));
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Transfers');
  });
});

describe('the settings', () => {
  it('set, change and lift the limit', async () => {
    const backend = await app();
    await fireEvent.click(screen.getByTestId('nav-settings'));
    await fireEvent.click(screen.getByTestId('limit-switch'));
    await waitFor(() => expect(backend.calls).toContain('set_setting limit 10000000'));
    await fireEvent.change(screen.getByTestId('limit-value'), { target: { value: '2.5' } });
    await waitFor(() => expect(backend.calls).toContain('set_setting limit 2500000'));
    await fireEvent.click(screen.getByTestId('limit-switch'));
    await waitFor(() => expect(backend.calls).toContain('set_setting limit 0'));
  });

  it('start at login, stay awake, hold to a number of connections', async () => {
    const backend = await app();
    await fireEvent.click(screen.getByTestId('nav-settings'));
    await waitFor(() => expect((screen.getByTestId('setting-login') as HTMLButtonElement).disabled).toBe(false));
    await fireEvent.click(screen.getByTestId('setting-login'));
    await fireEvent.click(within(screen.getByTestId('setting-awake')).getByText('Always'));
    await fireEvent.change(screen.getByTestId('setting-connections'), { target: { value: '4' } });
    await waitFor(() =>
      expect(backend.calls).toEqual(
        expect.arrayContaining(['set_login_start true', 'set_setting keep_awake uploading', 'set_setting connections 4']),
      ),
    );
  });

  it('show the diagnostics before they are saved', async () => {
    const backend = await app();
    await fireEvent.click(screen.getByTestId('nav-settings'));
    await fireEvent.click(screen.getByTestId('make-diagnostics'));
    const bundle = await screen.findByTestId('diagnostics');
    expect(bundle.textContent).toContain('windlass 0.1.0');
    expect(backend.calls).not.toContain('save_diagnostics');
    await fireEvent.click(within(bundle).getByTestId('save-diagnostics'));
    await waitFor(() => expect(backend.calls).toContain('save_diagnostics'));
  });
});
