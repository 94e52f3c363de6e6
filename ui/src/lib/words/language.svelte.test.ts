import { flushSync } from 'svelte';
import { expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';
import { Language } from './language.svelte';

it('changes its words with the choice, and is not looked at again for a picture that has the same choice', () => {
  let picture = $state.raw<{ seq: number; language: unknown }>({ seq: 0, language: 'en' });
  const seen: string[] = [];
  const stop = $effect.root(() => {
    const language = new Language(() => picture.language);
    $effect(() => {
      seen.push(language.w.lang);
    });
  });
  flushSync();
  for (let seq = 1; seq < 100; seq += 1) {
    picture = { seq, language: 'en' };
    flushSync();
  }
  expect(seen).toEqual([en.lang]);
  picture = { seq: 100, language: 'de' };
  flushSync();
  expect(seen).toEqual([en.lang, de.lang]);
  stop();
});
