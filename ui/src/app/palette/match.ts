/**
 * Finding by words, as people type them: in any order, only begun, without their accents, or as the letters with which words
 * begin. All words have to be found; where they stand decides how well.
 */

/** From, up to: letters of the text that were looked for. */
export type Mark = readonly [from: number, to: number];

export interface Found {
  /** More is better; comparable for one query. */
  score: number;
  /** Sorted, without overlaps. */
  marks: Mark[];
}

interface Folded {
  text: string;
  /** Of each letter of `text`: where it stands in what was folded. */
  at: number[];
}

/** Small letters without accents, and where each came from. */
function fold(text: string): Folded {
  let folded = '';
  const at: number[] = [];
  let place = 0;
  for (const letter of text) {
    const plain = letter
      .normalize('NFD')
      .replace(/\p{M}+/gu, '')
      .toLowerCase();
    for (let i = 0; i < plain.length; i += 1) at.push(place);
    folded += plain;
    place += letter.length;
  }
  at.push(place);
  return { text: folded, at };
}

const isStart = (text: string, at: number) => at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '');

const WHOLE = 120;
const BEGINS = 100;
const WORD = 70;
const INSIDE = 35;
const LETTERS = 20;

/** Letters in their order, each at the start of a word or right after the last; null: they are not there. */
function letters(word: string, text: string): Mark[] | null {
  /** What led nowhere is not tried again: a name may have many words that begin alike. */
  const nowhere = new Set<number>();
  const step = (i: number, from: number): Mark[] | null => {
    if (i === word.length) return [];
    const key = i * (text.length + 1) + from;
    if (nowhere.has(key)) return null;
    for (let at = text.indexOf(word[i] ?? '', from); at >= 0; at = text.indexOf(word[i] ?? '', at + 1)) {
      if (!isStart(text, at) && (i === 0 || at !== from)) continue;
      const rest = step(i + 1, at + 1);
      if (rest) return [[at, at + 1], ...rest];
    }
    nowhere.add(key);
    return null;
  };
  return word.length > 1 && word.length <= 12 ? step(0, 0) : null;
}

/** `first`: where what a line is about begins; letters are only spread over what stands before. */
function one(word: string, text: string, first = text.length): Found | null {
  if (text === word) return { score: WHOLE, marks: [[0, word.length]] };
  let inside = -1;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (isStart(text, at)) return { score: at === 0 ? BEGINS : WORD, marks: [[at, at + word.length]] };
    if (inside < 0) inside = at;
  }
  if (inside >= 0 && word.length > 1) return { score: INSIDE, marks: [[inside, inside + word.length]] };
  const spread = letters(word, text.slice(0, first));
  return spread && { score: LETTERS, marks: spread };
}

/** Marks that touch are one; back in the letters as they were before folding. */
function join(marks: readonly Mark[], at: readonly number[]): Mark[] {
  const sorted = marks.map(([from, to]): Mark => [at[from] ?? 0, at[to] ?? 0]).sort((a, b) => a[0] - b[0]);
  const out: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = out.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

/** The words of a query. */
export const wordsOf = (query: string): string[] => fold(query).text.split(/\s+/).filter(Boolean);

/**
 * How well words are found in a text, and in other words for the same; null: one of them is in neither. The text may go on with
 * what it is about, from `first`.
 */
export function find(words: readonly string[], text: string, also = '', first = text.length): Found | null {
  const own = fold(text);
  const begins = own.at.findIndex((at) => at >= first);
  const other = fold(also).text;
  let score = 0;
  const marks: Mark[] = [];
  for (const word of words) {
    const found = one(word, own.text, begins);
    // Other words count half, and only from their beginning: nobody sees what was found.
    const elsewhere = other === '' ? null : one(word, other);
    const there = elsewhere && elsewhere.score >= WORD ? WORD / 2 : 0;
    if (!found && there === 0) return null;
    score += Math.max(found?.score ?? 0, there);
    if (found) marks.push(...found.marks);
  }
  // Of two that are found alike the shorter is nearer to what was typed.
  return { score: score - Math.min(20, own.text.length / 10), marks: join(marks, own.at) };
}
