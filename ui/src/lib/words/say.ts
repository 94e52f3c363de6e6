/** Words for things of the contract; what this version does not know is still said. */
import type { Around, BlockedReason, ErrorCode, FileView, GroupView } from '../contract';
import type { Words } from './en';
import { cellCount } from './parts';
import type { ErrorWords, WhyWords } from './words';

/** Title, cause and next step of an error, filled in. */
export interface SaidError {
  title: string;
  short: string;
  cause: string;
  step: string;
}

/** An error about `count` files, of which `example` is one, at a destination. */
export function sayError(w: Words, code: ErrorCode, about: { example: string; count: number; destination: string }): SaidError {
  const known = w.errors as Partial<Record<string, ErrorWords>>;
  const words = known[code] ?? w.errorUnknown(code);
  const who = about.example ? w.error.who(about.example, about.count) : w.error.someFiles(about.count);
  // Replaced by a function: a name with `$&` in it stays what it is.
  const fill = (text: string) =>
    text.replace(/\{(who|dest)\}/g, (_, key: string) =>
      key === 'who' ? who : about.destination ? w.quote(about.destination) : w.error.destinationFallback,
    );
  const cause = fill(words.cause);
  return { ...words, cause: cause.charAt(0).toUpperCase() + cause.slice(1), step: fill(words.step) };
}

/** Why something waits; with what is known of network, power and the hour, where that is given. */
export function sayBlocked(w: Words, reason: BlockedReason, around?: Around): WhyWords {
  const known = w.blocked as Partial<Record<string, WhyWords>>;
  const words = known[reason] ?? w.blockedUnknown(reason);
  const now = around && w.blockedNow[reason];
  return now ? { ...words, long: now(around) } : words;
}

/** Reasons behind which stands what the destination, or the way there, answered. */
const ANSWERED: ReadonlySet<BlockedReason> = new Set(['destination_down', 'destination_slow_down', 'storage_full', 'signed_out']);

/** Why a group waits, as a sentence: the very failure with its number, where one is behind it. */
export function sayHeld(
  w: Words,
  group: Pick<GroupView, 'because' | 'since' | 'disk' | 'destination_name'>,
  reason: BlockedReason,
  around?: Around,
): { long: string; number?: string } {
  const { because, disk } = group;
  if (reason === 'disk_missing' && disk) return { long: w.reasons.diskAway(disk) };
  if (!because || !ANSWERED.has(reason)) return sayBlocked(w, reason, around);
  const said = sayError(w, because.code, { example: '', count: 1, destination: group.destination_name });
  // What a person does about a refused key or a missing bucket stands on the button beside it.
  const next = reason === 'storage_full' ? said.step : reason === 'signed_out' ? '' : again(w, group.since);
  return { long: `${said.cause} ${next}`.trimEnd(), number: because.number };
}

/** A trouble is told by its age once it has one. */
const TOLD_AFTER = 60_000;
function again(w: Words, since: number | undefined): string {
  const now = Date.now();
  return since === undefined || now - since < TOLD_AFTER ? w.reasons.again : w.reasons.againSince(w.f.when(since, now));
}

/** The first reason of a group, in two words, and all of them as sentences. */
export function sayWhy(
  w: Words,
  group: Pick<GroupView, 'word' | 'blocked_by' | 'files' | 'intent' | 'because' | 'since' | 'disk' | 'destination_name'>,
): { short: string; long: string } | null {
  const [first] = group.blocked_by;
  if (first) {
    const all = group.blocked_by.map((r) => sayHeld(w, group, r).long);
    return { short: sayBlocked(w, first).short, long: all.join(' ') };
  }
  if (group.word === 'needs_you') return { short: w.files(group.files.failed), long: w.group.needPerson(group.files.failed) };
  if (group.word === 'interrupted') return sayBlocked(w, 'question');
  if (group.intent === 'paused' && group.word === 'paused') return sayBlocked(w, 'user');
  return null;
}

/** What follows a group's word in its pill. */
export function sayGroupValue(w: Words, group: GroupView): string {
  if (group.word === 'done_left_out') return w.group.leftOut(group.files.rejected);
  if (group.word === 'needs_you') return group.files.failed > 0 ? w.n(group.files.failed) : '';
  if (group.files.failed > 0 && group.word !== 'cancelled') return w.group.needCount(group.files.failed);
  return '';
}

/** What follows a file's word in its pill: how far, or why. */
export function sayFileValue(w: Words, file: FileView, fraction: number): string {
  if (file.error && ['failed', 'needs_you', 'skipped'].includes(file.word)) {
    return sayError(w, file.error.code, { example: file.name, count: 1, destination: '' }).short;
  }
  if (file.word === 'uploading') return w.f.percent(fraction);
  const reason = file.blocked_by.find((r) => r !== 'user');
  if ((file.word === 'waiting' || file.word === 'paused') && reason) return sayBlocked(w, reason).short.toLowerCase();
  return '';
}

/** The part strip as a sentence. */
export function sayParts(w: Words, file: Pick<FileView, 'cells' | 'parts_done' | 'parts_total'>): string {
  if (file.cells.includes('d')) return w.file.stripDedup;
  return w.file.strip(file.parts_done, file.parts_total, cellCount(file.cells, 's') > 0, cellCount(file.cells, 'f') > 0);
}

/** The caption beside the strip. */
export function sayCaption(w: Words, file: Pick<FileView, 'cells' | 'parts_done' | 'parts_total' | 'word'>): string {
  if (file.cells.includes('d')) return w.file.captionDedup;
  const again = file.word === 'uploading' ? cellCount(file.cells, 'f') : 0;
  return again > 0 ? w.file.captionAgain(again) : w.file.caption(file.parts_done, file.parts_total);
}
