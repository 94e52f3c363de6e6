/** A slider over rates from 0.1 to 1,000 MB/s: each tenth of its way is the same factor. */

/** No limit is smaller, bytes a second. */
export const LEAST = 100_000;
const MOST = 1_000_000_000;
const FACTOR = Math.log(MOST / LEAST);

export function toSlider(bytes: number): number {
  return Math.round((Math.log(Math.min(MOST, Math.max(LEAST, bytes)) / LEAST) / FACTOR) * 100);
}

/** Two digits that count: 1.2, 12, 120 MB/s. */
export function fromSlider(place: number): number {
  const bytes = LEAST * Math.exp((place / 100) * FACTOR);
  const unit = 10 ** (Math.floor(Math.log10(bytes)) - 1);
  return Math.round(bytes / unit) * unit;
}
