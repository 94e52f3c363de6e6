/** The stand-in's second half: details, history, insights, settings. Never part of a build. */
import type {
  Delta,
  FileView,
  Find,
  HistoryAct,
  HistoryEntry,
  Insights,
  PreflightFold,
  PreflightKind,
  PreflightView,
  ReceiptLine,
  Snapshot,
} from '$lib/contract';
import type { Backend } from '$lib/ipc/backend';
import { accountFigures } from './accounts';
import { NOW } from './scenes';
import { heldUp, interruptionsOf } from './spans';

const MB = 1e6;
const GB = 1e9;
const HOUR = 3600_000;
const SHA = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

type Commands = Pick<
  Backend,
  | 'fileDetails'
  | 'showSource'
  | 'actOnFiles'
  | 'findInGroups'
  | 'moveGroup'
  | 'preflight'
  | 'preflightAgain'
  | 'preflightAccept'
  | 'preflightCancel'
  | 'history'
  | 'findProved'
  | 'historyDetails'
  | 'receiptLines'
  | 'exportReceipt'
  | 'safeToDelete'
  | 'uploadAgain'
  | 'insights'
  | 'accountInsights'
  | 'loginStart'
  | 'notificationsRefused'
  | 'setLoginStart'
  | 'openDataFolder'
  | 'makeDiagnostics'
  | 'saveDiagnostics'
>;

const ENDED: [string, number, number, number, Partial<HistoryEntry>][] = [
  ['Board pack November', 318, 9.2 * GB, 4.8, { deduplicated: 37 }],
  ['Lens tests', 46, 412 * GB, 6.3, {}],
  ['Invoices week 47', 112, 84 * MB, 6.6, { origin: 'watch' }],
  ['Harbour East day 2', 4118, 2.7e12, 20, {}],
  ['Podcast 112', 9, 1.9 * GB, 22, { failed: 1, files: 10 }],
  ['Old backups', 2, 0.4 * GB, 26, { ended: 'cancelled', files: 31 }],
  ['Exports', 64, 388 * GB, 27, {}],
  ['Harbour East day 1', 3960, 2.2e12, 67, {}],
  ['Norrland, first cut', 12, 14.2 * GB, 71, {}],
  ['Press kit', 0, 0, 77, { ended: 'failed', files: 88, failed: 88 }],
];

const entries: HistoryEntry[] = ENDED.map(([name, done, bytes, hours, more], i) => ({
  group: i === 0 ? 'g-board' : i === 1 ? 'g-lens' : `h-${i}`,
  name,
  destination_id: 'd-nas',
  destination_name: 'Studio NAS',
  origin: 'drop',
  ended: 'completed',
  created_at: NOW - hours * HOUR - 17 * 60_000 - 45_000,
  ended_at: NOW - hours * HOUR,
  files: done,
  done,
  deduplicated: 0,
  unchanged: 0,
  failed: 0,
  bytes,
  ...more,
}));

/** Scenes of the history beside its groups have what was done besides. */
const acts = (): HistoryAct[] => [
  {
    seq: 3,
    at: NOW - 5 * HOUR - 12 * 60_000,
    kind: 'trashed',
    group: 'g-lens',
    group_name: 'Lens tests',
    files: 46,
    bytes: 412 * GB,
    failed: 0,
    groups: 1,
    findings: [],
    change: null,
  },
  {
    seq: 2,
    at: NOW - 5.6 * HOUR,
    kind: 'check',
    group: null,
    group_name: '',
    files: 134,
    bytes: 61 * GB,
    failed: 0,
    groups: 2,
    findings: [
      { kind: 'continues', files: 3, parts: 212, example: 'A003_C012_1104.mov' },
      { kind: 'was_finished', files: 1, parts: 0, example: 'A003_C009_1104.mov' },
      { kind: 'not_started', files: 130, parts: 0, example: '' },
    ],
    change: null,
  },
  {
    seq: 1,
    at: NOW - 25 * HOUR,
    kind: 'asked',
    group: 'h-6',
    group_name: 'Exports',
    files: 64,
    bytes: 0,
    failed: 0,
    groups: 1,
    findings: [],
    change: null,
  },
  {
    seq: 0,
    at: NOW - 25.4 * HOUR,
    kind: 'setting',
    group: null,
    group_name: '',
    files: 0,
    bytes: 0,
    failed: 0,
    groups: 0,
    findings: [],
    change: { change: 'changed', setting: 'limit', name: '', value: 25e6 },
  },
];

