/** What a launch found after a crash. */
import type { GroupView, RelaunchReport } from '$lib/contract';
import { GB, MB, NOW } from './make';

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
        { kind: 'file_missing', files: 91, parts: 0, example: '' },
      ],
      answer: null,
    },
  ],
};

/** How a group stands until the person answers. */
export const INTERRUPTED: Partial<GroupView> = {
  word: 'interrupted',
  blocked_by: ['question'],
  rate_bytes: null,
  rate_files: null,
  eta: null,
};
