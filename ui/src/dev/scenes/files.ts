/** Files of the scenes. */
import type { FileView } from '$lib/contract';
import { file, GB, MB } from './make';

export const rows: Partial<FileView>[] = [
  {
    name: 'A003_C012_1104.mov',
    size: 18.6 * GB,
    state: 'uploading',
    word: 'uploading',
    parts_total: 2217,
    parts_done: 1352,
    cells: '99999999999999999999999999sssss000000000000000',
    bytes_done: 11.35 * GB,
  },
  {
    name: 'B001_C004_1104.mov',
    size: 212 * MB,
    state: 'uploading',
    word: 'uploading',
    parts_total: 26,
    parts_done: 18,
    cells: '9999999999999999f99ss00000',
    bytes_done: 157 * MB,
  },
  {
    name: 'interview-wide.wav',
    folder: 'sound',
    size: 96 * MB,
    state: 'done',
    word: 'verified',
    parts_total: 12,
    parts_done: 12,
    cells: '999999999999',
    bytes_done: 96 * MB,
  },
  {
    name: 'kodak-2383.cube',
    folder: 'lut',
    size: 1.2 * MB,
    state: 'done',
    word: 'already_there',
    parts_done: 1,
    cells: 'd',
    bytes_done: 1.2 * MB,
  },
  {
    name: 'take-07.mov',
    size: 1.1 * GB,
    state: 'verifying',
    word: 'finishing',
    parts_total: 132,
    parts_done: 132,
    cells: '9'.repeat(46),
    bytes_done: 1.1 * GB,
  },
  {
    name: 'DSC_4411.ARW',
    folder: 'stills',
    size: 61 * MB,
    state: 'failed',
    word: 'failed',
    parts_total: 8,
    parts_done: 3,
    cells: '999f0000',
    bytes_done: 24 * MB,
    error: { code: 'read_error', number: 'WL-109', detail: 'read error at 28.4 MB' },
  },
  {
    name: 'ingest-helper.exe',
    size: 8.9 * MB,
    state: 'failed',
    word: 'skipped',
    parts_total: 2,
    cells: '00',
    error: { code: 'mime_not_allowed', number: 'WL-107', detail: 'application/x-dosexec' },
  },
  {
    name: 'A003_C009_slate.mov',
    size: 640 * MB,
    state: 'removed',
    word: 'cancelled',
    intent: 'cancelled',
    parts_total: 77,
    parts_done: 17,
    cells: '9999999999' + '0'.repeat(36),
    bytes_done: 136 * MB,
  },
  { name: 'A003_C013_1104.mov', size: 7.8 * GB, parts_total: 930, cells: '0'.repeat(46) },
  {
    name: 'project.drp',
    size: 44 * MB,
    state: 'uploading',
    word: 'paused',
    intent: 'paused',
    blocked_by: ['user'],
    parts_total: 6,
    parts_done: 2,
    cells: '990000',
    bytes_done: 16 * MB,
  },
  { name: 'notes.md', folder: 'docs', size: 12_400, state: 'done', word: 'unchanged', parts_done: 1, cells: '9', bytes_done: 12_400 },
  {
    name: 'card-mirror.lrcat',
    size: 380 * MB,
    state: 'uploading',
    word: 'changed',
    parts_total: 46,
    parts_done: 37,
    cells: '9'.repeat(37) + '0'.repeat(9),
    bytes_done: 300 * MB,
    error: { code: 'file_changed', number: 'WL-105', detail: 'after part 37' },
  },
  { name: 'budget-2027.xlsx', folder: 'docs', size: 2.2 * MB, word: 'waiting', blocked_by: ['locked_file'] },
];

export function rowsOf(id: string, named: readonly Partial<FileView>[]): (position: number) => FileView {
  return (position) => {
    const row = named[position];
    return row?.name === undefined
      ? file({
          group_id: id,
          position,
          name: `scan-${String(position).padStart(6, '0')}.tif`,
          folder: `batch-${Math.floor(position / 500)}`,
          size: ((position * 7919) % 60) * MB + 1000,
        })
      : file({ group_id: id, position, ...row, name: row.name });
  };
}
