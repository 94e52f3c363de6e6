/** Kinds of words that both languages have. */

/** An error for people. */
export interface ErrorWords {
  title: string;
  /** One or two words for a pill. */
  short: string;
  /** What happened. {who} and {dest} are filled in. */
  cause: string;
  /** What to do. */
  step: string;
}

/** Why something waits. */
export interface WhyWords {
  /** For a column: two or three words. */
  short: string;
  /** A sentence. */
  long: string;
}

/** A step of a destination's check: said when it went well, and otherwise its name. */
export interface CheckWords {
  name: string;
  ok: (detail: string) => string;
  warning?: (detail: string) => string;
}
