/** Shape and colour of each word. */
import type { FileWord, FindingKind, GroupWord, ProcessingWord } from '../contract';
import type { SignName, Tone } from '../kit/icons';

export interface Look {
  sign: SignName;
  tone: Tone;
  /** Settled states are quiet; live and bad ones have a ground. */
  weight: 'loud' | 'quiet';
}

const look = (sign: SignName, tone: Tone, weight: Look['weight'] = 'loud'): Look => ({ sign, tone, weight });

export const GROUP_LOOK: Record<GroupWord, Look> = {
  waiting: look('pending', 'quiet'),
  preparing: look('settling', 'active'),
  uploading: look('uploading', 'active'),
  finishing: look('finishing', 'active'),
  paused: look('paused', 'hold'),
  interrupted: look('interrupted', 'hold'),
  needs_you: look('attention', 'failed'),
  done: look('done', 'done'),
  done_left_out: look('left_out', 'done'),
  cancelled: look('cancelled', 'quiet'),
  cleaning_up: look('cleaning', 'quiet'),
};

export const FILE_LOOK: Record<FileWord, Look> = {
  waiting: look('pending', 'quiet', 'quiet'),
  preparing: look('settling', 'quiet', 'quiet'),
  uploading: look('uploading', 'active'),
  finishing: look('finishing', 'active'),
  verified: look('done', 'done', 'quiet'),
  already_there: look('dedup', 'dedup'),
  unchanged: look('unchanged', 'dedup', 'quiet'),
  skipped: look('rejected', 'rejected'),
  changed: look('attention', 'hold'),
  needs_you: look('attention', 'failed'),
  failed: look('failed', 'failed'),
  paused: look('paused', 'hold'),
  cancelled: look('cancelled', 'quiet', 'quiet'),
};

export const TRACK_LOOK: Record<ProcessingWord, Look> = {
  waiting: look('process_waits', 'quiet', 'quiet'),
  running: look('process_runs', 'run'),
  done: look('process_done', 'done', 'quiet'),
  failed: look('process_failed', 'failed'),
};
/** A file with which nothing is to be done after its upload. */
export const TRACK_NONE: Look = look('process_none', 'quiet', 'quiet');

const FINDING_LOOK: Record<FindingKind, { sign: SignName; tone: Tone }> = {
  continues: { sign: 'uploading', tone: 'active' },
  more_stored: { sign: 'done', tone: 'done' },
  fewer_stored: { sign: 'uploading', tone: 'active' },
  finishes: { sign: 'finishing', tone: 'active' },
  was_finished: { sign: 'done', tone: 'done' },
  session_gone: { sign: 'attention', tone: 'hold' },
  file_changed: { sign: 'attention', tone: 'hold' },
  file_missing: { sign: 'attention', tone: 'hold' },
  disk_missing: { sign: 'paused', tone: 'hold' },
  not_started: { sign: 'pending', tone: 'quiet' },
  abandoned_elsewhere: { sign: 'interrupted', tone: 'hold' },
};

/** A finding's shape; a kind that this version does not know still has one. */
export function findingLook(kind: FindingKind): { sign: SignName; tone: Tone } {
  return (FINDING_LOOK as Partial<Record<string, { sign: SignName; tone: Tone }>>)[kind] ?? { sign: 'pending', tone: 'quiet' };
}

/** A word's look; a word that this version does not know is quiet. */
export function lookOf<W extends string>(looks: Record<W, Look>, word: W): Look {
  return (looks as Partial<Record<string, Look>>)[word] ?? look('pending', 'quiet');
}
