import { describe, expect, it } from 'vitest';
import { lines } from './scale';
import { sparkPath } from './spark';
import { listWindow, scrollTo, TALLEST } from './window';

const place = { scrollTop: 0, view: 324, rows: 100_000, rowHeight: 36, over: 6 };

describe('listWindow', () => {
  it('draws what is seen and a few more, however long the list', () => {
    expect(listWindow(place)).toEqual({ first: 0, last: 15, offset: 0, height: 3_600_000 });
    const middle = listWindow({ ...place, scrollTop: 36 * 5000 + 10 });
    expect(middle).toMatchObject({ first: 4994, last: 5016, offset: 4994 * 36 });
  });
  it('reaches the last row and nothing beyond it', () => {
    const end = listWindow({ ...place, scrollTop: 1e9 });
    expect(end.last).toBe(100_000);
    expect(end.offset + (end.last - end.first) * 36).toBe(3_600_000);
  });
  it('draws nothing of an empty list', () => {
    expect(listWindow({ ...place, rows: 0 })).toEqual({ first: 0, last: 0, offset: 0, height: 0 });
  });
  it('compresses the scrolling of a list taller than browsers allow, and still shows every row', () => {
    const huge = { ...place, rows: 5_000_000 };
    const seen = new Set<number>();
    expect(listWindow(huge).height).toBe(TALLEST);
    for (const row of [0, 1, 2_499_999, 4_999_998, 4_999_999]) {
      const at = { ...huge, scrollTop: scrollTo(row, huge) };
      const { first, last, offset } = listWindow(at);
      const top = offset + (row - first) * 36 - at.scrollTop;
      expect(row).toBeGreaterThanOrEqual(first);
      expect(row).toBeLessThan(last);
      expect(top).toBeGreaterThanOrEqual(-1);
      expect(top + 36).toBeLessThanOrEqual(huge.view + 1);
      seen.add(row);
    }
    expect(seen.size).toBe(5);
  });
});

describe('scrollTo', () => {
  it('leaves a row where it is when it is seen whole', () => {
    expect(scrollTo(3, { ...place, scrollTop: 50 })).toBe(50);
  });
  it('moves as little as it needs', () => {
    expect(scrollTo(0, { ...place, scrollTop: 50 })).toBe(0);
    expect(scrollTo(9, { ...place, scrollTop: 0 })).toBe(36);
  });
});

describe('lines', () => {
  it('begin at nothing, end above everything, and are few and round', () => {
    expect(lines(104e6)).toEqual([0, 40e6, 80e6, 120e6]);
    expect(lines(1)).toEqual([0, 0.4, 0.8, 1.2000000000000002]);
    for (const most of [3, 97, 1234, 5e7, 9.99e9, 4.0e12]) {
      const all = lines(most);
      expect(all[0]).toBe(0);
      expect(all.at(-1)).toBeGreaterThanOrEqual(most);
      expect(all.length).toBeLessThanOrEqual(5);
    }
  });
});

describe('sparkPath', () => {
  it('spans the box, the highest at the top', () => {
    expect(sparkPath([0, 10], 100, 28)).toBe('M0.0 26.5L100.0 1.5');
    expect(sparkPath([5], 100, 28)).toBe('');
    expect(sparkPath([0, 0], 100, 28)).not.toContain('NaN');
  });
});
