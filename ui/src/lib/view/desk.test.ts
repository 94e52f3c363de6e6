import { sceneOf } from '../../dev/scenes';
import { describe, expect, it } from 'vitest';
import type { PreflightKind } from '$lib/contract';
import { sums, troubled, type Choices } from '../../screens/preflight/answer';
import { decide } from '../../screens/preflight/decide';
import { fromSlider, LEAST, toSlider } from '../../screens/settings/limit';
import { placeAmongAll, Pull } from '../../screens/transfers/reorder.svelte';
import { de } from '../words/de';
import { en } from '../words/en';
import { complete } from '../words/complete';
import { LANGUAGES } from '../words/language.svelte';
import { Selection } from './selection.svelte';

describe('a selection', () => {
  it('is told in stretches', () => {
    const s = new Selection();
    s.set([7, 1, 2, 3, 9]);
    s.toggle(9);
    s.toggle(8);
    expect(s.stretches()).toEqual([
      [1, 4],
      [7, 9],
    ]);
    s.only(5);
    expect(s.stretches()).toEqual([[5, 6]]);
  });
});

describe('the order of groups', () => {
  const { groups } = sceneOf('transfers').snapshot;
  it('counts ended groups as well, which stand between', () => {
    expect(placeAmongAll(groups, 'g-norrland', 0)).toBe(0);
    expect(placeAmongAll(groups, 'g-autumn', 2)).toBe(2);
    const turned = groups.map((g) => ({ ...g, order: 10 - g.order }));
    expect(placeAmongAll(turned, 'g-autumn', 0)).toBe(2);
  });
  it('follows the pointer between the cards', () => {
    const pull = new Pull();
    const cards = [50, 150, 250].map((middle, i) => ({ id: `g${i}`, middle }));
    pull.begin('g0', 0);
    pull.over(200, cards);
    expect(pull.to).toBe(1);
    pull.over(900, cards);
    expect(pull.end()).toBe(2);
    pull.begin('g0', 0);
    pull.over(10, cards);
    expect(pull.end()).toBeNull();
  });
});

describe('a look', () => {
  const look = {
    done: true,
    comparing: 0,
    too_many: false,
    destination: null,
    destination_name: '',
    name: '',
    files: 3,
    folders: 0,
    empty_folders: 0,
    bytes: 1,
    ready: 3,
    later: 0,
    ready_bytes: 1,
    first: [],
    oldest: null,
    newest: null,
    free: null,
    folds: [],
  };
  const by = { setting: undefined, remembered: false, waited: 0 };
  it('asks when there is something to say, much, or always', () => {
    expect(decide(look, by)).toBe('take');
    expect(decide({ ...look, files: 20 }, by)).toBe('show');
    expect(decide(look, { ...by, setting: 'always' })).toBe('show');
    expect(decide({ ...look, free: 0 }, by)).toBe('show');
    expect(decide({ ...look, done: false }, by)).toBe('wait');
    expect(decide({ ...look, done: false }, { ...by, waited: 500 })).toBe('show');
    // What is still compared may yet be there: it is waited for a moment, as for the counting.
    expect(decide({ ...look, comparing: 1 }, by)).toBe('wait');
    expect(decide({ ...look, comparing: 1 }, { ...by, waited: 500 })).toBe('show');
    expect(decide({ ...look, comparing: 1, files: 20 }, by)).toBe('show');
    const there = {
      ...look,
      folds: [{ kind: 'already_there' as const, files: 1, bytes: 1, examples: [], limit: null, types: [], taken: [] }],
    };
    expect(decide(there, by)).toBe('show');
    expect(decide(there, { ...by, remembered: true })).toBe('take');
    const kind = (k: PreflightKind) => decide({ ...look, folds: there.folds.map((f) => ({ ...f, kind: k })) }, by);
    expect([kind('growing'), kind('in_group'), kind('changed'), kind('same_name')]).toEqual(['take', 'take', 'take', 'show']);
  });
  it('counts what will be sent by the answers', () => {
    const fold = (k: PreflightKind, ...paths: string[]) => ({
      kind: k,
      files: paths.length,
      bytes: paths.length * 10,
      examples: paths.map((path) => ({ name: path, path, bytes: 10 })),
      limit: null,
      types: [],
      taken: [],
    });
    const seen = {
      ...look,
      ready: 4,
      later: 2,
      ready_bytes: 60,
      first: [{ name: 'a', path: 'a', bytes: 10 }],
      folds: [fold('already_there', 't'), fold('same_name', 's1', 's2'), fold('growing', 'g1', 'g2'), fold('unreadable', 'u')],
    };
    const as: Choices = { there: 'skip', same: 'keep', growing: 'wait', left: new Set<string>() };
    expect(sums(seen, as)).toEqual({ now: 4, later: 2, bytes: 60, left: 0 });
    expect(sums(seen, { ...as, same: 'leave' })).toEqual({ now: 2, later: 2, bytes: 40, left: 0 });
    expect(sums(seen, { ...as, growing: 'leave' })).toEqual({ now: 4, later: 0, bytes: 40, left: 0 });
    expect(sums(seen, { ...as, left: new Set(['a', 's1', 'g1', 't']) })).toEqual({ now: 2, later: 1, bytes: 30, left: 4 });
    // What is left out already is not left out twice.
    expect(sums(seen, { ...as, same: 'leave', growing: 'leave', left: new Set(['s1', 'g1']) })).toEqual({
      now: 2,
      later: 0,
      bytes: 20,
      left: 2,
    });
    expect(troubled(seen)).toBe(1);
  });
});

describe('the slider of the limit', () => {
  it('goes over all rates and comes back to where it was', () => {
    for (let place = 0; place <= 100; place += 1) expect(toSlider(fromSlider(place))).toBe(place);
    expect(fromSlider(0)).toBe(LEAST);
    expect(fromSlider(100)).toBe(1e9);
  });
});

describe('languages', () => {
  // Each language has its own kinds of number, so the word for one is no key.
  const isForms = (of: object) => Object.keys(of).every((key) => ['zero', 'one', 'two', 'few', 'many', 'other'].includes(key));
  const keys = (of: unknown, path = ''): string[] =>
    typeof of === 'object' && of !== null && !isForms(of)
      ? Object.entries(of).flatMap(([k, v]) => keys(v, `${path}.${k}`))
      : [`${path}:${typeof of}`];
  it('have no key missing and none too many', () => {
    expect(LANGUAGES.size).toBeGreaterThanOrEqual(2);
    const own = { en, de } as Record<string, unknown>;
    for (const [tag, words] of LANGUAGES) {
      expect(keys(words).sort(), tag).toEqual(keys(en).sort());
      if (own[tag]) expect(keys(own[tag]).sort(), tag).toEqual(keys(en).sort());
    }
  });
  it('speak English where a word is missing', () => {
    const half = complete({ a: 'one', b: { c: 'two', d: () => 'three' } }, { b: { c: 'zwei' } });
    expect([half.a, half.b.c, half.b.d()]).toEqual(['one', 'zwei', 'three']);
  });
});
