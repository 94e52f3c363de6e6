import { app, page, plain } from '../dev/app';
import { mockBackend } from '../dev/backend';
import type { ElsewhereGroup } from '$lib/contract';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

/** What was left, by the lines on screen. */
const lines = () => screen.queryAllByTestId('elsewhere-group');
const named = (name: string) => lines().find((line) => plain(line.textContent).includes(name)) as HTMLElement;

// L-13: what another machine of the same account began on a server and left.
describe('the relaunch report', () => {
  it('tells what another machine left, when and how far, beside what was found here', async () => {
    await app('relaunch-elsewhere');
    const part = await within(screen.getByTestId('relaunch-report')).findByTestId('elsewhere');
    expect(within(part).getByRole('heading').textContent).toBe('Left by your other computers');
    expect(lines().map((line) => plain(line.textContent))).toEqual([
      expect.stringMatching(
        /^Podcast 113, all tracks Another of your computers left this 8 days ago at 64 %\. 24 files, 4\.1 GB of 6\.4 GB/,
      ),
      expect.stringMatching(/^A004_C001_1120\.mov Another of your computers left this 2 hours ago at 12 %\. 3 files, 2\.2 GB of 18\.0 GB/),
    ]);
    // A launch is no moment to give up what another computer may go on with.
    expect(screen.queryByTestId('elsewhere-discard')).toBeNull();
    expect(screen.queryByTestId('elsewhere-later')).toBeNull();
  });

  it('finishes it here with the files that are chosen, and keeps the line', async () => {
    const backend = await app('relaunch-elsewhere');
    await screen.findByTestId('elsewhere');
    await fireEvent.click(within(named('Podcast 113')).getByTestId('elsewhere-finish'));
    expect(backend.calls).toContain('choose_files null true');
    expect(screen.getByTestId('toast').textContent).toContain(
      'Choose the same files or folder: they arrive from here, and nothing is doubled.',
    );
    expect(lines()).toHaveLength(2);
  });

  it('lets each alone without a word to the server, and is quiet when nothing is left to say', async () => {
    const backend = await app('relaunch-elsewhere');
    await screen.findByTestId('elsewhere');
    await fireEvent.click(within(named('Podcast 113')).getByTestId('elsewhere-leave'));
    expect(lines().map((line) => plain(line.textContent).startsWith('A004_C001_1120.mov'))).toEqual([true]);
    await fireEvent.click(screen.getByTestId('elsewhere-leave'));
    expect(screen.queryByTestId('elsewhere')).toBeNull();
    expect(backend.calls.filter((call) => call.startsWith('discard_elsewhere'))).toEqual([]);
    // What was found here still waits for its answers.
    expect(screen.getAllByTestId('relaunch-group')).toHaveLength(3);
  });

  it('tells nothing of other machines when no server answers', async () => {
    const backend = mockBackend('relaunch-elsewhere', false);
    let asked = 0;
    backend.elsewhere = () => {
      asked += 1;
      return Promise.reject({ code: 'offline', number: 'WL-201', detail: '' });
    };
    await page(backend);
    await waitFor(() => expect(asked).toBe(1));
    expect(screen.getAllByTestId('relaunch-group')).toHaveLength(3);
    expect(screen.queryByTestId('elsewhere')).toBeNull();
    expect(screen.getByTestId('toast').textContent).toBe('');
  });
});

describe('the settings', () => {
  it('give up what was silent for seven days, after a question, and tell from when the rest may go', async () => {
    const backend = await app('relaunch-elsewhere', 'settings');
    await screen.findByTestId('elsewhere');
    // It was last seen 2 hours ago: only that machine may give it up before a week is over.
    expect(plain(within(named('A004_C001_1120.mov')).getByTestId('elsewhere-later').textContent)).toBe(
      'Can be discarded from 28 Nov 2026, 12:20:00',
    );
    expect(within(named('A004_C001_1120.mov')).queryByRole('button')).toBeNull();
    expect(within(named('Podcast 113')).queryByTestId('elsewhere-later')).toBeNull();

    await fireEvent.click(within(named('Podcast 113')).getByTestId('elsewhere-discard'));
    const question = await screen.findByTestId('confirm');
    expect(plain(question.textContent)).toContain('Discard “Podcast 113, all tracks”?');
    expect(plain(question.textContent)).toContain('What is unfinished of it is removed from the server. Files that arrived stay.');
    await fireEvent.click(within(question).getByTestId('confirm-no'));
    expect(backend.calls.filter((call) => call.startsWith('discard_elsewhere'))).toEqual([]);
    expect(lines()).toHaveLength(2);

    await fireEvent.click(within(named('Podcast 113')).getByTestId('elsewhere-discard'));
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls).toContain('discard_elsewhere d-server e-podcast'));
    await waitFor(() => expect(lines().map((line) => plain(line.textContent).startsWith('A004_C001_1120.mov'))).toEqual([true]));
  });

  it('give up files without a group once their week is over', async () => {
    const backend = await app('relaunch-elsewhere');
    const of = (await backend.elsewhere())[1] as ElsewhereGroup;
    const week = 7 * 24 * 3600_000;
    backend.elsewhere = () => Promise.resolve([{ ...of, alive_at: Date.now() - week }]);
    await fireEvent.click(screen.getByTestId('nav-settings'));
    await fireEvent.click(await screen.findByTestId('elsewhere-discard'));
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls).toContain('discard_elsewhere d-server '));
  });
});
