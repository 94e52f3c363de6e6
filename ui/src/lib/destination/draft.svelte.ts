/** A destination being filled in: its fields, and how its last test went. */
import type { DestinationCheck } from '../contract';
import type { Queue } from '../queue/queue.svelte';
import { defaultName, type DestinationForm, emptyForm, isComplete, newDestination } from './form';

/** A folder is tested this long after the last key, in milliseconds. */
const QUIET = 500;

export class Draft {
  form = $state<DestinationForm>(emptyForm(''));
  check = $state.raw<DestinationCheck | null>(null);
  checking = $state(false);
  readonly #queue: Queue;
  readonly #taken: () => readonly string[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tests = 0;

  constructor(queue: Queue, folder: string, taken: () => readonly string[]) {
    this.#queue = queue;
    this.#taken = taken;
    this.form = emptyForm(folder);
  }

  get complete(): boolean {
    return isComplete(this.form);
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
    if (this.form.kind === 'folder' && this.complete) this.#timer = setTimeout(() => void this.test(), QUIET);
  }

  choose(kind: 'folder' | 's3'): void {
    this.form.kind = kind;
    this.changed();
  }

  /** Tries it without saving. */
  async test(): Promise<void> {
    if (this.complete) await this.#run((d) => this.#queue.backend.testDestination(d), false);
  }

  /** Tries it, and saves it when all is well. True when it was saved. */
  async save(makeDefault: boolean): Promise<boolean> {
    if (!this.complete) return false;
    return this.#run((d) => this.#queue.backend.addDestination(d), makeDefault);
  }

  async #run(call: (d: ReturnType<typeof newDestination>) => Promise<DestinationCheck>, makeDefault: boolean): Promise<boolean> {
    clearTimeout(this.#timer);
    const mine = ++this.#tests;
    this.checking = true;
    let found: DestinationCheck | null = null;
    await this.#queue.do(async () => (found = await call(newDestination($state.snapshot(this.form), this.#taken(), makeDefault))));
    const check = found as DestinationCheck | null;
    if (mine === this.#tests) {
      this.checking = false;
      this.check = check;
    }
    return check?.ok ?? false;
  }
}