const receiptLine = (i: number): ReceiptLine => ({
  path: `/home/ada/Boards/2026-11/page-${String(i + 1).padStart(3, '0')}.pdf`,
  destination: 'Studio NAS',
  object_key: `Boards/2026-11/page-${i + 1}.pdf`,
  size: 28_930_000 + i,
  sha256: SHA,
  crc64: 'rosUhgp5mIg=',
  proof: 'crc64nvme',
  result: i % 9 === 0 ? 'deduplicated' : 'uploaded',
  uploaded_at: NOW - 5 * HOUR - i * 1000,
});

const rates = (): number[] =>
  Array.from({ length: 288 }, (_, i) => {
    if (i < 60) return (20 + 4 * Math.sin(i / 3)) * MB;
    if (i > 158 && i < 162) return 0;
    return (86 + 9 * Math.sin(i / 7) + 5 * Math.sin(i * 1.7)) * MB;
  });

/** What was sent some minutes before, evened out: processing follows behind it. */
const processedRates = (sent: number[]): number[] =>
  sent.map((_, i) => {
    const behind = sent.slice(Math.max(0, i - 16), Math.max(1, i - 3));
    return (0.95 * behind.reduce((sum, r) => sum + r, 0)) / behind.length;
  });

const figures = (hours: number, none: boolean): Insights => ({
  hours,
  from: NOW - hours * HOUR,
  to: NOW,
  verified: none ? 0 : 19_192,
  failed: none ? 0 : 220,
  bytes: none ? 0 : 5.8e12,
  deduplicated: none ? 0 : 1204,
  unchanged: none ? 0 : 310,
  saved: none ? 0 : 412 * GB,
  sent: none ? 0 : 5.8e12,
  lost: none ? 0 : 77 * MB,
  mean_ms: none ? 0 : 6800,
  median_ms: none ? 0 : 1900,
  p95_ms: none ? 0 : 41_000,
  step_ms: (hours * HOUR) / 288,
  rates: none ? Array.from({ length: 288 }, () => 0) : rates(),
  processed_rates: none ? [] : processedRates(rates()),
  ...(none ? { spans: [], interruptions: 0, waited: [] } : heldUp(hours)),
  reasons: none
    ? []
    : [
        { code: 'storage_credentials', number: 'WL-303', files: 214 },
        { code: 'connection_lost', number: 'WL-202', files: 18 },
        { code: 'file_changed', number: 'WL-105', files: 11 },
        { code: 'still_locked', number: 'WL-104', files: 7 },
        { code: 'too_large', number: 'WL-106', files: 5 },
        { code: 'read_error', number: 'WL-109', files: 1 },
      ],
  abandoned: none
    ? []
    : [
        { group: 'h-5', name: 'Old backups', done: 2, files: 31, cancelled: true, at: NOW - 26 * HOUR },
        { group: 'h-9', name: 'Press kit', done: 61, files: 88, cancelled: true, at: NOW - 77 * HOUR },
        { group: 'g-norrland', name: 'Client delivery, Norrland', done: 310, files: 402, cancelled: false, at: NOW - 3 * HOUR },
      ],
  processed: none ? 0 : 1186,
  unprocessed: none ? 0 : 2,
  destinations: none
    ? []
    : [
        { id: 'd-nas', name: 'Studio NAS', files: 17_988, bytes: 5.4e12, saved: 410 * GB },
        { id: 'd-s3', name: 'My S3 bucket', files: 1204, bytes: 0.4e12, saved: 2 * GB },
      ],
});

const look = (part: Partial<PreflightView>): PreflightView => ({
  done: true,
  comparing: 0,
  too_many: false,
  destination: 'd-nas',
  destination_name: 'Studio NAS',
  name: 'Harbour East day 3',
  files: 254,
  folders: 9,
  empty_folders: 3,
  bytes: 18.4 * GB,
  ready: 214,
  later: 0,
  ready_bytes: 5.2 * GB,
  first: ['DSC_0412.raw', 'DSC_0413.raw', 'survey/points.las'].map((name) => ({
    name: `Harbour East day 3/${name}`,
    path: `Harbour East day 3/${name}`,
    bytes: 24 * MB,
  })),
  oldest: NOW - 30 * HOUR,
  newest: NOW - 2 * HOUR,
  free: 1.2e12,
  folds: [],
  ...part,
});

