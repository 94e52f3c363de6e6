/** What scenes are made of: a moment, sizes, and rows with all that a scene does not name. */
import type { ErrorFold, FileCounts, FileView, GroupView, GroupWord } from '$lib/contract';

export const NOW = new Date(2026, 10, 21, 14, 20).getTime();
export const MB = 1e6;
export const GB = 1e9;
export const HOUR = 3600_000;

export const counts = (part: Partial<FileCounts>): FileCounts => ({
  total: 0,
  done: 0,
  deduplicated: 0,
  unchanged: 0,
  failed: 0,
  rejected: 0,
  active: 0,
  finishing: 0,
  removed: 0,
  ...part,
});

export function group(id: string, name: string, word: GroupWord, part: Partial<GroupView>): GroupView {
  return {
    id,
    name,
    destination_id: 'd-nas',
    destination_name: 'Studio NAS',
    word,
    intent: word === 'paused' ? 'paused' : word === 'cancelled' ? 'cancelled' : 'run',
    blocked_by: word === 'paused' ? ['user'] : [],
    anyway: [],
    scanning: false,
    growing: 0,
    order: 0,
    accepts_files: !['done', 'done_left_out', 'cancelled', 'cleaning_up'].includes(word),
    files: counts({}),
    bytes_total: 0,
    bytes_done: 0,
    rate_bytes: null,
    rate_files: null,
    eta: null,
    errors: [],
    regroups: !['done', 'done_left_out', 'cancelled', 'cleaning_up'].includes(word),
    created_at: NOW - HOUR,
    finished_at: null,
    ...part,
  };
}

export function file(part: Partial<FileView> & Pick<FileView, 'group_id' | 'position' | 'name'>): FileView {
  return {
    id: `${part.group_id}-${part.position}`,
    folder: '',
    size: 8 * MB,
    state: 'queued',
    word: 'waiting',
    intent: 'run',
    blocked_by: [],
    parts_total: 1,
    parts_done: 0,
    cells: '0',
    bytes_done: 0,
    error: null,
    object_key: null,
    ...part,
  };
}

export const fold = (code: ErrorFold['code'], number: string, files: number, example: string, detail: string): ErrorFold => ({
  code,
  number,
  files,
  example,
  detail,
});
