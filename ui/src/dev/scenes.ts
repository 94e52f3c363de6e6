/** Pictures of the queue for working on the page without the program. Never part of a build. */
import type { DestinationView, FileView, GroupView, Snapshot } from '$lib/contract';
import { around, HELD, WEEK } from './scenes/around';
import { rows, rowsOf } from './scenes/files';
import { BIG, ENDED, FAILED, GROUPS, STATES } from './scenes/groups';
import { hostile, HOSTILE_GROUP } from './scenes/hostile';
import { MB, NOW } from './scenes/make';
import type { SceneName } from './scenes/names';
import { DESTINATIONS, SERVER } from './scenes/places';
import { atServer, processedRows } from './scenes/processing';
import { INTERRUPTED, REPORT } from './scenes/relaunch';
import { watchViews } from './watch';

/** A proxy and an authority of the studio's own. */
const WAY = {
  proxy: { mode: 'manual', address: 'http://proxy.studio.example:8080', user: 'ada', except: '.studio.example, 10.0.0.0/8' },
  authorities: { name: 'studio-ca.pem', pem: '' },
};

export { NOW } from './scenes/make';
export { SCENES, type SceneName } from './scenes/names';

export interface Scene {
  snapshot: Snapshot;
  files: Map<string, (position: number) => FileView>;
}

/** Nothing is in the queue yet. */
const BARE: readonly SceneName[] = ['first-run', 'first-run-memory', 'empty', 'empty-drag'];

const RATES = [
  58, 55, 54, 51, 47, 46, 50, 53, 56, 54, 54, 52, 49, 45, 44, 48, 51, 55, 58, 55, 16, 16, 58, 62, 66, 62, 63, 65, 65, 62, 62, 58, 63, 66,
  67, 65, 70, 71, 74, 78, 78, 77, 78, 77, 74, 72, 76, 84,
].map((r) => r * MB);

export function sceneOf(name: SceneName): Scene {
  const first = name.startsWith('first-run');
  const bare = BARE.includes(name);
  const asked = name.startsWith('relaunch');
  const groups = groupsOf(name).map((g, order) => ({ ...g, ...(asked && g.word !== 'done' ? INTERRUPTED : {}), order }));
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
        rate_bytes: bare || asked ? 0 : 84.2 * MB,
        rate_history: bare || asked ? [] : RATES,
        eta: bare || asked ? null : { low_s: 310, high_s: 405 },
        paused_until: null,
        paused: false,
        around: around(name),
        blocked_by: asked ? (['question'] as const).slice() : [],
      },
      destinations: first ? [] : destinationsOf(name),
      relaunch: asked ? REPORT : null,
      watches: bare || name === 'watched-none' || !DESTINATIONS[0] ? [] : watchViews(NOW, DESTINATIONS[0]),
      first_run: first,
      suggested_folder: '/home/ada/Documents/Windlass',
      notices: [],
      settings: {
        ...(name === 'schedule' ? { schedule: { week: WEEK, limit: 2 * MB } } : {}),
        ...(name === 'appearance' ? { motion: 'reduced', close_to_tray: false, log_level: 'detailed' } : {}),
        ...(name === 'network' ? { trusted_networks: [{ id: 'n-1', name: 'Studio LAN' }], metered: 'ask', ...WAY } : {}),
      },
    } satisfies Snapshot),
    files: new Map(groups.map((g) => [g.id, rowsOf(g.id, filesOf(name, g.id))])),
  };
}

function groupsOf(name: SceneName): readonly GroupView[] {
  if (BARE.includes(name)) return [];
  switch (name) {
    case 'states':
      return STATES;
    case 'held':
      return HELD;
    case 'failures':
      return [...FAILED, ...atServer(GROUPS.slice(0, 1)), ...ENDED];
    case 'big':
      return [BIG];
    case 'hostile':
      return [HOSTILE_GROUP];
    case 'processing':
      return atServer([...GROUPS, ...ENDED]);
    default:
      return [...GROUPS, ...ENDED];
  }
}

function destinationsOf(name: SceneName): DestinationView[] {
  if (name === 'sign-in-again') return [...DESTINATIONS, SERVER];
  if (name === 'insights-all') return [...DESTINATIONS, SERVER];
  return name === 'processing' || name === 'relaunch-elsewhere' ? [...DESTINATIONS, { ...SERVER, problem: null }] : DESTINATIONS;
}

/** Files of a group that have names of their own. */
function filesOf(name: SceneName, group: string): readonly Partial<FileView>[] {
  if (name === 'hostile') return hostile;
  if (group !== 'g-autumn') return [];
  return name === 'processing' ? processedRows : rows;
}
