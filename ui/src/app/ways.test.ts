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
