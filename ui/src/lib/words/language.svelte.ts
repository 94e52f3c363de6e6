/** Which language the page speaks: the person's choice, else the system's. */
import { createContext } from 'svelte';
import { complete } from './complete';
import { en, type Words } from './en';

/** Every file of two letters here is a language, with its words under its own tag. A word that it lacks is said in English. */
const FOUND = import.meta.glob<Record<string, unknown>>('./??.ts', { eager: true });

export const LANGUAGES: ReadonlyMap<string, Words> = new Map(
  Object.entries(FOUND)
    .map(([path, module]): [string, Words] => {
      const tag = path.slice(2, 4);
      return [tag, complete(en, module[tag])];
    })
    .sort(([a], [b]) => (a === 'en' ? -1 : b === 'en' ? 1 : a < b ? -1 : 1)),
);

/** The words for a choice ('system', 'en', 'de', …) and the system's languages. */
export function choose(choice: unknown, system: readonly string[]): Words {
  const wanted = typeof choice === 'string' && LANGUAGES.has(choice) ? [choice] : system;
  for (const tag of wanted) {
    const words = LANGUAGES.get(tag.toLowerCase().split('-')[0] ?? '');
    if (words) return words;
  }
  return LANGUAGES.get('en') ?? en;
}

/**
 * The words now. They change with the choice and with nothing else: whatever is said on screen depends on them, and must not be
 * looked at again for each of the ten pictures a second that the choice comes with. Made while a component is.
 */
export class Language {
  #words: Words;

  constructor(choice: () => unknown) {
    const chosen = () => choose(choice(), navigator.languages);
    this.#words = $state.raw(chosen());
    $effect.pre(() => {
      this.#words = chosen();
    });
  }

  get w(): Words {
    return this.#words;
  }
}

export const [getLanguage, setLanguage] = createContext<Language>();
