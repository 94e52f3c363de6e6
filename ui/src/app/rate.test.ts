import { app, page, plain } from '../dev/app';
import { mockBackend } from '../dev/backend';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

// §2
describe('the limit menu of the speed', () => {
  it('sets and lifts the limit at once, and says what holds', async () => {
    const backend = await app();
    const rate = await screen.findByTestId('total-rate');
    expect(screen.queryByTestId('rate-limit')).toBeNull();
    await fireEvent.click(rate);
    expect((await screen.findByTestId('limit-none')).getAttribute('aria-checked')).toBe('true');
    await fireEvent.click(screen.getByTestId('limit-10'));
    await waitFor(() => expect(plain(screen.getByTestId('rate-limit'))).toBe('≤ 10 MB/s'));
    await waitFor(() => expect(backend.calls).toContain('set_setting limit 10000000'));
    // The settings switch it on again where it was.
    expect(backend.calls).toContain('set_setting limit_last 10000000');
    await fireEvent.click(rate);
    expect((await screen.findByTestId('limit-10')).getAttribute('aria-checked')).toBe('true');
    await fireEvent.click(screen.getByTestId('limit-none'));
    await waitFor(() => expect(screen.queryByTestId('rate-limit')).toBeNull());
    await waitFor(() => expect(backend.calls.at(-1)).toBe('set_setting limit 0'));
  });

  it('goes to the settings for any other', async () => {
    await app();
    await fireEvent.click(await screen.findByTestId('total-rate'));
    await fireEvent.click(await screen.findByTestId('limit-other'));
    expect(await screen.findByTestId('setting-limit')).toBeTruthy();
  });
});

// §2
describe('the line under the speed', () => {
  it('tells of groups that need a person when nothing else goes on', async () => {
    const backend = mockBackend('failures', false);
    const whole = await backend.subscribe(() => undefined);
    const stuck = whole.groups.filter((g) => g.word === 'needs_you');
    expect(stuck).toHaveLength(1);
    const totals = { ...whole.totals, eta: null, blocked_by: [], groups_open: 1, groups_attention: 1 };
    backend.subscribe = () => Promise.resolve({ ...whole, groups: stuck, totals });
    await page(backend);
    expect(plain(await screen.findByTestId('rate-state'))).toBe('1 group needs you');
    expect(screen.getByRole('progressbar', { name: 'All transfers' }).className).toContain('held');
  });
});
