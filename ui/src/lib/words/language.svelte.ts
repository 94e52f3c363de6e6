/** Which language the page speaks: the person's choice, else the system's. */
import { createContext } from 'svelte';
import { de } from './de';
import { en, type Words } from './en';

const LANGUAGES = { en, de } as const;

/** The words for a choice ('system', 'en', 'de') and the system's languages. */
export function choose(choice: unknown, system: readonly string[]): Words {
  const wanted = typeof choice === 'string' && choice in LANGUAGES ? [choice] : system;
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    if (base === 'en' || base === 'de') return LANGUAGES[base];
  }
  return en;
}

export class Language {
  readonly #choice: () => unknown;

  constructor(choice: () => unknown) {
    this.#choice = choice;
  }

  /** The words now. */
  get w(): Words {
    return choose(this.#choice(), navigator.languages);
  }
}

export const [getLanguage, setLanguage] = createContext<Language>();
