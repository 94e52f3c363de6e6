import { describe, expect, it } from 'vitest';
import { mendTag } from './tag';

describe('the language of the system', () => {
  it.each([
    ['de-DE', 'de-DE'],
    ['C', 'en'],
    ['', 'en'],
  ])('%j is taken as %s', (said, taken) => {
    const system = { language: said };
    mendTag(system);
    expect(system.language).toBe(taken);
  });
});
