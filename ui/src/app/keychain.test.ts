import { page } from '../dev/app';
import { mockBackend } from '../dev/backend';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';

/** The first run with a bucket filled in, on a computer whose keychain answers so. */
async function filledIn(detail: string) {
  const backend = mockBackend('first-run', false);
  const add = backend.addDestination.bind(backend);
  const added = vi.spyOn(backend, 'addDestination').mockImplementation((d) => {
    if (d.s3?.keep_secret === 'keyring') return Promise.reject({ code: 'keyring_locked', number: 'WL-503', detail });
    return add(d);
  });
  await page(backend);
  await fireEvent.click(screen.getByTestId('dest-kind-s3'));
  for (const [field, value] of [
    ['endpoint', 'https://s3.example.com'],
    ['bucket', 'field'],
    ['access', 'K'],
    ['secret', 's'],
  ])
    await fireEvent.input(screen.getByTestId(`dest-s3-${field}`), { target: { value } });
  await fireEvent.click(screen.getByTestId('first-run-start'));
  const question = await screen.findByTestId('memory-question');
  return { backend, added, question };
}

describe('a secret without a keychain', () => {
  // C-11
  it('stays in memory when the person says so, and the first run goes on', async () => {
    const { backend, added, question } = await filledIn('this computer has no keyring');
    expect(question.textContent).toContain('This computer has no keychain. Keep the secret in memory until you quit?');
    // The answer that changes nothing is at hand, and nothing was said elsewhere.
    expect(document.activeElement).toBe(screen.getByTestId('memory-no'));
    expect(screen.queryByTestId('notice')).toBeNull();
    await fireEvent.click(screen.getByTestId('memory-yes'));
    await waitFor(() => expect(backend.calls).toContain('finish_first_run'));
    expect(added.mock.calls.map(([d]) => d.s3?.keep_secret)).toEqual(['keyring', 'session']);
  });

  it('is not kept when the person cancels, and what was filled in stays', async () => {
    const { backend, added } = await filledIn('the keyring is locked');
    expect(screen.getByTestId('memory-question').textContent).toContain('The keychain is locked');
    await fireEvent.click(screen.getByTestId('memory-no'));
    await waitFor(() => expect(screen.queryByTestId('memory-question')).toBeNull());
    expect(added).toHaveBeenCalledTimes(1);
    expect(backend.calls).not.toContain('finish_first_run');
    expect(screen.getByTestId<HTMLInputElement>('dest-s3-bucket').value).toBe('field');
    await waitFor(() => expect(screen.getByTestId<HTMLButtonElement>('first-run-start').disabled).toBe(false));
  });
});

describe('a check that fails in a form', () => {
  //
  it('says what to do right there, not in another place', async () => {
    const backend = mockBackend('first-run', false);
    const steps = [
      { step: 'reachable', outcome: 'ok' as const, detail: '', code: null },
      { step: 'key', outcome: 'failed' as const, detail: 'answer 403', code: 'storage_credentials' as const },
    ];
    vi.spyOn(backend, 'testDestination').mockResolvedValue({ ok: false, places: [], steps });
    await page(backend);
    await fireEvent.click(screen.getByTestId('dest-kind-s3'));
    for (const field of ['endpoint', 'bucket', 'access', 'secret'])
      await fireEvent.input(screen.getByTestId(`dest-s3-${field}`), { target: { value: 'https://x' } });
    await fireEvent.click(screen.getByTestId('dest-test'));
    const list = screen.getByTestId('check-list');
    await waitFor(() => expect(list.dataset['ok']).toBe('false'));
    expect(list.textContent).toContain('Key or secret refused');
    expect(list.textContent).toContain('Look at key and secret once more');
    expect(list.textContent).not.toContain('Settings');
  });
});
