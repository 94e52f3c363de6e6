/** A line of figures as an SVG path. */

/** Points of a line of `values` in a box; the highest touches the top, zero the bottom. Empty without two values. */
export function sparkPath(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return '';
  const most = Math.max(...values, 1);
  const step = width / (values.length - 1);
  return values
    .map((v, i) => `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${(1.5 + (1 - Math.max(0, v) / most) * (height - 3)).toFixed(1)}`)
    .join('');
}
