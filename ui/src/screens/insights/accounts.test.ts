import { app, plain } from '../../dev/app';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

const choose = async (id: string) => {
  const whose = await screen.findByTestId('insights-whose');
  await fireEvent.click(whose.querySelector(`[data-option="${id}"]`) as HTMLElement);
};

//
describe('figures of all computers', () => {
  it('are offered where a server counts, and nowhere else', async () => {
    await app('transfers', 'insights');
    await screen.findByTestId('figure-success');
    expect(screen.queryByTestId('insights-whose')).toBeNull();
  });

  it('are those of each account, with why one of them is silent', async () => {
    await app('insights-all', 'insights');
    await choose('all');
    await waitFor(() => expect(screen.getAllByTestId('account')).toHaveLength(2));
    const [tells, silent] = screen.getAllByTestId('account') as [HTMLElement, HTMLElement];
    expect(within(tells).getByRole('heading', { name: 'Studio server, Studio archive' })).toBeTruthy();
    const figure = (id: string) => plain(within(tells).getByTestId(id).textContent);
    // Never rounded up to all.
    expect(figure('account-success')).toMatch(/^Success rate, 24 h 99\.9 ?% 37 of 48,247 files failed$/);
    expect(figure('account-mean')).toContain('9.4 s a file');
    expect(figure('account-groups')).toContain('1 group failed');
    expect(figure('account-abandoned')).toContain('12');
    expect(
      within(tells)
        .getAllByTestId('account-reason')
        .map((line) => line.dataset['code']),
    ).toEqual(['connection_lost', 'file_changed', 'quota_exceeded']);
    expect(plain(within(silent).getByTestId('account-silent').textContent)).toContain('WL-401');
    // A time and a place are of this computer's own figures.
    expect(screen.queryByTestId('insights-span')).toBeNull();
    await choose('this');
    await screen.findByTestId('figure-success');
    expect(screen.getByTestId('insights-span')).toBeTruthy();
  });

  // A reason with its way out.
  it('lead to the sign-in of an account that is signed out', async () => {
    await app('insights-all', 'insights');
    await choose('all');
    await fireEvent.click(await screen.findByTestId('account-sign-in'));
    expect((await screen.findByRole('heading', { level: 1 })).textContent).toBe('Settings');
  });
});
