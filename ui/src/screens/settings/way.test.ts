import { app } from '../../dev/app';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';

const settings = () => app('settings', 'settings');
const mode = (id: string) => screen.getByTestId('setting-proxy').querySelector<HTMLElement>(`[data-option="${id}"]`) as HTMLElement;
const write = (id: string, value: string) => fireEvent.input(screen.getByTestId(id), { target: { value } });

describe('the way to the network', () => {
  // J-4
  it('goes by a proxy that is given whole, and the password is not shown again', async () => {
    const backend = await settings();
    expect(screen.queryByTestId('proxy-address')).toBeNull();
    await fireEvent.click(mode('manual'));
    // Nothing is chosen before an address is given.
    expect(backend.calls.filter((c) => c.startsWith('set_proxy'))).toEqual([]);
    expect(screen.getByTestId<HTMLButtonElement>('proxy-use').disabled).toBe(true);
    await write('proxy-address', ' http://proxy:8080 ');
    await write('proxy-user', 'ada');
    await write('proxy-password', 'open sesame');
    await fireEvent.click(screen.getByTestId('proxy-use'));
    await waitFor(() => expect(backend.calls).toContain('set_proxy manual http://proxy:8080 ada with a password'));
    await waitFor(() => expect(screen.getByTestId<HTMLInputElement>('proxy-password').value).toBe(''));
    await fireEvent.click(mode('none'));
    expect(backend.calls).toContain('set_proxy none');
    await waitFor(() => expect(screen.queryByTestId('proxy-address')).toBeNull());
  });

  it('stays what it was when the person thinks better of it', async () => {
    const backend = await settings();
    vi.spyOn(backend, 'setProxy').mockResolvedValue(false);
    await fireEvent.click(mode('manual'));
    await write('proxy-address', 'http://proxy:8080');
    await fireEvent.click(screen.getByTestId('proxy-use'));
    await waitFor(() => expect(screen.getByTestId<HTMLButtonElement>('proxy-use').disabled).toBe(false));
    expect(screen.getByTestId<HTMLInputElement>('proxy-address').value).toBe('http://proxy:8080');
    expect(screen.queryByText('This proxy is used from now on.')).toBeNull();
  });

  it('believes an authority from a file, and no more when it is removed', async () => {
    const backend = await settings();
    expect(screen.queryByTestId('authorities-remove')).toBeNull();
    await fireEvent.click(screen.getByTestId('authorities-choose'));
    expect((await screen.findByTestId('authorities-name')).textContent).toBe('studio-ca.pem');
    await fireEvent.click(screen.getByTestId('authorities-remove'));
    expect(backend.calls).toContain('set_setting authorities null');
    await waitFor(() => expect(screen.queryByTestId('authorities-name')).toBeNull());
  });
});
