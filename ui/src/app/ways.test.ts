import { app } from '../dev/app';
import type { HistoryAsk } from '$lib/contract';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

// §12
describe('the history', () => {
  it('asks for what went to one destination', async () => {
    const backend = await app('transfers');
    const asked: HistoryAsk[] = [];
    const history = backend.history.bind(backend);
    backend.history = (ask) => {
      asked.push(ask);
      return history(ask);
    };
    await fireEvent.click(screen.getByTestId('nav-history'));
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ filter: { destination: null } }));
    await fireEvent.change(screen.getByTestId('history-place'), { target: { value: 'd-s3' } });
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ filter: { destination: 'd-s3' }, after: null }));
    await fireEvent.change(screen.getByTestId('history-place'), { target: { value: '' } });
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ filter: { destination: null } }));
  });
});

// §13
describe('the insights', () => {
  it('name the time of each figure, and lead from a reason to its files', async () => {
    await app('failures');
    await fireEvent.click(screen.getByTestId('nav-insights'));
    const figure = await screen.findByTestId('figure-success');
    expect(figure.querySelector('h2')?.textContent).toBe('Success rate, 24\u00a0h');
    const reasons = screen.getAllByTestId('reason');
    const still = reasons.find((r) => r.dataset['code'] === 'still_locked') as HTMLElement;
    await fireEvent.click(still.querySelector('button') as HTMLElement);
    const folds = await screen.findAllByTestId('error-fold');
    const cause = folds.find((f) => f.dataset['code'] === 'still_locked') as HTMLElement;
    await waitFor(() => expect(cause.contains(document.activeElement)).toBe(true));
  });
});

// F17, §7: a disk that is not connected is waited for, or its files are left out for good.
describe('a card whose disk is not connected', () => {
  it('asks before its files are left out', async () => {
    const backend = await app('states');
    const card = (await screen.findAllByTestId('group-card')).find((c) => c.dataset['group'] === 'g-waiting') as HTMLElement;
    await fireEvent.click(card.querySelector('[data-testid="way-leave-disk"]') as HTMLElement);
    expect(await screen.findByText('Leave out 28 files of disk “CARD_A”?')).toBeTruthy();
    expect(backend.calls).not.toContain('act_on_files g-waiting /no_disk cancel');
    await fireEvent.click(await screen.findByTestId('confirm-yes'));
    await waitFor(() => expect(backend.calls).toContain('act_on_files g-waiting /no_disk cancel'));
  });
});
