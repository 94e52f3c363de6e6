import { app } from '../dev/app';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

describe('the relaunch report', () => {
  it('says what is safe and what is sent again, and what was found in each group', async () => {
    await app('relaunch');
    const report = screen.getByTestId('relaunch-report');
    expect(report.textContent?.replaceAll('\u00a0', ' ')).toContain('9,706 files, 72.3 GB');
    expect(report.textContent?.replaceAll('\u00a0', ' ')).toContain('at most 61 MB');
    expect(screen.getAllByTestId('relaunch-group').map((g) => g.dataset['group'])).toEqual(['g-autumn', 'g-harbour', 'g-norrland']);
    expect(report.querySelectorAll('[data-finding]')).toHaveLength(9);
    expect(report.textContent).toContain('Disk “T7 Shield” is not connected: 88 files wait for it; nothing is lost');
    expect(screen.queryAllByTestId('group-card')).toEqual([]);
  });

  it('resumes all with one answer', async () => {
    const backend = await app('relaunch');
    await fireEvent.click(screen.getByTestId('btn-resume-all'));
    expect(backend.calls).toContain('answer_relaunch null resume');
    await waitFor(() => expect(screen.queryByTestId('relaunch-report')).toBeNull());
    expect(screen.getAllByTestId('group-card')).toHaveLength(3);
  });

  it('resumes one group at once, but asks before starting over or discarding', async () => {
    const backend = await app('relaunch');
    const [first, second] = screen.getAllByTestId('relaunch-group');
    await fireEvent.click(within(first as HTMLElement).getByTestId('btn-group-resume'));
    expect(backend.calls).toContain('answer_relaunch g-autumn resume');
    await fireEvent.click(within(second as HTMLElement).getByTestId('btn-discard'));
    expect(backend.calls).not.toContain('answer_relaunch g-harbour discard');
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    expect(backend.calls).toContain('answer_relaunch g-harbour discard');
    await waitFor(() => expect(screen.getAllByTestId('relaunch-group')).toHaveLength(1));
  });

  it('keeps everything when the question is answered with keep', async () => {
    const backend = await app('relaunch');
    await fireEvent.click(screen.getAllByTestId('btn-start-over')[0] as HTMLElement);
    await fireEvent.click(await screen.findByTestId('confirm-no'));
    expect(backend.calls.filter((c) => c.startsWith('answer_relaunch'))).toEqual([]);
    expect(screen.queryByTestId('confirm')).toBeNull();
  });
});

describe('a drop', () => {
  const drag = { type: 'drag' as const, files: 2, folders: 1, bytes: 5e6 };

  it('shows the new group zone, and goes where the pointer is, by its handle alone', async () => {
    const backend = await app('transfers');
    const card = screen.getAllByTestId('group-card')[1] as HTMLElement;
    let under: Element | null = document.body;
    document.elementFromPoint = () => under;
    backend.send({ ...drag, phase: 'enter', x: 1, y: 1, handle: null });
    expect(await screen.findByTestId('drop-new-group')).toBeTruthy();
    expect(screen.getByTestId('drop-overlay')).toBeTruthy();
    under = card;
    backend.send({ ...drag, phase: 'over', x: 300, y: 300, handle: null });
    expect((await screen.findByTestId('drop-hint')).textContent).toContain('Add 2 files and 1 folder here');
    backend.send({ ...drag, phase: 'drop', x: 300, y: 300, handle: 41 });
    await waitFor(() => expect(backend.calls).toContain('drop_into 41 g-harbour'));
    expect(screen.queryByTestId('drop-overlay')).toBeNull();
  });

  it('anywhere else makes a new group', async () => {
    const backend = await app('empty');
    document.elementFromPoint = () => document.body;
    backend.send({ ...drag, phase: 'drop', x: 1, y: 1, handle: 42 });
    await waitFor(() => expect(backend.calls).toContain('drop_into 42 null'));
  });
});

