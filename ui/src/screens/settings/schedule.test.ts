import { describe, expect, it } from 'vitest';
import { at, draw, ranges, storedWeek, weekOf, workWeek } from './schedule';

// I-2
describe('the week of the schedule', () => {
  it('is read as it was stored, and is full where nothing that could be one is stored', () => {
    const work = { pens: workWeek(), limit: 5e6 };
    expect(weekOf(storedWeek(work))).toEqual(work);
    for (const none of [null, undefined, 'x', { week: 'f' }, { week: 'z'.repeat(168), limit: 1 }, { limit: -1 }]) {
      expect(weekOf(none).pens.every((pen) => pen === 'f')).toBe(true);
      expect(weekOf(none).pens).toHaveLength(168);
    }
    expect(storedWeek(weekOf(null))).toBeNull();
  });
  it('is drawn over in rectangles, from whichever corner', () => {
    const full = weekOf(null).pens;
    const drawn = draw(full, at(3, 9), at(1, 7), 'l');
    expect(drawn.filter((pen) => pen === 'l')).toHaveLength(9);
    expect([drawn[at(1, 7)], drawn[at(3, 9)], drawn[at(2, 8)], drawn[at(0, 8)], drawn[at(2, 10)]]).toEqual(['l', 'l', 'l', 'f', 'f']);
  });
  it('is told in words, days with the same hours as one', () => {
    expect(ranges(weekOf(null).pens)).toEqual([]);
    expect(ranges(workWeek())).toEqual([{ first: 0, last: 4, from: 8, to: 18, pen: 'n' }]);
    const two = draw(workWeek(), at(5, 0), at(6, 23), 'l');
    expect(ranges(two)).toEqual([
      { first: 0, last: 4, from: 8, to: 18, pen: 'n' },
      { first: 5, last: 6, from: 0, to: 24, pen: 'l' },
    ]);
  });
});
