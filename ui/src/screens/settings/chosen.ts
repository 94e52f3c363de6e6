/** The stored choice; without one, or with one that is none of these, the first, which is what holds then. */
export function chosen<T extends string>(stored: unknown, of: readonly [T, ...T[]]): T {
  return of.find((one) => one === stored) ?? of[0];
}