describe('the page', () => {
  it('saves the offered folder on the first run, then shows the empty list', async () => {
    const backend = await app('first-run');
    expect((screen.getByTestId('dest-folder-input') as HTMLInputElement).value).toBe('/home/ada/Documents/Windlass');
    await fireEvent.click(screen.getByTestId('first-run-start'));
    await waitFor(() => expect(backend.calls).toContain('finish_first_run'));
    expect(backend.calls).toContain('add_destination Windlass');
    expect(await screen.findByTestId('empty')).toBeTruthy();
  });

  it('stays on the first run when the folder does not work, and says why', async () => {
    const backend = await app('first-run');
    await fireEvent.input(screen.getByTestId('dest-folder-input'), { target: { value: '/root/secret' } });
    await fireEvent.click(screen.getByTestId('first-run-start'));
    await waitFor(() => expect(screen.getByTestId('check-list').textContent).toContain('Not allowed to write'));
    expect(backend.calls).not.toContain('finish_first_run');
  });

  it('can be left for later', async () => {
    const backend = await app('first-run');
    await fireEvent.click(screen.getByTestId('first-run-later'));
    await waitFor(() => expect(screen.queryByTestId('first-run')).toBeNull());
    expect(backend.calls).toEqual(['finish_first_run']);
  });

  it('folds failures of all groups by cause, and retries all of one', async () => {
    const backend = await app('failures');
    await fireEvent.click(document.querySelector('[data-option="attention"]') as HTMLElement);
    const folds = await screen.findAllByTestId('error-fold');
    expect(folds.map((f) => f.dataset['code'])).toEqual(['storage_credentials', 'still_locked', 'read_error', 'processing_failed']);
    await waitFor(() =>
      expect(within(folds[0] as HTMLElement).getByTestId('cause-times').textContent).toBe('First 13:40 · last 13:58 · tried 4 times'),
    );
    expect(folds[0]?.textContent).toContain('“My S3 bucket” does not accept the stored key.');
    expect(folds[0]?.textContent).toContain('Edit the destination, enter the key again, then retry.');
    await fireEvent.click(within(folds[0] as HTMLElement).getByTestId('btn-retry'));
    expect(backend.calls).toContain('retry app null storage_credentials');
  });

  // what arrived and was not processed is a cause of its own; it goes when it was seen.
  it('tells what arrived and was not processed, does it again, or lets it be', async () => {
    const backend = await app('failures');
    await fireEvent.click(document.querySelector('[data-option="attention"]') as HTMLElement);
    const all = await screen.findAllByTestId('error-fold');
    const fold = within(all.at(-1) as HTMLElement);
    expect(fold.getByText('The server could not process “take-07.mov” and 1 other. The uploads are fine.')).toBeTruthy();
    // §8: an entry is opened to see its files; those of the first stand there at once.
    expect(fold.queryAllByTestId('cause-file')).toHaveLength(0);
    expect(
      within(all[0] as HTMLElement)
        .getByTestId('cause-open')
        .getAttribute('aria-expanded'),
    ).toBe('true');
    await fireEvent.click(fold.getByTestId('cause-open'));
    await waitFor(() => expect(fold.getAllByTestId('cause-file')).toHaveLength(2));
    await fireEvent.click(fold.getByTestId('btn-retry'));
    expect(backend.calls).toContain('retry_processing g-autumn');
    await fireEvent.click(fold.getByTestId('btn-ignore'));
    expect(backend.calls).toContain('see_processing g-autumn');
    await waitFor(() => expect(screen.getAllByTestId('error-fold')).toHaveLength(3));
  });

  it('pauses and resumes everything', async () => {
    const backend = await app('transfers');
    await fireEvent.click(screen.getByTestId('btn-pause-all'));
    await fireEvent.click(await screen.findByTestId('btn-run-all'));
    expect(backend.calls).toEqual(expect.arrayContaining(['set_intent app null paused', 'set_intent app null run']));
  });

  it('announces groups politely, and only when they end or need a person', async () => {
    const backend = await app('transfers');
    expect(screen.getByTestId('live').textContent).toBe('');
    await backend.setIntent({ scope: 'group', id: 'g-autumn' }, 'cancelled');
    await waitFor(() => expect(screen.getByTestId('live').textContent).toBe('Autumn campaign, raw footage: Cancelled'));
  });

  it('changes theme and language at once', async () => {
    await app('transfers');
    await fireEvent.click(screen.getByTestId('nav-settings'));
    await fireEvent.click(within(screen.getByTestId('setting-theme')).getByText('Dark'));
    await waitFor(() => expect(document.documentElement.dataset['theme']).toBe('dark'));
    await fireEvent.click(within(screen.getByTestId('setting-language')).getByText('Deutsch'));
    await waitFor(() => expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Einstellungen'));
    expect(document.documentElement.lang).toBe('de');
  });

  it('opens a receipt, asks the destination again and says the outcome', async () => {
    await app('transfers');
    await fireEvent.click(document.querySelector('[data-option="finished"]') as HTMLElement);
    await fireEvent.click((await screen.findAllByTestId('btn-receipt'))[0] as HTMLElement);
    expect((await screen.findByTestId('receipt-seal')).textContent).toContain('318 files proved');
    await fireEvent.click(screen.getByTestId('receipt-verify'));
    await waitFor(() => expect(screen.getByTestId('receipt-seal').dataset['state']).toBe('verified'));
  });

  // G-8, G-9: saving a receipt, and whether its originals are needed, are one press away.
  it('leads from a receipt to its place in the history', async () => {
    await app('transfers');
    await fireEvent.click(document.querySelector('[data-option="finished"]') as HTMLElement);
    await fireEvent.click((await screen.findAllByTestId('btn-receipt'))[0] as HTMLElement);
    await fireEvent.click(await screen.findByTestId('receipt-history'));
    expect(screen.queryByTestId('receipt')).toBeNull();
    expect((await screen.findByRole('heading', { level: 1 })).textContent).toBe('History');
    await waitFor(() => expect(screen.getByTestId('history-proof').textContent).toContain('Board pack November'));
  });

  it('acts on keys, but not while someone types or answers', async () => {
    const backend = await app('transfers');
    await fireEvent.keyDown(document.body, { key: 'v', ctrlKey: true });
    await fireEvent.keyDown(document.body, { key: 'O', ctrlKey: true, shiftKey: true });
    await waitFor(() => expect(backend.calls).toEqual(['paste_files', 'choose_files null true']));
    await waitFor(() => expect(screen.getByTestId('toast').textContent).toContain('The clipboard holds no files'));
  });

  it('shows the group that a notification is about', async () => {
    const backend = await app('transfers');
    await fireEvent.click(screen.getByTestId('nav-settings'));
    backend.send({ type: 'show', group: 'g-harbour' });
    await waitFor(() => expect(document.querySelector('[data-group="g-harbour"] [aria-expanded="true"]')).toBeTruthy());
  });
});
