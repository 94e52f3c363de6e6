/** A stretch of time as people read it, for one language. */
import { formats } from './format';

const SPACE = '\u00a0';

export interface Stretch {
  /** 40 s, 12 min, 2 h 5 min: without seconds from a minute on. */
  lasted(ms: number): string;
  /** 09:20–09:22 today, 12 May 09:20–09:22 before, with the second day where it is another. */
  range(from: number, to: number, now: number): string;
}

export function stretch(locale: string): Stretch {
  const f = formats(locale);
  return {
    lasted(ms) {
      const minutes = Math.round(ms / 60_000);
      if (ms < 59_500) return `${f.count(Math.round(ms / 1000))}${SPACE}s`;
      if (minutes < 60) return `${f.count(minutes)}${SPACE}min`;
      const rest = minutes % 60;
      return `${f.count(Math.floor(minutes / 60))}${SPACE}h${rest > 0 ? ` ${f.count(rest)}${SPACE}min` : ''}`;
    },
    range(from, to, now) {
      const sameDay = new Date(from).toDateString() === new Date(to).toDateString();
      return `${f.when(from, now)}–${sameDay ? f.clock(to) : f.when(to, now)}`;
    },
  };
}
