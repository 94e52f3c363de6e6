import { describe, expect, it } from 'vitest';
import { emptyForm, formOf, isComplete, newDestination } from './form';
import { acceptsOf, isLimit, isLimited, limitsOf, NO_LIMITS } from './limits';

const size = (largest: string, unit: 'MB' | 'GB' | 'TB' = 'GB') => acceptsOf({ ...NO_LIMITS, largest, unit }).max_bytes;

describe('what a destination takes, as it is written', () => {
  it('reads a size with a point or a comma, and nothing as no limit', () => {
    expect([size(''), size(' '), size('5'), size('1.5', 'MB'), size(' 0,25 ', 'TB'), size('.5')]).toEqual([
      null,
      null,
      5e9,
      1_500_000,
      250e9,
      5e8,
    ]);
  });
  it('takes nothing for a size that is none', () => {
    for (const largest of ['0', '-1', '1e3', '5 GB', 'x', '.', '1.2.3', '0.0000000001', '99999999999'])
      expect(isLimit({ ...NO_LIMITS, largest }), largest).toBe(false);
    expect(isComplete({ ...emptyForm('/mnt/a'), limits: { ...NO_LIMITS, largest: '5' } })).toBe(true);
    expect(isComplete({ ...emptyForm('/mnt/a'), limits: { ...NO_LIMITS, largest: 'x' } })).toBe(false);
  });
  it('divides types by commas, semicolons and spaces, and leaves them as they were written', () => {
    expect(acceptsOf({ ...NO_LIMITS, refused: ' .exe, MSI;*.bat  com ' }).refused_types).toEqual(['.exe', 'MSI', '*.bat', 'com']);
  });
  it('writes a limit so that reading it gives the same bytes', () => {
    for (const max_bytes of [1, 999, 1_500_000, 5e9, 4_294_967_295, 524_288_000, 104_857_600, 5 * 2 ** 40, 1e12, 1_234_000_000_000]) {
      const accepts = { max_bytes, refused_types: ['exe', 'tar.gz'], allowed_mime: ['image/*'] };
      const back = acceptsOf(limitsOf(accepts));
      expect(back).toEqual({ ...accepts, refused_types: ['.exe', '.tar.gz'] });
    }
    expect(limitsOf({ max_bytes: 5e9, refused_types: [], allowed_mime: null })).toEqual({
      largest: '5',
      unit: 'GB',
      refused: '',
      allowed: null,
    });
    expect(limitsOf({ max_bytes: 524_288_000, refused_types: [], allowed_mime: null })).toMatchObject({ largest: '524.288', unit: 'MB' });
  });
  it('keeps what is not written here', () => {
    const accepts = { max_bytes: null, refused_types: ['exe'], allowed_mime: ['text/*'] };
    const of = { name: 'a', folder: '/mnt/a', s3: null, server: null, make_default: false, proxy: null, accepts };
    expect(newDestination(formOf(of), [], false).accepts).toEqual({ ...accepts, refused_types: ['.exe'] });
    expect(isLimited(accepts)).toBe(true);
    expect(isLimited({ max_bytes: null, refused_types: [], allowed_mime: null })).toBe(false);
  });
});
