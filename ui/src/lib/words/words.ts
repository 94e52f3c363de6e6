/** Kinds of words that both languages have. */
import type { CauseAct, FileAct, GroupAct, KeyPlace, WindowAct } from '../view/keys';

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

/** The keys and what they do: each act of the table in `view/keys.ts` has its words. */
export interface Keyboard {
  title: string;
  palette: string;
  or: string;
  names: Record<string, string>;
  places: Record<KeyPlace, string>;
  acts: {
    window: Record<WindowAct, string>;
    group: Record<GroupAct, string>;
    files: Record<FileAct, string>;
    cause: Record<CauseAct, string>;
  };
}
