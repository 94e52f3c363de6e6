/** Where words stand in a chart: beside what they name, none over another or over a line, none cut by the edge. */

/** Something with a name, from `x0` to `x1`, in dots. */
export interface Named {
  x0: number;
  x1: number;
  /** Widths of its words, the full ones first, then shorter ones. */
  widths: readonly number[];
}
/** Where its words begin, which of them, and in which line from the top. */
export interface Placed {
  x: number;
  which: number;
  line: number;
}
export interface Edges {
  left: number;
  right: number;
  /** Between words and what they name, and between two of them. */
  gap: number;
  /** Lines of words. */
  lines: number;
  /** Lines that run down through all of them, and that no words may cross. */
  across: readonly number[];
}

/** A place for each; null where there is none, also for its shortest words. Those before in `order` choose first. */
export function place(all: readonly Named[], order: readonly number[], edges: Edges): (Placed | null)[] {
  const { left, right, gap, lines, across } = edges;
  const taken: [number, number][][] = Array.from({ length: lines }, () => []);
  const free = (x: number, width: number, line: number) =>
    x >= left &&
    x + width <= right &&
    across.every((at) => at <= x || at >= x + width) &&
    (taken[line] ?? []).every(([a, b]) => x >= b + gap || x + width + gap <= a);
  const find = ({ x0, x1, widths }: Named): Placed | null => {
    const begins = Math.max(x0, left);
    const ends = Math.min(x1, right);
    for (const [which, width] of widths.entries()) {
      // In it, else after it, else before it.
      const wishes = ends - begins >= width + 2 * gap ? [begins + gap] : [ends + gap, begins - gap - width];
      for (let line = 0; line < lines; line += 1) {
        const x = wishes.find((wish) => free(wish, width, line));
        if (x !== undefined) return { x, which, line };
      }
    }
    return null;
  };
  const placed: (Placed | null)[] = all.map(() => null);
  for (const index of order) {
    const it = all[index];
    const at = it ? find(it) : null;
    if (!it || !at) continue;
    placed[index] = at;
    taken[at.line]?.push([at.x, at.x + (it.widths[at.which] ?? 0)]);
  }
  return placed;
}
