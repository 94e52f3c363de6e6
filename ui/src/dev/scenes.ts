/** Pictures of the queue for working on the page without the program. Never part of a build. */
import { watchViews } from './watch';
import type {
  Around,
  BlockedReason,
  DestinationView,
  ErrorFold,
  FileCounts,
  FileView,
  GroupView,
  GroupWord,
  ProcessingView,
  RelaunchReport,
  Snapshot,
} from '$lib/contract';

export const NOW = new Date(2026, 10, 21, 14, 20).getTime();
const MB = 1e6;
const GB = 1e9;
const HOUR = 3600_000;

export const SCENES = [
  'transfers',
  'processing',
  'drag',
  'drag-new',
  'relaunch',
  'failures',
  'first-run',
  'empty',
  'empty-drag',
  'settings',
  'speed',
  'schedule',
  'network',
  'held',
  'diagnostics',
  'licences',
  'watched',
  'watched-form',
  'watched-none',
  'watched-trouble',
  'history',
  'history-search',
  'history-none',
  'insights',
  'insights-none',
  'search',
  'preflight',
  'preflight-room',
  'preflight-types',
  'selection',
  'context',
  'details',
  'add',
  'sign-in',
  'sign-in-again',
  'receipt',
  'confirm',
  'merge',
  'notes',
  'states',
  'big',
  'hostile',
  'broken',
] as const;
export type SceneName = (typeof SCENES)[number];

export interface Scene {
  snapshot: Snapshot;
  files: Map<string, (position: number) => FileView>;
}

