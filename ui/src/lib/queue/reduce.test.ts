import type { Delta, FileView, GroupView, Snapshot } from '../contract';
import { sceneOf } from '../../dev/scenes';
import { describe, expect, it } from 'vitest';
import { adopt, inOrder, placeRows, reduce, turns } from './reduce';

const snapshot = (): Snapshot => adopt(sceneOf('transfers').snapshot);
const delta = (seq: number, part: Partial<Delta> = {}): Delta => ({
  seq,
  groups: [],
  removed: [],
  files: [],
  totals: null,
  destinations: null,
  relaunch: null,
  watches: null,
  settings: null,
  notices: [],
  ...part,
});
const applied = (before: Snapshot, change: Delta): Snapshot => {
  const reduced = reduce(before, change);
  if (reduced.kind !== 'applied') throw new Error(reduced.kind);
  return reduced.snapshot;
};
const groupOf = (s: Snapshot, id: string): GroupView => {
  const group = s.groups.find((g) => g.id === id);
  if (!group) throw new Error(`no ${id}`);
  return group;
};

describe('reduce', () => {
  it('takes the next delta and leaves what did not change the same', () => {
    const before = snapshot();
    const changed = { ...groupOf(before, 'g-harbour'), bytes_done: 10e9 };
    const after = applied(before, delta(8, { groups: [changed] }));
    expect(after.seq).toBe(8);
    expect(groupOf(after, 'g-harbour').bytes_done).toBe(10e9);
    expect(groupOf(after, 'g-autumn')).toBe(groupOf(before, 'g-autumn'));
    expect(after.totals).toBe(before.totals);
  });

  it('keeps the very list when only rows changed', () => {
    const before = snapshot();
    expect(applied(before, delta(8)).groups).toBe(before.groups);
  });

  it('says gap when one is missing, and stale when it had it', () => {
    expect(reduce(snapshot(), delta(9)).kind).toBe('gap');
    expect(reduce(snapshot(), delta(7)).kind).toBe('stale');
    expect(reduce(snapshot(), delta(3)).kind).toBe('stale');
  });

  it('takes in new groups, newest first, and forgets removed ones', () => {
    const before = snapshot();
    const fresh = { ...groupOf(before, 'g-autumn'), id: 'g-new', created_at: groupOf(before, 'g-autumn').created_at + 1 };
    const after = applied(before, delta(8, { groups: [fresh], removed: ['g-norrland'] }));
    expect(after.groups.map((g) => g.id)).toEqual(['g-new', 'g-autumn', 'g-harbour', 'g-board', 'g-lens']);
  });

  it('moves no open card when its word changes', () => {
    const before = snapshot();
    const order = before.groups.map((g) => g.id);
    const after = applied(before, delta(8, { groups: [{ ...groupOf(before, 'g-norrland'), word: 'needs_you' }] }));
    expect(after.groups.map((g) => g.id)).toEqual(order);
  });

  it('draws the same picture from a snapshot in any order', () => {
    const { groups } = snapshot();
    expect(inOrder([...groups].reverse())).toEqual(groups);
  });

  it('takes a relaunch report away only when told so', () => {
    const before = adopt(sceneOf('relaunch').snapshot);
    expect(applied(before, delta(8)).relaunch).toBe(before.relaunch);
    expect(applied(before, delta(8, { relaunch: { report: null } })).relaunch).toBeNull();
  });
});

describe('turns', () => {
  it('tells groups that ended or came to need a person, and nothing else', () => {
    const { groups } = snapshot();
    const change = (id: string, word: GroupView['word']): GroupView => ({ ...groupOf(snapshot(), id), word });
    const told = turns(
      groups,
      delta(8, { groups: [change('g-autumn', 'done'), change('g-harbour', 'paused'), change('g-norrland', 'needs_you')] }),
    );
    expect(told.map((g) => g.id)).toEqual(['g-autumn', 'g-norrland']);
    expect(turns(groups, delta(8, { groups: [groupOf(snapshot(), 'g-board')] }))).toEqual([]);
  });
});

describe('placeRows', () => {
  const row = (position: number, bytes_done = 0): FileView => ({
    ...(sceneOf('big').files.get('g-big')?.(position) as FileView),
    bytes_done,
  });

  it('holds the rows of the range and forgets those that were scrolled away', () => {
    const first = placeRows(new Map(), [row(0), row(1), row(99)], { from: 0, to: 50 });
    expect([...first.keys()]).toEqual([0, 1]);
    expect([...placeRows(first, [row(60)], { from: 50, to: 100 }).keys()]).toEqual([60]);
  });

  it('is the same map when nothing in the range changed', () => {
    const rows = placeRows(new Map(), [row(3)], { from: 0, to: 50 });
    expect(placeRows(rows, [row(70)], { from: 0, to: 50 })).toBe(rows);
    expect(placeRows(rows, [row(3, 5)], { from: 0, to: 50 }).get(3)?.bytes_done).toBe(5);
  });
});
