import { page, plain } from '../../dev/app';
import { mockBackend } from '../../dev/backend';
import type { HistoryAsk, ProvedAsk } from '$lib/contract';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

/** The app at a screen, and what of the history was asked for. */
async function open(at: 'history' | 'insights') {
  const backend = mockBackend('transfers', false);
  const groups: HistoryAsk[] = [];
  const files: ProvedAsk[] = [];
  const { history, findProved } = backend;
  backend.history = (ask) => (groups.push(ask), history.call(backend, ask));
  backend.findProved = (ask) => (files.push(ask), findProved.call(backend, ask));
  await page(backend, at);
  return { backend, groups, files };
}
const change = (id: string, value: string) => fireEvent.change(screen.getByTestId(id), { target: { value } });

// G-6, §12
describe('the filters of the history', () => {
  it('hold together, for groups and for the files that a search finds', async () => {
    const { groups, files } = await open('history');
    await waitFor(() => expect(screen.getAllByTestId('history-entry')).toHaveLength(10));
    await change('history-when', 'range');
    await change('history-from', '2026-11-18');
    await change('history-to', '2026-11-20');
    await change('history-place', 'd-nas');
    await change('history-folder', '/media/card 50%');
    await change('history-end', 'completed');
    await fireEvent.input(screen.getByTestId('history-search'), { target: { value: 'raw' } });
    await waitFor(() => expect(files.at(-1)?.filter.text).toBe('raw'));
    const narrowed = {
      text: 'raw',
      ended: 'completed',
      destination: 'd-nas',
      folder: '/media/card 50%25',
      from: new Date(2026, 10, 18).getTime(),
      before: new Date(2026, 10, 21).getTime(),
    };
    expect(groups.at(-1)).toMatchObject({ filter: narrowed, acts_only: false, after: null });
    expect(files.at(-1)).toMatchObject({ filter: narrowed, proved: 'all', place: null });
    await fireEvent.click(screen.getByTestId('history-clear'));
    await waitFor(() => expect(groups.at(-1)?.filter).toMatchObject({ text: 'raw', folder: null, from: null, ended: null }));
    expect(screen.queryByTestId('history-clear')).toBeNull();
  });

  it('count days by the calendar, and today from midnight on', async () => {
    const { groups } = await open('history');
    const midnight = (ago: number) => {
      const now = new Date();
      return new Date(now.getFullYear(), now.getMonth(), now.getDate() - ago).getTime();
    };
    for (const [choice, ago] of [
      ['1', 0],
      ['7', 6],
      ['30', 29],
    ] as const) {
      await change('history-when', choice);
      await waitFor(() => expect(groups.at(-1)?.filter.from).toBe(midnight(ago)));
      expect(groups.at(-1)?.filter.before).toBeNull();
    }
  });

  it('do not ask for what is no folder, and say what one is', async () => {
    const { groups } = await open('history');
    await waitFor(() => expect(groups).toHaveLength(1));
    await change('history-folder', 'Pictures');
    const field = screen.getByTestId('history-folder');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByText('The path of a folder begins with a slash.')).toBeTruthy();
    expect(groups).toHaveLength(1);
  });

  it('list files of a kind without a search, page after page until some are found', async () => {
    const { backend, files } = await open('history');
    const { findProved } = backend;
    let empty = 3;
    backend.findProved = (ask) => {
      if (empty-- > 0) {
        files.push(ask);
        return Promise.resolve({ files: [], next: 1000 - empty });
      }
      return findProved.call(backend, ask);
    };
    await change('history-end', 'files_spared');
    await waitFor(() => expect(screen.getAllByTestId('history-file')).toHaveLength(6));
    expect(screen.queryByTestId('history-entry')).toBeNull();
    expect(files.map((ask) => [ask.proved, ask.place])).toEqual([
      ['spared', null],
      ['spared', 998],
      ['spared', 999],
      ['spared', 1000],
    ]);
  });
});

