/** Whether the desktop starts the program at login. It is no choice in the queue, but an entry of the desktop's own. */
import type { Queue } from '$lib/queue/queue.svelte';

export class LoginStart {
  /** Null: there is no place for that; undefined: not known yet. */
  on = $state<boolean | null | undefined>();
  readonly #queue: Queue;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  /** Asks the desktop. */
  async ask(): Promise<void> {
    await this.#queue.do(async (b) => (this.on = await b.loginStart()));
  }

  /** Changes it at once, and back when the desktop refuses. */
  async set(on: boolean): Promise<void> {
    this.on = on;
    if (!(await this.#queue.do((b) => b.setLoginStart(on)))) this.on = !on;
  }

  /** As it came. Answers with what brings it again; null when nothing was to be done. */
  reset(): (() => void) | null {
    if (this.on !== true) return null;
    void this.set(false);
    return () => {
      if (this.on === false) void this.set(true);
    };
  }
}
