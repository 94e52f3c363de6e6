import { describe, expect, it, vi } from 'vitest';
import type { Backend } from '../ipc/backend';
import { SIGNED_IN, SignIn } from './sign-in.svelte';

function backend(part: Partial<Backend> = {}) {
  const calls: string[] = [];
  let signed: (owner: string) => void = () => {};
  let refused: (error: unknown) => void = () => {};
  const made = {
    signInOffer: vi.fn(async (url: string) => (url.includes('team') ? 'login.example.com' : null)),
    beginSignIn: vi.fn(async () => ({ number: 7, address: 'https://login.example.com/device', code: 'WDJB-MJHT', opened: true })),
    waitSignIn: vi.fn(
      () =>
        new Promise<{ owner: string }>((done, fail) => {
          signed = (owner) => done({ owner });
          refused = fail;
        }),
    ),
    openSignIn: vi.fn(async () => undefined),
    cancelSignIn: vi.fn(async (number: number) => void calls.push(`cancel ${number}`)),
    ...part,
  };
  return {
    made,
    calls,
    signIn: new SignIn(made as unknown as Backend),
    signed: (o: string) => signed(o),
    refused: (e: unknown) => refused(e),
  };
}

describe('signing in with the browser', () => {
  it('is offered where the server says so, and asked once for an address', async () => {
    const { made, signIn } = backend();
    await signIn.ask('https://team.example.com/');
    expect([signIn.phase, signIn.provider]).toEqual(['offered', 'login.example.com']);
    await signIn.ask('https://team.example.com');
    expect(made.signInOffer).toHaveBeenCalledTimes(1);
    await signIn.ask('https://other.example.com');
    expect(signIn.phase).toBe('none');
  });

  it('asks nobody for what is no address yet, and a server that is away has tokens', async () => {
    const { made, signIn } = backend({ signInOffer: vi.fn(() => Promise.reject(new Error('away'))) });
    await signIn.ask('team.example.com');
    await signIn.ask('https://');
    expect([made.signInOffer, signIn.phase]).toEqual([made.signInOffer, 'unknown']);
    expect(made.signInOffer).not.toHaveBeenCalled();
    await signIn.ask('https://away.example.com');
    expect(signIn.phase).toBe('none');
  });

  it('shows the code, waits, and gives the form a number instead of a token', async () => {
    const { signIn, signed } = backend();
    await signIn.ask('https://team.example.com');
    const begun = signIn.begin();
    await vi.waitFor(() => expect(signIn.phase).toBe('waiting'));
    expect(signIn.begun?.code).toBe('WDJB-MJHT');
    signed('ada');
    expect(await begun).toBe(`${SIGNED_IN}7`);
    expect([signIn.phase, signIn.owner]).toEqual(['done', 'ada']);
  });

  it('breaks off when the person cancels or writes another address', async () => {
    const { signIn, calls, signed } = backend();
    await signIn.ask('https://team.example.com');
    const begun = signIn.begin();
    await vi.waitFor(() => expect(signIn.phase).toBe('waiting'));
    signIn.cancel();
    expect([signIn.phase, calls]).toEqual(['offered', ['cancel 7']]);
    signed('too late');
    expect(await begun).toBeNull();
    expect(signIn.phase).toBe('offered');
    const again = signIn.begin();
    await vi.waitFor(() => expect(signIn.phase).toBe('waiting'));
    signIn.forget();
    expect([signIn.phase, calls]).toEqual(['unknown', ['cancel 7', 'cancel 7']]);
    signed('too late');
    expect(await again).toBeNull();
  });

  it('says why nothing came of it, and can be tried again', async () => {
    const { signIn, refused } = backend();
    await signIn.ask('https://team.example.com');
    const begun = signIn.begin();
    await vi.waitFor(() => expect(signIn.phase).toBe('waiting'));
    refused({ code: 'forbidden', number: 'WL-401', detail: '' });
    expect(await begun).toBeNull();
    expect([signIn.phase, signIn.failed]).toEqual(['failed', { code: 'forbidden', number: 'WL-401' }]);
    void signIn.begin();
    await vi.waitFor(() => expect(signIn.phase).toBe('waiting'));
    expect(signIn.failed).toBeNull();
  });
});
