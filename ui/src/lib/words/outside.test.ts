import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../../outside';
import { de } from './de';
import { en, type Words } from './en';
import { LANGUAGES } from './language.svelte';
import type { Some } from './words';

/** The places of each sentence by its name, over all its kinds of number. */
const KINDS = ['zero', 'one', 'two', 'few', 'many', 'other'];
function places(of: object, path = ''): [string, string[]][] {
  return Object.entries(of).flatMap(([key, value]): [string, string[]][] => {
    const name = `${path}.${key}`;
    const said = typeof value === 'string' ? [value] : Object.keys(value).every((k) => KINDS.includes(k)) ? Object.values(value) : null;
    if (!said) return places(value, name);
    return [[name, [...new Set(said.join(' ').match(/\{\w+\}/g))].sort()]];
  });
}

describe('what is said outside of the page', () => {
  const made: string[] = [];
  afterEach(() => made.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

  it('has each place of a sentence in German too', () => {
    expect(places(de.outside)).toEqual(places(en.outside));
    expect(places(en.outside)).toContainEqual(['.hostQuestion', ['{bucket}', '{host}']]);
  });

  it('is data, all of it', () => {
    for (const { outside } of [en, de]) expect(JSON.parse(JSON.stringify(outside))).toEqual(outside);
  });

  // Each language is compiled with all that it imports.
  it('is collected from every language, and one more file is one more language', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'windlass-words-'));
    made.push(folder);
    cpSync(import.meta.dirname, folder, { recursive: true });
    const xx: Some<Words> = { langName: 'Xx', outside: { quit: 'Xuit', needYou: { one: 'x {groups}', few: 'xx {groups}' } } };
    writeFileSync(join(folder, 'xx.ts'), `export const xx = ${JSON.stringify(xx)};`);
    const all = await collect(folder);
    expect(Object.keys(all)).toEqual([...LANGUAGES.keys(), 'xx'].sort());
    expect([all['de'], all['en']]).toEqual([de.outside, en.outside]);
    expect(all['xx']).toEqual({
      ...en.outside,
      quit: 'Xuit',
      needYou: { one: 'x {groups}', few: 'xx {groups}', other: en.outside.needYou.other },
    });
  });
});
