/** What `own` says, and English where it is silent. */
export function complete<T>(base: T, own: unknown): T {
  if (typeof base !== 'object' || base === null || Array.isArray(base)) return typeof own === typeof base ? (own as T) : base;
  const said = typeof own === 'object' && own !== null ? (own as Record<string, unknown>) : {};
  const out: Record<string, unknown> = { ...said };
  for (const key of Object.keys(base)) out[key] = complete((base as Record<string, unknown>)[key], said[key]);
  return out as T;
}
