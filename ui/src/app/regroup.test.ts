import { app } from '../dev/app';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

const menu = async () => fireEvent.click(screen.getAllByTestId('group-menu')[0] as HTMLElement);

describe('groups put together and taken apart', () => {
  it('asks into which group, moves, says what went, and takes it back', async () => {
    const backend = await app();
    await menu();
    await fireEvent.click(await screen.findByTestId('btn-merge'));
    const dialog = await screen.findByTestId('merge');
    const first = within(dialog).getAllByTestId('merge-into')[0] as HTMLInputElement;
    expect(first.checked).toBe(true);
    await fireEvent.click(within(dialog).getByTestId('merge-yes'));
    await waitFor(() => expect(backend.calls.some((c) => c === `merge_groups g-autumn ${first.value}`)).toBe(true));
    await waitFor(() => expect(screen.getByTestId('toast').textContent).toMatch(/files moved\./));
    await fireEvent.click(screen.getByTestId('toast-undo'));
    await waitFor(() => expect(backend.calls).toContain('undo_regroup 7'));
    await waitFor(() => expect(screen.getByTestId('toast').textContent).toContain('Taken back'));
    expect(screen.queryByTestId('toast-undo')).toBeNull();
  });

  it('opens the question with M on the card, and offers only groups of the same destination', async () => {
    await app();
    const card = screen.getAllByTestId('group-card')[0] as HTMLElement;
    const toggle = within(card).getByTestId('group-toggle');
    toggle.focus();
    await fireEvent.keyDown(toggle, { key: 'm' });
    const dialog = await screen.findByTestId('merge');
    expect(within(dialog).queryByText('Podcast 112')).toBeNull();
    await fireEvent.click(within(dialog).getByTestId('merge-no'));
    await waitFor(() => expect(screen.queryByTestId('merge')).toBeNull());
  });

  it('takes chosen files out with G', async () => {
    const backend = await app();
    await fireEvent.click(screen.getAllByTestId('group-toggle')[0] as HTMLElement);
    await waitFor(() => expect(screen.getAllByTestId('file-row').length).toBeGreaterThan(8));
    const row = (n: number) => document.querySelector(`[data-index="${n}"]`) as HTMLElement;
    await fireEvent.click(row(1));
    await fireEvent.click(row(3), { shiftKey: true });
    await fireEvent.keyDown(row(3), { key: 'g' });
    await waitFor(() => expect(backend.calls).toContain('split_group g-autumn 1-4'));
    await waitFor(() => expect(screen.getByTestId('toast').textContent).toContain('3 files moved.'));
  });
});

describe('notes of a group', () => {
  it('keeps words and values, and forgets a value without a key', async () => {
    const backend = await app();
    await menu();
    await fireEvent.click(await screen.findByTestId('btn-notes'));
    const dialog = await screen.findByTestId('notes');
    await fireEvent.input(within(dialog).getByTestId('notes-text'), { target: { value: 'For Ada' } });
    for (const [key, value] of [
      ['job', '7'],
      ['', 'lost'],
    ] as const) {
      await fireEvent.click(within(dialog).getByTestId('notes-add'));
      await fireEvent.input(within(dialog).getAllByTestId('notes-key').at(-1) as HTMLElement, { target: { value: key } });
      await fireEvent.input(within(dialog).getAllByTestId('notes-value').at(-1) as HTMLElement, { target: { value } });
    }
    await fireEvent.click(within(dialog).getByTestId('notes-save'));
    await waitFor(() => expect(backend.calls).toContain('set_notes g-autumn {"text":"For Ada","pairs":{"job":"7"}}'));
    await waitFor(() => expect(screen.queryByTestId('notes')).toBeNull());
  });
});

describe('originals to the trash', () => {
  it('are offered only after a yes, asked about once, and told with what stayed', async () => {
    const backend = await app('history');
    await fireEvent.click(await screen.findByTestId('nav-history'));
    const safe = await screen.findByTestId('safe');
    await waitFor(() => expect(safe.dataset['answer']).not.toBe('checking'));
    if (safe.dataset['answer'] !== 'yes') {
      expect(screen.queryByTestId('safe-trash')).toBeNull();
      await fireEvent.click(screen.getByTestId('history-verify'));
    }
    await fireEvent.click(await screen.findByTestId('safe-trash'));
    expect(backend.calls.some((c) => c.startsWith('trash_originals'))).toBe(false);
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls.some((c) => c.startsWith('trash_originals'))).toBe(true));
    await waitFor(() => expect(screen.getByTestId('toast').textContent).toContain('36 originals'));
    expect(screen.getByTestId('toast').textContent).toContain('1 kept, such as “A003.mov”');
    // And come back as long as the trash holds them.
    expect((await screen.findByTestId('in-trash')).textContent).toContain('The trash holds 36 originals, 4.1\u00a0GB.');
    await fireEvent.click(screen.getByTestId('put-back'));
    await waitFor(() => expect(screen.getByTestId('toast').textContent).toContain('34 originals, 3.9\u00a0GB, put back where they were.'));
    expect(screen.getByTestId('toast').textContent).toContain('2 stay in the trash');
    await waitFor(() => expect(screen.getByTestId('in-trash').textContent).toContain('The trash holds 2 originals'));
  });
});
