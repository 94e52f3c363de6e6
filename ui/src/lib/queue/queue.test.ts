import { mockBackend } from '../../dev/backend';
import { sceneOf } from '../../dev/scenes';
import type { Delta, FilePage, Snapshot } from '../contract';
import type { Message, RowRange } from '../ipc/backend';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Queue } from './queue.svelte';
import { RowWatch } from './watch.svelte';

const empty: Omit<Delta, 'seq'> = {
  groups: [],
  removed: [],
  files: [],
  totals: null,
  destinations: null,
  watches: null,
  settings: null,
  relaunch: null,
  notices: [],
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Queue', () => {
  /** A program whose answer to `subscribe` the test gives. */
  function program() {
    const subscriptions: { send: (m: Message) => void; answer: (s: Snapshot) => void }[] = [];
    const backend = {
      ...mockBackend('transfers', false),
      subscribe: (send: (m: Message) => void) => new Promise<Snapshot>((answer) => subscriptions.push({ send, answer })),
    };
    return { queue: new Queue(backend), subscriptions };
  }
  const scene = (seq: number): Snapshot => ({ ...sceneOf('transfers').snapshot, seq });

  it('keeps deltas that came before the snapshot, and drops those that were in it', async () => {
    const { queue, subscriptions } = program();
    void queue.subscribe();
    subscriptions[0]?.send({ type: 'delta', delta: { ...empty, seq: 7, removed: ['g-autumn'] } });
    subscriptions[0]?.send({ type: 'delta', delta: { ...empty, seq: 8, removed: ['g-harbour'] } });
    subscriptions[0]?.answer(scene(7));
    await vi.runAllTimersAsync();
    expect(queue.snapshot?.seq).toBe(8);
    expect(queue.snapshot?.groups.map((g) => g.id)).toEqual(['g-autumn', 'g-norrland', 'g-board', 'g-lens']);
  });

  it('subscribes again after a gap, and listens to the old channel no more', async () => {
    const { queue, subscriptions } = program();
    void queue.subscribe();
    subscriptions[0]?.answer(scene(7));
    await vi.runAllTimersAsync();
    subscriptions[0]?.send({ type: 'delta', delta: { ...empty, seq: 9 } });
    expect(subscriptions).toHaveLength(2);
    expect(queue.snapshot?.groups).toHaveLength(5);
    subscriptions[0]?.send({ type: 'delta', delta: { ...empty, seq: 10, removed: ['g-autumn'] } });
    subscriptions[1]?.answer(scene(20));
    await vi.runAllTimersAsync();
    expect(queue.snapshot?.seq).toBe(20);
    expect(queue.snapshot?.groups).toHaveLength(5);
  });

  it('shows a refused command once, with its code and fact', async () => {
    const { queue } = program();
    const refuse = () => Promise.reject({ code: 'group_closed', number: 'WL-504', detail: 'Board pack' });
    expect(await queue.do(refuse)).toBe(false);
    expect(await queue.do(refuse)).toBe(false);
    expect(queue.notices.map((n) => [n.code, n.detail])).toEqual([['group_closed', 'Board pack']]);
  });

  it('takes a choice back that the program refused', async () => {
    const { queue, subscriptions } = program();
    void queue.subscribe();
    subscriptions[0]?.answer(scene(7));
    await vi.runAllTimersAsync();
    queue.backend.setSetting = () => Promise.reject({ code: 'queue_read_only', number: 'WL-506', detail: '' });
    const set = queue.setSetting('theme', 'dark');
    expect(queue.snapshot?.settings['theme']).toBe('dark');
    await set;
    expect(queue.snapshot?.settings['theme']).toBeUndefined();
  });

  it('tells choices of one key one after the other, and of those that wait only the last', async () => {
    const { queue, subscriptions } = program();
    void queue.subscribe();
    subscriptions[0]?.answer(scene(7));
    await vi.runAllTimersAsync();
    const told: { value: unknown; taken: () => void }[] = [];
    queue.backend.setSetting = (_, value) => new Promise((taken) => told.push({ value, taken: () => taken() }));
    const sets = ['a', 'b', 'c'].map((value) => queue.setSetting('schedule', value));
    void queue.setSetting('theme', 'dark');
    expect(told.map((one) => one.value)).toEqual(['a', 'dark']);
    // What the program says of before does not bring it back.
    subscriptions[0]?.send({ type: 'delta', delta: { ...empty, seq: 8, settings: { schedule: 'a' } } });
    expect(queue.snapshot?.settings).toMatchObject({ schedule: 'c', theme: 'dark' });
    told[0]?.taken();
    await vi.runAllTimersAsync();
    expect(told.map((one) => one.value)).toEqual(['a', 'dark', 'c']);
    told[2]?.taken();
    await Promise.all(sets);
    // And from then on it is the program's word again.
    subscriptions[0]?.send({ type: 'delta', delta: { ...empty, seq: 9, settings: { schedule: 'z' } } });
    expect(queue.snapshot?.settings['schedule']).toBe('z');
  });

  it('takes back to the last choice that the program took', async () => {
    const { queue, subscriptions } = program();
    void queue.subscribe();
    subscriptions[0]?.answer(scene(7));
    await vi.runAllTimersAsync();
    queue.backend.setSetting = (_, value) =>
      value === 'refused' ? Promise.reject({ code: 'queue_read_only', number: 'WL-506', detail: '' }) : Promise.resolve();
    await Promise.all(['a', 'refused'].map((value) => queue.setSetting('schedule', value)));
    expect(queue.snapshot?.settings['schedule']).toBe('a');
  });

  it('says why when the program can not open its queue', async () => {
    const queue = new Queue(mockBackend('broken', false));
    await queue.subscribe();
    expect(queue.snapshot).toBeNull();
    expect(queue.broken?.number).toBe('WL-505');
  });
});

