import { describe, expect, it } from 'vitest';
import { type Named, place } from './labels';

const edges = { left: 40, right: 640, gap: 6, lines: 3, across: [] as number[] };
const each = (all: Named[], more = {}) =>
  place(
    all,
    all.map((_, i) => i),
    { ...edges, ...more },
  );

describe('words in a chart', () => {
  it('stand in what they name, beside it where it is small, before it at the right edge', () => {
    expect(each([{ x0: 40, x1: 300, widths: [200] }])).toEqual([{ x: 46, which: 0, line: 0 }]);
    expect(each([{ x0: 300, x1: 302, widths: [200] }])).toEqual([{ x: 308, which: 0, line: 0 }]);
    expect(each([{ x0: 600, x1: 610, widths: [200] }])).toEqual([{ x: 394, which: 0, line: 0 }]);
    // It began before the chart does.
    expect(each([{ x0: -500, x1: 300, widths: [200] }])).toEqual([{ x: 46, which: 0, line: 0 }]);
  });
  it('go to the next line where another stands, and are left away where there is no room', () => {
    const four = Array.from({ length: 4 }, () => ({ x0: 320, x1: 320, widths: [300] }));
    expect(each(four).map((p) => p?.line ?? null)).toEqual([0, 1, 2, null]);
    expect(each([{ x0: 300, x1: 310, widths: [700] }])).toEqual([null]);
  });
  it('are the short ones where the full ones would cross a line', () => {
    const lost = { x0: 300, x1: 302, widths: [200, 60] };
    expect(each([lost], { across: [300, 400, 250] })).toEqual([{ x: 308, which: 1, line: 0 }]);
    expect(each([lost], { across: [300, 340, 290] })).toEqual([null]);
  });
  it('let the first in the order choose first', () => {
    const two = [
      { x0: 320, x1: 320, widths: [300] },
      { x0: 322, x1: 322, widths: [300] },
    ];
    expect(place(two, [1, 0], { ...edges, lines: 1 })).toEqual([null, { x: 328, which: 0, line: 0 }]);
  });
  it('never overlap, never leave the chart and never cross a line, wherever things are', () => {
    let seed = 7;
    const random = (upto: number) => (seed = (seed * 48_271) % 2_147_483_647) % upto;
    for (let round = 0; round < 300; round += 1) {
      const all = Array.from({ length: 1 + random(12) }, () => {
        const x0 = random(700) - 30;
        return { x0, x1: x0 + random(200), widths: [20 + random(260), 10 + random(60)] };
      });
      const across = all.filter((_, i) => i % 2 === 0).map((one) => one.x0);
      const placed = each(all, { across }).flatMap((p, i) => (p ? [{ ...p, end: p.x + (all[i]?.widths[p.which] ?? 0) }] : []));
      for (const p of placed) {
        expect(p.x).toBeGreaterThanOrEqual(edges.left);
        expect(p.end).toBeLessThanOrEqual(edges.right);
        expect(placed.filter((o) => o !== p && o.line === p.line && o.x < p.end && p.x < o.end)).toEqual([]);
        expect(across.filter((at) => at > p.x && at < p.end)).toEqual([]);
      }
    }
  });
});
