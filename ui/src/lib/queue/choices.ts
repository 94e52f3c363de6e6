/**
 * Choices on their way to the program.
 *
 * Each key has one wish under way at a time: two that cross would leave the program with the older one. What is chosen
 * meanwhile waits, and of that only the newest is told. Until the program has taken it, the page shows what was chosen,
 * whatever older state comes in between.
 */
export class Choices<Key extends string> {
  readonly #tell: (key: Key, value: unknown) => Promise<boolean>;
  readonly #underWay = new Map<Key, { wanted: unknown; ends: Promise<void> }>();

  /** `tell` tells the program and answers whether it was taken. */
  constructor(tell: (key: Key, value: unknown) => Promise<boolean>) {
    this.#tell = tell;
  }

  /** Chooses. Ends when the program has it; `back` gets the last value that it took when it refuses the newest. */
  choose(key: Key, value: unknown, before: unknown, back: (kept: unknown) => void): Promise<void> {
    const underWay = this.#underWay.get(key);
    if (underWay) {
      underWay.wanted = value;
      return underWay.ends;
    }
    const mine = { wanted: value, ends: Promise.resolve() };
    this.#underWay.set(key, mine);
    mine.ends = this.#run(key, mine, before, back);
    return mine.ends;
  }

  /** Choices as the program tells them, with those above that it does not know yet; itself where there are none. */
  over(settings: Record<string, unknown>): Record<string, unknown> {
    if (this.#underWay.size === 0) return settings;
    const wanted = [...this.#underWay].map(([key, { wanted }]) => [key, wanted] as const);
    return { ...settings, ...Object.fromEntries(wanted) };
  }

  async #run(key: Key, mine: { wanted: unknown }, before: unknown, back: (kept: unknown) => void): Promise<void> {
    let kept = before;
    for (;;) {
      const told = mine.wanted;
      const taken = await this.#tell(key, told);
      if (taken) kept = told;
      if (!Object.is(mine.wanted, told)) continue;
      this.#underWay.delete(key);
      if (!taken) back(kept);
      return;
    }
  }
}
