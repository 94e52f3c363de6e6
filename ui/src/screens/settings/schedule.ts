/** The week of the schedule: 168 hours from Monday 0:00 on, each with a pen. */

export const PENS = ['f', 'l', 'n'] as const;
/** Full, limited, no uploads. */
export type Pen = (typeof PENS)[number];
export const DAYS = 7;
export const HOURS = 24;

/** Bytes a second of the limited hours, before any was chosen. */
export const FIRST_LIMIT = 2_000_000;

export interface Week {
  pens: readonly Pen[];
  limit: number;
}

const isPen = (letter: string): letter is Pen => (PENS as readonly string[]).includes(letter);
const full = (): Pen[] => Array.from({ length: DAYS * HOURS }, () => 'f' as const);

/** The stored week; one that is none is full. */
export function weekOf(value: unknown): Week {
  const { week, limit } = (typeof value === 'object' && value !== null ? value : {}) as { week?: unknown; limit?: unknown };
  const letters = typeof week === 'string' ? [...week] : [];
  return {
    pens: letters.length === DAYS * HOURS && letters.every(isPen) ? letters.filter(isPen) : full(),
    limit: typeof limit === 'number' && limit > 0 ? limit : FIRST_LIMIT,
  };
}

/** As it is stored: null when every hour is full. */
export function storedWeek(week: Week): { week: string; limit: number } | null {
  return week.pens.every((pen) => pen === 'f') ? null : { week: week.pens.join(''), limit: week.limit };
}

/** The place of an hour. */
export const at = (day: number, hour: number): number => day * HOURS + hour;

/** The same week with hours drawn over: a rectangle from one to another. */
export function draw(pens: readonly Pen[], from: number, to: number, pen: Pen): Pen[] {
  const [d1, h1, d2, h2] = [Math.floor(from / HOURS), from % HOURS, Math.floor(to / HOURS), to % HOURS];
  const inside = (a: number, b: number, x: number) => x >= Math.min(a, b) && x <= Math.max(a, b);
  return pens.map((old, i) => (inside(d1, d2, Math.floor(i / HOURS)) && inside(h1, h2, i % HOURS) ? pen : old));
}

/** From Monday to Friday, 8:00 to 18:00, nothing is sent. */
export function workWeek(): Pen[] {
  return draw(full(), at(0, 8), at(4, 17), 'n');
}

/** Hours of one pen on days in a row; up to `to`, which is not in it. */
export interface Range {
  first: number;
  last: number;
  from: number;
  to: number;
  pen: Pen;
}

/** The week in words: what is not full, days with the same hours as one. */
export function ranges(pens: readonly Pen[]): Range[] {
  const out: Range[] = [];
  for (let day = 0; day < DAYS; day += 1) {
    const row = pens.slice(at(day, 0), at(day + 1, 0));
    for (let from = 0; from < HOURS;) {
      const pen = row[from] ?? 'f';
      let to = from + 1;
      while (to < HOURS && row[to] === pen) to += 1;
      if (pen !== 'f') {
        const before = out.find((r) => r.last === day - 1 && r.from === from && r.to === to && r.pen === pen);
        if (before) before.last = day;
        else out.push({ first: day, last: day, from, to, pen });
      }
      from = to;
    }
  }
  return out;
}
