/** A slider over rates from 0.1 to 1,000 MB/s: each tenth of its way is the same factor. And rates in the unit of the person. */
import { rateUnit } from '$lib/words/unit.svelte';

/** No limit is smaller, bytes a second. */
export const LEAST = 100_000;
const MOST = 1_000_000_000;
const FACTOR = Math.log(MOST / LEAST);

export function toSlider(bytes: number): number {
  return Math.round((Math.log(Math.min(MOST, Math.max(LEAST, bytes)) / LEAST) / FACTOR) * 100);
}

/** Two digits that count: 1.2, 12, 120 of the unit. */
export function fromSlider(place: number): number {
  const value = inUnit(LEAST * Math.exp((place / 100) * FACTOR)) * 1e6;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return fromUnit((Math.round(value / unit) * unit) / 1e6);
}

/** Bytes a second as a number of MB/s or Mbit/s with at most two digits after the point. */
export const toUnit = (bytes: number): number => Math.round(inUnit(bytes) * 100) / 100;
/** Whole bytes a second of such a number. */
export const fromUnit = (value: number): number => Math.round((value * 1e6) / (rateUnit.bits ? 8 : 1));
/** The unit itself. */
export const unitWord = (): string => (rateUnit.bits ? 'Mbit/s' : 'MB/s');

const inUnit = (bytes: number): number => (bytes * (rateUnit.bits ? 8 : 1)) / 1e6;
