/** Figures as people read them, for one language. Bytes and rates are decimal, as storage is sold. */
import { rateUnit } from './unit.svelte';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const BIT_UNITS = ['bit', 'kbit', 'Mbit', 'Gbit', 'Tbit', 'Pbit'] as const;
const SPACE = '\u00a0';
/** Items of a list that are told. */
const LISTED = 8;

/** Which unit a count of bytes is told in. */
function unitOf(bytes: number): number {
  let unit = 0;
  // 999.95 of a unit would be told as 1,000.
  for (let rest = bytes; rest >= 999.5 && unit < UNITS.length - 1; rest /= 1000) unit += 1;
  return unit;
}

const rateUnits = () => (rateUnit.bits ? BIT_UNITS : UNITS);
const inRateUnit = (bytes: number): number => (rateUnit.bits ? bytes * 8 : bytes);

export interface Formats {
  /** 1,284 */
  count(n: number): string;
  /** 18.6 GB */
  bytes(n: number): string;
  /** 5 GB, 4.295 GB: a size that somebody set, without digits that say nothing. */
  limit(n: number): string;
  /** 41.3 of 62.0 GB, with the word for "of". */
  bytesOf(done: number, total: number, of: string): string;
  /** A rate in its two halves: 84.2 and MB/s, or 674 and Mbit/s where that is the unit that was chosen. */
  rateParts(bytesPerSecond: number): [string, string];
  /** 62.4 MB/s */
  rate(bytesPerSecond: number): string;
  /** The unit for all rates up to one, and a rate as a bare number of it. */
  rateScale(most: number): { unit: string; say: (bytesPerSecond: number) => string };
  /** 10 MB/s, 80 Mbit/s: a rate that somebody set, without digits that say nothing. */
  rateLimit(bytesPerSecond: number): string;
  /** 3.1 */
  decimal(n: number): string;
  /** 61 %, never more than is done. */
  percent(fraction: number): string;
  /** 14:02 today, 12 May 14:02 before. */
  when(ms: number, now: number): string;
  /** Tue 06:00 */
  weekday(ms: number): string;
  /** 06:00 */
  clock(ms: number): string;
  /** 18 Nov */
  dayShort(ms: number): string;
  /** Wednesday 18 November */
  day(ms: number): string;
  /** 21 Nov 2026, 09:14:07 */
  stamp(ms: number): string;
  /** 6.8 s, 3 min 20 s, 2 h 5 min */
  duration(ms: number): string;
  /** 8 days ago, 2 hours ago: since so many milliseconds. */
  ago(ms: number): string;
  /** .exe, .msi and .bat; of many only the first. */
  list(items: readonly string[]): string;
}

