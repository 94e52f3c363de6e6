/** Where the person is in the page: screen, filter, what is unfolded, what is asked. Lost with the window, and may be. */
import { createContext } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import type { GroupId } from '../contract';
import type { DragMessage } from '../ipc/backend';
import type { Filter } from './filter';

export type Screen = 'transfers' | 'settings';

/** A question before something that can't be taken back. */
export interface Question {
  title: string;
  text: string;
  /** The word on the button that does it. */
  yes: string;
  onyes: () => void;
}

/** A drag over the window. */
export interface Drag {
  files: number;
  folders: number;
  bytes: number | null;
  /** The card under the pointer; null stands for a new group. */
  over: GroupId | null;
}

export class View {
  screen = $state<Screen>('transfers');
  filter = $state<Filter>('all');
  readonly unfolded = new SvelteSet<GroupId>();
  question = $state.raw<Question | null>(null);
  /** The group whose receipt is open. */
  receipt = $state<GroupId | null>(null);
  drag = $state.raw<Drag | null>(null);
  /** A group to bring into sight, once. */
  wanted = $state<GroupId | null>(null);

  ask(question: Question): void {
    this.question = question;
  }

  /** Brings a group into sight, or the list. */
  show(group: GroupId | null): void {
    this.screen = 'transfers';
    this.filter = 'all';
    if (group !== null) this.unfolded.add(group);
    this.wanted = group;
  }

  /** Follows a drag; answers with the group that a drop falls into. */
  follow(message: DragMessage, hit: (x: number, y: number) => GroupId | null): GroupId | null {
    if (message.phase === 'leave') {
      this.drag = null;
      return null;
    }
    if (this.screen !== 'transfers' && message.phase === 'enter') this.screen = 'transfers';
    const over = hit(message.x, message.y);
    const { files, folders, bytes } = message;
    const same = this.drag?.over === over && this.drag.files === files && this.drag.bytes === bytes;
    if (!same) this.drag = { files, folders, bytes, over };
    if (message.phase === 'drop') this.drag = null;
    return over;
  }
}

/** The group whose card stands at a place of the window, if it takes files. */
export function groupAt(x: number, y: number): GroupId | null {
  const card = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-group]');
  return card?.dataset['group'] ?? null;
}

export const [getView, setView] = createContext<View>();