const counts = (part: Partial<FileCounts>): FileCounts => ({
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

function group(id: string, name: string, word: GroupWord, part: Partial<GroupView>): GroupView {
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

function file(part: Partial<FileView> & Pick<FileView, 'group_id' | 'position' | 'name'>): FileView {
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

const SERVER: DestinationView = {
  id: 'd-server',
  name: 'Studio server',
  kind: 'server',
  location: 'recordings at up.example.com',
  is_default: false,
  problem: 'token_expired',
  accepts: { max_bytes: 524_288_000, refused_types: [], allowed_mime: ['application/json', 'model/gltf-binary'] },
};
const DESTINATIONS: DestinationView[] = [
  {
    id: 'd-nas',
    name: 'Studio NAS',
    kind: 'folder',
    location: '/mnt/studio/Uploads',
    is_default: true,
    problem: null,
    accepts: { max_bytes: 5e9, refused_types: ['exe', 'msi'], allowed_mime: null },
  },
  {
    id: 'd-s3',
    name: 'My S3 bucket',
    kind: 's3',
    location: 'deliveries at s3.garage.example',
    is_default: false,
    problem: 'storage_credentials',
    accepts: { max_bytes: null, refused_types: [], allowed_mime: null },
  },
];

const RATES = [
  58, 55, 54, 51, 47, 46, 50, 53, 56, 54, 54, 52, 49, 45, 44, 48, 51, 55, 58, 55, 16, 16, 58, 62, 66, 62, 63, 65, 65, 62, 62, 58, 63, 66,
  67, 65, 70, 71, 74, 78, 78, 77, 78, 77, 74, 72, 76, 84,
].map((r) => r * MB);

const rows: Partial<FileView>[] = [
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

function rowsOf(id: string, named: readonly Partial<FileView>[]): (position: number) => FileView {
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

const fold = (code: ErrorFold['code'], number: string, files: number, example: string, detail: string): ErrorFold => ({
  code,
  number,
  files,
  example,
  detail,
});

const GROUPS: GroupView[] = [
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

const ENDED: GroupView[] = [
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

const FAILED: GroupView[] = [
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

const STATES: GroupView[] = (
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
    errors: word === 'needs_you' ? [fold('file_missing', 'WL-101', 3, 'contract.pdf', 'not found')] : [],
    created_at: NOW - i * 60_000,
    finished_at: word.startsWith('done') || word === 'cancelled' ? NOW - i * 60_000 : null,
    rate_bytes: word === 'uploading' ? 5 * MB : null,
    rate_files: word === 'finishing' ? 12.5 : null,
  }),
);

const HOSTILE = 'invoice\u202efdp.exe';
const hostile: Partial<FileView>[] = [
  { name: HOSTILE, size: 1000 },
  { name: 'line\nbreak\tand bell\u0007.txt', size: 0 },
  { name: `${'very-long-name-'.repeat(700)}end.tar.gz`, size: 5 * MB },
  { name: '<img src=x onerror=alert(1)>.html', folder: 'a/<b>bold</b>', size: 12 },
  { name: 'חוזה סופי.pdf', size: 4000 },
  { name: 'e\u0301\u0302\u0303\u0304 zalgo.txt', size: 4000 },
  { name: '👩‍👩‍👧‍👦 family.jpg', size: 4000 },
];

const REPORT: RelaunchReport = {
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

/** Network, power and the hour of a scene. */
function AROUND(name: SceneName): Around {
  const held = name === 'held' || name === 'network';
  return {
    reasons: name === 'held' ? ['metered', 'battery', 'schedule'] : name === 'network' ? ['metered'] : [],
    anyway: [],
    online: true,
    metered: held,
    network: held ? 'Phone hotspot' : 'Studio LAN',
    on_battery: held,
    battery: held ? 18 : null,
    saver: false,
    opens_at: name === 'held' ? NOW + 7.67 * HOUR : null,
    changes_at: name === 'held' || name === 'schedule' ? NOW + 7.67 * HOUR : null,
    limit: null,
    asks: name === 'held',
  };
}

/** What a destination answered. */
const BECAUSE: Record<string, Partial<GroupView>> = {
  'Office backup': { because: { code: 'connection_refused', number: 'WL-204', detail: 'Connection refused (os error 111)' } },
  'Site scans': { because: { code: 'bucket_missing', number: 'WL-305', detail: 'answer 404 NoSuchBucket' } },
};

/** One group for each way in which network, power and the hour hold, and one that goes anyway. */
const HELD: GroupView[] = (
  [
    ['Shoot 12 May', ['metered', 'battery', 'schedule'], []],
    ['Contracts', ['schedule'], []],
    ['Tapes 1998', ['user', 'battery'], []],
    ['Office backup', ['destination_down'], []],
    ['Phone pictures', [], ['metered', 'battery', 'schedule']],
    ['Site scans', ['signed_out'], []],
  ] as [string, BlockedReason[], BlockedReason[]][]
).map(([name, blocked_by, anyway], i) =>
  group(`g-held-${i}`, name, blocked_by.length > 0 ? 'paused' : 'uploading', {
    intent: blocked_by[0] === 'user' ? 'paused' : 'run',
    blocked_by,
    anyway,
    files: counts({ total: 340, done: 120 }),
    bytes_total: 12 * GB,
    bytes_done: 4.4 * GB,
    rate_bytes: blocked_by.length > 0 ? null : 3.1 * MB,
    rate_files: blocked_by.length > 0 ? null : 1.2,
    eta: blocked_by.length > 0 ? null : { low_s: 2400, high_s: 3000 },
    ...BECAUSE[name],
  }),
);

/** What a server does with what arrives: the second track. */
const TRACKS: Record<string, ProcessingView> = {
  'interview-wide.wav': { word: 'running', error: null },
  'kodak-2383.cube': { word: 'done', error: null },
  'take-07.mov': { word: 'failed', error: { code: 'processing_failed', number: 'WL-406', detail: 'no audio track' } },
};
/** Made here, told by every list that folds causes. */
const UNPROCESSED = [fold('processing_failed', 'WL-406', 2, 'take-07.mov', 'extract_text: no audio track')];
function atServer(all: readonly GroupView[]): GroupView[] {
  return all.map((g) =>
    g.id === 'g-autumn'
      ? {
          ...g,
          destination_id: 'd-server',
          destination_name: 'Studio server',
          processing: { waiting: 168, running: 12, done: 1102, failed: 2, errors: UNPROCESSED },
        }
      : g,
  );
}
const processedRows = rows.map((row) =>
  row.name !== undefined && TRACKS[row.name]
    ? {
        ...row,
        state: 'done' as const,
        word: row.word === 'finishing' ? ('verified' as const) : (row.word ?? 'verified'),
        processing: TRACKS[row.name],
      }
    : row,
);

/** A week with working hours free, and slow evenings. */
const WEEK = Array.from({ length: 168 }, (_, i) => {
  const [day, hour] = [Math.floor(i / 24), i % 24];
  if (day < 5 && hour >= 8 && hour < 18) return 'n';
  return hour >= 18 && hour < 22 ? 'l' : 'f';
}).join('');

export function sceneOf(name: SceneName): Scene {
  const first = name === 'first-run';
  const bare = first || name === 'empty' || name === 'empty-drag';
  const groups: GroupView[] = bare
    ? []
    : name === 'states'
      ? STATES
      : name === 'held'
        ? HELD
        : name === 'failures'
          ? [...FAILED, ...atServer(GROUPS.slice(0, 1)), ...ENDED]
          : name === 'big'
            ? [
                group('g-big', 'A hundred thousand scans', 'uploading', {
                  files: counts({ total: 100_000, done: 0, active: 8 }),
                  bytes_total: 3.4e12,
                  bytes_done: 1.2e12,
                  rate_bytes: 94 * MB,
                  rate_files: 310,
                  eta: { low_s: 21_000, high_s: 26_000 },
                }),
              ]
            : name === 'hostile'
              ? [
                  group('g-hostile', HOSTILE + '\nsecond line', 'uploading', {
                    files: counts({ total: hostile.length }),
                    bytes_total: 10 * MB,
                    bytes_done: 1 * MB,
                    errors: [fold('name_invalid', 'WL-110', 1, HOSTILE, 'U+202E')],
                  }),
                ]
              : name === 'processing'
                ? atServer([...GROUPS, ...ENDED])
                : [...GROUPS, ...ENDED];
  if (name === 'relaunch')
    for (const g of groups)
      if (g.word !== 'done')
        Object.assign(g, { word: 'interrupted', blocked_by: ['question'], rate_bytes: null, rate_files: null, eta: null });
  groups.forEach((g, i) => (g.order = i));
  const open = groups.filter((g) => g.finished_at === null);
  const total = (key: 'bytes_total' | 'bytes_done') => open.reduce((sum, g) => sum + g[key], 0);
  return {
    snapshot: structuredClone({
      seq: 7,
      groups,
      totals: {
        groups_open: open.length,
        groups_attention: groups.filter((g) => g.word === 'needs_you' || g.files.failed > 0).length,
        files_total: open.reduce((sum, g) => sum + g.files.total, 0),
        files_done: open.reduce((sum, g) => sum + g.files.done, 0),
        bytes_total: total('bytes_total'),
        bytes_done: total('bytes_done'),
        rate_bytes: bare || name === 'relaunch' ? 0 : 84.2 * MB,
        rate_history: bare || name === 'relaunch' ? [] : RATES,
        eta: bare || name === 'relaunch' ? null : { low_s: 310, high_s: 405 },
        paused_until: null,
        paused: false,
        around: AROUND(name),
        blocked_by: name === 'relaunch' ? (['question'] as const).slice() : [],
      },
      destinations: first
        ? []
        : name === 'sign-in-again'
          ? [...DESTINATIONS, SERVER]
          : name === 'processing'
            ? [...DESTINATIONS, { ...SERVER, problem: null }]
            : DESTINATIONS,
      relaunch: name === 'relaunch' ? REPORT : null,
      watches: bare || name === 'watched-none' || !DESTINATIONS[0] ? [] : watchViews(NOW, DESTINATIONS[0]),
      first_run: first,
      suggested_folder: '/home/ada/Documents/Windlass',
      notices: [],
      settings: {
        ...(name === 'schedule' ? { schedule: { week: WEEK, limit: 2 * MB } } : {}),
        ...(name === 'network' ? { trusted_networks: [{ id: 'n-1', name: 'Studio LAN' }], metered: 'ask' } : {}),
      },
    } satisfies Snapshot),
    files: new Map(
      groups.map((g) => [
        g.id,
        rowsOf(g.id, name === 'hostile' ? hostile : g.id === 'g-autumn' ? (name === 'processing' ? processedRows : rows) : []),
      ]),
    ),
  };
}
