/** Moving a group among the others, by the pointer or by keys: what stands first is sent first. */
import type { GroupId, GroupView } from '$lib/contract';
import type { Queue } from '$lib/queue/queue.svelte';
import { isEnded } from '$lib/queue/reduce';
import type { View } from '$lib/view/view.svelte';
import type { Words } from '$lib/words/en';

/** Open groups in the order in which they are sent. */
export function openGroups(groups: readonly GroupView[]): GroupView[] {
  return groups.filter((g) => !isEnded(g.word)).sort((a, b) => a.order - b.order);
}

/** The place among all groups, ended ones included, that puts `group` at `to` among the open ones. */
export function placeAmongAll(groups: readonly GroupView[], group: GroupId, to: number): number {
  const open = openGroups(groups).filter((g) => g.id !== group);
  const others = [...groups].filter((g) => g.id !== group).sort((a, b) => a.order - b.order);
  const before = open[to];
  if (before) return others.findIndex((g) => g.id === before.id);
  const last = open.at(-1);
  return last ? others.findIndex((g) => g.id === last.id) + 1 : 0;
}

/** Moves a group to a place among the open ones, and says so. */
export async function moveGroup(w: Words, queue: Queue, view: View, group: GroupView, to: number): Promise<void> {
  const all = queue.snapshot?.groups ?? [];
  const open = openGroups(all);
  const at = open.findIndex((g) => g.id === group.id);
  const wanted = Math.min(Math.max(0, to), open.length - 1);
  if (at < 0 || wanted === at) return;
  const place = placeAmongAll(all, group.id, wanted);
  if (await queue.do((b) => b.moveGroup(group.id, place))) view.say(w.order.moved(group.name, wanted + 1, open.length));
}

/** A card that is being pulled. */
export class Pull {
  group = $state<GroupId | null>(null);
  /** Where it would come to stand among the open groups. */
  to = $state(0);
  #from = 0;

  begin(group: GroupId, at: number): void {
    this.group = group;
    this.#from = at;
    this.to = at;
  }

  /** The pointer is at `y`; the cards of the open groups stand there. */
  over(y: number, cards: readonly { id: string; middle: number }[]): void {
    const others = cards.filter((c) => c.id !== this.group);
    const before = others.findIndex((c) => y < c.middle);
    this.to = before < 0 ? others.length : before;
  }

  /** Lets go: where it is to stand; null when nothing changed. */
  end(): number | null {
    const moved = this.group !== null && this.to !== this.#from ? this.to : null;
    this.group = null;
    return moved;
  }

  cancel(): void {
    this.group = null;
  }
}
