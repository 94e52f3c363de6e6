/** Where a chart has its lines across. */

/** Lines above the ground, at most. */
const LINES = 4;
/** Steps between two lines, times a power of ten, so that what stands at them is short. */
const STEPS = [1, 2, 4, 5, 10];

/** From 0 to the first line above everything, at even steps. */
export function lines(most: number): number[] {
  const wanted = Math.max(most, Number.MIN_VALUE) / LINES;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = (STEPS.find((s) => s * power >= wanted) ?? 10) * power;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}
