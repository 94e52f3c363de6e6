/**
 * Sentences whose weight lies on some of their words: what carries them is read when a list is only looked over.
 *
 * They are pieces, not marks in a text: a file's name may hold any mark that there is.
 */
export type Piece = string | { readonly strong: string };
export type Said = readonly Piece[];

export const strong = (text: string): Piece => ({ strong: text });

/** The same without weight: for a title, a screen reader, a test. */
export const textOf = (said: Said): string => said.map((piece) => (typeof piece === 'string' ? piece : piece.strong)).join('');

/** Sentences one after the other, those left out that say nothing. */
export function sentences(...all: readonly Said[]): Said {
  return all.filter((said) => textOf(said) !== '').flatMap((said, i) => (i === 0 ? said : [' ', ...said]));
}
