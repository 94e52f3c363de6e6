/** Kinds of words that all languages have. */
import type { BlockedReason } from '../contract';
import type { CauseAct, FileAct, GroupAct, KeyPlace, WindowAct } from '../view/keys';

/** Some of the words: what a language lacks is said in English. */
export type Some<T> = T extends (...of: never[]) => unknown ? T : T extends object ? { [K in keyof T]?: Some<T[K]> } : T;

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

/** One word for each kind of number that a language tells apart, by the names of CLDR: English has `one` and `other`, Polish also
    `few` and `many`. `other` is said where the right one is missing. The number may be left out of a form ("one file"). */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/**
 * What is said outside of the page: tray, notifications, questions of the desktop. The program says it, which runs nothing of the page
 * and reads these words from a file that the page's build writes. So they are data alone: places in braces are filled in, and only
 * those that the English sentence has; where something is counted, there is a word for each kind of number.
 */
export interface Outside {
  /** Between groups of three digits. */
  thousands: string;

  /** First line of the tray. */
  uploading: Forms;
  uploadingPercent: Forms;
  /** Time left, rounded. */
  left: { minute: string; minutes: string; minutesRange: string; hours: string; hoursRange: string };
  paused: Record<BlockedReason, string>;
  pausedUntil: string;
  /** What network, power or the hour hold, without and with what is known of it. */
  held: {
    metered: string;
    meteredNamed: string;
    battery: string;
    batteryLevel: string;
    powerSaver: string;
    schedule: string;
    scheduleOpens: string;
  };
  offline: Forms;
  needYou: Forms;
  allVerified: string;
  nothing: string;
  /** The engine is not there yet. */
  opening: string;

  /** Menu of the tray. */
  openWindow: string;
  needsYouMenu: string;
  group: string;
  groupDone: string;
  groupNeedsYou: Forms;
  pause: string;
  pauseSpans: { halfHour: string; twoHours: string; tomorrow: string };
  untilIResume: string;
  resume: string;
  anyway: string;
  speed: string;
  noLimit: string;
  customLimit: string;
  uploadFiles: string;
  watchedFolders: string;
  settings: string;
  quit: string;

  /** Notifications. */
  done: { title: string; verified: Forms; leftOut: Forms };
  needsYou: { title: string; text: Forms };
  several: { done: Forms; doneText: string; needYouText: string; doneNeedYou: Forms };
  watched: { title: Forms; text: Forms };
  down: { title: string; text: string };
  asks: { title: string; text: string; textNamed: string };
  /** What is held goes on by itself. */
  goesOn: string;
  show: string;
  retry: string;
  anywayHere: string;
  alwaysHere: string;
  keepsUploading: { title: string; text: string };

  /** Questions, and titles of the desktop's dialogs. */
  quitQuestion: Forms;
  stay: string;
  /** Where there is no tray. */
  backgroundQuestion: string;
  inBackground: string;
  cannotStart: string;
  notTaken: string;
  hostQuestion: string;
  proxyQuestion: string;
  chooseAuthorities: string;
  useIt: string;
  cancel: string;
  chooseFiles: string;
  chooseFolders: string;
  chooseDestination: string;
}
