/** What a launch found after a crash. */
import type { ElsewhereGroup, GroupView, RelaunchReport } from '$lib/contract';
import { GB, HOUR, MB, NOW } from './make';
import { SERVER } from './places';

export const REPORT: RelaunchReport = {
  stopped_at: NOW - 18 * 60_000,
  crashed: true,
  bytes_safe: 72.3 * GB,
  bytes_again: 61 * MB,
  asking: false,
  groups: [
    {
      id: 'g-autumn',
      name: 'Autumn campaign, raw footage',
      bytes_total: 62 * GB,
      bytes_safe: 41.3 * GB,
      files_total: 1920,
      files_done: 1284,
      findings: [
        { kind: 'continues', files: 6, parts: 1389, example: 'A003_C012_1104.mov' },
        { kind: 'more_stored', files: 1, parts: 3, example: 'A003_C012_1104.mov' },
        { kind: 'file_changed', files: 2, parts: 0, example: 'card-mirror.lrcat' },
      ],
      answer: null,
    },
    {
      id: 'g-harbour',
      name: 'Harbour East site scans',
      bytes_total: 14.8 * GB,
      bytes_safe: 9.6 * GB,
      files_total: 12480,
      files_done: 8112,
      findings: [
        { kind: 'continues', files: 4, parts: 11, example: 'scan-008112.tif' },
        { kind: 'not_started', files: 4364, parts: 0, example: '' },
      ],
      answer: null,
    },
    {
      id: 'g-norrland',
      name: 'Client delivery, Norrland',
      bytes_total: 27.6 * GB,
      bytes_safe: 21.4 * GB,
      files_total: 402,
      files_done: 310,
      findings: [
        { kind: 'was_finished', files: 1, parts: 0, example: 'norrland-cut-3.mov' },
        { kind: 'session_gone', files: 1, parts: 0, example: 'norrland-cut-4.mov' },
        { kind: 'file_missing', files: 3, parts: 0, example: '' },
        { kind: 'disk_missing', files: 88, parts: 0, example: '', disk: 'T7 Shield' },
      ],
      answer: null,
    },
  ],
};

/** What another machine left at the server: one silent long enough to be given up from here, one that may yet come back. */
export const ELSEWHERE: ElsewhereGroup[] = [
  {
    destination_id: SERVER.id,
    destination: SERVER.name,
    group_id: 'e-podcast',
    name: 'Podcast 113, all tracks',
    files: 24,
    bytes: 6.4 * GB,
    bytes_done: 4.1 * GB,
    example: 'Podcast 113/host.wav',
    alive_at: NOW - 8 * 24 * HOUR,
  },
  {
    destination_id: SERVER.id,
    destination: SERVER.name,
    // Files that came without a group are told by one of them.
    group_id: null,
    name: '',
    files: 3,
    bytes: 18 * GB,
    bytes_done: 2.2 * GB,
    example: 'A004_C001_1120.mov',
    alive_at: NOW - 2 * HOUR,
  },
];

/** How a group stands until the person answers. */
export const INTERRUPTED: Partial<GroupView> = {
  word: 'interrupted',
  blocked_by: ['question'],
  rate_bytes: null,
  rate_files: null,
  eta: null,
};
