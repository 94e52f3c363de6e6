/** From one picture to the next: pure, tested on recorded deltas, without Svelte. */
import type { Delta, FileView, GroupId, GroupView, GroupWord, Snapshot } from '../contract';

/** What a delta did to a snapshot. */
export type Reduced =
  | { kind: 'applied'; snapshot: Snapshot }
  /** Already in the snapshot. */
  | { kind: 'stale' }
  /** One was missed: ask for a snapshot. */
  | { kind: 'gap' };

/** Groups that ended, however they did. */
export function isEnded(word: GroupWord): boolean {
  return word === 'done' || word === 'done_left_out' || word === 'cancelled';
}

/** Open groups before ended ones: the open ones in the order in which they are sent, the ended ones newest first. */
export function inOrder(groups: readonly GroupView[]): GroupView[] {
  const ended = (g: GroupView) => g.finished_at ?? g.created_at;
  return [...groups].sort((a, b) => {
    const apart = Number(isEnded(a.word)) - Number(isEnded(b.word));
    if (apart !== 0) return apart;
    return (isEnded(a.word) ? ended(b) - ended(a) : a.order - b.order) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
  });
}

/** The snapshot as the page keeps it. */
export function adopt(snapshot: Snapshot): Snapshot {
  return { ...snapshot, groups: inOrder(snapshot.groups) };
}

/** Applies one delta. What did not change keeps its identity, so that nothing of it is drawn again. */
export function reduce(snapshot: Snapshot, delta: Delta): Reduced {
  if (delta.seq <= snapshot.seq) return { kind: 'stale' };
  if (delta.seq !== snapshot.seq + 1) return { kind: 'gap' };
  return {
    kind: 'applied',
    snapshot: {
      ...snapshot,
      seq: delta.seq,
      groups: reduceGroups(snapshot.groups, delta),
      totals: delta.totals ?? snapshot.totals,
      destinations: delta.destinations ?? snapshot.destinations,
      relaunch: delta.relaunch ? delta.relaunch.report : snapshot.relaunch,
      watches: delta.watches ?? snapshot.watches,
      settings: delta.settings ?? snapshot.settings,
    },
  };
}

function reduceGroups(groups: GroupView[], delta: Delta): GroupView[] {
  if (delta.groups.length === 0 && delta.removed.length === 0) return groups;
  const changed = new Map(delta.groups.map((g) => [g.id, g]));
  const removed = new Set<GroupId>(delta.removed);
  const kept = groups.filter((g) => !removed.has(g.id)).map((g) => changed.get(g.id) ?? g);
  const known = new Set(groups.map((g) => g.id));
  const fresh = delta.groups.filter((g) => !known.has(g.id) && !removed.has(g.id));
  return inOrder([...kept, ...fresh]);
}

/** A group that ended or came to need a person with this delta: what is said aloud. */
export function turns(before: readonly GroupView[], delta: Delta): GroupView[] {
  const words = new Map(before.map((g) => [g.id, g.word]));
  return delta.groups.filter((g) => {
    const was = words.get(g.id);
    return was !== undefined && was !== g.word && (isEnded(g.word) || g.word === 'needs_you');
  });
}

/** Rows of one group that the page holds, by position. */
export type Rows = ReadonlyMap<number, FileView>;

/** Puts changed rows where the same files stand; for lists of a search, whose places are not the group's. */
export function replaceRows(rows: Rows, files: readonly FileView[]): Rows {
  const changed = new Map(files.map((f) => [f.id, f]));
  let next: Map<number, FileView> | undefined;
  for (const [place, row] of rows) {
    const file = changed.get(row.id);
    if (file && file !== row) (next ??= new Map(rows)).set(place, file);
  }
  return next ?? rows;
}

/** Puts changed rows in place, and forgets those far from `keep`. Same map when nothing changed. */
export function placeRows(rows: Rows, files: readonly FileView[], keep: { from: number; to: number }): Rows {
  const inside = (p: number) => p >= keep.from && p < keep.to;
  const arriving = files.filter((f) => inside(f.position) && rows.get(f.position) !== f);
  const leaving = [...rows.keys()].some((p) => !inside(p));
  if (arriving.length === 0 && !leaving) return rows;
  const next = new Map([...rows].filter(([p]) => inside(p)));
  for (const file of arriving) next.set(file.position, file);
  return next;
}
