/** Groups that are put together and taken apart, without the program. Never part of a build. */
import type { Delta, GroupView, InTrash, Notes, Regrouped, PutBack, Snapshot, Trashed } from '$lib/contract';
import type { Backend } from '$lib/ipc/backend';

export function regroupDesk(
  snapshot: Snapshot,
  calls: string[],
  delta: (part: Partial<Delta>) => void,
): Pick<Backend, 'mergeGroups' | 'splitGroup' | 'undoRegroup' | 'setNotes' | 'trashOriginals' | 'inTrash' | 'putBack'> {
  let held: InTrash = { files: 0, bytes: 0 };
  const at = (id: string) => snapshot.groups.find((g) => g.id === id);
  const put = (groups: GroupView[], removed: string[] = []) => {
    const fresh = groups.filter((g) => !at(g.id));
    snapshot.groups = [...snapshot.groups.map((g) => groups.find((x) => x.id === g.id) ?? g), ...fresh].filter(
      (g) => !removed.includes(g.id),
    );
    delta({ groups, removed });
  };
  const answer = (group: string, moved: number, stayed: number): Regrouped => ({ group, moved, stayed, undo: 7 });
  return {
    async mergeGroups(from, into) {
      calls.push(`merge_groups ${from} ${into}`);
      const [a, b] = [at(from), at(into)];
      if (!a || !b) throw { code: 'not_found', number: 'WL-504', detail: 'no such group' };
      const moved = a.files.total - a.files.done;
      put([{ ...b, files: { ...b.files, total: b.files.total + moved } }], a.files.done === 0 ? [from] : []);
      return answer(into, moved, a.files.done);
    },
    async splitGroup(from, chosen, name) {
      const which = chosen.places ? chosen.places.map(([a, b]) => `${a}-${b}`).join(',') : `${chosen.find?.text}/${chosen.find?.kind}`;
      calls.push(`split_group ${from} ${which}`);
      const a = at(from);
      if (!a) throw { code: 'not_found', number: 'WL-504', detail: 'no such group' };
      const moved = chosen.places?.reduce((sum, [x, y]) => sum + y - x, 0) ?? 1;
      const id = `${from}-2`;
      put([{ ...a, id, name: name ?? `${a.name} 2`, word: 'waiting', files: { ...a.files, total: moved, done: 0, failed: 0 } }]);
      return answer(id, moved, 0);
    },
    async undoRegroup(undo) {
      calls.push(`undo_regroup ${undo}`);
      return answer('g-autumn', 1, 0);
    },
    async setNotes(group, notes: Notes) {
      calls.push(`set_notes ${group} ${JSON.stringify(notes)}`);
      const a = at(group);
      if (a) put([{ ...a, notes }]);
    },
    async trashOriginals(group): Promise<Trashed> {
      calls.push(`trash_originals ${group}`);
      held = { files: 36, bytes: 4.1e9 };
      return { trashed: 36, bytes: 4.1e9, kept: 1, error: null, example: 'A003.mov' };
    },
    async inTrash(group): Promise<InTrash> {
      // Of one of the groups they went before.
      const before = group === 'g-lens' && !calls.includes('put_back g-lens');
      return held.files === 0 && before ? { files: 46, bytes: 412e9 } : held;
    },
    async putBack(group): Promise<PutBack> {
      calls.push(`put_back ${group}`);
      held = { files: 2, bytes: 2e8 };
      return { back: 34, bytes: 3.9e9, kept: 2, error: null, example: 'A007.mov' };
    },
  };
}
