import { page } from '../dev/app';
import { mockBackend } from '../dev/backend';
import type { SceneName } from '../dev/scenes';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';

async function settings(scene: SceneName) {
  const backend = mockBackend(scene, false);
  const added = vi.spyOn(backend, 'addDestination');
  const edited = vi.spyOn(backend, 'editDestination');
  await page(backend, 'settings');
  return { backend, added, edited };
}
/** The person did it in the browser. */
const signedIn = (owner: string) => (globalThis as unknown as { signedIn: (owner: string) => void }).signedIn(owner);

async function write(url: string) {
  const field = screen.getByTestId<HTMLInputElement>('dest-server-url');
  await fireEvent.input(field, { target: { value: url } });
  await fireEvent.change(field);
}

describe('a Windlass server as destination', () => {
  it('is signed in to with a code in the browser, and no token crosses the page', async () => {
    const { backend, added } = await settings('settings');
    await fireEvent.click(screen.getByTestId('dest-add'));
    await fireEvent.click(screen.getByTestId('dest-kind-server'));
    expect(screen.getByTestId('dest-server-token')).toBeTruthy();
    await write('https://up.example.com');
    await fireEvent.click(await screen.findByTestId('sign-in-begin'));
    expect((await screen.findByTestId('sign-in-code')).textContent).toBe('WDJB-MJHT');
    expect(screen.getByTestId('sign-in-address').textContent).toBe('https://login.example.com/device');
    expect(screen.queryByTestId('dest-server-token')).toBeNull();
    signedIn('ada');
    expect((await screen.findByTestId('sign-in-done')).textContent).toContain('Signed in as ada');
    await waitFor(() => expect(screen.getByTestId('check-list').dataset['ok']).toBe('true'));
    await fireEvent.click(screen.getByTestId('dest-save'));
    await waitFor(() => expect(added).toHaveBeenCalled());
    expect(added.mock.calls[0]?.[0].server).toMatchObject({ url: 'https://up.example.com', token: 'signed-in:1' });
    expect(backend.calls).toContain('begin_sign_in https://up.example.com');
  });

  it('takes a token where nobody signs in, or where the person would rather', async () => {
    await settings('settings');
    await fireEvent.click(screen.getByTestId('dest-add'));
    await fireEvent.click(screen.getByTestId('dest-kind-server'));
    await write('https://token.example.com');
    await waitFor(() => expect(screen.getByTestId('dest-server-token')).toBeTruthy());
    expect(screen.queryByTestId('sign-in')).toBeNull();
    await write('https://up.example.com');
    await fireEvent.click(await screen.findByTestId('sign-in-token'));
    expect(screen.getByTestId('dest-server-token')).toBeTruthy();
  });

  it('is forgotten when the person closes the form meanwhile', async () => {
    const { backend } = await settings('settings');
    await fireEvent.click(screen.getByTestId('dest-add'));
    await fireEvent.click(screen.getByTestId('dest-kind-server'));
    await write('https://up.example.com');
    await fireEvent.click(await screen.findByTestId('sign-in-begin'));
    await screen.findByTestId('sign-in-code');
    await fireEvent.keyDown(document.body, { key: 'Escape' });
    await fireEvent.click(screen.getByText('Cancel', { selector: '.btn.flat:not(.s)' }));
    await waitFor(() => expect(backend.calls).toContain('cancel_sign_in 1'));
  });
});

// WL-401
describe('a sign-in that has ended', () => {
  it('is begun again with one press, and saved once the person is done', async () => {
    const { edited } = await settings('sign-in-again');
    await fireEvent.click(screen.getByTestId('dest-sign-in'));
    await screen.findByTestId('sign-in-code');
    signedIn('ada');
    await waitFor(() => expect(edited).toHaveBeenCalled());
    expect(edited.mock.calls[0]?.[0]).toBe('d-server');
    expect(edited.mock.calls[0]?.[1].server).toMatchObject({ token: 'signed-in:1', place: 'recordings' });
    await waitFor(() => expect(screen.queryByTestId('add-destination')).toBeNull());
    expect(screen.queryByTestId('dest-sign-in')).toBeNull();
  });
});

// WL-303
describe('a key that is refused', () => {
  it('is entered again from the list of destinations', async () => {
    await settings('settings');
    await fireEvent.click(await screen.findByTestId('dest-new-key'));
    const name = within(await screen.findByTestId('add-destination')).getByTestId<HTMLInputElement>('dest-name');
    await waitFor(() => expect(name.value).toBe('My S3 bucket'));
  });
});
