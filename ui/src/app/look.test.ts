import { describe, expect, it } from 'vitest';
import { wear } from './look';

// §14, §16
describe('what the page wears', () => {
  const worn = (settings: Record<string, unknown>, contrast = false) => {
    const root = document.createElement('html');
    wear(root, settings, { contrast });
    return { ...root.dataset };
  };
  it.each([
    [{}, {}],
    [{ theme: 'system', density: 'comfortable', motion: 'system' }, {}],
    [
      { theme: 'contrast', density: 'compact', motion: 'reduced' },
      { theme: 'contrast', density: 'compact', motion: 'reduced' },
    ],
    [{ theme: 'pink', density: 7, motion: null }, {}],
  ])('%j is %j', (settings, dataset) => {
    expect(worn(settings)).toEqual(dataset);
  });
  it('is more contrast where the system asks for it and nobody chose a theme', () => {
    expect(worn({}, true)).toEqual({ theme: 'contrast' });
    expect(worn({ theme: 'system' }, true)).toEqual({ theme: 'contrast' });
    expect(worn({ theme: 'dark' }, true)).toEqual({ theme: 'dark' });
  });
  it('is taken off again', () => {
    const root = document.createElement('html');
    wear(root, { theme: 'dark', density: 'compact' }, { contrast: false });
    wear(root, { motion: 'reduced' }, { contrast: false });
    expect({ ...root.dataset }).toEqual({ motion: 'reduced' });
  });
});