describe('RowWatch', () => {
  const big = sceneOf('big').files.get('g-big');
  const page = (range: RowRange): FilePage => ({
    group_id: range.group,
    offset: range.offset,
    total: null,
    files: Array.from({ length: range.limit }, (_, i) => big?.(range.offset + i)).filter((f) => f !== undefined),
  });

  it('asks for what is seen and its margin in one call, and never for all', async () => {
    const calls: RowRange[][] = [];
    const watch = new RowWatch(
      (ranges) => {
        calls.push(ranges);
        return Promise.resolve(ranges.map(page));
      },
      () => {},
    );
    const rows = watch.open('g-big');
    for (let top = 50_000; top < 50_009; top += 1) watch.look('g-big', top, top + 9);
    await vi.runAllTimersAsync();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.[0]?.limit).toBeLessThan(100);
    expect(rows.rows.get(50_004)?.name).toBe('scan-050004.tif');
    expect(rows.rows.size).toBeLessThan(100);
  });

  it('puts a change that crossed the answer above it, and asks once more', async () => {
    const answers: ((pages: FilePage[]) => void)[] = [];
    const asked: RowRange[][] = [];
    const watch = new RowWatch(
      (ranges) => {
        asked.push(ranges);
        return new Promise((answer) => answers.push(answer));
      },
      () => {},
    );
    const rows = watch.open('g-big');
    watch.look('g-big', 0, 9);
    await vi.advanceTimersByTimeAsync(40);
    const old = page(asked[0]?.[0] as RowRange);
    const newer = { ...(old.files[2] as (typeof old.files)[number]), bytes_done: 77 };
    watch.changed([newer]);
    answers[0]?.([old]);
    await vi.advanceTimersByTimeAsync(0);
    expect(rows.rows.get(2)?.bytes_done).toBe(77);
    await vi.advanceTimersByTimeAsync(300);
    expect(asked).toHaveLength(2);
  });

  it('draws a list once for a delta of many rows, and holds no row twice', async () => {
    const watch = new RowWatch(
      (ranges) => Promise.resolve(ranges.map(page)),
      () => {},
    );
    const rows = watch.open('g-big');
    watch.look('g-big', 0, 9);
    await vi.runAllTimersAsync();
    const held = rows.rows.size;
    const drawn = vi.spyOn(rows, 'rows', 'set');
    const changed = [...rows.rows.values()].map((file) => ({ ...file, bytes_done: 77 }));
    watch.changed(changed);
    expect(drawn).toHaveBeenCalledTimes(1);
    expect([...rows.rows.values()]).toEqual(changed);
    // A thousand deltas later it holds what it shows, and no more.
    for (let n = 0; n < 1000; n += 1) watch.changed(changed.map((file) => ({ ...file, position: file.position + n, bytes_done: n })));
    expect(rows.rows.size).toBe(held);
  });

  it('forgets a list that was folded', async () => {
    const asked: RowRange[][] = [];
    const watch = new RowWatch(
      (ranges) => {
        asked.push(ranges);
        return Promise.resolve(ranges.map(page));
      },
      () => {},
    );
    watch.open('g-big');
    watch.look('g-big', 0, 9);
    await vi.runAllTimersAsync();
    watch.close('g-big');
    await vi.runAllTimersAsync();
    expect(asked.at(-1)).toEqual([]);
  });
});