const fold = (kind: PreflightKind, examples: [string, number][], part: Partial<PreflightFold> = {}): PreflightFold => ({
  kind,
  files: examples.length,
  bytes: examples.reduce((sum, [, bytes]) => sum + bytes, 0),
  examples: examples.map(([name, bytes]) => ({ name: `Harbour East day 3/${name}`, path: `Harbour East day 3/${name}`, bytes })),
  limit: null,
  types: [],
  taken: [],
  ...part,
});
const THERE = fold(
  'already_there',
  Array.from({ length: 37 }, (_, i): [string, number] => [`scan-${i}.tif`, 13 * MB]),
  { bytes: 480 * MB },
);

/** 1: what the destination does not take; 2: nothing to say; 3: no room; 4: what else there may be to say; 5: into a group; 6: too many; 8: names that do not go there. */
const LOOKS: Record<number, PreflightView> = {
  1: look({
    folds: [
      THERE,
      fold(
        'too_large',
        [
          ['ortho-mosaic-full.tif', 6.8 * GB],
          ['cloud-raw.las', 5.9 * GB],
        ],
        { limit: 5 * GB },
      ),
      fold('type_refused', [['viewer-setup.exe', 48 * MB]], { types: ['.exe'] }),
    ],
  }),
  2: look({ files: 3, ready: 3, ready_bytes: 12 * MB, bytes: 12 * MB, folders: 0, empty_folders: 0 }),
  3: look({ free: 1 * GB }),
  4: look({
    destination_name: 'Studio server',
    folds: [
      THERE,
      fold('changed', [
        ['plan.dwg', 40 * MB],
        ['notes.md', 1 * MB],
        ['a', 1],
        ['b', 2],
      ]),
      fold('unreadable', [
        ['ortho-mosaic-full.tif', 6.8 * GB],
        ['cloud-raw.las', 5.9 * GB],
      ]),
      fold(
        'type_refused',
        [
          ['stills/0001.jpg', 4 * MB],
          ['stills/0002.jpg', 4 * MB],
          ['notes.pdf', 1 * MB],
        ],
        { types: ['image/jpeg', 'application/pdf'], taken: ['application/json', 'model/gltf-binary'] },
      ),
      fold('not_regular', [['current', 0]]),
    ],
  }),
  5: look({
    name: 'Autumn campaign, raw footage',
    ready: 212,
    comparing: 12,
    later: 1,
    ready_bytes: 5.2 * GB,
    folds: [
      fold('in_group', [
        ['A003_C011.mov', 900 * MB],
        ['A003_C012.mov', 700 * MB],
      ]),
      fold('same_name', [
        ['sound/track-01.wav', 48 * MB],
        ['sound/track-02.wav', 52 * MB],
        ['notes.txt', 4096],
      ]),
      fold('growing', [['take-09.wav', 310 * MB]]),
      fold('unreadable', [['locked.mov', 1 * GB]]),
    ],
  }),
  6: look({
    too_many: true,
    name: 'Archive',
    destination: 'd-s3',
    destination_name: 'My S3 bucket',
    files: 1_000_000,
    ready: 1_000_000,
    ready_bytes: 310 * GB,
    bytes: 310 * GB,
    folders: 8212,
    empty_folders: 41,
    free: null,
  }),
  8: look({
    folds: [
      fold('odd_name', [
        ['survey/plan\nfinal.pdf', 2 * MB],
        ['notes\u202efdp.exe', 1 * MB],
        ['long.txt', 4096],
      ]),
    ],
  }),
};

