/**
 * Names of files as text that can't deceive.
 *
 * A name is chosen by whoever made the file: it may turn the reading order, hold line breaks or be 10,000 characters
 * long. Here control characters become visible, and long names are cut in the middle, never at their extension.
 */

/** Characters that are not seen, or that change how others are seen, as ranges of code points. */
const HIDDEN_RANGES: readonly (readonly [number, number])[] = [
  [0x00, 0x1f], // controls, line breaks
  [0x7f, 0x9f],
  [0xad, 0xad], // soft hyphen
  [0x34f, 0x34f], // grapheme joiner
  [0x61c, 0x61c], // Arabic mark
  [0x115f, 0x1160], // Hangul fillers
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f], // zero width, marks
  [0x2028, 0x202f], // separators, embeddings, overrides
  [0x205f, 0x206f], // invisible operators, isolates
  [0x3164, 0x3164],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0xe0000, 0xe0fff], // tags
];
const hex = (code: number) => `\\u{${code.toString(16)}}`;
const HIDDEN = new RegExp(`[${HIDDEN_RANGES.map(([from, to]) => `${hex(from)}-${hex(to)}`).join('')}\\p{Cs}\\p{Co}]`, 'gu');
const JOINER = /[\p{L}\p{M}\p{Extended_Pictographic}\ufe0f]/u;

/** Makes each hidden character visible by its number: ⟨0A⟩ for a line feed, ⟨202E⟩ for an override. */
export function visible(name: string): string {
  return name.replace(HIDDEN, (c, ...rest: unknown[]) => {
    const code = c.codePointAt(0) ?? 0;
    if ((code === 0x200d || code === 0x200c) && joins(name, rest[0] as number)) return c;
    return `\u27e8${code.toString(16).toUpperCase().padStart(2, '0')}\u27e9`;
  });
}

/** A joiner between two letters or pictures is part of the writing (Persian, emoji), not a trick. */
function joins(name: string, at: number): boolean {
  const before = [...name.slice(0, at)].at(-1);
  const after = [...name.slice(at + 1)][0];
  return before !== undefined && after !== undefined && JOINER.test(before) && JOINER.test(after);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Most names are plain, and each row that comes into view has some: there a character is a grapheme. */
const PLAIN = /^[ -~]*$/;
const graphemes = (text: string): string[] => (PLAIN.test(text) ? text.split('') : [...segmenter.segment(text)].map((s) => s.segment));

/** Length of the extension with its dot, in graphemes; 0 without one or when it is no extension any more. */
function extensionLength(parts: readonly string[]): number {
  const dot = parts.lastIndexOf('.');
  const length = parts.length - dot;
  return dot > 0 && length <= 12 ? length : 0;
}

/** The two ends of a name: the head may be cut at its end, the tail always stands. */
export interface SplitName {
  head: string;
  tail: string;
}

/** Letters before the extension that always stand, so that `take-07.mov` and `take-08.mov` stay two. */
const TAIL = 5;
/** More than any column shows; keeps a name of 10,000 characters out of the page. */
const MOST = 160;

/** Splits a name so that the middle gives way. */
export function splitName(name: string): SplitName {
  const parts = graphemes(visible(middleCut(name)));
  const tail = extensionLength(parts) + TAIL;
  if (parts.length <= tail + 4) return { head: parts.join(''), tail: '' };
  return { head: parts.slice(0, -tail).join(''), tail: parts.slice(-tail).join('') };
}

/** A name of at most `most` graphemes, cut in the middle, extension kept. */
export function middleCut(name: string, most = MOST): string {
  // Graphemes of a very long name cost time; its ends are all that is shown.
  const short = name.length > most * 16 ? `${name.slice(0, most * 8)}${name.slice(-most * 8)}` : name;
  const parts = graphemes(short);
  if (parts.length <= most) return name;
  const end = Math.max(extensionLength(parts) + TAIL, Math.floor(most / 2));
  return `${parts.slice(0, most - end - 1).join('')}…${parts.slice(-end).join('')}`;
}

/** A name for a sentence, a confirmation or a tooltip: one line, visible, not longer than `most`. */
export function plainName(name: string, most = 80): string {
  return visible(middleCut(name, most));
}

/** What a file is, by its extension: only chooses the little picture. */
export function kindOf(name: string): 'film' | 'audio' | 'image' | 'file' {
  const ext = /\.([^.]{1,5})$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (/^(mov|mp4|m4v|mkv|avi|mxf|webm|mts|r3d|braw)$/.test(ext)) return 'film';
  if (/^(wav|mp3|aac|m4a|flac|aif|aiff|ogg|opus)$/.test(ext)) return 'audio';
  if (/^(jpe?g|png|gif|webp|tiff?|heic|avif|arw|cr2|cr3|nef|dng|raf|svg|psd)$/.test(ext)) return 'image';
  return 'file';
}
