/** A destination being filled in: its fields, and how its last test went. */
import type { DestinationCheck, DestinationId, DestinationKind } from '../contract';
import { commandError } from '../ipc/backend';
import type { Queue } from '../queue/queue.svelte';
import { SignIn } from './sign-in.svelte';
import { defaultName, type DestinationForm, emptyForm, formOf, isComplete, newDestination } from './form';

/** A folder is tested this long after the last key, in milliseconds. */
const QUIET = 500;

export class Draft {
  form = $state<DestinationForm>(emptyForm(''));
  check = $state.raw<DestinationCheck | null>(null);
  checking = $state(false);
  /** What the server that was asked last offers. */
  places = $state.raw<readonly string[]>([]);
  /** Of a server. */
  readonly signIn: SignIn;
  /** The keychain took no secret, and the person is asked whether memory will do; what to say, and where the answer goes. */
  memory = $state.raw<{ locked: boolean; answer: (yes: boolean) => void } | null>(null);
  readonly #queue: Queue;
  readonly #taken: () => readonly string[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tests = 0;

  constructor(queue: Queue, folder: string, taken: () => readonly string[]) {
    this.#queue = queue;
    this.signIn = new SignIn(queue.backend);
    this.#taken = taken;
    this.form = emptyForm(folder);
  }

  /** The destination that is changed; null: a new one. */
  editing = $state.raw<DestinationId | null>(null);

  /** Fills the fields with what is known of a destination. */
  async edit(id: DestinationId): Promise<void> {
    this.editing = id;
    await this.#queue.do(async (b) => (this.form = formOf(await b.destinationForm(id))));
    if (this.form.kind === 'server') await this.signIn.ask(this.form.url);
  }

  get complete(): boolean {
    return isComplete(this.form, this.editing !== null);
  }

  get name(): string {
    return this.form.name.trim() || defaultName(this.form, this.#taken());
  }

  /** A field changed: what was tested is not what stands there now. A folder is tested by itself. */
  changed(): void {
    this.check = null;
    this.#tests += 1;
    this.checking = false;
    clearTimeout(this.#timer);
    if (this.form.kind === 'folder' && this.complete && this.editing === null) this.#timer = setTimeout(() => void this.test(), QUIET);
  }

  /** Somebody signed in: what the server offers is asked for at once. */
  async signed(): Promise<void> {
    this.changed();
    if (this.editing === null) await this.test();
  }

  choose(kind: DestinationKind): void {
    this.form.kind = kind;
    this.changed();
  }

  /** Tries it without saving. */
  async test(): Promise<void> {
    if (!this.complete) return;
    await this.#run((d) => this.#queue.backend.testDestination(d), false);
    // A server that was asked for the first time says what it offers: the first of it is proposed.
    const [first] = this.places;
    if (this.form.kind === 'server' && first !== undefined && !this.places.includes(this.form.place)) {
      this.form.place = first;
      await this.#run((d) => this.#queue.backend.testDestination(d), false);
    }
  }

  /** Tries it, and saves it when all is well. True when it was saved. */
  async save(makeDefault: boolean): Promise<boolean> {
    if (!this.complete) return false;
    const { editing } = this;
    if (this.form.kind === 'server' && this.form.place === '') {
      // What the server offers is shown first; with a choice to make, the person presses again.
      await this.test();
      if (this.places.length !== 1) return false;
    }
    return this.#run(
      (d) => (editing === null ? this.#queue.backend.addDestination(d) : this.#queue.backend.editDestination(editing, d)),
      makeDefault,
    );
  }

  async #run(call: (d: ReturnType<typeof newDestination>) => Promise<DestinationCheck>, makeDefault: boolean): Promise<boolean> {
    clearTimeout(this.#timer);
    const mine = ++this.#tests;
    this.checking = true;
    const check = await this.#call(call, makeDefault);
    if (mine === this.#tests) {
      this.checking = false;
      this.check = check;
      if (check) this.places = check.places;
    }
    return check?.ok ?? false;
  }

  /** One call with what is filled in. Without a keychain it is made once more with the secret in memory, if the person says so. */
  async #call(
    call: (d: ReturnType<typeof newDestination>) => Promise<DestinationCheck>,
    makeDefault: boolean,
  ): Promise<DestinationCheck | null> {
    let found: DestinationCheck | null = null;
    let locked: boolean | null = null;
    const once = async () => {
      try {
        found = await call(newDestination($state.snapshot(this.form), this.#taken(), makeDefault));
      } catch (thrown) {
        const { code, detail } = commandError(thrown);
        if (code !== 'keyring_locked' || this.form.keep !== 'keyring' || this.form.kind === 'folder') throw thrown;
        locked = detail.includes('locked');
      }
    };
    await this.#queue.do(once);
    if (locked === null) return found;
    const yes = await new Promise<boolean>((answer) => (this.memory = { locked: locked === true, answer }));
    this.memory = null;
    if (!yes) return null;
    this.form.keep = 'session';
    await this.#queue.do(once);
    return found;
  }
}
