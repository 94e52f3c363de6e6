/** Groups that move, ended, failed, and one of each word. */
import type { GroupView } from '$lib/contract';
import { counts, fold, GB, group, HOUR, MB, NOW } from './make';

export const GROUPS: GroupView[] = [
  group('g-autumn', 'Autumn campaign, raw footage', 'uploading', {
    files: counts({ total: 1920, done: 1284, deduplicated: 37, rejected: 1, failed: 0, active: 6, finishing: 2 }),
    bytes_total: 62 * GB,
    bytes_done: 41.3 * GB,
    rate_bytes: 62.4 * MB,
    rate_files: 3.1,
    eta: { low_s: 310, high_s: 405 },
    created_at: NOW - HOUR,
  }),
  group('g-harbour', 'Harbour East site scans', 'uploading', {
    files: counts({ total: 12480, done: 8112, active: 8 }),
    bytes_total: 14.8 * GB,
    bytes_done: 9.6 * GB,
    rate_bytes: 21.8 * MB,
    rate_files: 18.4,
    eta: { low_s: 240, high_s: 290 },
    created_at: NOW - 2 * HOUR,
  }),
  group('g-norrland', 'Client delivery, Norrland', 'paused', {
    destination_id: 'd-s3',
    destination_name: 'My S3 bucket',
    files: counts({ total: 402, done: 310 }),
    bytes_total: 27.6 * GB,
    bytes_done: 21.4 * GB,
    created_at: NOW - 3 * HOUR,
  }),
];

export const ENDED: GroupView[] = [
  group('g-board', 'Board pack November', 'done', {
    files: counts({ total: 318, done: 318, deduplicated: 37 }),
    bytes_total: 9.2 * GB,
    bytes_done: 9.2 * GB,
    created_at: NOW - 50 * HOUR,
    finished_at: NOW - 49 * HOUR,
  }),
  group('g-lens', 'Lens tests', 'done', {
    files: counts({ total: 46, done: 46 }),
    bytes_total: 412 * GB,
    bytes_done: 412 * GB,
    created_at: NOW - 60 * HOUR,
    finished_at: NOW - 58 * HOUR,
  }),
];

export const FAILED: GroupView[] = [
  group('g-inbox', 'Scanner inbox', 'needs_you', {
    destination_id: 'd-s3',
    destination_name: 'My S3 bucket',
    files: counts({ total: 1204, done: 986, failed: 217 }),
    bytes_total: 4.4 * GB,
    bytes_done: 2.9 * GB,
    errors: [
      fold('storage_credentials', 'WL-303', 214, 'scan-0871.pdf', '403 InvalidAccessKeyId'),
      fold('still_locked', 'WL-104', 3, 'budget-2027.xlsx', 'sharing violation for 31 min'),
    ],
  }),
  group('g-stills', 'Stills from card E', 'uploading', {
    files: counts({ total: 800, done: 120, failed: 1, active: 4 }),
    bytes_total: 40 * GB,
    bytes_done: 6 * GB,
    rate_bytes: 84 * MB,
    rate_files: 2.2,
    eta: { low_s: 400, high_s: 460 },
    errors: [fold('read_error', 'WL-109', 1, 'DSC_4411.ARW', 'read error at 28.4 MB, twice in the same place')],
    created_at: NOW - 2 * HOUR,
  }),
];

export const STATES: GroupView[] = (
  [
    'waiting',
    'preparing',
    'uploading',
    'finishing',
    'paused',
    'interrupted',
    'needs_you',
    'cleaning_up',
    'cancelled',
    'done_left_out',
    'done',
  ] as const
).map((word, i) =>
  group(`g-${word}`, `Group that is ${word.replaceAll('_', ' ')}`, word, {
    files: counts({
      total: 40,
      done: word.startsWith('done') ? 37 : 12,
      failed: word === 'needs_you' ? 3 : 0,
      rejected: word === 'done_left_out' ? 3 : 0,
    }),
    bytes_total: 4 * GB,
    bytes_done: word.startsWith('done') ? 4 * GB : 1.3 * GB,
    scanning: word === 'preparing',
    blocked_by:
      word === 'paused' ? ['user', 'offline'] : word === 'interrupted' ? ['question'] : word === 'waiting' ? ['disk_missing'] : [],
    ...(word === 'waiting' ? { disk: 'CARD_A' } : {}),
    errors: word === 'needs_you' ? [fold('file_missing', 'WL-101', 3, 'contract.pdf', 'not found')] : [],
    created_at: NOW - i * 60_000,
    finished_at: word.startsWith('done') || word === 'cancelled' ? NOW - i * 60_000 : null,
    rate_bytes: word === 'uploading' ? 5 * MB : null,
    rate_files: word === 'finishing' ? 12.5 : null,
  }),
);

export const BIG: GroupView = group('g-big', 'A hundred thousand scans', 'uploading', {
  files: counts({ total: 100_000, done: 0, active: 8 }),
  bytes_total: 3.4e12,
  bytes_done: 1.2e12,
  rate_bytes: 94 * MB,
  rate_files: 310,
  eta: { low_s: 21_000, high_s: 26_000 },
});
