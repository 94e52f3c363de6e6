/** The stand-in's figures of whole accounts: one server that tells, one that does not. Never part of a build. */
import type { AccountFigures } from '$lib/contract';

export const accountFigures = (): AccountFigures[] => [
  {
    destination: 'd-team',
    names: ['Studio server', 'Studio archive'],
    problem: null,
    number: null,
    files: {
      succeeded: 48_210,
      failed: 37,
      mean_ms: 9_400,
      reasons: [
        { code: 'connection_lost', number: 'WL-202', files: 19 },
        { code: 'file_changed', number: 'WL-105', files: 11 },
        { code: 'quota_exceeded', number: 'WL-402', files: 7 },
      ],
      abandoned: 12,
    },
    groups: { succeeded: 61, failed: 1, mean_ms: 812_000, reasons: [], abandoned: 2 },
  },
  {
    destination: 'd-label',
    names: ['Label'],
    problem: 'unauthenticated',
    number: 'WL-401',
    files: null,
    groups: null,
  },
];
