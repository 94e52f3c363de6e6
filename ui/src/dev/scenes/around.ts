/** Network, power and hours, and the groups that they hold. */
import type { Around, BlockedReason, GroupView } from '$lib/contract';
import { counts, GB, group, HOUR, MB, NOW } from './make';
import type { SceneName } from './names';

/** Network, power and the hour of a scene. */
export function around(name: SceneName): Around {
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
export const HELD: GroupView[] = (
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

/** A week with working hours free, and slow evenings. */
export const WEEK = Array.from({ length: 168 }, (_, i) => {
  const [day, hour] = [Math.floor(i / 24), i % 24];
  if (day < 5 && hour >= 8 && hour < 18) return 'n';
  return hour >= 18 && hour < 22 ? 'l' : 'f';
}).join('');
