/** The stored choice; without one, or with one that is none of these, the first, which is what holds then. */
export function chosen<T extends string>(stored: unknown, of: readonly [T, ...T[]]): T {
  return of.find((one) => one === stored) ?? of[0];
}

/** The stored number, or what holds without one, and all that are offered: one that another hand chose is one too. */
export function numbers(stored: unknown, otherwise: number, offered: readonly number[]): { now: number; all: number[] } {
  const now = typeof stored === 'number' ? stored : otherwise;
  return { now, all: [...new Set([...offered, now])].sort((a, b) => a - b) };
}
