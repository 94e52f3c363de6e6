/** The stand-in's watched folders. Never part of a build. */
import type { Delta, Snapshot, WatchFileView, WatchSettings, WatchView } from '$lib/contract';
import type { Backend } from '$lib/ipc/backend';

const MB = 1e6;

const SETTINGS: WatchSettings = {
  include: [],
  exclude: ['proxies/', '*.xmp'],
  min_size: 0,
  max_size: null,
  max_age_days: null,
  max_depth: null,
  hidden: false,
  group_rule: 'batch',
  settle_min_ms: 20_000,
  quiet_ms: 60_000,
  after: 'keep',
  after_path: null,
  despite: [],
};

/** Watched folders as the pictures show them. */
export function watchViews(now: number, destination: { id: string; name: string }): WatchView[] {
  const base = {
    destination_id: destination.id,
    destination_name: destination.name,
    intent: 'run',
    problem: null,
    mode: 'events',
    mode_because: null,
    settings: SETTINGS,
    overflows: 0,
    watching: true,
  } as const;
  return [
    {
      ...base,
      id: 'w-card',
      name: 'Card offload',
      path: '/media/ada/EOS/DCIM',
      state: 'uploading',
      counts: { total: 1043, settling: 1, queued: 4, uploaded: 617, today: 31, ignored: 420, failed: 1 },
      last_upload_at: now - 120_000,
      last_scan_at: now - 4000,
    },
    {
      ...base,
      id: 'w-scans',
      name: 'Scanner inbox',
      path: '/home/ada/Documents/Scans',
      state: 'needs_you',
      problem: { code: 'watch_other_disk', number: 'WL-118', detail: '/home/ada/Documents/Scans' },
      mode: 'polling',
      mode_because: 'network',
      counts: { total: 214, settling: 0, queued: 0, uploaded: 214, today: 0, ignored: 0, failed: 0 },
      last_upload_at: now - 86_400_000,
      last_scan_at: now - 86_000_000,
    },
    {
      ...base,
      id: 'w-exports',
      name: 'Exports',
      path: '/home/ada/Movies/Exports',
      state: 'up_to_date',
      counts: { total: 88, settling: 0, queued: 0, uploaded: 88, today: 3, ignored: 0, failed: 0 },
      last_upload_at: now - 3 * 3600_000,
      last_scan_at: now - 400_000,
    },
  ];
}

function files(now: number): WatchFileView[] {
  const file = (path: string, part: Partial<WatchFileView>): WatchFileView => ({
    path,
    name: path.split('/').findLast((p) => p !== '') ?? path,
    folder: path.split('/').slice(0, -1).join('/'),
    size: 24 * MB,
    verdict: 'uploaded',
    why: 'uploaded',
    detail: '',
    until: null,
    looked_at: null,
    settle_ms: null,
    at: now - 600_000,
    percent: null,
    file_id: null,
    group_id: null,
    object_key: null,
    versions: 1,
    gone: false,
    original: 'kept',
    error: null,
    ...part,
  });
  return [
    file('GX010482.MP4', {
      size: 3900 * MB,
      verdict: 'settling',
      why: 'growing',
      until: now + 11_000,
      looked_at: now - 2000,
      settle_ms: 20_000,
    }),
    file('GX010481.MP4', { size: 5100 * MB, verdict: 'uploading', why: 'queued', percent: 72 }),
    file('DJI_0311.DNG', { verdict: 'waiting', why: 'queued' }),
    file('DJI_0310.DNG', {}),
    file('DJI_0309.DNG', { verdict: 'deduplicated', why: 'deduplicated' }),
    file('.DJI_0310.tmp', { verdict: 'ignored', why: 'temp_name', detail: '*.tmp' }),
    file('proxies/', { name: 'proxies/', folder: '', size: 0, verdict: 'ignored', why: 'excluded', detail: 'proxies/' }),
    file('GX010476.MP4', {
      verdict: 'failed',
      why: 'failed',
      error: { code: 'read_error', number: 'WL-109', detail: 'at 1.2 GB' },
    }),
    file('DJI_0308.DNG', { why: 'new_version', versions: 2 }),
    file('notes.docx', { size: 40_000, verdict: 'settling', why: 'in_use', until: now + 4000, looked_at: now, settle_ms: 3000 }),
  ];
}

/** All of the scanner's were sent before its disk was another one. */
const scans = (now: number): WatchFileView[] =>
  files(now - 86_400_000)
    .filter((file) => file.why === 'uploaded')
    .flatMap((file) =>
      Array.from({ length: 6 }, (_, i) => ({ ...file, path: `scan-${871 + i}.pdf`, name: `scan-${871 + i}.pdf`, size: (3 + i) * MB })),
    );