export function desk(
  snapshot: Snapshot,
  calls: string[],
  row: (group: string, position: number) => FileView | undefined,
  all: (group: string) => FileView[],
  fits: (file: FileView, find: Find) => boolean,
  delta: (part: Partial<Delta>) => void,
): Commands {
  const query = new URLSearchParams(location.search).get('scene') ?? '';
  let asked: number | null = null;
  const lookedFor = new Map<number, string>();
  let login = false;
  return {
    async fileDetails(file, fromPart) {
      const at = file.lastIndexOf('-');
      const found = row(file.slice(0, at), Number(file.slice(at + 1)));
      if (!found) throw { code: 'not_found', number: 'WL-504', detail: 'no such file' };
      const size = Math.ceil(found.size / Math.max(1, found.parts_total));
      const count = Math.min(500, found.parts_total - fromPart + 1);
      return {
        file: found,
        path: `/media/card-e/DCIM/${found.folder ? `${found.folder}/` : ''}${found.name}`,
        mime: null,
        modified_at: NOW - 30 * HOUR,
        created_at: NOW - HOUR,
        finished_at: found.state === 'done' ? NOW - 60_000 : null,
        attempt: 1,
        tries: found.error ? 2 : 0,
        next_try_at: null,
        sha256: found.state === 'done' ? SHA : null,
        crc64: found.state === 'done' ? 'rosUhgp5mIg=' : null,
        proof: found.state === 'done' ? 'crc64nvme' : null,
        part_size: size,
        parts: Array.from({ length: Math.max(0, count) }, (_, i) => {
          const number = fromPart + i;
          const stored = number <= found.parts_done;
          return {
            number,
            size,
            state: stored
              ? ('uploaded' as const)
              : found.error && number === found.parts_done + 1
                ? ('failed' as const)
                : ('pending' as const),
            crc64: stored ? 'rosUhgp5mIg=' : null,
            uploaded_at: stored ? NOW - 600_000 + number * 1000 : null,
          };
        }),
        events: found.error
          ? [
              { at: NOW - 120_000, kind: 'failed', code: found.error.code, number: found.error.number, detail: found.error.detail },
              { at: NOW - 300_000, kind: 'failed', code: found.error.code, number: found.error.number, detail: found.error.detail },
            ]
          : [],
      };
    },
    async showSource(file) {
      calls.push(`show_source ${file}`);
    },
    async actOnFiles(group, chosen, act) {
      const which = chosen.places ? chosen.places.map(([a, b]) => `${a}-${b}`).join(',') : `${chosen.find?.text}/${chosen.find?.kind}`;
      calls.push(`act_on_files ${group} ${which} ${act}`);
      return 1;
    },
    async findInGroups(text) {
      calls.push(`find_in_groups ${text}`);
      const find: Find = { text, kind: 'all', code: null };
      return snapshot.groups
        .map((g): [string, number] => [g.id, all(g.id).filter((f) => fits(f, find)).length])
        .filter(([, count]) => count > 0);
    },
    async moveGroup(group, place) {
      calls.push(`move_group ${group} ${place}`);
      const order = [...snapshot.groups].sort((a, b) => a.order - b.order).map((g) => g.id);
      order.splice(order.indexOf(group), 1);
      order.splice(place, 0, group);
      snapshot.groups = snapshot.groups.map((g) => ({ ...g, order: order.indexOf(g.id) }));
      delta({ groups: snapshot.groups });
    },
    async preflight(number) {
      const look = LOOKS[number] ?? LOOKS[1];
      if (!look) throw { code: 'not_found', number: 'WL-504', detail: '' };
      const to = snapshot.destinations.find((d) => d.id === lookedFor.get(number));
      return to ? { ...look, destination: to.id, destination_name: to.name } : look;
    },
    async preflightAgain(number, destination) {
      calls.push(`preflight_again ${number} ${destination}`);
      if (destination !== null) lookedFor.set(number, destination);
    },
    async preflightAccept(number, answered) {
      calls.push(
        `preflight_accept ${number} ${answered.leave_unchanged} ${answered.leave_troubled} ${answered.name}${answered.split ? ' split' : ''}`,
      );
      if (answered.leave_same_name || answered.leave_growing || answered.paused || answered.leave.length > 0)
        calls.push(
          `left ${answered.leave_same_name} ${answered.leave_growing} ${answered.leave.join('|')}${answered.paused ? ' paused' : ''}`,
        );
      return 'g-autumn';
    },
    async preflightCancel(number) {
      calls.push(`preflight_cancel ${number}`);
    },
    async history(ask) {
      const { text, ended, destination, folder, from, before } = ask.filter;
      calls.push(`history ${text} ${ended}`);
      if (query === 'history-none') return { entries: [], acts: [], next: null };
      const fits = (at: number) => at >= (from ?? 0) && at < (before ?? Infinity);
      const found = entries.filter(
        (e) =>
          !ask.acts_only &&
          (ended === null || e.ended === ended) &&
          (destination === null || e.destination_id === destination) &&
          (folder === null || `/home/ada/${e.name}/`.startsWith(`${folder}/`)) &&
          fits(e.ended_at) &&
          `${e.name} ${e.destination_name}`.toLowerCase().includes(text.toLowerCase()),
      );
      const bare = text === '' && ended === null && destination === null && folder === null;
      const told = bare || ask.acts_only ? acts().filter((a) => fits(a.at)) : [];
      return ask.after === null ? { entries: found, acts: told, next: null } : { entries: [], acts: [], next: null };
    },
    async findProved(ask) {
      const { text, from, before } = ask.filter;
      calls.push(`find_proved ${text}`);
      if (ask.proved !== 'all') calls.push(`find_proved ${ask.proved}`);
      const name = text === '' ? 'page' : text;
      const files = Array.from({ length: 6 }, (_, i) => ({
        file: `f-${i}`,
        group: `h-${3 + (i % 4)}`,
        group_name: entries[3 + (i % 4)]?.name ?? '',
        rel_path: `batch-${i}/${name}-00${i}.tif`,
        line: { ...receiptLine(i), path: `/home/ada/Scans/batch-${i}/${name}-00${i}.tif`, size: 41 * MB + i },
      }));
      return { files: files.filter((f) => f.line.uploaded_at >= (from ?? 0) && f.line.uploaded_at < (before ?? Infinity)), next: null };
    },
    async historyDetails(group) {
      const entry = entries.find((e) => e.group === group) ?? entries[0];
      if (!entry) throw { code: 'not_found', number: 'WL-504', detail: '' };
      return {
        entry,
        proved: entry.done,
        hashed: entry.done,
        proofs: ['crc64nvme'],
        first_at: entry.created_at,
        last_at: entry.ended_at,
        notes: { text: 'Delivered to the label on Friday.', pairs: { job: '4711' } },
        empty_folders: [{ path: 'takes/unused', made: true }],
        interruptions: interruptionsOf(group, entry.created_at),
        asked: asked === null ? null : { at: asked, kind: 'verified', code: null, number: null, detail: '' },
        on_list: group.startsWith('g-'),
        receipt: `WL-2026-11-21-7Q4M0C${group.slice(-2).toUpperCase()}-${entry.done}`,
      };
    },
    async receiptLines(_group, after) {
      return { lines: after === null ? Array.from({ length: 40 }, (_, i) => receiptLine(i)) : [], next: null };
    },
    async exportReceipt(group, form) {
      calls.push(`export_receipt ${group} ${form}`);
      return { saved: true };
    },
    async safeToDelete(group) {
      const entry = entries.find((e) => e.group === group);
      const old = (entry?.ended_at ?? 0) < NOW - 24 * HOUR && asked === null;
      return {
        answer: entry?.failed ? 'not_yet' : old ? 'cant_tell' : 'yes',
        covered: entry?.done ?? 0,
        bytes: entry?.bytes ?? 0,
        open: 0,
        changed: entry?.failed ?? 0,
        gone: 0,
        unhashed: 0,
        same_disk: false,
        asked_at: asked ?? entry?.ended_at ?? null,
        stale: old,
        example: entry?.failed ? 'podcast-112-master.wav' : null,
      };
    },
    async uploadAgain(group) {
      calls.push(`upload_again ${group}`);
      asked = NOW;
      return 'g-autumn';
    },
    async insights(hours, destination) {
      calls.push(`insights ${hours} ${destination}`);
      return figures(hours, query === 'insights-none');
    },
    accountInsights: async () => accountFigures(),
    notificationsRefused: async () => false,
    async loginStart() {
      return login;
    },
    async setLoginStart(on) {
      calls.push(`set_login_start ${on}`);
      login = on;
    },
    async openDataFolder() {
      calls.push('open_data_folder');
    },
    async makeDiagnostics() {
      return [
        { name: 'versions', text: 'windlass 0.1.0\nsystem linux x86_64\n' },
        { name: 'settings', text: 'limit = 10000000\ntheme = "dark"\n' },
        { name: 'destinations', text: 'destination-1 Folder, default: answers\n' },
        { name: 'queue', text: 'group-1 uploading intent run to destination-1: 1920 files, 1284 done, 0 failed\n' },
        { name: 'errors', text: '1795270807123 failed file-1 WL-109 read_error\n' },
        { name: 'log', text: 'INFO windlass_engine: started\n'.repeat(12) },
      ];
    },
    async saveDiagnostics() {
      calls.push('save_diagnostics');
      return { saved: true };
    },
  };
}
