import { afterEach, describe, expect, it } from 'vitest';
import { formats } from './format';
import { rateUnit } from './unit.svelte';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
afterEach(() => {
  rateUnit.bits = false;
});

// §14
describe('the unit of speed', () => {
  it('says rates and limits of rates in bits, and sizes in bytes', () => {
    const f = formats('en-GB');
    const all = () =>
      [f.rate(62.4e6), f.rate(0), f.rate(800), f.rate(200e6), f.rateLimit(1.25e6), f.bytes(62.4e6), f.limit(5e9)].map(plain);
    expect(all()).toEqual(['62.4 MB/s', '0 MB/s', '0.8 kB/s', '200 MB/s', '1.25 MB/s', '62 MB', '5 GB']);
    rateUnit.bits = true;
    expect(all()).toEqual(['499 Mbit/s', '0 Mbit/s', '6.4 kbit/s', '1.6 Gbit/s', '10 Mbit/s', '62 MB', '5 GB']);
    expect(plain(formats('de-DE').rate(1.25e6))).toBe('10,0 Mbit/s');
  });
  it('is that of a chart too', () => {
    rateUnit.bits = true;
    const { unit, say } = formats('en-GB').rateScale(104e6);
    expect([unit, ...[0, 40e6, 104e6].map(say)]).toEqual(['Mbit/s', '0', '320', '832']);
  });
});
