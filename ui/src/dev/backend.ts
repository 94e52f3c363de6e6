/**
 * Stands in for the program: `npm run mock`, then `http://localhost:1420/?scene=transfers`.
 *
 * It answers every command on a picture from `scenes.ts` and sends deltas as the program would, so that the page can be
 * looked at, measured and tested in any browser. `&still` keeps everything standing. Never part of a build.
 */
import type { CheckStep, Delta, DestinationCheck, FileView, Find, GroupView, NewDestination } from '$lib/contract';
import type { Backend, Message, RowRange, Scope } from '$lib/ipc/backend';
import { desk } from './desk';
import { NOW, SCENES, type SceneName, sceneOf } from './scenes';
import { ELSEWHERE } from './scenes/relaunch';
import { regroupDesk } from './regroup';
import { stage } from './stage';
import { watchDesk } from './watch';

const query = new URLSearchParams(location.search);
const name = SCENES.find((s) => s === query.get('scene')) ?? 'transfers';
const still = query.has('still');

/** Bytes that a file in hand gains at each tick. */
const TICK_BYTES = 40e6;

/** What a test in a browser may see and do beside the page. */
interface Strings {
  calls: string[];
  send: (message: Message) => void;
  /** A group is done. */
  end: (group: string) => void;
  /** So many files of the first group have ended; every row on screen ends or begins. */
  finish: (done: number) => void;
  /** How many had ended then. */
  ended: () => number;
}

