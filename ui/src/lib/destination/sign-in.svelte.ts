/**
 * Signing in at a server with the browser, from the address to the token. The token stays in the program; the form holds
 * the number of the sign-in in its place.
 */
import { type Backend, commandError, type SignInBegun } from '../ipc/backend';
import type { ErrorCode } from '../contract';

/** What the form says in the place of a token. */
export const SIGNED_IN = 'signed-in:';

export type SignInPhase = 'unknown' | 'asking' | 'none' | 'offered' | 'beginning' | 'waiting' | 'done' | 'failed';

export class SignIn {
  phase = $state<SignInPhase>('unknown');
  /** Where people sign in. */
  provider = $state('');
  begun = $state.raw<SignInBegun | null>(null);
  owner = $state('');
  failed = $state.raw<{ code: ErrorCode; number: string } | null>(null);
  /** The person rather writes a token. */
  byToken = $state(false);
  #url = '';
  #asked = 0;
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Another address stands there: what was begun for the one before ends. */
  forget(): void {
    this.#asked += 1;
    if (this.begun && this.phase === 'waiting') void this.#backend.cancelSignIn(this.begun.number).catch(() => undefined);
    this.begun = null;
    this.failed = null;
    this.#url = '';
    this.phase = 'unknown';
  }

  /** Asks a server whether people sign in there. One that does not say is one with tokens; the test tells what is wrong. */
  async ask(url: string): Promise<void> {
    const wanted = url.trim().replace(/\/+$/, '');
    if (wanted === this.#url) return;
    this.forget();
    this.#url = wanted;
    if (!/^https?:\/\/[^/]/.test(wanted)) return;
    const mine = this.#asked;
    this.phase = 'asking';
    const provider = await this.#backend.signInOffer(wanted).catch(() => null);
    if (mine !== this.#asked) return;
    this.provider = provider ?? '';
    this.phase = provider === null ? 'none' : 'offered';
  }

  /** Begins, and waits for the person. Answers what the form says then; null when nothing came of it. */
  async begin(): Promise<string | null> {
    const mine = ++this.#asked;
    this.failed = null;
    this.phase = 'beginning';
    try {
      const begun = await this.#backend.beginSignIn(this.#url);
      if (mine !== this.#asked) {
        void this.#backend.cancelSignIn(begun.number).catch(() => undefined);
        return null;
      }
      this.begun = begun;
      this.phase = 'waiting';
      const signed = await this.#backend.waitSignIn(begun.number);
      if (mine !== this.#asked) return null;
      this.owner = signed.owner;
      this.phase = 'done';
      return `${SIGNED_IN}${begun.number}`;
    } catch (thrown) {
      if (mine !== this.#asked) return null;
      const { code, number } = commandError(thrown);
      this.failed = { code, number };
      this.phase = 'failed';
      return null;
    }
  }

  /** The person thought better of it. */
  cancel(): void {
    const url = this.#url;
    this.forget();
    this.#url = url;
    this.phase = 'offered';
  }

  /** Opens the browser once more. */
  async reopen(): Promise<void> {
    if (this.begun) await this.#backend.openSignIn(this.begun.number).catch(() => undefined);
  }
}
