/** What a destination takes, as a person reads and writes it. */
import type { Accepts } from '../contract';

/** Sizes are written in these; bytes of one each. */
export const UNITS = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;
export type Unit = keyof typeof UNITS;

export interface LimitsForm {
  /** Largest file, a decimal of the unit; empty: no limit. */
  largest: string;
  unit: Unit;
  /** Endings of names, divided by commas or spaces. */
  refused: string;
  /** Content types that are taken; not written here, and kept. */
  allowed: string[] | null;
}

export const NO_LIMITS: LimitsForm = { largest: '', unit: 'GB', refused: '', allowed: null };

/** Bytes of a size as it is written; null: none is; undefined: it is no size. */
function bytesOf(form: LimitsForm): number | null | undefined {
  const text = form.largest.trim().replace(',', '.');
  if (text === '') return null;
  if (!/^\d*\.?\d+$|^\d+\.$/.test(text)) return undefined;
  const bytes = Math.round(Number(text) * UNITS[form.unit]);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** False while what is written for the largest file is no size. */
export function isLimit(form: LimitsForm): boolean {
  return bytesOf(form) !== undefined;
}

export function acceptsOf(form: LimitsForm): Accepts {
  return {
    max_bytes: bytesOf(form) ?? null,
    refused_types: form.refused.split(/[\s,;]+/).filter((word) => word !== ''),
    allowed_mime: form.allowed,
  };
}

/** A size in the largest unit that says it in at most three digits after the point; else in MB, to the byte. */
function written(bytes: number): { largest: string; unit: Unit } {
  const short = (['TB', 'GB'] as const).find((unit) => bytes >= UNITS[unit] && Number.isInteger((bytes / UNITS[unit]) * 1000));
  const unit = short ?? 'MB';
  return { largest: String(bytes / UNITS[unit]), unit };
}

export function limitsOf(accepts: Accepts): LimitsForm {
  return {
    ...(accepts.max_bytes === null ? { largest: '', unit: 'GB' as const } : written(accepts.max_bytes)),
    refused: accepts.refused_types.map((word) => `.${word}`).join(', '),
    allowed: accepts.allowed_mime,
  };
}

/** True when there is something to say. */
export function isLimited(accepts: Accepts): boolean {
  return accepts.max_bytes !== null || accepts.refused_types.length > 0 || accepts.allowed_mime !== null;
}