export function mockBackend(scene: SceneName, moving: boolean): Backend & Strings {
  const { snapshot, files } = sceneOf(scene);
  const changed = new Map<string, FileView>();
  const calls: string[] = [];
  let listen: (message: Message) => void = () => {};
  let ranges: RowRange[] = [];
  let elsewhere = scene === 'relaunch-elsewhere' ? ELSEWHERE : [];
  let timer: ReturnType<typeof setInterval> | undefined;

  const row = (group: string, position: number): FileView | undefined => {
    const made = files.get(group)?.(position);
    return made && (changed.get(made.id) ?? made);
  };
  const send = (message: Message) => listen(message);
  const delta = (part: Partial<Delta>) => {
    snapshot.seq += 1;
    send({
      type: 'delta',
      delta: {
        seq: snapshot.seq,
        groups: [],
        removed: [],
        files: [],
        totals: null,
        destinations: null,
        watches: null,
        settings: null,
        relaunch: null,
        notices: [],
        ...part,
      },
    });
  };
  const update = (id: string, change: Partial<GroupView>) => {
    snapshot.groups = snapshot.groups.map((g) => (g.id === id ? { ...g, ...change } : g));
    delta({ groups: snapshot.groups.filter((g) => g.id === id) });
  };
  const visibleRows = () =>
    ranges
      .flatMap((range) => Array.from({ length: range.limit }, (_, i) => row(range.group, range.offset + i)))
      .filter((f) => f !== undefined);

  function tick() {
    const moved = visibleRows()
      .filter((f) => f.word === 'uploading')
      .map((f) => {
        const bytes_done = Math.min(f.size, f.bytes_done + TICK_BYTES);
        const parts_done = Math.floor((bytes_done / Math.max(1, f.size)) * f.parts_total);
        const end = bytes_done >= f.size;
        const full = Math.floor((bytes_done / Math.max(1, f.size)) * f.cells.length);
        const cells = end ? '9'.repeat(f.cells.length) : `${'9'.repeat(full)}s${'0'.repeat(Math.max(0, f.cells.length - full - 1))}`;
        return {
          ...f,
          bytes_done,
          parts_done,
          cells,
          word: end ? ('verified' as const) : f.word,
          state: end ? ('done' as const) : f.state,
        };
      });
    for (const f of moved) changed.set(f.id, f);
    const groups = snapshot.groups
      .filter((g) => g.word === 'uploading')
      .map((g) => ({ ...g, bytes_done: Math.min(g.bytes_total, g.bytes_done + TICK_BYTES) }));
    snapshot.groups = snapshot.groups.map((g) => groups.find((m) => m.id === g.id) ?? g);
    delta({ files: moved, groups });
  }

  function targets(target: Scope): GroupView[] {
    return snapshot.groups.filter((g) => target.scope === 'app' || g.id === target.id);
  }
  const WORD = { run: 'uploading', paused: 'paused', cancelled: 'cancelled' } as const;
  const check = (destination: NewDestination): DestinationCheck => {
    const step = (name: string, detail = ''): CheckStep => ({ step: name, outcome: 'ok', detail, code: null });
    if (destination.folder?.startsWith('/root')) {
      return {
        ok: false,
        places: [],
        steps: [step('reachable'), { step: 'write', outcome: 'failed', detail: 'permission denied', code: 'destination_read_only' }],
      };
    }
    if (destination.server)
      return { ok: true, places: ['recordings'], steps: ['reachable', 'encrypted', 'sign_in', 'place'].map((name) => step(name)) };
    return {
      ok: true,
      places: [],
      steps: [
        ...(destination.s3 ? ['reachable', 'key', 'bucket', 'clock'].map((name) => step(name)) : []),
        step('write'),
        step('free_space', '1200000000000'),
        step('read_back'),
        ...(destination.s3
          ? [step('checksums', 'crc64nvme')]
          : [{ step: 'same_disk', outcome: 'warning' as const, detail: '', code: null }]),
      ],
    };
  };

  const textOf = (f: FileView) => `${f.folder}/${f.name}`.toLowerCase();
  const fits = (f: FileView, find: Find): boolean =>
    find.text
      .toLowerCase()
      .split(/\s+/)
      .every((word) => textOf(f).includes(word)) &&
    (find.kind === 'all' ||
      (find.kind === 'done' && f.state === 'done') ||
      (find.kind === 'failed' && f.state === 'failed' && f.word !== 'skipped') ||
      (find.kind === 'left_out' && (f.word === 'skipped' || f.state === 'removed')) ||
      (find.kind === 'open' && !['done', 'failed', 'removed'].includes(f.state)));
  const all = (group: string): FileView[] => {
    const total = Math.min(2000, snapshot.groups.find((g) => g.id === group)?.files.total ?? 0);
    return Array.from({ length: total }, (_, i) => row(group, i)).filter((f) => f !== undefined);
  };

  return {
    calls,
    send,
    finish: (done) => {
      const files = visibleRows().map((f) => {
        const ends = f.word !== 'verified';
        return {
          ...f,
          word: ends ? ('verified' as const) : ('uploading' as const),
          state: ends ? ('done' as const) : ('uploading' as const),
          bytes_done: ends ? f.size : f.size / 2,
          parts_done: ends ? f.parts_total : 0,
          cells: (ends ? '9' : 's').repeat(f.cells.length),
        };
      });
      for (const f of files) changed.set(f.id, f);
      const groups = snapshot.groups.slice(0, 1).map((g) => ({
        ...g,
        files: { ...g.files, done },
        bytes_done: (g.bytes_total * done) / g.files.total,
      }));
      snapshot.groups = snapshot.groups.map((g) => groups.find((m) => m.id === g.id) ?? g);
      snapshot.totals = { ...snapshot.totals, files_done: done, bytes_done: groups[0]?.bytes_done ?? 0 };
      delta({ files, groups, totals: snapshot.totals });
    },
    ended: () => snapshot.totals.files_done,
    end: (group) => update(group, { word: 'done', accepts_files: false, finished_at: NOW }),
    ...desk(snapshot, calls, row, all, fits, delta),
    ...watchDesk(snapshot, calls, delta, NOW),
    ...regroupDesk(snapshot, calls, delta),
    subscribe(onmessage) {
      if (scene === 'broken') return Promise.reject({ code: 'queue_newer', number: 'WL-505', detail: 'schema 12, this program knows 9' });
      listen = onmessage;
      clearInterval(timer);
      if (moving) timer = setInterval(tick, 250);
      return Promise.resolve(structuredClone(snapshot));
    },
    watchRows(next) {
      ranges = next;
      calls.push(`watch_rows ${next.map((r) => `${r.group} ${r.offset}+${r.limit}`).join(' ')}`);
      return Promise.resolve(
        next.map((range) => {
          if (range.find) {
            const { find } = range;
            const found = all(range.group).filter((f) => fits(f, find));
            return {
              group_id: range.group,
              offset: range.offset,
              total: found.length,
              files: found.slice(range.offset, range.offset + range.limit),
            };
          }
          const total = snapshot.groups.find((g) => g.id === range.group)?.files.total ?? 0;
          const end = Math.min(total, range.offset + range.limit);
          const page = Array.from({ length: Math.max(0, end - range.offset) }, (_, i) => row(range.group, range.offset + i));
          return { group_id: range.group, offset: range.offset, total: null, files: page.filter((f) => f !== undefined) };
        }),
      );
    },
    async listFound(range) {
      calls.push(`list_found ${range.group} ${range.find?.code ?? ''}`);
      const of = snapshot.groups.find((g) => g.id === range.group);
      const unprocessed = range.find?.kind === 'unprocessed';
      const fold = (unprocessed ? of?.processing?.errors : of?.errors)?.find((e) => e.code === range.find?.code);
      const total = range.find?.kind === 'no_disk' && of ? of.files.total - of.files.done : (fold?.files ?? 0);
      const files = Array.from({ length: Math.max(0, Math.min(range.limit, total - range.offset)) }, (_, i): FileView => {
        const made = row(range.group, range.offset + i);
        if (made && range.find?.kind === 'no_disk') return made;
        if (!made || !fold) throw new Error('no row');
        const name = range.offset + i === 0 ? fold.example : `scan-${String(871 + range.offset + i).padStart(4, '0')}.pdf`;
        const error = { code: fold.code, number: fold.number, detail: fold.detail };
        if (unprocessed) return { ...made, name, folder: 'takes', state: 'done', word: 'verified', processing: { word: 'failed', error } };
        return { ...made, name, folder: 'invoices', state: 'failed', word: 'failed', parts_total: 26, parts_done: i === 2 ? 9 : 0, error };
      });
      const failures = { first_at: NOW - 40 * 60_000, last_at: NOW - 22 * 60_000, tries: 4 };
      return { group_id: range.group, offset: range.offset, total, files, ...(unprocessed || !fold ? {} : { failures }) };
    },
    async chooseFiles(group, folders) {
      calls.push(`choose_files ${group} ${folders}`);
    },
    async dropInto(handle, group) {
      calls.push(`drop_into ${handle} ${group}`);
    },
    async dropCancel(handle) {
      calls.push(`drop_cancel ${handle}`);
    },
    async pasteFiles() {
      calls.push('paste_files');
      return 0;
    },
    async setIntent(target, intent) {
      calls.push(`set_intent ${target.scope} ${target.id} ${intent}`);
      if (target.scope === 'file') {
        const was = visibleRows().find((f) => f.id === target.id);
        if (!was) return;
        const now: FileView = {
          ...was,
          intent,
          word: intent === 'run' ? 'uploading' : WORD[intent],
          blocked_by: intent === 'paused' ? ['user'] : [],
        };
        changed.set(now.id, now);
        return delta({ files: [now] });
      }
      if (target.scope === 'app') {
        snapshot.totals = { ...snapshot.totals, paused: intent === 'paused' };
        delta({ totals: snapshot.totals });
      }
      for (const g of targets(target)) {
        if (g.finished_at === null) {
          update(g.id, {
            intent,
            word: WORD[intent],
            blocked_by: intent === 'paused' ? ['user'] : [],
            rate_bytes: null,
            rate_files: null,
            eta: null,
            ...(intent === 'cancelled' ? { finished_at: NOW, accepts_files: false } : {}),
          });
        }
      }
    },
    async retryProcessing(target) {
      calls.push(`retry_processing ${target.id ?? ''}`);
      return 1;
    },
    async seeProcessing(group) {
      calls.push(`see_processing ${group}`);
      const of = snapshot.groups.find((g) => g.id === group);
      if (of?.processing) update(group, { processing: { ...of.processing, errors: [] } });
    },
    async elsewhere() {
      return elsewhere;
    },
    async discardElsewhere(destination, group) {
      calls.push(`discard_elsewhere ${destination} ${group ?? ''}`);
      const before = elsewhere.length;
      elsewhere = elsewhere.filter((g) => g.destination_id !== destination || g.group_id !== group);
      return before - elsewhere.length;
    },
    async retry(target, code) {
      calls.push(`retry ${target.scope} ${target.id} ${code}`);
      for (const g of targets(target)) {
        if (g.errors.length > 0)
          update(g.id, {
            errors: g.errors.filter((e) => code !== null && e.code !== code),
            word: 'uploading',
            files: { ...g.files, failed: 0 },
          });
      }
    },
    async removeGroup(group) {
      calls.push(`remove_group ${group}`);
      snapshot.groups = snapshot.groups.filter((g) => g.id !== group);
      delta({ removed: [group] });
    },
    async renameGroup(group, wanted) {
      calls.push(`rename_group ${group} ${wanted}`);
      update(group, { name: wanted });
    },
    async answerRelaunch(group, answer) {
      calls.push(`answer_relaunch ${group} ${answer}`);
      const report = snapshot.relaunch;
      if (!report) return;
      const left = report.groups.filter((g) => group !== null && g.id !== group);
      snapshot.relaunch = left.length > 0 ? { ...report, groups: left } : null;
      const answered = report.groups.filter((g) => !left.includes(g)).map((g) => g.id);
      snapshot.groups = snapshot.groups.map((g) =>
        answered.includes(g.id) ? { ...g, word: answer === 'discard' ? 'cancelled' : 'uploading', blocked_by: [] } : g,
      );
      delta({ relaunch: { report: snapshot.relaunch }, groups: snapshot.groups.filter((g) => answered.includes(g.id)) });
    },
    async testDestination(destination) {
      return check(destination);
    },
    async addDestination(destination) {
      const secret = destination.s3 ?? destination.server;
      if (scene === 'first-run-memory' && secret?.keep_secret === 'keyring')
        throw { code: 'keyring_locked', number: 'WL-503', detail: 'this computer has no keyring' };
      const found = check(destination);
      calls.push(`add_destination ${destination.name}`);
      if (found.ok) {
        snapshot.destinations = [
          ...snapshot.destinations.map((d) => (destination.make_default ? { ...d, is_default: false } : d)),
          {
            id: `d-${destination.name}`,
            name: destination.name,
            kind: destination.s3 ? 's3' : 'folder',
            location: destination.folder ?? destination.s3?.endpoint ?? '',
            is_default: destination.make_default,
            problem: null,
            since: null,
            accepts: destination.accepts,
          },
        ];
        delta({ destinations: snapshot.destinations });
      }
      return found;
    },
    async destinationRoom(id) {
      if (id === 'd-server') return { free: 38.2e9, total: 100e9, quota: true };
      return { free: 2.1e12, total: 8e12, quota: false };
    },
    async destinationForm(id) {
      const of = snapshot.destinations.find((d) => d.id === id);
      const s3 = {
        endpoint: 'https://s3.garage.example',
        region: 'garage',
        bucket: 'deliveries',
        prefix: '',
        path_style: true,
        folder_markers: false,
        access_key: '',
        secret_key: '',
        keep_secret: 'keyring' as const,
      };
      return {
        name: of?.name ?? '',
        folder: of?.kind === 'folder' ? of.location : null,
        s3: of?.kind === 's3' ? s3 : null,
        server:
          of?.kind === 'server' ? { url: 'https://up.example.com', token: '', place: 'recordings', keep_secret: 'keyring' as const } : null,
        make_default: of?.is_default ?? false,
        proxy: null,
        accepts: of?.accepts ?? { max_bytes: null, refused_types: [], allowed_mime: null },
      };
    },
    async editDestination(id, destination) {
      calls.push(
        `edit_destination ${id} ${destination.name} ${destination.s3?.folder_markers ? 'with folder markers' : (destination.s3?.access_key ?? '')}`,
      );
      const found = check(destination);
      if (found.ok) {
        snapshot.destinations = snapshot.destinations.map((d) =>
          d.id === id ? { ...d, name: destination.name, problem: null, since: null, accepts: destination.accepts } : d,
        );
        delta({ destinations: snapshot.destinations });
      }
      return found;
    },
    async checkDestination(id) {
      calls.push(`check_destination ${id}`);
      return check({
        name: '',
        folder: '/mnt/studio',
        s3: null,
        server: null,
        make_default: false,
        proxy: null,
        accepts: { max_bytes: null, refused_types: [], allowed_mime: null },
      });
    },
    async signInOffer(url) {
      return url.includes('token') ? null : 'login.example.com';
    },
    async beginSignIn(url) {
      calls.push(`begin_sign_in ${url}`);
      return { number: 1, address: 'https://login.example.com/device', code: 'WDJB-MJHT', opened: !url.includes('closed') };
    },
    async waitSignIn(number) {
      calls.push(`wait_sign_in ${number}`);
      return new Promise((done) => ((globalThis as { signedIn?: (owner: string) => void }).signedIn = (owner) => done({ owner })));
    },
    async openSignIn(number) {
      calls.push(`open_sign_in ${number}`);
    },
    async cancelSignIn(number) {
      calls.push(`cancel_sign_in ${number}`);
    },
    async removeDestination(id) {
      if (snapshot.groups.some((g) => g.destination_id === id && g.finished_at === null))
        throw { code: 'state_conflict', number: 'WL-504', detail: '3 groups still go there' };
      snapshot.destinations = snapshot.destinations.filter((d) => d.id !== id);
      delta({ destinations: snapshot.destinations });
    },
    async setDefaultDestination(id) {
      snapshot.destinations = snapshot.destinations.map((d) => ({ ...d, is_default: d.id === id }));
      delta({ destinations: snapshot.destinations });
    },
    async chooseDestinationFolder() {
      return '/mnt/studio/Uploads';
    },
    async finishFirstRun() {
      calls.push('finish_first_run');
    },
    async receipt(group) {
      const of = snapshot.groups.find((g) => g.id === group);
      return {
        group_id: group,
        group: of?.name ?? '',
        lines: Array.from({ length: of?.files.done ?? 0 }, (_, i) => ({
          path: `/home/ada/Boards/2026-11/page-${String(i + 1).padStart(3, '0')}.pdf`,
          destination: of?.destination_name ?? '',
          object_key: `Boards/2026-11/page-${i + 1}.pdf`,
          size: 28_930_000 + i,
          sha256: i % 5 === 0 ? null : '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          crc64: 'rosUhgp5mIg=',
          proof: i % 3 === 0 ? 'crc64nvme' : 'read_back',
          result: i % 9 === 0 ? 'deduplicated' : 'uploaded',
          uploaded_at: (of?.finished_at ?? NOW) - i * 1000,
        })),
      };
    },
    async verifyGroup(group) {
      const of = snapshot.groups.find((g) => g.id === group);
      return { checked: of?.files.done ?? 0, failed: [] };
    },
    async showAtDestination(group) {
      calls.push(`show_at_destination ${group}`);
    },
    async goAnyway(target, reason) {
      calls.push(`go_anyway ${target.scope} ${target.id ?? ''} ${reason ?? 'all'}`.replace('  ', ' '));
      return 1;
    },
    async notAnyway(target) {
      calls.push(`not_anyway ${target.scope} ${target.id ?? ''}`.trim());
    },
    async trustNetwork() {
      calls.push('trust_network');
    },
    async setProxy({ choice, password }) {
      calls.push(
        `set_proxy ${choice.mode}${choice.mode === 'manual' ? ` ${choice.address} ${choice.user}` : ''}${password && ' with a password'}`,
      );
      snapshot.settings = { ...snapshot.settings, proxy: choice };
      delta({ settings: snapshot.settings });
      return true;
    },
    async chooseAuthorities() {
      calls.push('choose_authorities');
      snapshot.settings = { ...snapshot.settings, authorities: { name: 'studio-ca.pem', pem: '' } };
      delta({ settings: snapshot.settings });
      return true;
    },
    async setSetting(key, value) {
      calls.push(`set_setting ${key} ${String(value)}`);
    },
  };
}

const mock = mockBackend(name, !still);
/** Choices by the address. */
const chosen = Object.fromEntries(
  [
    ['theme', 'theme'],
    ['lang', 'language'],
    ['density', 'density'],
    ['unit', 'rate_unit'],
  ].flatMap(([name, key]) => (query.get(name ?? '') === null ? [] : [[key, query.get(name ?? '')]])),
);
const subscribe = mock.subscribe.bind(mock);
mock.subscribe = async (onmessage) => {
  const snapshot = await subscribe(onmessage);
  setTimeout(() => stage(name, mock.send), 50);
  return { ...snapshot, settings: { ...snapshot.settings, ...chosen } };
};
(globalThis as { mock?: typeof mock }).mock = mock;

export const backend: Backend = mock;
