/** Where the person is in the page: screen, filter, what is unfolded, what is asked. Lost with the window, and may be. */
import { createContext } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import type { DestinationId, FileId, GroupId } from '../contract';
import type { HistoryWanted } from '../history/filter';
import type { DragMessage, Place } from '../ipc/backend';
import type { OpenMenu } from '../kit/menu';
import type { Filter } from './filter';

export type Screen = 'transfers' | 'watched' | 'history' | 'insights' | 'settings';

/** A question before something that can't be taken back. */
export interface Question {
  title: string;
  text: string;
  /** The word on the button that does it. */
  yes: string;
  onyes: () => void;
  /** Nothing is lost by it. */
  harmless?: boolean;
}

/** What takes back what was said. */
export interface Undo {
  word: string;
  onundo: () => void;
}

/** Words that stand for a moment. */
export interface Said {
  text: string;
  key: number;
  undo: Undo | null;
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
  /** The first destination was chosen in this window: what comes next is said where files are dropped. */
  firstSteps = $state(false);
  readonly unfolded = new SvelteSet<GroupId>();
  question = $state.raw<Question | null>(null);
  /** The group whose receipt is open. */
  receipt = $state<GroupId | null>(null);
  drag = $state.raw<Drag | null>(null);
  /** Words that groups and their files are searched for; empty: no search. */
  search = $state('');
  /** The search field is open. */
  searching = $state(false);
  /** The file whose details are open. */
  details = $state<FileId | null>(null);
  /** What was given and waits for an answer, the oldest first. */
  checks = $state.raw<readonly { number: number; group: GroupId | null; times: number }[]>([]);
  /** A menu that stands at a place of the page. */
  menu = $state.raw<OpenMenu | null>(null);
  /** Said for a moment, politely: what was done, or what can't be. */
  said = $state.raw<Said | null>(null);
  /** The group that is to go into another: which one is asked. */
  merging = $state<GroupId | null>(null);
  /** The palette of commands is open. */
  palette = $state(false);
  /** The page of all keys is open. */
  help = $state(false);
  /** What should go into a new group is asked. */
  making = $state(false);
  /** The destinations are being asked. */
  asking = $state(false);
  /** The group whose name is being changed. */
  renaming = $state<GroupId | null>(null);
  /** Somebody was led to where a destination, or a watched folder, is added; once. */
  adding = $state.raw<'destination' | 'watch' | null>(null);
  /** What keys do with the files that were chosen last, wherever the focus went; null: none are chosen. */
  chosen: ((event: KeyboardEvent) => void) | null = null;
  /** The group whose notes are open. */
  notes = $state<GroupId | null>(null);
  /** A group to bring into sight, once. */
  wanted = $state<GroupId | null>(null);

  /** What the history is to show, once. */
  history = $state.raw<HistoryWanted | null>(null);

  /** Goes to what of the history is meant. */
  showHistory(wanted: HistoryWanted): void {
    this.history = wanted;
    this.screen = 'history';
  }

  /** The page of the settings to begin with, once. */
  page = $state<string | null>(null);

  /** The destination that is to be changed, once; `signIn`: by signing in to it again. */
  editing = $state.raw<{ id: DestinationId; signIn: boolean } | null>(null);

  /** Goes where a destination, or a watched folder, is added. */
  add(what: 'destination' | 'watch'): void {
    this.adding = what;
    if (what === 'watch') this.screen = 'watched';
    else this.openSettings('destinations');
  }

  /** Goes where a destination is changed. */
  editDestination(id: DestinationId, signIn: boolean): void {
    this.editing = { id, signIn };
    this.openSettings('destinations');
  }

  /** Goes to a page of the settings. */
  openSettings(page: string | null): void {
    this.page = page;
    this.screen = 'settings';
  }

  /** Goes to a place that is led to from outside. */
  open(place: Place): void {
    if (place === 'attention') {
      this.show(null);
      this.filter = 'attention';
    } else if (place === 'watched') this.screen = 'watched';
    else this.openSettings(place === 'speed' ? 'speed' : null);
  }

  /** Says something for a moment. */
  say(text: string, undo?: Undo): void {
    this.said = { text, key: (this.said?.key ?? 0) + 1, undo: undo ?? null };
  }

  ask(question: Question): void {
    this.question = question;
  }

  /** Brings a group into sight, or the list. */
  show(group: GroupId | null): void {
    this.screen = 'transfers';
    this.filter = 'all';
    // A search would hide a group that it does not find.
    if (group !== null) [this.search, this.searching] = ['', false];
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
