/** A list and what is chosen in it: beside each other where there is room, else one behind the other with a way back. */
import { tick } from 'svelte';

export class Panes<Id extends string> {
  chosen = $state<Id | null>(null);
  /** The list, as an element. */
  list = $state<HTMLElement>();
  /** Of the window. */
  width = $state(window.innerWidth);
  readonly wide = $derived(this.width > 820);
  readonly #back: string;
  readonly #line: string;

  /** `back`: test id of the way back. `line`: the attribute of a line that holds its id. */
  constructor(back: string, line: string) {
    this.#back = back;
    this.#line = line;
  }

  async choose(id: Id): Promise<void> {
    this.chosen = id;
    if (this.wide) return;
    await tick();
    document.querySelector<HTMLElement>(`[data-testid=${this.#back}]`)?.focus();
  }

  async back(): Promise<void> {
    const was = this.chosen;
    this.chosen = null;
    await tick();
    this.list?.querySelector<HTMLElement>(`[${this.#line}="${was}"]`)?.focus();
  }
}