// G-6, X-13, §7, §12
describe('what was done besides', () => {
  it('stands among the groups by its time: a check with what it found, originals with their way back', async () => {
    const { backend, groups } = await open('history');
    await waitFor(() => expect(screen.getAllByTestId('history-act')).toHaveLength(4));
    const lines = [...screen.getByTestId('history').querySelectorAll<HTMLElement>('[data-entry]')];
    expect(lines.slice(0, 4).map((line) => line.dataset['entry'])).toEqual(['g-board', 'act-3', 'act-2', 'g-lens']);
    const [trashed, check] = screen.getAllByTestId('history-act') as [HTMLElement, HTMLElement];
    expect(plain(check.textContent)).toMatch(/^Check at \d\d:\d\d 2 groups, 134 files under way/);
    await fireEvent.click(check);
    const open_ = await screen.findByTestId('history-act-open');
    expect(plain(open_.textContent)).toContain('3 files under way: 212 parts stay, the rest follows');
    expect(within(open_).queryByTestId('act-show')).toBeNull();

    await fireEvent.click(trashed);
    await fireEvent.click(await within(screen.getByTestId('history-act-open')).findByTestId('put-back'));
    await waitFor(() => expect(backend.calls).toContain('put_back g-lens'));
    await fireEvent.click(within(screen.getByTestId('history-act-open')).getByTestId('act-show'));
    await waitFor(() => expect(screen.getByTestId('history-proof').textContent).toContain('Lens tests'));

    const before = groups.length;
    await fireEvent.click(screen.getByTestId('history-verify'));
    await waitFor(() => expect(groups.length).toBe(before + 1));

    await change('history-end', 'acts');
    await waitFor(() => expect(groups.at(-1)?.acts_only).toBe(true));
    await waitFor(() => expect(screen.queryByTestId('history-entry')).toBeNull());
  });
});

//
it('a button does not go from under the pointer: what came back is told with the answer above it', async () => {
  const backend = mockBackend('transfers', false);
  let held = 2;
  const { safeToDelete, putBack } = backend;
  backend.inTrash = () => Promise.resolve({ files: held, bytes: held * 1e6 });
  let answer: (() => void) | null = null;
  backend.putBack = async (group) => ((held = 1), putBack.call(backend, group));
  await page(backend, 'history');
  const line = await screen.findByTestId('in-trash');
  backend.safeToDelete = async (group) => {
    await new Promise<void>((told) => (answer = told));
    return { ...(await safeToDelete.call(backend, group)), answer: 'not_yet', changed: 1 };
  };
  await fireEvent.click(screen.getByTestId('put-back'));
  await waitFor(() => expect(answer).not.toBeNull());
  expect(line.textContent).toContain('2 originals');
  expect(screen.getByTestId<HTMLButtonElement>('put-back').disabled).toBe(true);
  (answer as unknown as () => void)();
  await waitFor(() => expect(screen.getByTestId('in-trash').textContent).toContain('1 original'));
  expect(screen.getByTestId('safe').dataset['answer']).toBe('not_yet');
  expect(screen.getByTestId<HTMLButtonElement>('put-back').disabled).toBe(false);
});

// G-10, §13
describe('the figures lead to what they count', () => {
  const leads = async (button: string, what: string, proved: string) => {
    const { files } = await open('insights');
    await fireEvent.click((await screen.findAllByTestId(button))[0] as HTMLElement);
    expect(screen.getByTestId<HTMLSelectElement>('history-end').value).toBe(what);
    expect(screen.getByTestId<HTMLSelectElement>('history-when').value).toBe('exact');
    await waitFor(() => expect(files.at(-1)?.proved).toBe(proved));
    const { from, before } = files.at(-1)?.filter ?? {};
    // The last millisecond of the figures is in it.
    expect((before ?? 0) - (from ?? 0)).toBe(24 * 3_600_000 + 1);
    return files.at(-1)?.filter;
  };
  it('verified files', () => leads('figure-success-show', 'files_all', 'all'));
  it('files that were sent', () => leads('figure-mean-show', 'files_sent', 'sent'));
  it('files that were there', () => leads('figure-saved-show', 'files_spared', 'spared'));
  it('processed files', () => leads('show-processed', 'files_processed', 'processed'));
  it('files of a destination', async () => {
    expect((await leads('show-place', 'files_all', 'all'))?.destination).toBe('d-nas');
  });

  it('failed files in the inbox, a cancelled group in the history, one that waits where it stands', async () => {
    await open('insights');
    await fireEvent.click(await screen.findByTestId('show-failed'));
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Transfers');
    await fireEvent.click(screen.getByTestId('nav-insights'));
    const left = await screen.findAllByTestId('abandoned');
    await fireEvent.click(left[0] as HTMLElement);
    await waitFor(() => expect(screen.getByTestId('history-proof').textContent).toContain('Old backups'));
    await fireEvent.click(screen.getByTestId('nav-insights'));
    await fireEvent.click((await screen.findAllByTestId('abandoned'))[2] as HTMLElement);
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Transfers');
  });
});