type Commands = Pick<
  Backend,
  | 'chooseWatchFolder'
  | 'previewWatch'
  | 'addWatch'
  | 'setWatch'
  | 'setWatchIntent'
  | 'removeWatch'
  | 'lookNow'
  | 'uploadAnyway'
  | 'confirmWatch'
  | 'watchFiles'
  | 'explainName'
>;

/** Answers to questions about watched folders. */
export function watchDesk(snapshot: Snapshot, calls: string[], delta: (part: Partial<Delta>) => void, now: number): Commands {
  const update = (id: string, part: Partial<WatchView>) => {
    snapshot.watches = snapshot.watches.map((x) => (x.id === id ? { ...x, ...part } : x));
    delta({ watches: snapshot.watches });
  };
  return {
    chooseWatchFolder() {
      calls.push('choose_watch_folder');
      return Promise.resolve({ number: 0, path: '/home/ada/Pictures/Incoming' });
    },
    previewWatch(number, settings) {
      calls.push(`preview_watch ${number}`);
      if (settings.exclude.includes('{')) {
        return Promise.reject({ code: 'watch_rule', number: 'WL-121', detail: '{' });
      }
      const left = settings.exclude.length > 0 ? 392 : 0;
      return Promise.resolve({
        matched: 1204 - left,
        total: 1204,
        bytes: 61e9,
        examples: ['a.jpg'],
        left_out: left > 0 ? [{ path: 'proxies/', why: 'excluded', detail: 'proxies/' }] : [],
        more: false,
      });
    },
    addWatch(add) {
      calls.push(`add_watch ${add.number} ${add.name} ${add.destination} ${add.settings.after} ${add.onlyNew}`);
      const destination = snapshot.destinations.find((d) => d.id === add.destination) ?? { id: '', name: '' };
      const [first] = watchViews(now, destination);
      const added = { ...(first as WatchView), id: 'w-new', name: add.name ?? 'Incoming', settings: add.settings };
      snapshot.watches = [...snapshot.watches, added];
      delta({ watches: snapshot.watches });
      return Promise.resolve(added);
    },
    setWatch(id, name, settings) {
      calls.push(`set_watch ${id} ${name} ${settings.exclude.join('|')}`);
      update(id, { name, settings });
      return Promise.resolve(snapshot.watches.find((x) => x.id === id) as WatchView);
    },
    setWatchIntent(id, intent) {
      calls.push(`set_watch_intent ${id} ${intent}`);
      update(id, { intent, state: intent === 'paused' ? 'paused' : 'up_to_date' });
      return Promise.resolve();
    },
    removeWatch(id) {
      calls.push(`remove_watch ${id}`);
      snapshot.watches = snapshot.watches.filter((x) => x.id !== id);
      delta({ watches: snapshot.watches });
      return Promise.resolve();
    },
    lookNow(id) {
      calls.push(`look_now ${id}`);
      return Promise.resolve();
    },
    uploadAnyway(id, paths) {
      calls.push(`upload_anyway ${id} ${paths?.join('|') ?? 'all'}`);
      return Promise.resolve(paths?.length ?? 1);
    },
    confirmWatch(id) {
      calls.push(`confirm_watch ${id}`);
      update(id, { problem: null, state: 'up_to_date' });
      return Promise.resolve();
    },
    explainName(id, name) {
      const watch = snapshot.watches.find((x) => x.id === id);
      const [like] = files(now);
      if (!watch || !like) return Promise.reject(new Error('no such watched folder'));
      if (name.startsWith('/')) return Promise.reject({ code: 'name_invalid', number: 'WL-110', detail: 'no name below the folder' });
      const known = files(now).find((f) => f.path === name);
      const unfinished = name.endsWith('.part');
      const file = known ?? {
        ...like,
        path: name,
        name: name.split('/').at(-1) ?? name,
        folder: name.split('/').slice(0, -1).join('/'),
        verdict: 'ignored' as const,
        why: unfinished ? ('temp_name' as const) : ('absent' as const),
        detail: unfinished ? '.part' : '',
        until: null,
        percent: null,
        error: null,
      };
      return Promise.resolve({ watch, file });
    },
    watchFiles(id, query) {
      const all = id === 'w-card' ? files(Date.now()) : id === 'w-scans' ? scans(Date.now()) : [];
      const state = {
        settling: 'settling',
        waiting: 'queued',
        uploading: 'queued',
        uploaded: 'uploaded',
        deduplicated: 'uploaded',
      } as const;
      const stateOf = (v: WatchFileView['verdict']) => (v in state ? state[v as keyof typeof state] : (v as 'ignored' | 'failed'));
      const found = all.filter(
        (f) =>
          (query.states.length === 0 || query.states.includes(stateOf(f.verdict))) &&
          f.path.toLowerCase().includes(query.text.toLowerCase()),
      );
      return Promise.resolve({ watch_id: id, offset: 0, total: found.length, files: found.slice(0, query.limit) });
    },
  };
}