export function formats(locale: string): Formats {
  const int = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const one = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const short = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  const lists = new Intl.ListFormat(locale, { type: 'conjunction' });
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
  const weekday = new Intl.DateTimeFormat(locale, { weekday: 'short', hour: '2-digit', minute: '2-digit' });

  const longDay = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
  const stamp = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });

  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });

  const inUnit = (bytes: number, unit: number): string => {
    const value = bytes / 1000 ** unit;
    const tenths = unit > 0 && (value < 9.95 || (unit >= 3 && value < 99.95));
    return tenths ? one.format(value) : int.format(value);
  };
  const rateParts = (rate: number): [string, string] => {
    const counted = inRateUnit(rate);
    const unit = rate < 50 ? 2 : Math.max(1, unitOf(counted));
    const value = counted / 1000 ** unit;
    const text = rate < 50 ? int.format(0) : value < 99.95 ? one.format(value) : int.format(value);
    return [text, `${rateUnits()[unit]}/s`];
  };

  return {
    count: (n) => int.format(n),
    bytes: (n) => `${inUnit(n, unitOf(n))}${SPACE}${UNITS[unitOf(n)]}`,
    limit(n) {
      const unit = unitOf(n);
      return `${short.format(n / 1000 ** unit)}${SPACE}${UNITS[unit]}`;
    },
    bytesOf(done, total, of) {
      const unit = unitOf(total);
      return `${inUnit(done, unit)} ${of} ${inUnit(total, unit)}${SPACE}${UNITS[unit]}`;
    },
    rateParts,
    rate: (n) => rateParts(n).join(SPACE),
    rateScale(most) {
      const unit = Math.max(1, unitOf(inRateUnit(most)));
      const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
      return { unit: `${rateUnits()[unit]}/s`, say: (rate) => number.format(inRateUnit(rate) / 1000 ** unit) };
    },
    rateLimit(n) {
      const counted = inRateUnit(n);
      const unit = unitOf(counted);
      return `${short.format(counted / 1000 ** unit)}${SPACE}${rateUnits()[unit]}/s`;
    },
    decimal: (n) => (n >= 99.95 ? int.format(n) : one.format(n)),
    percent: (fraction) => `${int.format(Math.floor(Math.min(1, Math.max(0, fraction)) * 100 + 1e-9))}${SPACE}%`,
    when(ms, now) {
      const at = new Date(ms);
      const today = at.toDateString() === new Date(now).toDateString();
      return today ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
    },
    weekday: (ms) => weekday.format(ms),
    clock: (ms) => clock.format(ms),
    dayShort: (ms) => day.format(ms),
    day: (ms) => longDay.format(ms),
    stamp: (ms) => stamp.format(ms),
    ago(ms) {
      const minutes = Math.floor(ms / 60_000);
      if (minutes < 60) return relative.format(-minutes, 'minute');
      const hours = Math.floor(minutes / 60);
      return hours < 48 ? relative.format(-hours, 'hour') : relative.format(-Math.floor(hours / 24), 'day');
    },
    list: (items) => (items.length > LISTED ? `${items.slice(0, LISTED).join(', ')} …` : lists.format(items)),
    duration(ms) {
      const s = ms / 1000;
      if (s > 0 && s < 0.05) return `<\u202f${one.format(0.1)}${SPACE}s`;
      if (s < 9.95) return `${one.format(s)}${SPACE}s`;
      if (s < 59.5) return `${int.format(s)}${SPACE}s`;
      const minutes = Math.floor(s / 60);
      if (minutes < 60) return `${int.format(minutes)}${SPACE}min ${int.format(Math.floor(s % 60))}${SPACE}s`;
      return `${int.format(Math.floor(minutes / 60))}${SPACE}h ${int.format(minutes % 60)}${SPACE}min`;
    },
  };
}

/** A range of time left, cut to what is worth telling. Never seconds. */
export type TimeLeft =
  | { kind: 'minute' }
  | { kind: 'minutes'; low: number; high: number }
  | { kind: 'hours'; low: number; high: number }
  | { kind: 'unsteady'; hours: number; minutes: number }
  | { kind: 'until'; low: number; high: number };

/** Under 1 h in minutes, under 24 h in half hours, then a time of day; wider than 1 : 4 only its lower end. */
export function timeLeft(eta: { low_s: number; high_s: number }): TimeLeft {
  const { low_s, high_s } = eta;
  if (high_s <= 60) return { kind: 'minute' };
  if (high_s > 1200 && high_s > low_s * 4) {
    const minutes = Math.max(1, Math.floor(low_s / 60));
    return { kind: 'unsteady', hours: Math.floor(minutes / 60), minutes: minutes % 60 };
  }
  if (high_s < 3600) return { kind: 'minutes', low: Math.max(1, Math.floor(low_s / 60)), high: Math.ceil(high_s / 60) };
  if (high_s < 24 * 3600) {
    const half = (s: number) => Math.round(s / 1800) / 2;
    return { kind: 'hours', low: Math.max(0.5, half(low_s)), high: Math.max(1, half(high_s)) };
  }
  return { kind: 'until', low: low_s, high: high_s };
}
