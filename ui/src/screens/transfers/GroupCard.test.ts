import { mockBackend } from '../../dev/backend';
import Frame from '../../dev/Frame.svelte';
import { sceneOf } from '../../dev/scenes';
import type { FileView, GroupView } from '$lib/contract';
import { Queue } from '$lib/queue/queue.svelte';
import { View } from '$lib/view/view.svelte';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import FileRow from './FileRow.svelte';
import GroupCard from './GroupCard.svelte';
import { fileWishes } from '$lib/view/wishes';

type Scene = Parameters<typeof sceneOf>[0];

async function card(id: string, scene: Scene = 'transfers', change: Partial<GroupView> = {}) {
  const backend = mockBackend(scene, false);
  const queue = new Queue(backend);
  const view = new View();
  const group = { ...(sceneOf(scene).snapshot.groups.find((g) => g.id === id) as GroupView), ...change };
  await queue.subscribe();
  render(Frame, { of: GroupCard as never, with: { group, kind: 'folder' }, queue, view });
  return { backend, view };
}

describe('GroupCard', () => {
  it('shows name, word, counts, both rates and the time left', async () => {
    await card('g-autumn');
    const shown = screen.getByTestId('group-card');
    expect(shown.dataset).toMatchObject({ group: 'g-autumn', word: 'uploading' });
    for (const text of ['Autumn campaign, raw footage', 'Uploading', '62.4 MB/s', '3.1 files/s', '5–7 min', '66 %']) {
      expect(within(shown).getByText((t) => t.replaceAll('\u00a0', ' ') === text)).toBeTruthy();
    }
    expect(shown.textContent).toContain('1,284 of 1,920 files');
    expect(screen.getByRole('progressbar').getAttribute('aria-valuetext')?.replaceAll('\u00a0', ' ')).toBe('66 %, 5–7 min');
  });

  it('pauses, and a paused one resumes and says why', async () => {
    const { backend } = await card('g-autumn');
    await fireEvent.click(screen.getByTestId('btn-pause'));
    expect(backend.calls).toContain('set_intent group g-autumn paused');
  });

  it('resumes a paused group and says why it stood still', async () => {
    const { backend } = await card('g-norrland');
    expect(screen.getByText('Paused by you')).toBeTruthy();
    await fireEvent.click(screen.getByTestId('btn-resume'));
    expect(backend.calls).toContain('set_intent group g-norrland run');
  });

  it('asks before it cancels', async () => {
    const { backend, view } = await card('g-autumn');
    await fireEvent.click(screen.getByTestId('group-menu'));
    await fireEvent.click(await screen.findByTestId('btn-cancel'));
    expect(backend.calls).not.toContain('set_intent group g-autumn cancelled');
    expect(view.question?.title).toBe('Cancel “Autumn campaign, raw footage”?');
    view.question?.onyes();
    await waitFor(() => expect(backend.calls).toContain('set_intent group g-autumn cancelled'));
  });

  it('folds equal errors with cause, next step and one button for all', async () => {
    const { backend } = await card('g-inbox', 'failures');
    const [fold] = screen.getAllByTestId('error-fold');
    expect(fold?.dataset['code']).toBe('storage_credentials');
    expect(fold?.textContent).toContain('Key or secret refused');
    expect(fold?.textContent).toContain('“My S3 bucket” does not accept the stored key.');
    expect(fold?.textContent).toContain('Edit the destination, enter the key again, then retry.');
    expect(fold?.textContent).toContain('WL-303');
    expect(fold?.textContent).toContain('214 files');
    await fireEvent.click(within(fold as HTMLElement).getByTestId('btn-retry'));
    expect(backend.calls).toContain('retry group g-inbox storage_credentials');
  });

  it('opens its files as rows it asked for, a few of many', async () => {
    const { backend } = await card('g-big', 'big');
    await fireEvent.click(screen.getByTestId('group-toggle'));
    await waitFor(() => expect(screen.getAllByTestId('file-row').length).toBeGreaterThan(5));
    expect(screen.getAllByTestId('file-row').length).toBeLessThan(80);
    expect(screen.getByTestId('file-list').getAttribute('aria-rowcount')).toBe('100001');
    expect(backend.calls.filter((c) => c.startsWith('watch_rows'))).toHaveLength(1);
  });

  it('offers the receipt of a group that is done, and no pause', async () => {
    const { view } = await card('g-board');
    expect(screen.queryByTestId('btn-pause')).toBeNull();
    await fireEvent.click(screen.getByTestId('btn-receipt'));
    expect(view.receipt).toBe('g-board');
  });

  it('says that a finished card takes no more files', async () => {
    const { view } = await card('g-board');
    view.drag = { files: 3, folders: 0, bytes: null, over: 'g-board' };
    expect((await screen.findByTestId('drop-hint')).textContent).toContain('Takes no more files');
  });

  it('shows a name that would deceive as what it is', async () => {
    await card('g-hostile', 'hostile');
    expect(screen.getByRole('heading', { level: 2 }).textContent).toBe('invoice⟨202E⟩fdp.exe⟨0A⟩second line');
  });
});

describe('FileRow', () => {
  async function row(position: number) {
    const backend = mockBackend('transfers', false);
    const queue = new Queue(backend);
    const view = new View();
    await queue.subscribe();
    await backend.watchRows([{ group: 'g-autumn', offset: 0, limit: 20, find: null }]);
    const file = sceneOf('transfers').files.get('g-autumn')?.(position) as FileView;
    render(Frame, { of: FileRow as never, with: { file, index: position, tab: 0, groupPaused: false }, queue, view });
    return { backend, view, shown: screen.getByTestId('file-row') };
  }

  it('shows name, size, parts as a picture with words, and the word with its value', async () => {
    const { shown } = await row(0);
    expect(shown.dataset).toMatchObject({ file: 'g-autumn-0', word: 'uploading' });
    expect(shown.textContent?.replaceAll('\u00a0', ' ')).toContain('Uploading 61 %');
    const strip = screen.getByRole('img', { name: '1,352 of 2,217 parts done, sending now, none failed' });
    expect(strip.dataset['cells']).toHaveLength(46);
    expect(strip.children).toHaveLength(46);
  });

  it.each([
    [0, 'btn-pause', 'set_intent file g-autumn-0 paused'],
    [9, 'btn-resume', 'set_intent file g-autumn-9 run'],
    [5, 'btn-retry', 'retry file g-autumn-5 null'],
  ])('row %d has %s', async (position, button, call) => {
    const { backend } = await row(position);
    await fireEvent.click(screen.getByTestId(button));
    expect(backend.calls).toContain(call);
  });

  it('has only its menu where nothing is left to do', async () => {
    await row(2);
    expect(screen.queryAllByRole('button').map((b) => b.dataset['testid'])).toEqual(['row-menu']);
  });

  it('tells the whole error in its tooltip', async () => {
    const { shown } = await row(5);
    expect(shown.querySelector('[title*="WL-109"]')?.getAttribute('title')).toContain('Copy the file elsewhere and retry');
  });
});

describe('fileWishes', () => {
  it('never offers to pause or cancel what is settled', () => {
    for (const word of ['verified', 'already_there', 'unchanged', 'skipped', 'cancelled'] as const) {
      expect(fileWishes({ word, state: 'done', intent: 'run' })).toEqual({ main: null, cancel: false });
    }
  });
});
